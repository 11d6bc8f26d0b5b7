"""The copies that the gate keeps of others' facts, so that it answers while everybody else is away.

All are folds of whole batches into few statements, guarded by the aggregate's version: replayed, they change nothing.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.domain.subjects import Card, document_key, room_key, surname_of
from services.gate.sealing import DOCUMENT_INDEX, HOMES, ROOM_INDEX, SURNAME
from services.gate.store import copies as store
from shared.bus.consumer import Received
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy import Measure
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)
from shared.events.registry.places import CheckpointOpened, CompoundRegistered
from shared.events.registry.rules import PassKeyAnnounced, PolicyRevised
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import PersonKey, Vault
from shared.runtime import Context

T = TypeVar("T")
CARDS_IN_A_ROW = 25
"""Cards opened and sealed before others get a turn: some milliseconds, so that a check at a gate need not wait."""


class MissingFactError(Exception):
    """News of something that this copy never heard of: set aside until the beginning is there."""


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as columns, sorted by key so that two writers never deadlock."""
    ordered = sorted(rows, key=lambda row: str(row[0]))
    return [[row[place] for row in ordered] for place in range(width)]


class Town(Projection, name="gate.town", version=1, reads=(CompoundRegistered, CheckpointOpened)):
    """Compounds by name, and where their checkpoints are."""

    tables = ("compound", "checkpoint")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The newest of each."""
        compounds: dict[str, tuple[object, ...]] = {}
        checkpoints: dict[str, tuple[object, ...]] = {}
        for item in batch.received:
            match item.event:
                case CompoundRegistered() as event:
                    compounds[event.compound] = (event.compound, event.name, item.version)
                case CheckpointOpened() as event:
                    checkpoints[event.checkpoint] = (
                        event.checkpoint,
                        event.compound,
                        event.name,
                        item.time,
                        item.version,
                    )
        if compounds:
            await tx.execute(store.KEEP_COMPOUNDS, *_columns(compounds.values(), 3))
        if checkpoints:
            await tx.execute(store.KEEP_CHECKPOINTS, *_columns(checkpoints.values(), 5))


class Policy(Projection, name="gate.policy", version=1, reads=(PolicyRevised, PassKeyAnnounced)):
    """Policy versions and the public keys of passes; both are rare and never change."""

    tables = ("policy_version", "pass_key")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Each as it comes."""
        for revised in batch.of(PolicyRevised):
            document = revised.document.model_dump(mode="json")
            await tx.execute(store.KEEP_POLICY, revised.version, revised.effective_from, document)
        for key in batch.of(PassKeyAnnounced):
            await tx.execute(store.KEEP_PASS_KEY, key.key_id, key.jwk, key.valid_from)


