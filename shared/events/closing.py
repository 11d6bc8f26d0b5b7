"""The end of the measures: the registry says it, and each service tells what it had and what it destroyed (0063)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from shared.events.base import Event


class ClosingPrepared(
    Event, type="fangkong.registry.ClosingPrepared.v1", channel="erasures", key="closing_id"
):
    """Somebody wants to know what closing down would destroy: every service counts, and changes nothing.

    On the channel that every service with personal data reads. What empties the streams of cards after an erasure does
    so after these as well.
    """

    closing_id: UUID
    prepared_at: AwareDatetime


class ClosingApproved(
    Event, type="fangkong.registry.ClosingApproved.v1", channel="erasures", key="closing_id"
):
    """A second person let the town be closed down: every service destroys its keys, and keeps nothing again."""

    closing_id: UUID
    approved_at: AwareDatetime


class TownClosed(
    Event,
    type="fangkong.registry.TownClosed.v1",
    channel="erasures",
    key="closing_id",
    archive_only=True,
):
    """All five have answered, and the certificate is signed; its hash is kept with the facts."""

    closing_id: UUID
    certificate_sha256: str
    closed_at: AwareDatetime


class ClosingAnswer(BaseModel):
    """What a service tells of a closing, twice.

    `counted`: what it holds now. `destroyed`: what it held when the closing was approved, and how many keys live still,
    which are those that sign the certificate. Keys of `found` are `data_keys`, `sessions` and names of tables, whose
    rows with something sealed are counted.
    """

    closing_id: UUID
    stage: Literal["counted", "destroyed"]
    found: dict[str, int]
    keys_left: int
    told_at: AwareDatetime


class RegistryClosingTold(
    ClosingAnswer, Event, type="fangkong.registry.RegistryClosingTold.v1", channel="closing", key="closing_id"
):
    """The registry's answer (see `ClosingAnswer`)."""


class GateClosingTold(
    ClosingAnswer, Event, type="fangkong.gate.GateClosingTold.v1", channel="closing", key="closing_id"
):
    """The gate's answer (see `ClosingAnswer`)."""


class ObservationClosingTold(
    ClosingAnswer,
    Event,
    type="fangkong.observation.ObservationClosingTold.v1",
    channel="closing",
    key="closing_id",
):
    """Observation's answer (see `ClosingAnswer`)."""


class SanitationClosingTold(
    ClosingAnswer,
    Event,
    type="fangkong.sanitation.SanitationClosingTold.v1",
    channel="closing",
    key="closing_id",
):
    """Sanitation's answer (see `ClosingAnswer`)."""


class ReportingClosingTold(
    ClosingAnswer,
    Event,
    type="fangkong.reporting.ReportingClosingTold.v1",
    channel="closing",
    key="closing_id",
):
    """Reporting's answer (see `ClosingAnswer`)."""


AnswerEvent = (
    RegistryClosingTold
    | GateClosingTold
    | ObservationClosingTold
    | SanitationClosingTold
    | ReportingClosingTold
)
ANSWERS: dict[str, type[AnswerEvent]] = {
    "registry": RegistryClosingTold,
    "gate": GateClosingTold,
    "observation": ObservationClosingTold,
    "sanitation": SanitationClosingTold,
    "reporting": ReportingClosingTold,
}
"""Service -> how it answers: all five have to."""
