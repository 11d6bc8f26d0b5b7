"""Places and who serves there: compounds, checkpoints, grids, addresses, postings, responsibility."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.kernel.ids import CheckpointId, CompoundId, GridId


class CompoundRegistered(
    Event, type="fangkong.registry.CompoundRegistered.v1", channel="town", key="compound", place="compound"
):
    """A residential compound is in the book, or its entry or its neighbourhood's name was corrected (R1.1, R2.1)."""

    compound: CompoundId
    name: str
    neighbourhood: str
    mode: Literal["closed", "staffed"]
    area_m2: int
    neighbourhood_name: str | None = None


class CheckpointOpened(
    Event, type="fangkong.registry.CheckpointOpened.v1", channel="town", key="checkpoint", place="compound"
):
    """A checkpoint was opened within the limit in force (R2.1).

    A temporary gate for fire engines and ambulances stands beside the limit and closes at `expires_at`.
    """

    checkpoint: CheckpointId
    compound: CompoundId
    name: str
    policy_version: int
    temporary: bool = False
    expires_at: AwareDatetime | None = None


class GridRegistered(
    Event,
    type="fangkong.registry.GridRegistered.v1",
    channel="town",
    key="grid",
    place="compound",
    archive_only=True,
):
    """A grid exists; every dwelling belongs to exactly one (R3.2).

    `dwellings` is what the list of grids claims; AddressesRegistered tells how many there are.
    """

    grid: GridId
    compound: CompoundId
    dwellings: int


class AddressesRegistered(
    Event, type="fangkong.registry.AddressesRegistered.v1", channel="town", key="grid", place="compound"
):
    """How many dwellings of the address list lie in a grid now: the denominator of surveys (R4.1).

    The sum over a compound's grids is the compound's number of dwellings, inhabited or not.
    """

    grid: GridId
    compound: CompoundId
    dwellings: int


class WorkerPosted(
    Event,
    type="fangkong.registry.WorkerPosted.v1",
    channel="town",
    key="posting_id",
    place="compound",
):
    """A worker serves at a post from a day on; the worker is a pseudonym (R3.1, R3.2)."""

    posting_id: UUID
    worker_ref: UUID
    kind: str
    compound: CompoundId | None
    grid: GridId | None
    checkpoint: CheckpointId | None
    from_day: date
    until_day: date | None


class PostsNeeded(
    Event,
    type="fangkong.registry.PostsNeeded.v1",
    channel="town",
    key="post",
    place="compound",
):
    """How many of a kind a place needs, as an officer set it; None: as policy says again (R3.2, R3.3).

    `post` names place and kind in one; of needs that nobody set, policy says the number.
    """

    post: str
    place_kind: Literal["compound", "checkpoint", "grid"]
    place_id: str
    kind: str
    compound: CompoundId
    number: int | None
    set_at: AwareDatetime


class CheckpointClosed(
    Event,
    type="fangkong.registry.CheckpointClosed.v1",
    channel="town",
    key="checkpoint",
    place="compound",
):
    """A checkpoint is no longer in use; the reason is a code (R2.1)."""

    checkpoint: CheckpointId
    compound: CompoundId
    reason: Literal["closed", "expired", "opened_in_error"]
    closed_at: AwareDatetime


class ResponsibilityAssigned(
    Event,
    type="fangkong.registry.ResponsibilityAssigned.v1",
    channel="town",
    key="assignment_id",
    place="compound",
):
    """Somebody answers for an area or a measure from a day on, by pseudonym (R7.1).

    Told again, with a higher version, when it ends. `role` is the position that answers, a code; without a compound
    it is for the whole town.
    """

    assignment_id: UUID
    worker_ref: UUID
    role: str
    measure: Literal["gate", "observation", "survey", "sanitation", "leads", "duty", "all"]
    compound: CompoundId | None
    grid: GridId | None
    from_day: date
    until_day: date | None
