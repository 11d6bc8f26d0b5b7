"""``./fangkong clock``: business time of the local stack, for all services at once."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.words import HomeOption, home_of, say
from deploy.local.errors import LocalError
from deploy.local.state import Home
from shared.kernel.clock import SteppedClock, write_control
from shared.kernel.days import SHANGHAI

app = typer.Typer(no_args_is_help=True, help="业务时间 Business time (never in production).")

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_FASTEST = 86_400
"""A day in a second; what is much faster leaves the calendar before anybody can set it back."""


def _home(option: Path | None) -> Home:
    if os.environ.get("FANGKONG_MODE") == "production":
        raise LocalError("生产环境不能调整业务时间。", "Business time cannot be changed in production mode.")
    home = home_of(option)
    home.make()
    return home


def _tell(home: Home) -> None:
    clock = SteppedClock(home.clock)
    now = clock.now().astimezone(SHANGHAI)
    rate = clock.business_seconds_rate
    zh = "与真实时间相同" if not home.clock.exists() else f"倍速 {rate:g}"
    say(f"业务时间 {now:%Y-%m-%d %H:%M:%S}（{zh}）", f"business time in Asia/Shanghai, rate {rate:g}")


@app.command("show")
def show(home: HomeOption = None) -> None:
    """现在的业务时间 Show business time."""
    _tell(_home(home))


@app.command("set")
def set_(
    instant: Annotated[str, typer.Argument(help="2020-02-24 或 2020-02-24T08:00（北京时间）")],
    rate: Annotated[float | None, typer.Option(help="倍速 Business seconds per real second.")] = None,
    home: HomeOption = None,
) -> None:
    """设定业务时间 Set business time (Asia/Shanghai unless an offset is given)."""
    where = _home(home)
    write_control(where.clock, _instant(instant), _rate(where, rate))
    _tell(where)


@app.command("speed")
def speed(
    rate: Annotated[float, typer.Argument(help="0 停住 stops, 1 正常 normal, 60 = 1 min/s")],
    home: HomeOption = None,
) -> None:
    """设定倍速 Set how fast business time passes."""
    where = _home(home)
    write_control(where.clock, SteppedClock(where.clock).now(), _rate(where, rate))
    _tell(where)


@app.command("reset")
def reset(home: HomeOption = None) -> None:
    """回到真实时间 Back to real time."""
    where = _home(home)
    where.clock.unlink(missing_ok=True)
    _tell(where)


def _instant(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(
            f"{text} 不是时间，例如 2020-02-24 或 2020-02-24T08:00。",
            f"{text} is no date or time, as 2020-02-24 or 2020-02-24T08:00 is.",
        ) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=SHANGHAI)
    if not _FIRST <= when < _LAST:
        raise LocalError(
            f"{text}：时间应在 1970 年至 2200 年之间。", f"{text}: a time between 1970 and 2200 is expected."
        )
    return when.astimezone(UTC)


def _rate(home: Home, wanted: float | None) -> float:
    rate = SteppedClock(home.clock).business_seconds_rate if wanted is None else wanted
    if not 0 <= rate <= _FASTEST:
        raise LocalError(f"倍速须在 0 至 {_FASTEST} 之间。", f"The rate must be between 0 and {_FASTEST}.")
    return rate
