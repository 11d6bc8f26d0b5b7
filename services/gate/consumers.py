"""Reactions. Names are durable identities and never change."""

from collections.abc import Sequence

from services.gate.handlers import erasure, flags
from shared.bus.consumer import Consumer, Received
from shared.bus.reactor import Reactor
from shared.db.pool import Tx
from shared.events.gate import EntryChecked
from shared.events.registry.people import PersonErased
from shared.kernel.sealed import Vault


def erasures(vault: Vault) -> Reactor:
    """Forget whoever is erased (Data and law)."""
    reactor = Reactor("gate.erasures")

    @reactor.on(PersonErased)
    async def forget_person(event: PersonErased, /, *, tx: Tx) -> None:
        await erasure.forget_person(event, tx=tx, vault=vault)

    return reactor


class Flags(Consumer):
    """Looks at gate's own checks once they are told: away from the answer, which nobody waits for it (G9, G11, F15).

    A whole batch at a time, for there are many checks and few findings.
    """

    name = "gate.flags"
    reads = (EntryChecked,)

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """Flag what needs a look; a second time finds nothing new."""
        checks = [item.event.check_id for item in items if isinstance(item.event, EntryChecked)]
        async with tx.caused_by(items[-1].id, items[-1].correlation):
            await flags.flag_checks(checks, tx=tx)
