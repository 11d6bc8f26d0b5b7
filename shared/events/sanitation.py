"""What sanitation tells: sites and rounds."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import SiteKind
from shared.kernel.ids import CompoundId


class SiteRegistered(
    Event, type="fangkong.sanitation.SiteRegistered.v1", channel="rounds", key="site_id", place="compound"
):
    """A place that is disinfected every day from a day on (R5.1)."""

    site_id: UUID
    compound: CompoundId
    kind: SiteKind
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