class Passes(
    Projection,
    name="gate.passes",
    version=1,
    reads=(EntryPassIssued, EntryPassSuspended, EntryPassReinstated, EntryPassRevoked),
):
    """Entry passes as they stand. A new print is a new EntryPassIssued with a higher serial."""

    tables = ("entry_pass",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last issue of each pass in the batch, and the last state of the others."""
        issued: dict[UUID, EntryPassIssued] = {}
        turned: dict[UUID, tuple[PassState, int]] = {}
        for item in batch.received:
            match item.event:
                case EntryPassIssued() as event:
                    issued[event.pass_id] = event
                    turned[event.pass_id] = PassState.ACTIVE, item.version
                case EntryPassSuspended() as event:
                    turned[event.pass_id] = PassState.SUSPENDED, item.version
                case EntryPassReinstated() as event:
                    turned[event.pass_id] = PassState.ACTIVE, item.version
                case EntryPassRevoked() as event:
                    turned[event.pass_id] = PassState.REVOKED, item.version
        rows = [
            (
                event.pass_id,
                event.number,
                event.serial,
                event.person_ref,
                event.compound,
                event.kind,
                event.valid_from,
                event.valid_until,
                *turned.pop(event.pass_id),
            )
            for event in issued.values()
        ]
        if rows:
            await tx.execute(store.KEEP_PASSES, *_columns(rows, 10))
        if turned:
            await _all_held(tx, store.PASSES_HELD, turned, "pass")
            await tx.execute(
                store.TURN_PASSES,
                *_columns(((pass_id, *state) for pass_id, state in turned.items()), 3),
            )


@dataclass(slots=True, kw_only=True)
class _Case:
    """What a batch says of one case; `started` is None where the beginning came in an earlier batch."""

    started: ObservationStarted | None = None
    measure: Measure | None = None
    active: bool = True
    version: int = 0


class Cases(
    Projection,
    name="gate.cases",
    version=1,
    reads=(
        ObservationStarted,
        ObservationInterrupted,
        ObservationResumed,
        ObservationAwaitsClosure,
        ObservationCompleted,
    ),
):
    """Who is under which measure. Someone who awaits closure is still under it."""

    tables = ("restriction",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last state of each case; decisions about a person also end gate's own earlier hold."""
        cases: dict[UUID, _Case] = {}
        decided: dict[UUID, datetime] = {}
        for item in batch.received:
            _fold_case(cases, decided, item)
        begun = [
            (
                case_id,
                start.person_ref,
                start.compound,
                case.measure,
                case.active,
                start.started_at,
                case.version,
            )
            for case_id, case in cases.items()
            if (start := case.started) is not None
        ]
        going = {case_id: case for case_id, case in cases.items() if case.started is None}
        if begun:
            await tx.execute(store.KEEP_CASES, *_columns(begun, 7))
        if going:
            await _all_held(tx, store.CASES_HELD, going, "case")
            rows = ((case_id, case.measure, case.active, case.version) for case_id, case in going.items())
            await tx.execute(store.TURN_CASES, *_columns(rows, 4))
        if decided:
            await tx.execute(store.END_HOLDS, *_columns(decided.items(), 2))


def _fold_case(cases: dict[UUID, _Case], decided: dict[UUID, datetime], item: Received) -> None:
    match item.event:
        case ObservationStarted() as event:
            cases[event.case_id] = _Case(started=event, measure=event.measure)
        case ObservationInterrupted() as event:
            cases.setdefault(event.case_id, _Case()).measure = "medical"
        case ObservationResumed() as event:
            cases.setdefault(event.case_id, _Case()).measure = event.measure
            decided[event.person_ref] = event.resumed_at
        case ObservationAwaitsClosure() as event:
            cases.setdefault(event.case_id, _Case())
        case ObservationCompleted() as event:
            cases.setdefault(event.case_id, _Case()).active = False
            decided[event.person_ref] = event.completed_at
        case _:
            return
    cases[event.case_id].version = item.version


async def _all_held(tx: Tx, statement: str, wanted: Mapping[UUID, object], what: str) -> None:
    """A suspension of a pass, or the end of a case, that is not known here must never be lost silently."""
    held = {row[0] for row in await tx.fetch(statement, list(wanted))}
    if missing := wanted.keys() - held:
        raise MissingFactError(f"{what} {min(missing)} is not known here")


class Cards(Projection, name="gate.cards", version=1, reads=(SubjectCardSealed,)):
    """The cards sealed for gate: opened, sealed again with gate's own keys, and made findable by keyed index only."""

    tables = ("subject_card", "card_index")

    def __init__(self, context: Context) -> None:
        self._context = context

    def channels(self) -> set[tuple[str, str]]:
        """Gate's own channel only: cards for others are not even received."""
        return {(SubjectCardSealed.service, "cards_gate")}

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The newest card of each person. A withdrawn one leaves a row that says so, with nothing in it."""
        newest = {
            item.event.person_ref: item
            for item in sorted(batch.envelopes(SubjectCardSealed), key=lambda item: item.version)
            if isinstance(item.event, SubjectCardSealed) and item.event.recipient == "gate"
        }
        if not newest:
            return
        vault, card_keys = self._context.vault, self._context.cards
        wanted = [ref for ref, item in newest.items() if getattr(item.event, "card", None)]
        keys = await vault.keys(wanted, create=True)
        rows: list[tuple[object, ...]] = []
        indexes: dict[UUID, list[bytes]] = {}
        for done, (ref, item) in enumerate(newest.items(), start=1):
            row, indexes[ref] = _resealed(item, keys.get(ref), vault, card_keys)
            rows.append(row)
            if done % CARDS_IN_A_ROW == 0:
                await asyncio.sleep(0)
        kept = await tx.fetch(store.KEEP_CARDS, *_columns(rows, 5))
        if again := [row["person_ref"] for row in kept if row["may_have_index"]]:
            await tx.execute(store.DROP_CARD_INDEX, again)
        pairs = [(value, row["person_ref"]) for row in kept for value in indexes[row["person_ref"]]]
        if pairs:
            pairs.sort()
            await tx.execute(store.KEEP_CARD_INDEX, [value for value, _ in pairs], [ref for _, ref in pairs])


def read_card(payload: Mapping[str, Any]) -> Card:
    """The fields of an opened card.

    Raises:
        KeyError, TypeError: it lacks one; the card is set aside.
    """
    return Card(
        surname=surname_of(payload["surname"]),
        homes=tuple((str(home["compound"]), str(home["room"])) for home in payload["homes"]),
        documents=tuple(str(number) for number in payload["documents"]),
    )


def _resealed(
    item: Received, key: PersonKey | None, vault: Vault, card_keys: CardKeys
) -> tuple[tuple[object, ...], list[bytes]]:
    """The row of a card and its lookup values; without a card, or for an erased person, there is nothing to find."""
    event = item.event
    assert isinstance(event, SubjectCardSealed)  # noqa: S101 -- the caller chose it
    if event.card is None or key is None:
        return (event.person_ref, "", None, None, item.version), []
    card = read_card(card_keys.open_card("gate", event.card))
    documents = {document_key(number) for number in card.documents} - {""}
    values = [vault.index(DOCUMENT_INDEX, number) for number in documents]
    rooms = {room_key(compound, room, card.surname) for compound, room in card.homes}
    values += [vault.index(ROOM_INDEX, room) for room in rooms]
    surname = vault.seal(key, SURNAME, card.surname)
    homes = vault.seal(key, HOMES, json.dumps(card.rooms, ensure_ascii=False))
    return (event.person_ref, " ".join(card.rooms), surname, homes, item.version), values
