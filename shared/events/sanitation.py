"""What sanitation tells: sites and rounds, ventilation, waste, venues, inspections and what they lead to."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy_inspections import Inspected
from shared.events.policy_sanitation import SiteKind
from shared.kernel.ids import CompoundId, DwellingId


class SiteRegistered(
    Event, type="fangkong.sanitation.SiteRegistered.v1", channel="rounds", key="site_id", place="compound"
):
    """A place that is disinfected every day from `since` on, as it stands now; the newest version holds (R5.1).

    Told again, with a higher version, whenever a particular of it was corrected, and when it is taken out of use or
    back into use (`active`). `rounds_per_day` is the place's own number; None where the policy's for its kind holds.
    `on_duty_from` is where its duty began in the middle of a day: on that day it owes the rounds that still fit (S2).
    """

    site_id: UUID
    compound: CompoundId
    kind: SiteKind
    rounds_per_day: int | None
    since: date
    active: bool
    registered_at: AwareDatetime
    on_duty_from: AwareDatetime | None = None


class SiteExempted(
    Event, type="fangkong.sanitation.SiteExempted.v1", channel="rounds", key="site_id", place="compound"
):
    """A site owes nothing on the days of a closure: under repair, not in use, not to be reached (R5.1, S2).

    Told again when its last day is known or moved; one whose last day lies before its first never was.
    """

    closure_id: UUID
    site_id: UUID
    compound: CompoundId
    reason: Literal["repair", "not_in_use", "no_access", "other"]
    from_day: date
    last_day: date | None


class RoundLogged(
    Event, type="fangkong.sanitation.RoundLogged.v1", channel="rounds", key="site_id", place="compound"
):
    """A site was disinfected. `counts` is false when it was too close to the round before (R5.1)."""

    round_id: UUID
    site_id: UUID
    compound: CompoundId
    kind: SiteKind
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    done_at: AwareDatetime
    source: Literal["code", "late_entry"]
    worker_ref: UUID | None = None
    """Whose work it was, where that is known (R7.3)."""


class RoundMissed(
    Event, type="fangkong.sanitation.RoundMissed.v1", channel="rounds", key="site_id", place="compound"
):
    """A day of a site is over and rounds are missing; told once, and again if late logs change it (R5.1, S1).

    `shortfall` is 0 when late entries with an explanation made the day good after all.
    """

    site_id: UUID
    compound: CompoundId
    kind: SiteKind
    day: date
    required: int
    counted: int
    shortfall: int


class VentilationLogged(
    Event,
    type="fangkong.sanitation.VentilationLogged.v1",
    channel="ventilation",
    key="ventilation_id",
    place="compound",
):
    """A public place was aired (R5.1)."""

    ventilation_id: UUID
    site_id: UUID
    compound: CompoundId
    kind: SiteKind
    began_at: AwareDatetime
    minutes: int


class WastePickupDue(
    Event,
    type="fangkong.sanitation.WastePickupDue.v1",
    channel="waste",
    key="pickup_id",
    place="compound",
):
    """The waste of a household under home quarantine is to be fetched on this day (R5.2, S4).

    Told again, with a higher version, when another hour was agreed: what was missed before is dealt with by that.
    """

    pickup_id: UUID
    compound: CompoundId
    dwelling_id: DwellingId
    day: date
    due_at: AwareDatetime


class WastePickupDone(
    Event,
    type="fangkong.sanitation.WastePickupDone.v1",
    channel="waste",
    key="pickup_id",
    place="compound",
):
    """Sealed, collected, disinfected and handed over, in this order, each by somebody at a time (R5.2)."""

    pickup_id: UUID
    compound: CompoundId
    dwelling_id: DwellingId
    day: date
    bags: int
    handed_over_at: AwareDatetime
    worker_ref: UUID | None = None
    """Whose work it was, where that is known (R7.3)."""


class WastePickupMissed(
    Event,
    type="fangkong.sanitation.WastePickupMissed.v1",
    channel="waste",
    key="pickup_id",
    place="compound",
):
    """A finding: the day ended without the pickup, it was skipped, or what was collected was not handed over (S4)."""

    pickup_id: UUID
    compound: CompoundId
    dwelling_id: DwellingId
    day: date
    reason: Literal["not_done", "nobody_opened", "refused", "other", "not_handed_over"]


class WastePickupWithdrawn(
    Event,
    type="fangkong.sanitation.WastePickupWithdrawn.v1",
    channel="waste",
    key="pickup_id",
    place="compound",
):
    """A pickup is not wanted: news of the quarantine's end came after it was planned, and nobody had begun it."""

    pickup_id: UUID
    compound: CompoundId
    dwelling_id: DwellingId
    day: date


