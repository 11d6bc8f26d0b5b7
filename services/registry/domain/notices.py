"""Notices to residents: what is asked for, and what hangs where. Pure (R6.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from shared.events.policy import NoticeRules
from shared.kernel.refusal import Refusal

NoticeChannel = Literal["broadcast", "screen", "poster", "group", "wechat_account_one", "wechat_account_two"]


CHANNEL_LABELS: dict[NoticeChannel, str] = {
    "broadcast": "广播",
    "screen": "电子屏",
    "poster": "张贴",
    "group": "业主群",
    "wechat_account_one": "微信公众号一",
    "wechat_account_two": "微信公众号二",
}
"""How lists name the channels."""


class NoticeUnknown(Refusal):
    """There is no such notice."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "notice_unknown"


class PostingUnknown(Refusal):
    """The notice was not meant for this compound by this channel."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "posting_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A notice in a compound by one channel; not confirmed while `posted_at` is None."""

    compound: str
    channel: NoticeChannel
    posted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far a notice has come in a compound."""

    compound: str
    wanted: int
    posted: int
    missing: tuple[NoticeChannel, ...]
    overdue: bool | None


def due_at(published_at: datetime, rules: NoticeRules | None) -> datetime | None:
    """Until when a notice is to hang everywhere; None under a policy that does not say."""
    return published_at + timedelta(hours=rules.post_within_hours) if rules else None


def coverage(postings: Iterable[Posting], *, due_at: datetime | None, now: datetime) -> list[Coverage]:
    """Tell, for each compound, how many of its postings are confirmed and which are missing.

    Those are overdue from `due_at` on; whether, is unknown where policy does not say when they are due.
    """
    of: dict[str, list[Posting]] = {}
    for posting in postings:
        of.setdefault(posting.compound, []).append(posting)
    return [
        Coverage(
            compound=compound,
            wanted=len(found),
            posted=sum(one.posted_at is not None for one in found),
            missing=tuple(sorted(one.channel for one in found if one.posted_at is None)),
            overdue=now >= due_at and any(one.posted_at is None for one in found) if due_at else None,
        )
        for compound, found in sorted(of.items())
    ]
