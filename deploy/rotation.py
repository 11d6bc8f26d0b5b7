"""Exchanging a service's master and index keys while it runs: ``python -m deploy.rotation SERVICE`` in its environment.

    1  add      new keys beside the old ones: every process can read with them, none writes with them
    2  switch   the new ones write
    3  renew    data keys are wrapped anew, lookup values made anew
    4  retire   a key that nothing needs any more leaves the file

Between two steps every process has to have read the file. `./fangkong rotate-keys` takes all four for the local stack;
with secrets that an operator mounts, 1, 2 and 4 are edits of the secret, and this program is 3.
"""

import asyncio
import importlib
import importlib.util
import json
import os
import re
import secrets
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.cli.letters import settings_of
from deploy.local.files import write_private
from shared.context import Context, open_context
from shared.db import reindexing
from shared.kernel.clock import clock_from
from shared.kernel.masters import LOOK_SECONDS
from shared.kernel.secrets import KEY_BYTES, KeyFileError, read_key_file
from shared.obs import logging

SETTLE_SECONDS = 4 * LOOK_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What one run has done, and what still needs an older index key, by column."""

    wrapped: int
    indexed: int
    left: dict[str, int]


Told = Callable[[int, int], None]
"""Hears again and again how many data keys are wrapped and how many rows have new lookup values."""


async def renew(context: Context, service: str, *, told: Told = lambda *_: None) -> Renewed:
    """Wrap data keys and make lookup values anew; a second run finds nothing to do."""
    vault, wrapped, indexed = context.vault, 0, 0
    while some := await vault.rewrap():
        wrapped += some
        told(wrapped, indexed)
    async for some in reindexing.reindex(context.database, vault, _lookups(service)):
        indexed += some
        told(wrapped, indexed)
    current = vault.index_prefix.rstrip(b":").decode()
    older = [kid for kid in index_kids(context.settings.master_key_file) if kid != current]
    connection = await asyncpg.connect(context.database.url)
    try:
        return Renewed(wrapped=wrapped, indexed=indexed, left=await reindexing.left(connection, older))
    finally:
        await connection.close()


def _lookups(service: str) -> tuple[reindexing.Lookup, ...]:
    """A service without such a module has no lookup value that follows from what it keeps."""
    name = f"services.{service}.handlers.lookups"
    if importlib.util.find_spec(name) is None:
        return ()
    found: tuple[reindexing.Lookup, ...] = importlib.import_module(name).LOOKUPS
    return found


# ---- the file


def add(file: Path) -> None:
    """A new master key and a new index key, for reading; a second time changes nothing."""

    def fresh(ring: dict[str, Any]) -> None:
        if _newest(ring) == ring["current"]:
            ring["keys"][_next(ring["current"])] = b64encode(secrets.token_bytes(KEY_BYTES)).decode()

    _edit(file, fresh)


def switch(file: Path) -> None:
    """The newest keys write from now on."""

    def take(ring: dict[str, Any]) -> None:
        ring["current"] = _newest(ring)

    _edit(file, take)


def retire(file: Path, *, index: bool) -> None:
    """Older master keys leave, and older index keys as well, where nothing needs them."""

    def only(ring: dict[str, Any]) -> None:
        ring["keys"] = {ring["current"]: ring["keys"][ring["current"]]}

    _edit(file, only, index=index)


def index_kids(file: Path) -> list[str]:
    """The index keys that a file has."""
    return list(read_key_file(file)["index_key"]["keys"])


def _edit(file: Path, change: Callable[[dict[str, Any]], None], *, index: bool = True) -> None:
    """Change the ring of master keys, and that of index keys beside it."""
    content = read_key_file(file)
    for ring in (content, *([content["index_key"]] if index else [])):
        change(ring)
    write_private(file, json.dumps(content))


def _newest(ring: dict[str, Any]) -> str:
    kids: list[str] = list(ring["keys"])
    return max(kids, key=_number)


def _next(kid: str) -> str:
    return f"{kid.rstrip('0123456789')}{_number(kid) + 1}"


def _number(kid: str) -> int:
    found = re.search(r"\d+$", kid)
    if found is None:
        raise KeyFileError(f"key {kid!r}: its name ends in no number, so none is newer")
    return int(found[0])


# ---- running


async def rotate(
    file: Path, service: str, *, settle: float = SETTLE_SECONDS, told: Told = lambda *_: None
) -> Renewed:
    """All four steps for a service whose processes read this very file; its environment is ours."""
    add(file)
    await asyncio.sleep(settle)
    switch(file)
    await asyncio.sleep(settle)
    renewed = await run(service, told=told)
    await asyncio.sleep(settle)
    retire(file, index=not renewed.left)
    return renewed


async def run(service: str, *, told: Told = lambda *_: None) -> Renewed:
    """Renew, with the settings of the environment."""
    settings = settings_of(service)
    context = await open_context(service, settings, clock_from(settings))
    try:
        return await renew(context, service, told=told)
    finally:
        await context.close()


def main() -> None:
    """Renew one service's, and print what was done."""
    service = sys.argv[1]
    logging.configure(service, os.environ.get("FANGKONG_LOG_LEVEL", "info"))
    done = asyncio.run(run(service))
    print(json.dumps({"wrapped": done.wrapped, "indexed": done.indexed, "left": done.left}))


if __name__ == "__main__":
    main()
