"""Entry checks. Made for groups: one statement reads all that any number of checks need, one writes them.

They go by the views of `at_gate`, past the policies (0061): the place of each is its station's, never a caller's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.gate.domain.entry import GateRecords, KnownPass, PassState, Proof, Restriction
from services.gate.domain.rulings import Action, Verdict
from services.gate.domain.times import DailyHours
from shared.db.pool import Conn, Tx
from shared.kernel.days import Span
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

# One row per check and person who fits (at least one a check). What is known under any pseudonym of a person counts,
# and the card that is shown is the one for this compound. Somebody looked up without a pass is judged by their best
# one: of this compound before others, active before not, the longest valid. Entries of the day are counted up to nine:
# whether there was one decides, and a busy day costs no check more than a quiet one.
KNOWN = """
with asked as (
  select nth, check_id, compound, pass_id, number, corrects, since, until
  from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $8::uuid[], $9::timestamptz[],
    $10::timestamptz[]) as a (nth, check_id, compound, pass_id, number, corrects, since, until)
), looked_up as (
  select nth, index_value from unnest($6::int[], $7::bytea[]) as l (nth, index_value)
), shown as (
  select a.nth, p.pass_id, p.person_ref from asked a join at_gate.entry_pass p on p.pass_id = a.pass_id
  union all
  select a.nth, p.pass_id, p.person_ref
  from asked a join lateral (
    select pass_id, person_ref from at_gate.entry_pass where number = a.number
    order by state = 'active' desc, valid_until desc limit 1) p on true
), found as (
  select nth, pass_id, person_ref from shown
  union all
  select l.nth, null::uuid, i.person_ref from looked_up l join at_gate.card_index i on i.index_value = l.index_value
), fits as (
  select distinct f.nth, f.pass_id, coalesce(m.root, f.person_ref) as person_ref,
    case when m.root is null then array[f.person_ref]
      else array(select person_ref from person_alias where root = m.root order by person_ref) end as refs
  from found f left join person_alias m on m.person_ref = f.person_ref
)
select a.nth, f.person_ref,
  p.pass_id, p.serial, p.compound as pass_compound, p.state, p.valid_from, p.valid_until, p.daily_from, p.daily_until,
  r.measures, r.compounds, r.sinces,
  c.person_ref as card_person, c.compounds as card_compounds, c.surname_sealed, c.homes_sealed,
  e.verdict, e.reasons, e.action, e.device_at, e.received_at, e.offline, e.policy_version, e.content, e.nth_today,
  e.person_ref as checked_person, d.entries
from asked a
left join at_gate.entry_check e on e.check_id = a.check_id
left join fits f on f.nth = a.nth
left join lateral (
  select pass_id, serial, compound, state, valid_from, valid_until, daily_from, daily_until from at_gate.entry_pass
  where person_ref = any(f.refs) and (f.pass_id is null or pass_id = f.pass_id)
  order by compound = a.compound desc, state = 'active' desc, valid_until desc limit 1) p on true
left join lateral (
  select array_agg(measure) as measures, array_agg(compound) as compounds, array_agg(since) as sinces
  from at_gate.restriction where person_ref = any(f.refs) and active) r on true
left join lateral (
  select compounds, surname_sealed, homes_sealed, person_ref from at_gate.subject_card
  where person_ref = any(f.refs)
  order by surname_sealed is null, a.compound = any(compounds) desc, person_ref = f.person_ref desc limit 1) c on true
left join lateral (
  select count(*) as entries from (
    select 1 from at_gate.entry_check t
    where t.person_ref = any(f.refs) and t.happened_at >= a.since and t.happened_at < a.until
      and t.direction = 'entry' and t.verdict in ('admit', 'admit_with_action') and t.compound = a.compound
      and t.check_id is distinct from a.corrects
    limit 9) as earlier) d on true
