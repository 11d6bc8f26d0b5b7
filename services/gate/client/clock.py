"""A device's clock may be wrong, and may be set. Ages never get smaller by that."""

import time
from datetime import UTC, datetime


class DeviceClock:
    """The device's own clock, and one that nobody can set."""

    def now(self) -> datetime:
        """What the device believes, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start of this run."""
        return time.monotonic()
