"""Whom a personal link reaches and how each of them stands, as the pages of residents show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.observation.api.resident import link_of
from services.observation.domain.calendar import WindowSpan
from services.observation.domain.case import Case
from services.observation.domain.grid import Cell, cells_of_day, next_window
from services.observation.domain.masking import masked_name
from services.observation.handlers import observing
from services.observation.handlers.entries import Entry, entries_of
from services.observation.store import cases, families
from shared.context import Context
from shared.events.policy_gate import TemperatureRules
from shared.http.access import Principal
from shared.http.auth import TokenRefused
from shared.kernel.days import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody for whom the holder of a link may declare.

    Attributes:
        name: surname and a star; None: the own case, or somebody whose name is not known here.
        cells: today's windows.
        last: what was declared last today and not corrected since.
    """

    case: Case
    own: bool
    name: str | None
    cells: Sequence[Cell]
    following: WindowSpan | None
    last: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The holder first, the window that a declaration made now belongs to, and today's rules for a temperature."""

    members: Sequence[Member]
    window: WindowSpan
    temperature: TemperatureRules

    @property
    def own(self) -> Member:
        """The holder of the link."""
        return self.members[0]

    def of(self, case_id: UUID) -> Member | None:
        """Somebody of the household."""
        return next((one for one in self.members if one.case.case_id == case_id), None)


async def household(who: Principal, context: Context) -> Household:
    """Read everybody whom the caller's link reaches.

    Raises:
        TokenRefused: the link was withdrawn meanwhile.
        PolicyUnknown: no rules are in force here yet.
    """
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        rows = await families.family(conn, link_of(who))
        if not rows or not rows[0]["own"]:
            raise TokenRefused("link withdrawn since the request was let in")
        calendar = await observing.calendar_in_force(conn, today)
        found = [(row, await cases.find(conn, row["case_id"])) for row in rows]
        entries = await entries_of(conn, [(row["case_id"], row["person_ref"]) for row in rows], context.vault)
        keys = await context.vault.keys(row["person_ref"] for row in rows)
    members: list[Member] = []
    for row, case in found:
        if case is None:
            continue
        key, sealed = keys.get(row["person_ref"]), row["name_sealed"]
        name = None if key is None or sealed is None else masked_name(context.vault.open(key, "name", sealed))
        said = [
            one
            for one in entries
            if one.case_id == case.case_id
            and one.corrected_by is None
            and local_day(one.received_at) == today
        ]
        members.append(
            Member(
                case=case,
                own=row["own"],
                name=name,
                cells=cells_of_day(case, calendar, today, now=now),
                following=next_window(case, calendar, now=now),
                last=said[-1] if said else None,
            )
        )
    return Household(
        members=members,
        window=calendar.span_at(now),
        temperature=calendar.on(today).document.temperature,
    )
