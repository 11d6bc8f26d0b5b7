"""A one-time code for a device, as a guard's phone takes it: typed, as a link, or by its camera."""

import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import segno

from deploy.cli.calls import calling
from deploy.cli.words import out, say
from deploy.local.state import Home


def show_code(home: Home, status: Mapping[str, Any], checkpoint: str) -> None:
    """Ask the gate for a code and print it, as a link and, at a terminal, as a QR code.

    Raises:
        LocalError: there is no such checkpoint.
    """
    with calling(home, status) as calls:
        told = calls.told(
            "POST",
            "gate",
            "/v1/enrolment-codes",
            headers=calls.as_role("ops"),
            json={"request_id": str(uuid4()), "checkpoint": checkpoint},
        )
    link = f"{status['urls']['gate']}/guard/#code={quote(told['code'])}"
    say("登记码（十分钟内有效，只能用一次）", "code (ten minutes, once):")
    out.print(f"  [bold]{told['code']}[/bold]")
    out.print(f"  {link}", soft_wrap=True)
    if sys.stdout.isatty():
        segno.make_qr(link).terminal(compact=True)
