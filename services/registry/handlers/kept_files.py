"""Files that are kept for a while go when their time is over: their rows, and the key that opens every copy of them."""

from dataclasses import dataclass

from services.registry.handlers.own_keys import destroy_things
from services.registry.store import exports, rejected
from shared.db.pool import Database
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """Lets go of what has expired, by real time; the leader process runs it as a ticker."""

    vault: Vault

    async def act(self, database: Database) -> None:
        """Drop what is over. Stopped at any moment, the next call goes on."""
        now = database.clock.real_now()
        async with database.read() as conn:
            sheets, files = await rejected.expired(conn, now), await exports.expired(conn, now)
        for source_id in sheets:
            async with database.begin() as tx:
                await rejected.drop(tx, source_id)
                await destroy_things(tx, self.vault, [source_id])
        for export_id in files:
            async with database.begin() as tx:
                await exports.expire(tx, export_id)
                await destroy_things(tx, self.vault, [export_id])
