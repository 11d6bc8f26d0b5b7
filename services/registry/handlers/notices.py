"""Publishing notices and confirming that they hang (R6.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.notices import NoticeChannel, NoticeUnknown, PostingUnknown
from services.registry.store import notices as store
from shared.db.pool import Tx
from shared.events.registry.leads import NoticePosted, NoticePublished
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishNotice:
    """A notice for compounds by channels. `notice_id` is made by the client."""

    notice_id: UUID
    title: str
    text: str
    channels: Sequence[NoticeChannel]
    compounds: Sequence[str]


async def publish(cmd: PublishNotice, *, tx: Tx) -> bool:
    """Publish a notice and ask for its postings; False when it was published before.

    Raises:
        SameIdOtherContent: the id was used for another notice.
        CompoundUnknown: one of the compounds is in no book.
    """
    compounds, channels = sorted(set(cmd.compounds)), sorted(set(cmd.channels))
    await store.lock(tx, cmd.notice_id)
    if (known := await store.one(tx, cmd.notice_id)) is not None:
        asked = await store.postings(tx, cmd.notice_id)
        if (known["title"], known["text"], [(one.compound, one.channel) for one in asked]) != (
            cmd.title,
            cmd.text,
            [(compound, channel) for compound in compounds for channel in channels],
        ):
            raise SameIdOtherContent(
                "该编号已用于另一份通告。This id was used for another notice.", field="notice_id"
            )
        return False
    if unknown := await store.unknown_compounds(tx, compounds):
        raise CompoundUnknown(
            "没有这些小区。There are no such compounds.", field="compounds", unknown=unknown
        )
    await store.add(tx, cmd.notice_id, title=cmd.title, text=cmd.text, compounds=compounds, channels=channels)
    await tx.publish(
        NoticePublished(
            notice_id=cmd.notice_id,
            compounds=tuple(CompoundId(compound) for compound in compounds),
            channels_wanted=tuple(channels),
            published_at=tx.now,
        ),
        version=1,
    )
    return True


async def confirm(notice_id: UUID, compound: str, channel: NoticeChannel, *, tx: Tx) -> datetime:
    """Say that a notice hangs in a compound; the first who said so counts.

    Raises:
        NoticeUnknown, PostingUnknown: there is nothing to confirm.
    """
    await store.lock(tx, notice_id)
    posted_at, confirmed = await store.confirm(tx, notice_id, compound, channel)
    if posted_at is None:
        if await store.one(tx, notice_id) is None:
            raise NoticeUnknown("没有这份通告。There is no such notice.")
        raise PostingUnknown(
            "该通告不要求在此小区以此方式张贴。The notice is not meant for this compound by this channel.",
            field="channel",
        )
    if confirmed is not None:
        posted = NoticePosted(
            notice_id=notice_id, compound=CompoundId(compound), posting=channel, posted_at=posted_at
        )
        await tx.publish(posted, version=1 + confirmed)
    return posted_at
