"""`python -m deploy.town --out DIR`: write the demonstration town's register."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.town.build import DEFAULT_SEED, generate


def main(
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    seed: Annotated[int, typer.Option(help="Same seed and scale, same bytes.")] = DEFAULT_SEED,
    scale: Annotated[
        float, typer.Option(help="1.0 is about 52,000 dwellings and 130,000 people.", min=0.001, max=4.0)
    ] = 1.0,
) -> None:
    """Write the demonstration town's register as Excel and CSV files, with manifest, answer key and truth."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from None
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("…", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        manifest = generate(out, seed=seed, scale=scale, progress=show)
    rows = sum(file.rows for file in manifest.files)
    console.print(
        f"{len(manifest.files)} files, {rows:,} rows, {manifest.dwellings:,} dwellings, "
        f"{manifest.people:,} people in {out}"
    )


if __name__ == "__main__":
    typer.run(main)
