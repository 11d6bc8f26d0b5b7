"""``./fangkong rotate-keys``: new master and index keys for the running stack, with nobody noticing."""

import asyncio
import os
from typing import Annotated

import typer
from rich.status import Status

from deploy.cli.words import HomeOption, out, require_service, running_home, say
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets


def rotate_keys(
    service: Annotated[
        str | None, typer.Option(help="只换一个服务的密钥，默认全部 One service's; all when left out.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """在运行中更换主密钥与索引密钥 Exchange master and index keys while everything runs."""
    from deploy.cli.letters import environment_of  # noqa: PLC0415  # both pull in the services
    from deploy.rotation import rotate  # noqa: PLC0415

    if service is not None:
        require_service(service)
    where = running_home(home)
    secrets, status = Secrets(folder=where.secrets), where.status()
    for name in SERVICES if service is None else (service,):
        os.environ.update(environment_of(where, status, name))
        with out.status(f"{name}… [dim]exchanging keys[/dim]") as shown:  # minutes, for a whole town's people

            def told(wrapped: int, indexed: int, name: str = name, shown: Status = shown) -> None:
                shown.update(f"{name}… {wrapped:,} 把密钥 [dim]keys[/dim]，{indexed:,} 行 [dim]rows[/dim]")

            done = asyncio.run(rotate(secrets.master_key_file(name), name, told=told))
        say(
            f"{name}：{done.wrapped} 把数据密钥已重新包裹，{done.indexed} 行检索值已重建。",
            f"{done.wrapped} data keys wrapped anew, {done.indexed} rows looked up by new values.",
        )
        if done.left:
            listed = ", ".join(f"{column} {count}" for column, count in sorted(done.left.items()))
            out.print(
                f"  旧索引密钥仍需保留 the older index key stays, for reading: {listed}", soft_wrap=True
            )
