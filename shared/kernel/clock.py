"""Business time, which can be set and stepped for all services at once, beside real time, which cannot.

Business time (`now`, `today`) is for calendar rules: days, windows, periods, cut-offs, deadlines. Timeouts,
lifetimes of tokens, heartbeats, the age of a list and revocation use `real_now` and `monotonic`.

Setting works through a control file that the controller replaces atomically and every process reads. Nothing
sleeps in business time: whoever waits for a business instant polls `now()`, because the rate may change.
"""

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.kernel.days import local_day


class ClockError(Exception):
    """The control file cannot be read, or is not allowed here."""


class Clock:
    """What time it is. The base class tells real time in both senses."""

    def now(self) -> datetime:
        """Tell the business instant, UTC."""
        return self.real_now()

    def today(self) -> date:
        """Tell the business day in Asia/Shanghai."""
        return local_day(self.now())

    def real_now(self) -> datetime:
        """Tell the machine's instant, UTC, whatever business time is."""
        return datetime.now(UTC)

    def machine_time(self, instant: datetime) -> datetime:
        """Tell when the machine's clock showed what lies as long ago as a business instant does now.

        For figures whose reader subtracts them from a clock of its own. The same instant where no clock is stepped.
        """
        return self.real_now() - (self.now() - instant)

    def monotonic(self) -> float:
        """Tell seconds from an arbitrary start, for measuring and for time limits; never steps."""
        return time.monotonic()

    @property
    def business_seconds_rate(self) -> float:
        """How many business seconds pass in one real second; 0 while time is stepped by hand."""
        return 1.0


class SystemClock(Clock):
    """Business time is real time: the only clock in production."""


@dataclass(frozen=True, slots=True)
class _Setting:
    stamp: tuple[int, int] | None  # mtime_ns and inode of the file it was read from
    business: datetime
    real: datetime
    rate: float


_UNSET = _Setting(None, datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), 1.0)


class SteppedClock(Clock):
    """Business time as a control file says: business + (real now - real) * rate. No file: real time.

    The file is looked at on every call (one `stat`, about two microseconds) and read only when replaced,
    so all processes follow a step at their next look.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = os.fspath(path)
        self._setting = _UNSET

    def now(self) -> datetime:
        """Tell the business instant, UTC.

        Raises:
            ClockError: the file is there and is not a control file.
        """
        setting, real = self._current(), self.real_now()
        return real if setting.stamp is None else setting.business + (real - setting.real) * setting.rate

    @property
    def business_seconds_rate(self) -> float:
        """How many business seconds pass in one real second, as the control file says now."""
        return self._current().rate

    def _current(self) -> _Setting:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - Path.stat costs three times as much, on every call
        except FileNotFoundError:
            return _UNSET
        if self._setting.stamp != (found.st_mtime_ns, found.st_ino):
            self._setting = _read(self._path)
        return self._setting


def _read(path: str) -> _Setting:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - stat and content of one file handle
            stat = os.fstat(file.fileno())
            content = json.load(file)
        business = datetime.fromisoformat(content["business"])
        real = datetime.fromisoformat(content["real"])
        rate = float(content["rate"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClockError(f"{path} is not a clock control file: {error}") from error
    if business.tzinfo is None or real.tzinfo is None or not 0 <= rate < float("inf"):
        raise ClockError(f"{path}: instants need a time zone and the rate must be 0 or more")
    return _Setting((stat.st_mtime_ns, stat.st_ino), business.astimezone(UTC), real.astimezone(UTC), rate)


def write_control(path: Path | str, business: datetime, rate: float) -> None:
    """Set business time for every process that reads `path`, atomically and durably.

    Args:
        path: the control file; its folder exists.
        business: the business instant that holds from now on, aware.
        rate: business seconds per real second; 0 stops time until the next step.
    """
    if business.tzinfo is None or not 0 <= rate < float("inf"):
        raise ClockError("the business instant needs a time zone and the rate must be 0 or more")
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    real = datetime.now(UTC)
    content = {
        "business": business.astimezone(UTC).isoformat(),
        "real": real.isoformat(),
        "rate": float(rate),
    }
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        # File systems stamp by the tick of the kernel (milliseconds): two steps in one tick that reuse an
        # inode would look the same to a reader. An explicit stamp in nanoseconds keeps them apart.
        stamp = time.time_ns()
        os.utime(file.fileno(), ns=(stamp, stamp))
        os.fsync(file.fileno())
    draft.replace(target)


def step(path: Path | str, by: timedelta) -> datetime:
    """Move business time forward by hand and stop it there; tell the new business instant."""
    business = SteppedClock(path).now() + by
    write_control(path, business, 0.0)
    return business


class ClockSettings(Protocol):
    """What `clock_from` needs of a service's settings."""

    @property
    def mode(self) -> str:
        """`local`, `test` or `production`."""

    @property
    def clock_file(self) -> Path | None:
        """Where the control file is or will be, if time may be set."""


def clock_from(settings: ClockSettings) -> Clock:
    """Choose the clock that the settings allow.

    Raises:
        ClockError: a control file is configured in production, where nobody sets time.
    """
    if settings.clock_file is None:
        return SystemClock()
    if settings.mode == "production":
        raise ClockError("FANGKONG_CLOCK_FILE is set: business time cannot be changed in production mode")
    return SteppedClock(settings.clock_file)