class MaskBinEmptied(
    Event,
    type="fangkong.sanitation.MaskBinEmptied.v1",
    channel="waste",
    key="collection_id",
    place="compound",
):
    """A bin for discarded masks was emptied and disinfected (R5.2)."""

    collection_id: UUID
    site_id: UUID
    compound: CompoundId
    emptied_at: AwareDatetime


class VenueStatusChanged(
    Event,
    type="fangkong.sanitation.VenueStatusChanged.v1",
    channel="venues",
    key="venue_id",
    place="compound",
):
    """A non-essential indoor venue is closed, approved to reopen, or was found open against the rule (R5.3, S5).

    Told when it is entered, closed, and whenever it changes; `changed_at` is when somebody saw or decided it.
    """

    venue_id: UUID
    compound: CompoundId
    kind: str
    status: Literal["closed", "approved_open", "found_open"]
    changed_at: AwareDatetime


class InspectionRecorded(
    Event,
    type="fangkong.sanitation.InspectionRecorded.v1",
    channel="inspections",
    key="inspection_id",
    place="compound",
):
    """Somebody inspected something by a checklist, or looked again at a round that was logged (R5.4)."""

    inspection_id: UUID
    compound: CompoundId
    inspected: Inspected
    result: Literal["pass", "flag", "fail"]
    failed_items: tuple[str, ...]
    inspected_at: AwareDatetime


class RectificationOrdered(
    Event,
    type="fangkong.sanitation.RectificationOrdered.v1",
    channel="inspections",
    key="order_id",
    place="compound",
):
    """Something is to be put right by a deadline (R5.4, S5).

    Told again, with a higher version, when what was said to be mended is not: with the deadline that holds now.
    """

    order_id: UUID
    compound: CompoundId
    inspection_id: UUID | None
    source: Literal["inspection", "spot_check", "report", "manual"]
    inspected: Inspected | None
    item: str
    ordered_at: AwareDatetime
    due_at: AwareDatetime


class RectificationMended(
    Event,
    type="fangkong.sanitation.RectificationMended.v1",
    channel="inspections",
    key="order_id",
    place="compound",
):
    """The unit says that it put it right; somebody else is to look (R5.4)."""

    order_id: UUID
    compound: CompoundId
    mended_at: AwareDatetime


class RectificationOverdue(
    Event,
    type="fangkong.sanitation.RectificationOverdue.v1",
    channel="inspections",
    key="order_id",
    place="compound",
):
    """An order is not mended so long after its deadline; told once per deadline and level of escalation (R5.4)."""

    order_id: UUID
    compound: CompoundId
    level: int
    due_at: AwareDatetime
    overdue_since: AwareDatetime


class RectificationClosed(
    Event,
    type="fangkong.sanitation.RectificationClosed.v1",
    channel="inspections",
    key="order_id",
    place="compound",
):
    """An order was closed with evidence, by somebody else than who mended it (R5.4)."""

    order_id: UUID
    compound: CompoundId
    outcome: Literal["rectified", "withdrawn", "handed_to_discipline"]
    closed_at: AwareDatetime
