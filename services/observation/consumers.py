"""Reactions to the registry's facts. Names are durable identities and never change."""

from services.observation.handlers import contacts, doors, erasure, fevers, intakes, lives, withdrawals
from shared.bus.reactor import Reactor
from shared.db.pool import Tx
from shared.events.gate import FeverSeen, FeverWithdrawn, QuarantineExitSeen
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import (
    PeopleMerged,
    PeopleSeparated,
    PersonErased,
    ResidenceEnded,
    ResidenceRestored,
)
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import Vault


def open_for_returnee() -> Reactor:
    """Start an observation for whoever came back, and follow corrected intakes (R2.7, O3)."""
    reactor = Reactor("observation.open_for_returnee")

    @reactor.on(ReturneeRegistered)
    async def open_observation(event: ReturneeRegistered, /, *, tx: Tx) -> None:
        await intakes.open_for_returnee(event, tx=tx)

    return reactor


def follow_gate_fevers(vault: Vault) -> Reactor:
    """A fever at a gate opens the fever path, with or without an observation; a mistyped one is taken back (G2).

    Who would leave home quarantine is looked into like an opened door (gate rules).
    """
    reactor = Reactor("observation.gate_fevers")
    reactor.on(FeverSeen)(fevers.see_fever)
    reactor.on(QuarantineExitSeen)(doors.see_exit)

    @reactor.on(FeverWithdrawn)
    async def withdraw_fever(event: FeverWithdrawn, /, *, tx: Tx) -> None:
        await withdrawals.withdraw_fever(event, tx=tx, vault=vault)

    return reactor


def follow_lives() -> Reactor:
    """Deaths and departures, also mistaken ones, moves, mergings, separations of people (Data and law, P10)."""
    reactor = Reactor("observation.lives")
    reactor.on(ResidenceEnded)(lives.follow_residence)
    reactor.on(ResidenceRestored)(lives.follow_restoration)
    reactor.on(PeopleMerged)(lives.follow_merge)
    reactor.on(PeopleSeparated)(lives.follow_separation)
    return reactor


class _OwnCards(Reactor):
    """Reads the cards sealed for this service only: those of others never even arrive."""

    def channels(self) -> set[tuple[str, str]]:
        """The registry's card channel of this recipient."""
        return {(SubjectCardSealed.service, f"cards_{contacts.RECIPIENT}")}


def contact_cards(vault: Vault, card_keys: CardKeys) -> Reactor:
    """Keep how to reach the people under observation (architecture §3, §8)."""
    reactor = _OwnCards("observation.contact_cards")

    @reactor.on(SubjectCardSealed)
    async def keep_contact(event: SubjectCardSealed, /, *, tx: Tx) -> None:
        await contacts.keep_contact(event, tx=tx, vault=vault, card_keys=card_keys)

    return reactor


def erasures(vault: Vault) -> Reactor:
    """Forget whoever is erased (Data and law)."""
    reactor = Reactor("observation.erasures")

    @reactor.on(PersonErased)
    async def forget_person(event: PersonErased, /, *, tx: Tx) -> None:
        await erasure.forget_person(event, tx=tx, vault=vault)

    return reactor
