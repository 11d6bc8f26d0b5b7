"""What sanitation tells: sites and rounds."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import SiteKind
from shared.kernel.ids import CompoundId


class SiteRegistered(
    Event, type="fangkong.sanitation.SiteRegistered.v1", channel="rounds", key="site_id", place="compound"
):
    """A place that is disinfected every day from `since` on, as it stands now; the newest version holds (R5.1).

    Told again, with a higher version, whenever a particular of it was corrected, and when it is taken out of use or
    back into use (`active`). `rounds_per_day` is the place's own number; None where the policy's for its kind holds.
    """

    site_id: UUID
    compound: CompoundId
    kind: SiteKind
    rounds_per_day: int | None
    since: date
    active: bool
    registered_at: AwareDatetime


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