order by a.nth
"""

# Who of those asked about was shown to a guard is part of the same statement: one round trip less for every group.
ADD_CHECKS = """
with reads as (
  insert into audit_read (at, actor, role, action, person_ref, scope, correlation_id)
  select $24, actor, 'device', 'gate.entry_check', person_ref, scope, correlation_id
  from unnest($25::text[], $26::uuid[], $27::text[], $28::uuid[]) as r (actor, person_ref, scope, correlation_id)
)
insert into at_gate.entry_check (check_id, device_id, seq, compound, checkpoint, direction, subject_kind, person_ref,
  pass_id, mask, temperature_sealed, answers_sealed, verdict, reasons, action, offline, policy_version,
  device_at, happened_at, time_trusted, received_at, content, nth_today)
select check_id, device_id, seq, compound, checkpoint, direction, subject_kind, person_ref, pass_id,
  mask, temperature_sealed, answers_sealed, verdict, string_to_array(reasons, ' '), action, offline, policy_version,
  device_at, happened_at, time_trusted, received_at, content, nth_today
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
  $9::uuid[], $10::boolean[], $11::bytea[], $12::bytea[], $13::text[], $14::text[], $15::text[], $16::boolean[],
  $17::int[], $18::timestamptz[], $19::timestamptz[], $20::boolean[], $21::timestamptz[], $22::bytea[],
  $23::smallint[])
  as c (check_id, device_id, seq, compound, checkpoint, direction, subject_kind, person_ref, pass_id,
  mask, temperature_sealed, answers_sealed, verdict, reasons, action, offline, policy_version,
  device_at, happened_at, time_trusted, received_at, content, nth_today)
order by check_id
on conflict (check_id) do nothing
returning check_id
"""

FIRST_ANSWERS = """
select check_id, verdict, reasons, action, device_at, received_at, offline, policy_version, content, person_ref,
  nth_today
