"""Asking a child over HTTP whether it is ready, with as little as possible: the supervisor asks often."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

ATTEMPT_SECONDS = 3.0


def trust(ca: Path | None) -> ssl.SSLContext | None:
    """What to trust when the stack serves HTTPS; None for plain HTTP."""
    return ssl.create_default_context(cafile=ca) if ca else None


async def status_of(url: str, tls: ssl.SSLContext | None = None) -> int:
    """HTTP status of a GET; 0 when nothing answers."""
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    writer = None
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, ssl=tls if parts.scheme == "https" else None
            )
            writer.write(request.encode())
            await writer.drain()
            line = await reader.readline()
            return int(line.split()[1])
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0
    finally:
        if writer is not None:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()
