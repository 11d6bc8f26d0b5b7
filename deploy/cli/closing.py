"""``./fangkong closing``: how far closing down is, service by service; and whether a certificate is genuine.

A certificate proves itself only against a key that came another way: the registry of the stack that runs, or a file
that was kept from before (`GET /v1/pass-keys`), never the key that lies beside it.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
from rich.table import Table

from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.errors import LocalError
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from services.registry.domain.closing import SERVICES, CertificateNotGenuine, verify
from services.registry.store import closing as store
from services.registry.store import pass_keys
from shared.db.pool import Conn

Keys = Mapping[str, Mapping[str, str]]


def show_progress(home: Home, status: Mapping[str, Any]) -> bool:
    """Print what each service counted and destroyed; False while a closing that was approved is not certified."""
    table, state = asyncio.run(progress(_url(home, status)))
    if table is None:
        say("没有关停在办理。", "No closing was begun.")
        return True
    out.print(table)
    if state == "certified":
        say("已关停，证书已出。", "Closed down and certified.")
    elif state == "approved":
        say("正在销毁，请等全部服务完成。", "Being destroyed; wait for all services.")
    else:
        say("尚未批准，没有销毁任何数据。", "Not approved: nothing is destroyed.")
    return state != "approved"


def show_certificate(file: Path, keys: Keys) -> bool:
    """Print what a certificate says; False, with the reason, where no key of these signed it."""
    try:
        content = verify(certificate_in(file), keys)
    except CertificateNotGenuine as error:
        say(f"证书不真：{error}。", f"The certificate is not genuine: {error}.")
        return False
    table = Table(title="销毁证书 certificate of destruction", box=None)
    for column in ("service", "密钥 keys", "尚存 left", "销毁时间 destroyed at"):
        table.add_column(column)
    for service, told in content["services"].items():
        keys_had = told["found"].get("data_keys", 0)
        table.add_row(service, f"{keys_had:,}", f"{told['keys_left']:,}", told["destroyed_at"])
    out.print(table)
    say(f"签名有效，出证于 {content['certified_at']}。", "The signature holds.")
    return True


def certificate_in(file: Path) -> str:
    """The signed text in a file: as `GET /v1/closing/certificate` gives it, or the text alone.

    Raises:
        LocalError: the file holds neither.
    """
    text = file.read_text(encoding="utf-8").strip()
    if not text.startswith("{"):
        return text
    try:
        return str(json.loads(text)["certificate"])
    except (ValueError, KeyError, TypeError):
        raise LocalError(f"{file} 不是证书文件。", f"{file} is no certificate.") from None


def keys_in(file: Path) -> Keys:
    """The keys in a file that was kept of `GET /v1/pass-keys`.

    Raises:
        LocalError: the file is no such file.
    """
    try:
        return {one["key_id"]: one["jwk"] for one in json.loads(file.read_text(encoding="utf-8"))["keys"]}
    except (ValueError, KeyError, TypeError):
        raise LocalError(
            f"{file} 不是 GET /v1/pass-keys 的结果。", f"{file} is no answer of GET /v1/pass-keys."
        ) from None


def keys_of(home: Home, status: Mapping[str, Any]) -> Keys:
    """The keys of the registry that runs."""
    return asyncio.run(_keys(_url(home, status)))


def _url(home: Home, status: Mapping[str, Any]) -> str:
    return databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))["registry"]


async def _keys(url: str) -> Keys:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        rows = await connection.fetch(pass_keys.ALL_KEYS)
    finally:
        await connection.close()
    return {row["key_id"]: json.loads(row["public_jwk"]) for row in rows}


async def progress(url: str) -> tuple[Table | None, str]:
    """How far it is, as a table, and its state: `none`, `open`, `approved`, `certified`."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        conn = Conn(connection)
        found = await store.latest(conn)
        if found is None:
            return None, "none"
        counted = await store.answers(conn, found["closing_id"], "counted")
        destroyed = await store.answers(conn, found["closing_id"], "destroyed")
    finally:
        await connection.close()
    table = Table(title=f"关停 closing {found['closing_id']}", box=None)
    for column in ("service", "密钥 keys", "清点 counted", "销毁 destroyed"):
        table.add_column(column)
    for service in SERVICES:
        before, after = counted.get(service), destroyed.get(service)
        told = after or before
        table.add_row(
            service,
            f"{told.found.get('data_keys', 0):,}" if told else "",
            f"{before.at:%Y-%m-%d %H:%M}" if before else "—",
            f"{after.at:%Y-%m-%d %H:%M}" if after else "—",
        )
    state = "certified" if found["certified_at"] else "approved" if found["approved_at"] else "open"
    return table, state
