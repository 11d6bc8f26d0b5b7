"""What the bus tells of itself."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from deploy.doctor.databases import skew
from deploy.doctor.finding import Finding, fail, ok, warn

FULL = 0.8
"""Of the store: above this somebody makes room."""


def look(monitor_url: str) -> Iterator[Finding]:
    """JetStream's settings, room and clock."""
    try:
        with urllib.request.urlopen(f"{monitor_url}/varz", timeout=5) as answer:  # nosec B310  # noqa: S310  # ours
            told: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        remedy = "./fangkong logs nats"
        yield fail("总线 bus", "NATS", "连不上", f"not reached: {type(error).__name__}", remedy)
        return
    yield ok("版本 version", "NATS", told["version"], told["version"])
    yield skew("NATS", datetime.fromisoformat(told["now"][:26] + "+00:00"), datetime.now(UTC))
    yield from judge(told.get("jetstream") or {})


def judge(jetstream: dict[str, Any]) -> Iterator[Finding]:
    """Is what is acknowledged on disk, and is there room for more?"""
    settings = jetstream.get("config") or {}
    if settings.get("sync_always"):
        yield ok("持久 durable", "NATS", "sync_always", "every write is synced")
    else:
        remedy = "set jetstream.sync_interval: always"
        yield fail("持久 durable", "NATS", "没有 sync_always", "acknowledged before it is on disk", remedy)
    used, room = (jetstream.get("stats") or {}).get("storage", 0), settings.get("max_storage", 0)
    share = used / room if room else 1.0
    told = f"{share:.0%}"
    if share > FULL:
        yield warn("空间 store", "NATS", told, told, "raise max_file_store, or make room on its disk")
    else:
        yield ok("空间 store", "NATS", told, told)
