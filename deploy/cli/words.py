"""Speaking to the person at the keyboard, in both languages."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.errors import LocalError
from deploy.local.names import SERVICES
from deploy.local.state import Home

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="数据文件夹 Folder for environment, data and logs.", show_default=False),
]


def say(zh: str, en: str) -> None:
    """One line of news."""
    out.print(f"{zh} [dim]{en}[/dim]", soft_wrap=True)


def progress() -> Progress:
    """Bars that count, for what takes a while."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=out)


def say_why(error: LocalError) -> None:
    """One sentence in each language on what stands in the way."""
    err.print(f"[red]{escape(error.zh)}[/red]\n{escape(error.en)}", soft_wrap=True)


def home_of(option: Path | None) -> Home:
    """The home that a command works on; relative paths mean the folder where the person stands."""
    if option is None:
        return Home.default()
    return Home((Path(os.environ.get("FANGKONG_CWD", ".")) / option.expanduser()).absolute())


def running_home(option: Path | None) -> Home:
    """The home of a stack that runs.

    Raises:
        LocalError: nothing runs there.
    """
    home = home_of(option)
    if home.running() is None:
        raise LocalError(
            "系统没有运行，请先执行 ./fangkong up。", "The stack is not running; start it with ./fangkong up."
        )
    return home


def require_service(name: str) -> None:
    """Insist on the name of a service.

    Raises:
        LocalError: it is none.
    """
    if name not in SERVICES:
        known = ", ".join(SERVICES)
        raise LocalError(
            f"没有名为 {name} 的服务，现有：{known}。", f"There is no service {name}; there are: {known}."
        )


def require_reason(text: str) -> str:
    """Insist on words that say why, without the space around them.

    Raises:
        LocalError: there are none.
    """
    if not text.strip():
        raise LocalError("--reason：请写明理由。", "--reason: say why.")
    return text.strip()
