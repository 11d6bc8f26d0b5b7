"""Residents' personal links: made by staff, bound to the phone that opens them first (architecture §7)."""

from dataclasses import dataclass, field
from uuid import UUID

from services.observation.domain.case import OVER
from services.observation.domain.refusals import (
    CaseEnded,
    LinkAlreadyUsed,
    LinkEnded,
    LinkShownOnce,
    LinkUnknown,
)
from services.observation.handlers.observing import locked
from services.observation.store import links
from shared.db.pool import Tx
from shared.kernel.links import digest, new_secret, same_digest, session_for


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLink:
    """A link on the one occasion on which it is shown."""

    link_id: UUID
    token: str = field(repr=False)


async def issue_link(link_id: UUID, *, case_id: UUID, issued_by: str, tx: Tx) -> IssuedLink:
    """Make a personal link for the resident; the one before stops working. It can be shown only now."""
    case = await locked(tx, case_id)
    owner = await links.case_of_id(tx, link_id)
    if owner == case_id:
        raise LinkShownOnce(
            "该链接已生成，且只显示一次。This link was made already and is shown only once.",
            field="link_id",
            remedy="请用新的编号重新生成。Make a new one with a new id.",
        )
    if owner is not None:
        raise links.REJECTIONS["resident_link_pkey"]
    if case.is_over:
        raise CaseEnded("健康观察已结束。The observation is over.")
    token = new_secret()
    await links.replace_live(
        tx, link_id=link_id, case_id=case_id, token_hash=digest(token), issued_by=issued_by
    )
    return IssuedLink(link_id=link_id, token=token)


async def open_session(token: str, device_key: str | None, *, tx: Tx) -> str:
    """Bind a link to the phone that opens it first and hand out its session secret.

    A phone that names a key of its own gets the same secret again when the first answer was lost on the way.

    Raises:
        LinkUnknown, LinkEnded, LinkAlreadyUsed.
    """
    link = await links.lock(tx, digest(token))
    if link is None:
        raise LinkUnknown("链接无效。This link is not known.", remedy="请联系网格员。Ask your grid worker.")
    if link["revoked_at"] is not None or link["state"] in OVER:
        raise LinkEnded(
            "链接已失效。This link has ended.", remedy="如仍在观察期，请联系网格员。Ask your grid worker."
        )
    session = session_for(token, device_key)
    if link["session_hash"] is None:
        await links.bind(tx, link["link_id"], digest(session), tx.now)
    elif not same_digest(link["session_hash"], session):
        raise LinkAlreadyUsed(
            "链接已在其他手机上使用。This link is in use on another phone.",
            remedy="请联系网格员重新生成。Ask your grid worker for a new one.",
        )
    return session