from at_gate.entry_check where check_id = any($1::uuid[])
"""

# One hold a person is enough, and it begins with the first fever.
ADD_HOLDS = """
insert into at_gate.restriction (restriction_id, source, person_ref, compound, measure, active, since, version)
select restriction_id, 'gate_fever', person_ref, compound, 'medical', true, since, 1
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) as h (restriction_id, person_ref, compound, since)
order by person_ref
on conflict do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is read for one check; at most one way of saying who it is. The corrected check is no earlier entry."""

    check_id: UUID
    compound: CompoundId
    corrects: UUID | None = None
    pass_id: UUID | None = None
    number: str | None = None
    indexes: tuple[bytes, ...] = ()
    proof: Proof = Proof.NONE
    serial: int | None = None


class SealedCard(NamedTuple):
    """What may be shown of a person, still sealed, and in which compounds they live."""

    person_ref: PersonRef
    compounds: frozenset[CompoundId]
    surname: bytes
    homes: bytes


class FirstAnswer(NamedTuple):
    """What a check was answered when it came first."""

    verdict: Verdict
    reasons: tuple[str, ...]
    action: Action | None
    checked_at: datetime
    received_at: datetime
    offline: bool
    policy_version: int
    content: bytes
    person_ref: PersonRef | None
    nth_today: int | None = None


class Known(NamedTuple):
    """All that was read for one check."""

    records: GateRecords
    card: SealedCard | None
    first: FirstAnswer | None


class NewCheck(NamedTuple):
    """A row of `entry_check`, in the order of `ADD_CHECKS`."""

    check_id: UUID
    device_id: UUID
    seq: int
    compound: CompoundId
    checkpoint: CheckpointId
    direction: str
    subject_kind: str
    person_ref: PersonRef | None
    pass_id: UUID | None
    mask: bool | None
    temperature_sealed: bytes | None
    answers_sealed: bytes | None
    verdict: str
    reasons: str
    action: str | None
    offline: bool
    policy_version: int
    device_at: datetime
    happened_at: datetime
    time_trusted: bool
    received_at: datetime
    content: bytes
    nth_today: int | None


class Shown(NamedTuple):
    """Whose card a guard was shown (F17): by which device, where, in which request."""

    actor: str
    person_ref: PersonRef
    scope: str
    correlation: UUID


async def known(conn: Conn, lookups: Sequence[Lookup], days: Sequence[Span]) -> list[Known]:
    """Everything that is known for each of many checks, in their order, in one statement.

    Args:
        conn: where to read.
        lookups: what each check asks for.
        days: for each check the span whose entries count as earlier ones of its day.
    """
    pairs = [(nth, value) for nth, lookup in enumerate(lookups) for value in lookup.indexes]
    rows = await conn.fetch(
        KNOWN,
        list(range(len(lookups))),
        [lookup.check_id for lookup in lookups],
        [lookup.compound for lookup in lookups],
        [lookup.pass_id for lookup in lookups],
        [lookup.number for lookup in lookups],
        [nth for nth, _ in pairs],
        [value for _, value in pairs],
        [lookup.corrects for lookup in lookups],
        [day.starts for day in days],
        [day.ends for day in days],
    )
    found: list[list[Any]] = [[] for _ in lookups]
    for row in rows:
        found[row["nth"]].append(row)
    return [_known(lookup, mine) for lookup, mine in zip(lookups, found, strict=True)]


async def add_checks(tx: Tx, checks: Sequence[NewCheck], shown: Sequence[Shown]) -> set[UUID]:
    """Keep checks, and who was shown; tells the checks that were new. An id being kept elsewhere is waited for."""
    columns = zip(*checks, strict=True) if checks else [()] * len(NewCheck._fields)
    audit = zip(*shown, strict=True) if shown else [()] * len(Shown._fields)
    return {row["check_id"] for row in await tx.fetch(ADD_CHECKS, *columns, tx.now, *audit)}


async def first_answers(tx: Tx, check_ids: Sequence[UUID]) -> dict[UUID, FirstAnswer]:
    """What checks were answered, by id."""
    rows = await tx.fetch(FIRST_ANSWERS, check_ids)
    return {row["check_id"]: _first(row, row["person_ref"]) for row in rows}


def _known(lookup: Lookup, rows: Sequence[Any]) -> Known:
    row = rows[0]
    people = frozenset(PersonRef(mine["person_ref"]) for mine in rows if mine["person_ref"])
    certain = len(people) == 1
    return Known(
        records=GateRecords(
            people=people,
            entry_pass=_pass(row) if certain and row["pass_id"] else None,
            proof=lookup.proof,
            serial=lookup.serial,
            restrictions=_restrictions(row) if certain else (),
            entries_today=row["entries"] if certain else 0,
        ),
        card=_card(row) if certain else None,
        first=_first(row, row["checked_person"]) if row["verdict"] else None,
    )


def _pass(row: Any) -> KnownPass:
    return KnownPass(
        pass_id=row["pass_id"],
        serial=row["serial"],
        person_ref=row["person_ref"],
        compound=row["pass_compound"],
        state=PassState(row["state"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        hours=daily_hours(row),
    )


def daily_hours(row: Any) -> DailyHours | None:
    """The hours of each day in which a pass admits; None: at any hour."""
    if row["daily_from"] is None or row["daily_until"] is None:
        return None
    return DailyHours.stated(row["daily_from"], row["daily_until"])


def _restrictions(row: Any) -> tuple[Restriction, ...]:
    found = zip(row["measures"] or (), row["compounds"] or (), row["sinces"] or (), strict=True)
    return tuple(Restriction(measure=measure, compound=place, since=since) for measure, place, since in found)


def _card(row: Any) -> SealedCard | None:
    if row["surname_sealed"] is None:
        return None
    return SealedCard(
        person_ref=row["card_person"],
        compounds=frozenset(row["card_compounds"]),
        surname=row["surname_sealed"],
        homes=row["homes_sealed"],
    )


def _first(row: Any, person: UUID | None) -> FirstAnswer:
    return FirstAnswer(
        verdict=Verdict(row["verdict"]),
        reasons=tuple(row["reasons"]),
        action=Action(row["action"]) if row["action"] else None,
        checked_at=row["device_at"],
        received_at=row["received_at"],
        offline=row["offline"],
        policy_version=row["policy_version"],
        content=row["content"],
        person_ref=PersonRef(person) if person else None,
        nth_today=row["nth_today"],
    )
