"""``python -m deploy.production.health``: exit code 0 while the process beside this one lives.

For container engines that ask from inside. It trusts the very certificate that the process serves, whatever name is in
it, and asks nobody else.
"""

import http.client
import os
import ssl
import sys


def alive(port: int, certificate: str | None) -> bool:
    """Ask the process on this machine."""
    if certificate:
        trust = ssl.create_default_context(cafile=certificate)
        trust.check_hostname = False  # it is called by its address here
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        line: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=4, context=trust
        )
    else:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        line.request("GET", "/livez")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


if __name__ == "__main__":
    sys.exit(not alive(int(os.environ["FANGKONG_HTTP_PORT"]), os.environ.get("FANGKONG_TLS_CERT")))
