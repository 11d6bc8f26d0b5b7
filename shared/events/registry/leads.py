"""Leads of residents and notices to them."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import LeadCategory
from shared.kernel.ids import CompoundId


class LeadReceived(
    Event,
    type="fangkong.registry.LeadReceived.v1",
    channel="leads",
    key="lead_id",
    place="compound",
):
    """Somebody told something: kind, place and way only; who told it is in no event (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    via: Literal["phone", "wechat", "gate_code", "desk", "other"]
    observed_at: AwareDatetime
    received_at: AwareDatetime


class LeadAssigned(
    Event,
    type="fangkong.registry.LeadAssigned.v1",
    channel="leads",
    key="lead_id",
    place="compound",
):
    """A grid or a unit looks into a lead until `due_at`; passing it on keeps the first clock (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    assignee_kind: Literal["grid", "unit"]
    assignee: str
    assigned_at: AwareDatetime
    due_at: AwareDatetime


class LeadClosed(
    Event,
    type="fangkong.registry.LeadClosed.v1",
    channel="leads",
    key="lead_id",
    place="compound",
):
    """It was found whether a lead is true; the reason is a code (R6.3)."""

    lead_id: UUID
    compound: CompoundId
    category: LeadCategory
    valid: bool
    reason: str
    closed_at: AwareDatetime
    worker_ref: UUID | None = None
    """Whose work it was, where that is known (R7.3)."""


class LeadMerged(
    Event,
    type="fangkong.registry.LeadMerged.v1",
    channel="leads",
    key="lead_id",
    place="compound",
):
    """A lead is kept as a duplicate of another of its compound: the fact is worked on once (R6.3, P13)."""

    lead_id: UUID
    compound: CompoundId
    merged_into: UUID
    merged_at: AwareDatetime


class LeadSeparated(
    Event,
    type="fangkong.registry.LeadSeparated.v1",
    channel="leads",
    key="lead_id",
    place="compound",
):
    """A duplicate is a lead of its own again (R6.3, P13)."""

    lead_id: UUID
    compound: CompoundId
    separated_at: AwareDatetime


class NoticePublished(
    Event,
    type="fangkong.registry.NoticePublished.v1",
    channel="notices",
    key="notice_id",
):
    """A notice is to be posted in these compounds by these channels (R6.1)."""

    notice_id: UUID
    compounds: tuple[CompoundId, ...]
    channels_wanted: tuple[str, ...]
    published_at: AwareDatetime


class NoticePosted(
    Event,
    type="fangkong.registry.NoticePosted.v1",
    channel="notices",
    key="notice_id",
    place="compound",
):
    """Somebody confirmed that a notice hangs in a compound; `posting` is the way it is made known there (R6.1)."""

    notice_id: UUID
    compound: CompoundId
    posting: str
    posted_at: AwareDatetime
