"""A key management service for tests: the transit engine as its documentation has encrypt, decrypt, keys and rotate.

No independent implementation comes as a package that runs everywhere, so the wire is spoken here: over TLS, with real
AES-GCM, versions, associated data, tokens and the engine's way to fail.
"""

import json
import os
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.integration.runtime.lines import Authority


@dataclass
class Engine:
    """One key with its versions."""

    authority: Authority
    token: str = "s.first"
    versions: list[bytes] = field(default_factory=lambda: [os.urandom(32)])
    min_decryption_version: int = 1
    requests: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def rotate(self) -> None:
        self.versions.append(os.urandom(32))

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        self.requests += 1
        if token != self.token:
            return 403, {"errors": ["permission denied"]}
        match method, path.split("/")[1:]:
            case "GET", ["v1", "transit", "keys", "fangkong-registry"]:
                return 200, {"data": {"type": "aes256-gcm96", "latest_version": len(self.versions)}}
            case "POST", ["v1", "transit", "encrypt" | "decrypt" as verb, "fangkong-registry"]:
                results = [getattr(self, f"_{verb}")(one) for one in body["batch_input"]]
                failed = any("error" in one for one in results)
                return (400 if failed else 200), {"data": {"batch_results": results}}
            case _:
                return 404, {"errors": []}

    def _encrypt(self, one: dict[str, str]) -> dict[str, Any]:
        nonce = os.urandom(12)
        sealed = AESGCM(self.versions[-1]).encrypt(
            nonce, b64decode(one["plaintext"]), b64decode(one["associated_data"])
        )
        version = len(self.versions)
        return {
            "ciphertext": f"vault:v{version}:{b64encode(nonce + sealed).decode()}",
            "key_version": version,
        }

    def _decrypt(self, one: dict[str, str]) -> dict[str, Any]:
        _, version, text = one["ciphertext"].split(":")
        raw, number = b64decode(text), int(version[1:])
        if number < self.min_decryption_version:
            return {"error": "ciphertext or signature version is disallowed by policy (too old)"}
        try:
            key = AESGCM(self.versions[number - 1])
            plain = key.decrypt(raw[:12], raw[12:], b64decode(one["associated_data"]))
        except (InvalidTag, IndexError):
            return {"error": "cipher: message authentication failed"}
        return {"plaintext": b64encode(plain).decode()}


@contextmanager
def serving(engine: Engine) -> Iterator[Engine]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
            status, told = engine.answer(self.command, self.path, self.headers.get("X-Vault-Token", ""), body)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(engine.authority.files.cert, engine.authority.files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    engine.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
