"""Things that go wrong, for supervision to find: each with what puts it right."""

import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from shared.db.pool import Database
from shared.events.base import Event
from shared.events.gate import (
    CaseContactReported,
    CheckOverridden,
    FeverSeen,
    FirstReturnSeen,
    FocusAreaPersonReported,
    QuarantineExitSeen,
    Verdict,
)
from shared.events.policy_supervision import SupervisionRules
from shared.events.registry.leads import LeadReceived
from shared.events.registry.places import ResponsibilityAssigned
from shared.events.registry.returnees import ReturneeRegistered
from shared.events.registry.rules import PolicyRevised
from shared.events.registry.surveys import SurveyRoundOpened
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef
from tests.conftest import Client
from tests.integration.reporting.world import TODAY, policy_revised

ClientFor = Callable[[str], Awaitable[Client]]
_SEED = Path(__file__).parents[3] / "services" / "registry" / "data" / "policy-2020-02-24.json"
RULES = SupervisionRules.model_validate(json.loads(_SEED.read_bytes())["document"]["supervision"])


def supervised(**changes: Any) -> PolicyRevised:
    """The policy of tests, with the sections on supervision and on leads that the program comes with."""
    before = policy_revised()
    leads = before.document.leads.model_copy(update={"due_hours": {"gathering": 2, "other": 24}})
    rules = RULES.model_copy(update=changes)
    document = before.document.model_copy(update={"supervision": rules, "leads": leads})
    return before.model_copy(update={"document": document})


def answers_for(compound: CompoundId | None, measure: str, number: int) -> ResponsibilityAssigned:
    """Somebody answers for a measure."""
    return ResponsibilityAssigned(
        assignment_id=UUID(int=number),
        worker_ref=UUID(int=1000 + number),
        role=f"{measure}_lead",
        measure=measure,
        compound=compound,
        grid=None,
        from_day=date(2020, 2, 1),
        until_day=None,
    )


def lead_told(compound: CompoundId, at: datetime) -> LeadReceived:
    """A resident tells of a gathering; nobody has it yet."""
    return LeadReceived(
        lead_id=uuid4(),
        compound=compound,
        category="gathering",
        via="phone",
        observed_at=at,
        received_at=at,
    )


def reported(compound: CompoundId, kind: str, at: datetime, ref: UUID | None) -> Event:
    """A gate reports somebody."""
    about: dict[str, Any] = {
        "check_id": uuid4(),
        "person_ref": ref,
        "compound": compound,
        "checkpoint": CheckpointId(f"{compound}-k1"),
        "checked_at": at,
    }
    match kind:
        case "fever":
            return FeverSeen(**about, temperature_c=Decimal("38.1"))
        case "focus_person":
            return FocusAreaPersonReported(**about)
        case "case_contact":
            return CaseContactReported(**about)
        case _:
            return FirstReturnSeen(**about, held=False)


def leaving(
    compound: CompoundId, at: datetime, verdict: Verdict, ref: UUID | None = None
) -> QuarantineExitSeen:
    """Somebody in home quarantine stands at the way out."""
    return QuarantineExitSeen(
        check_id=uuid4(),
        person_ref=PersonRef(ref or uuid4()),
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        verdict=verdict,
        checked_at=at,
    )


def taken_in(compound: CompoundId, ref: UUID, at: datetime) -> ReturneeRegistered:
    """The registry has an intake of somebody."""
    return ReturneeRegistered(
        intake_id=uuid4(),
        person_ref=PersonRef(ref),
        compound=compound,
        dwelling_id=DwellingId(uuid4()),
        grid=GridId(f"{compound}-w01"),
        category="other",
        measure="home_self_monitoring",
        origin_code="330300",
        anchor_date=TODAY,
        anchor_basis="registration_date",
        policy_version=1,
        risk_revision=1,
        registered_at=at,
    )


def overridden(compound: CompoundId, at: datetime, review_due_at: datetime) -> CheckOverridden:
    """A shift leader lets somebody pass."""
    return CheckOverridden(
        check_id=uuid4(),
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        verdict="refuse",
        reason="other",
        overridden_at=at,
        review_due_at=review_due_at,
    )


def round_opened(compound: CompoundId, at: datetime, days: int) -> SurveyRoundOpened:
    """A survey round of a hundred dwellings begins."""
    return SurveyRoundOpened(
        round_id=uuid4(),
        number=1,
        compounds=(compound,),
        dwellings={compound: 100},
        opened_at=at,
        due_on=(at + timedelta(days=days)).date(),
    )


async def held(database: Database, **where: object) -> list[dict[str, Any]]:
    """The findings as the table has them, of which these columns are so, in the order in which they were opened."""
    rows = await database.pool.fetch(
        "select rule, subject, compound, unit, state, opened_at, due_at, owner_role, closed_by, version, finding_id "
        "from finding order by opened_at, rule, subject"
    )
    return [dict(row) for row in rows if all(row[name] == value for name, value in where.items())]


async def told(database: Database) -> list[tuple[str, dict[str, Any], int]]:
    """What reporting has said of findings, in order: the event's name, its data, the version."""
    rows = await database.pool.fetch("select document from outbox where channel = 'findings' order by id")
    said = [json.loads(row["document"]) for row in rows]
    return [(one["type"].split(".")[2], one["data"], int(one["sequence"])) for one in said]


async def kinds_of(database: Database, finding_id: UUID) -> list[str]:
    """What happened to a finding, in order."""
    rows = await database.pool.fetch(
        "select kind from finding_act where finding_id = $1 order by nth", finding_id
    )
    return [row["kind"] for row in rows]
