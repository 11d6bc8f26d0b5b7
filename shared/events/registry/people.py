"""People by pseudonym, and who lives where."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef


class PersonRegistered(
    Event, type="fangkong.registry.PersonRegistered.v1", channel="people", key="person_ref", place="compound"
):
    """A person is in the book under a random pseudonym, with their home; the newest version holds (R4.1, Identity).

    The home is the dwelling where the person lives, of several the one registered first; of somebody who lives at
    none of theirs (`resident` is false) it is the first of these. Told again, with a higher version, when the home
    changes: so the newest versions count everybody once, and where they live.
    """

    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    relation: Literal["owner", "tenant", "dependant"]
    resident: bool


class HouseholdChanged(
    Event, type="fangkong.registry.HouseholdChanged.v1", channel="people", key="dwelling_id", place="compound"
):
    """Who lives in a dwelling now, by pseudonym (R4.3).

    Told of dwellings that stand empty and of those of which somebody was registered, not of every address.
    """

    dwelling_id: DwellingId
    compound: CompoundId
    grid: GridId
    occupancy: Literal["owner_occupied", "let", "empty"]
    members: tuple[PersonRef, ...]


class ResidenceEnded(
    Event,
    type="fangkong.registry.ResidenceEnded.v1",
    channel="people",
    key="person_ref",
    place="compound",
):
    """Somebody lives no longer at a dwelling: died, left the town, or moved to another dwelling (Data and law).

    One for each dwelling. Its version is the person's, as that of PersonRegistered, which follows with a higher one
    where another dwelling is the home now; an owner who left the town and stays the owner is told of so. The home of
    somebody who moved is named here as well, so that a reader need not wait for the other event. An undo tells the
    person's home again, and of who lived nowhere meanwhile `ResidenceRestored`.
    """

    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    reason: Literal["died", "left_town", "moved"]
    ended_on: date
    new_compound: CompoundId | None
    new_dwelling_id: DwellingId | None
    new_grid: GridId | None


class ResidenceRestored(
    Event,
    type="fangkong.registry.ResidenceRestored.v1",
    channel="people",
    key="person_ref",
    place="compound",
):
    """Somebody was said by mistake to have died or left, and lives at the dwelling as before (Data and law).

    One for each dwelling. What was ended because of the mistake goes on; who really left and came back is told of by
    `ReturneeRegistered`.
    """

    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId


class PeopleMerged(
    Event,
    type="fangkong.registry.PeopleMerged.v1",
    channel="merges",
    key="merge_id",
):
    """Two pseudonyms are one person, as somebody decided: what is known of `merged` now belongs to `kept` (P10).

    Readers keep what they wrote under `merged` and look it up under `kept`, so that the undo restores it.
    """

    merge_id: UUID
    kept: PersonRef
    merged: PersonRef
    merged_at: AwareDatetime


class PeopleSeparated(
    Event,
    type="fangkong.registry.PeopleSeparated.v1",
    channel="merges",
    key="merge_id",
):
    """A merge was undone: both pseudonyms stand for themselves again, each with what was its own (P10)."""

    merge_id: UUID
    kept: PersonRef
    merged: PersonRef
    separated_at: AwareDatetime


class PersonErased(
    Event, type="fangkong.registry.PersonErased.v1", channel="erasures", key="person_ref", place=None
):
    """Nothing personal is kept of somebody any more: whoever keeps a copy destroys it, with its key (Data and law).

    On a channel of its own: every service that keeps cards reads it, and few need the flood of all people.
    """

    person_ref: PersonRef
    erased_at: AwareDatetime
