"""The command of the end of the measures; what it does is in `deploy.cli.closing`."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.words import HomeOption, running_home


def closing(
    *,
    verify: Annotated[
        Path | None, typer.Option(help="核对证书文件 Check a certificate.", show_default=False, exists=True)
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="另存的 GET /v1/pass-keys Keys kept elsewhere.", show_default=False, exists=True),
    ] = None,
    home: HomeOption = None,
) -> None:
    """关停进度与证书核对 How far closing down is; --verify: exit code 1 unless the certificate is genuine."""
    from deploy.cli import closing as work  # noqa: PLC0415  # imports a service

    if verify is None:
        where = running_home(home)
        done = work.show_progress(where, where.status())
    elif keys is not None:
        done = work.show_certificate(verify, work.keys_in(keys))
    else:
        where = running_home(home)
        done = work.show_certificate(verify, work.keys_of(where, where.status()))
    if not done:
        raise typer.Exit(1)
