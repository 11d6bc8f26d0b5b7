"""The sections of a policy about inspections, what follows from them, and venues that stay closed (R5.3, R5.4)."""

from typing import Literal

from pydantic import Field

from shared.events.policy_part import Part

Inspected = Literal["site", "venue", "property_company", "post", "round"]
"""What somebody looks at by a checklist; a `round` is looked at again by a spot check."""
FindingCode = Literal["venue_open", "round_contradicted", "reported", "other"]


class Finding(Part):
    """Something that is to be put right, on which clause it rests, and within how many hours (R5.4, R7.2)."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: str = Field(min_length=1, max_length=100)
    basis: str = Field(min_length=1, max_length=200)
    mend_within_hours: int = Field(ge=1)


class Checklist(Part):
    """What is looked at in one kind of thing."""

    inspected: Inspected
    items: tuple[Finding, ...] = Field(min_length=1)


class InspectionRules(Part):
    """Inspections by checklists, and orders to put right what they find (R5.4, R7.2).

    `findings` are those that no checklist names. An inspection is handed in within `record_within_hours`. An order that
    is not mended goes up a level so many hours after its deadline, one number a level (`escalate_after_hours`). No
    deadline lies further ahead than `longest_deadline_hours`. Of the rounds of a day `spot_check_percent` are looked at
    again; a report of the public is looked at within `report_within_hours`.
    """

    checklists: tuple[Checklist, ...]
    findings: tuple[Finding, ...]
    record_within_hours: int = Field(ge=1)
    escalate_after_hours: tuple[int, ...] = Field(min_length=1)
    longest_deadline_hours: int = Field(ge=1)
    spot_check_percent: int = Field(ge=0, le=100)
    report_within_hours: int = Field(ge=1)


class VenueRules(Part):
    """Non-essential indoor venues: closed unless approved (R5.3). `approval_days`: for how long at most."""

    kinds: tuple[str, ...] = Field(min_length=1)
    approval_days: int = Field(ge=1)
