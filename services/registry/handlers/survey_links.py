"""Households' personal links: made for a building, bound to the browser that opens them first (R4.2)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.registry.domain.premises import AddressKey
from services.registry.domain.survey_forms import Standing, SubmissionUnknown
from services.registry.domain.survey_links import (
    LinkAlreadyUsed,
    LinkEnded,
    LinksShownOnce,
    LinkUnknown,
    NothingToConfirm,
)
from services.registry.handlers import survey_forms
from services.registry.handlers.survey_files import filed
from services.registry.handlers.survey_forms import SubmitForm
from services.registry.store import survey_forms as form_store
from services.registry.store import survey_links as store
from shared.db.pool import Conn, Tx
from shared.kernel.ids import uuid7
from shared.kernel.links import digest, new_secret, same_digest, session_for
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLinks:
    """Links for the dwellings of a building that have no final result. `issue_id` is made by the client."""

    issue_id: UUID
    round_id: UUID
    compound: str
    building: str
    replace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLink:
    """A link on the one occasion on which it is shown."""

    link_id: UUID
    dwelling_id: UUID
    room: str
    token: str = field(repr=False)


async def issue(cmd: IssueLinks, *, tx: Tx) -> list[IssuedLink]:
    """Make links; they are valid for the round and can be shown only now.

    Raises:
        LinksShownOnce: the id was used before.
        RoundUnknown, RoundClosed: there is nothing to fill in.
    """
    await survey_forms.open_round(tx, cmd.round_id)
    await form_store.lock_id(tx, cmd.issue_id)
    if await tx.fetchval(store.ISSUED, cmd.issue_id):
        raise LinksShownOnce(
            "链接已生成，且只显示一次。These links were made already and are shown only once.",
            field="issue_id",
            remedy="请用新的编号重新生成，并选择替换。Make them anew with a new id, replacing these.",
        )
    rows = await tx.fetch(store.TO_ISSUE, cmd.round_id, cmd.compound, cmd.building, cmd.replace)
    made = [
        IssuedLink(
            link_id=uuid7(),
            dwelling_id=row["dwelling_id"],
            room=AddressKey(row["compound_id"], row["building"], row["unit"], row["room"]).shown(),
            token=new_secret(),
        )
        for row in rows
    ]
    await store.issue(
        tx, cmd.round_id, cmd.issue_id, [(one.link_id, one.dwelling_id, digest(one.token)) for one in made]
    )
    return made


async def open_session(token: str, device_key: str | None, *, tx: Tx) -> str:
    """Bind a link to the browser that opens it first, and hand out its session secret.

    Raises:
        LinkUnknown, LinkEnded, LinkAlreadyUsed: as their names say.
    """
    link = await tx.fetchrow(store.LOCK_LINK, digest(token))
    remedy = "请联系网格员。Ask your grid worker."
    if link is None:
        raise LinkUnknown("链接无效。This link is not known.", remedy=remedy)
    if link["revoked_at"] is not None or link["closed_at"] is not None:
        raise LinkEnded("链接已失效。This link has ended.", remedy=remedy)
    session = session_for(token, device_key)
    if link["session_hash"] is None:
        await tx.execute(store.BIND, link["link_id"], digest(session), tx.now)
    elif not same_digest(link["session_hash"], session):
        raise LinkAlreadyUsed("链接已在其他设备上使用。This link is in use on another device.", remedy=remedy)
    return session


async def confirmation(
    conn: Conn, submission_id: UUID, *, confirmed_as: UUID, now: datetime, vault: Vault
) -> SubmitForm:
    """The worker's form that confirms what a household filled in, as it stands.

    Raises:
        SubmissionUnknown: there is no such form.
        NothingToConfirm: no household filled it in, or a household filled in a later one.
    """
    row = await form_store.submission(conn, submission_id)
    if row is None:
        raise SubmissionUnknown("没有这份登记。There is no such form.", field="submission_id")
    if row["source"] != "online":
        raise NothingToConfirm("这不是住户自填的登记。No household filled this form in.")
    if row["standing"] != Standing.CURRENT and await form_store.submission(conn, confirmed_as) is None:
        raise NothingToConfirm(
            "这份登记已不是待确认的登记。The form is not the one that waits any more.", field="submission_id"
        )
    kept, _ = await filed(conn, row, vault)
    return SubmitForm(
        submission_id=confirmed_as,
        round_id=row["round_id"],
        dwelling_id=row["dwelling_id"],
        source="worker",
        corrects=submission_id,
        form=replace(kept.form, visited_at=now),
        content=f"confirms\n{submission_id}",
    )
