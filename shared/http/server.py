"""The HTTP server of a service: its socket, and uvicorn as the runtime runs it."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from shared.http.wire import HttpProtocol
from shared.settings import ServiceSettings

DRAIN_SECONDS = 20.0
"""How long answers that were begun may take when a process is told to stop."""


def uvicorn_config(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    """How a service's application is served."""
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        # Longer than callers and proxies keep an idle connection: who closes it second never sends into a closed one.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(DRAIN_SECONDS),
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )


class Server(uvicorn.Server):
    """uvicorn without its signal handling: the runtime drains more than HTTP and exits with 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def listening(settings: ServiceSettings) -> Iterator[socket.socket]:
    """The service's socket, bound before anything else starts, so that a taken port is one clear sentence.

    The protocol is named because asyncio sets TCP_NODELAY only then; without it every answer on a kept connection
    waits 40 ms for the client's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host, settings.http_port))
        except OSError as error:
            sys.exit(f"port {settings.http_port} on {settings.http_host} cannot be used: {error.strerror}")
        listener.listen(1024)
        yield listener
