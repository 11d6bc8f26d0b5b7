"""What a device sent, as a command."""

from services.gate.api.models import (
    Document,
    DwellingSurname,
    EntryCheckBody,
    PassNumber,
    PassToken,
    Visitor,
)
from services.gate.desk import Desk, Station
from services.gate.domain.entry import Answers, SubjectKind
from services.gate.domain.subjects import document_keys
from services.gate.handlers.judging import CheckEntry, DecidedOffline
from services.gate.sealing import DOCUMENT_INDEX, ROOM_INDEX
from services.gate.store.checks import Lookup
from shared.events.envelope import Cause
from shared.kernel.ids import uuid7
from shared.kernel.pass_token import UnknownKey
from shared.obs.logging import current_correlation
from shared.obs.tracing import current_traceparent

_NOT_ASKED = Answers()


async def command_of(
    mine: Desk, station: Station, body: EntryCheckBody, *, cause: Cause | None = None
) -> CheckEntry:
    """What a device sent, as a command; several of one request share its `cause`."""
    cause = cause or cause_here()
    try:
        return command_at_once(mine, station, body, cause=cause)
    except UnknownKey:
        await mine.learn_keys()
    return command_at_once(mine, station, body, cause=cause, keys_are_new=True)


def command_at_once(
    mine: Desk, station: Station, body: EntryCheckBody, *, cause: Cause, keys_are_new: bool = False
) -> CheckEntry:
    """The same by the keys at hand.

    Raises:
        UnknownKey: they do not suffice, and they are not new.
    """
    offline = body.offline
    return CheckEntry(
        station=station,
        check_id=body.check_id,
        seq=body.seq,
        direction=body.direction,
        kind=SubjectKind(body.subject.kind),
        purpose=body.subject.purpose if isinstance(body.subject, Visitor) else None,
        mask=body.mask,
        temperature_c=body.temperature_c,
        answers=body.answers.answers() if body.answers else _NOT_ASKED,
        checked_at=body.checked_at,
        offline=DecidedOffline(
            verdict=offline.verdict,
            reasons=offline.reasons,
            action=offline.action,
            policy_version=offline.policy_version,
            clock_skew_seconds=offline.clock_skew_seconds,
        )
        if offline
        else None,
        lookup=_lookup(mine, station, body, keys_are_new=keys_are_new),
        content=body.content(station.compound, station.checkpoint),
        cause=cause,
    )


def cause_here() -> Cause:
    """The request under way, as what its events name as their beginning."""
    return Cause(correlation=current_correlation() or uuid7(), traceparent=current_traceparent())


def _lookup(mine: Desk, station: Station, body: EntryCheckBody, *, keys_are_new: bool) -> Lookup:
    here, subject = station.compound, body.subject
    match subject:
        case PassToken():
            proof, claims = mine.read_token(subject.token, keys_are_new=keys_are_new)
            if claims is None:
                return Lookup(check_id=body.check_id, compound=here, proof=proof)
            return Lookup(
                check_id=body.check_id,
                compound=here,
                pass_id=claims.pass_id,
                serial=claims.serial,
                proof=proof,
            )
        case PassNumber():
            return Lookup(check_id=body.check_id, compound=here, number=subject.number)
        case Document():
            indexes = [
                value
                for number in document_keys(subject.number)
                for value in mine.context.vault.index_all(DOCUMENT_INDEX, number)
            ]
            return Lookup(check_id=body.check_id, compound=here, indexes=tuple(indexes))
        case DwellingSurname():
            indexes = mine.context.vault.index_all(ROOM_INDEX, subject.spell(here))
            return Lookup(check_id=body.check_id, compound=here, indexes=tuple(indexes))
        case Visitor():
            return Lookup(check_id=body.check_id, compound=here)
