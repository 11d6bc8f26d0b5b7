"""Reactions to others' facts. Names are durable identities and never change."""

from services.sanitation.handlers import quarantine, rooms
from shared.bus.reactor import Reactor
from shared.db.pool import Tx
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PersonErased
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import Vault


def follow_quarantines() -> Reactor:
    """Where waste is fetched separately, and on which days (R5.2, S4)."""
    reactor = Reactor("sanitation.follow_quarantines")
    reactor.on(ObservationStarted)(quarantine.follow_start)
    reactor.on(ObservationMeasureChanged)(quarantine.follow_measure)
    reactor.on(ObservationInterrupted)(quarantine.follow_interruption)
    reactor.on(ObservationResumed)(quarantine.follow_resumption)
    reactor.on(ObservationRestarted)(quarantine.follow_resumption)
    reactor.on(ObservationRescheduled)(quarantine.follow_dates)
    reactor.on(ObservationAwaitsClosure)(quarantine.follow_dates)
    reactor.on(ObservationCompleted)(quarantine.follow_end)
    reactor.on(ObservationClosed)(quarantine.follow_end)
    return reactor


class _OwnCards(Reactor):
    """Reads the cards sealed for this service only: those of others never even arrive."""

    def channels(self) -> set[tuple[str, str]]:
        """The registry's card channel of this recipient."""
        return {(SubjectCardSealed.service, f"cards_{rooms.RECIPIENT}")}


def room_cards(vault: Vault, card_keys: CardKeys) -> Reactor:
    """Keep the rooms where waste is fetched (architecture §3, §8)."""
    reactor = _OwnCards("sanitation.room_cards")

    @reactor.on(SubjectCardSealed)
    async def keep_card(event: SubjectCardSealed, /, *, tx: Tx) -> None:
        await rooms.keep_card(event, tx=tx, vault=vault, card_keys=card_keys)

    return reactor


def erasures(vault: Vault) -> Reactor:
    """Forget whoever is erased (Data and law)."""
    reactor = Reactor("sanitation.erasures")

    @reactor.on(PersonErased)
    async def forget_person(event: PersonErased, /, *, tx: Tx) -> None:
        await rooms.forget_person(event, tx=tx, vault=vault)

    return reactor
