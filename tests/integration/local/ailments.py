"""Faults of a running stack that `./fangkong doctor` is there to find, made for real and mended again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.doctor.databases import BLOCKED, BLOCKED_SECONDS
from deploy.local import databases
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from shared.kernel.clock import write_control
from shared.testing.waiting import eventually

AILMENTS = {
    ("keys", "gate", "fail"),  # others may read it
    ("keys", "registry", "fail"),  # it is no key file any more
    ("certificate", "old.crt", "fail"),
    ("clock", "business time", "warn"),
    ("grants", "gate_app", "fail"),
    ("migrations", "sanitation", "fail"),
    ("letters", "reporting", "warn"),
    ("lock", "observation", "warn"),
}
_EDITED = "update schema_migration set sha256 = reverse(sha256) where source = 'sanitation' and number = 1"
_LETTER = """
insert into dead_letter (consumer, producer, channel, epoch, pos, document, reason, error)
values ('reporting.x', 'gate', 'checks', 1, 1, '{}', 'poison', 'planted')
"""


@contextmanager
def fall_ill(home: Home) -> Iterator[None]:
    """Everything at once."""
    secrets = Secrets(folder=home.secrets)
    port: int = home.status()["ports"]["postgres"]
    cards, master = secrets.card_keys_file("registry"), secrets.master_key_file("gate")
    kept, old = cards.read_bytes(), home.tls / "old.crt"
    with asyncio.Runner() as runner:

        def do(service: str, *statements: str) -> None:
            runner.run(_do(databases.url(port, f"{service}_owner", service, secrets), statements))

        def hold() -> tuple[Any, Any]:
            roles = (f"observation_{kind}" for kind in ("owner", "app"))
            return runner.run(_hold(*(databases.url(port, role, "observation", secrets) for role in roles)))

        cards.write_bytes(b"{")
        master.chmod(0o644)
        old.write_bytes(_expired())
        write_control(home.clock, datetime.now(UTC), 1.0)
        do("gate", "grant create on schema public to gate_app")
        do("sanitation", _EDITED)
        do("reporting", _LETTER)
        held = hold()
        try:
            yield
        finally:
            cards.write_bytes(kept)
            master.chmod(0o600)
            old.unlink()
            home.clock.unlink()
            runner.run(_let_go(*held))
            do("gate", "revoke create on schema public from gate_app")
            do("sanitation", _EDITED)
            do("reporting", "delete from dead_letter")


async def _do(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _hold(owner: str, app: str) -> tuple[Any, Any]:
    """Two sessions, of which the service's waits for the other for longer than anybody should."""
    holder, waiter, onlooker = [await asyncpg.connect(url) for url in (owner, app, app)]
    await holder.execute("begin; lock table door_task in access exclusive mode")
    waiting = asyncio.create_task(waiter.execute("select from door_task"))

    async def long_enough() -> bool:
        return bool(await onlooker.fetch(BLOCKED, BLOCKED_SECONDS))

    await eventually(long_enough, what="a session waits for long")
    return (holder, waiter, onlooker), waiting


async def _let_go(sessions: tuple[Any, Any], waiting: Any) -> None:
    for session in sessions:
        session.terminate()
    await asyncio.gather(waiting, return_exceptions=True)


def _expired() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now - timedelta(days=2))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
