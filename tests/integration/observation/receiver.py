"""A message service on a port of its own: takes signed calls over HTTP and answers as it is told to."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = bytes(range(32))
KID = "w1"
Script = Callable[[int], int]
"""How the n-th call is answered."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it arrived."""

    path: str
    key: str
    signature: str
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def holds(self) -> bool:
        """Whether the signature is the one that the contract describes, computed here by itself."""
        parts = dict(part.split("=", 1) for part in self.signature.split(","))
        text = parts["t"].encode() + b"." + self.key.encode() + b"." + self.body
        expected = hmac.new(KEY, text, hashlib.sha256).hexdigest()
        return parts["kid"] == KID and hmac.compare_digest(parts["v1"], expected)


@dataclass(slots=True)
class Receiver:
    """What arrived, in order, and how to answer; `hold` is waited for before an answer."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answer: Script = lambda _nth: 202
    hold: threading.Event | None = None

    def texts(self) -> list[str]:
        return [call.said["text"] for call in self.calls]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            call = Call(self.path, self.headers["Idempotency-Key"], self.headers["Fangkong-Signature"], body)
            with lock:
                receiver.calls.append(call)
                status = receiver.answer(len(receiver.calls))
            if receiver.hold is not None:
                receiver.hold.wait(20)
            try:
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("Location", f"{receiver.url}elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:  # the caller waits no longer, or is dead
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/messages/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.hold is not None:
            receiver.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
