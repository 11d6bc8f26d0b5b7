"""What is shown of a daily report: as it stands or as it was sent, within what the caller may see (R7.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Literal

from services.reporting import queries
from services.reporting.domain.daily_report import Difference, Hours
from services.reporting.domain.report_content import Content
from services.reporting.domain.report_figures import Values
from services.reporting.handlers.daily_reports import REASON, stand
from services.reporting.handlers.report_days import require_reported
from services.reporting.store import daily_reports as store
from services.reporting.store.daily_reports import Version
from shared.db.pool import Conn
from shared.http.access import TOWN, Principal
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault

State = Literal["collecting", "confirming", "sent", "corrected"]


class VersionUnknown(Refusal):
    """The report of the day was not sent so often, or not at all."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "version_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A report to be shown. `version` None: it was not sent yet.

    Attributes:
        content: the part that the caller may see.
        before: the town's figures of the day before, None where no report of it was sent or the caller sees a part.
        pending: what is another figure now than in the newest version.
    """

    content: Content
    hours: Hours
    policy_version: int
    state: State
    scope: Literal["town", "part"]
    version: Version | None
    newest: int | None
    before: Values | None
    pending: list[Difference]
    reasons: Mapping[str, str | None] = field(repr=False)


async def view(
    conn: Conn, who: Principal, day: date, *, version: int | None, now: datetime, vault: Vault
) -> View:
    """A day's report: the version asked for, else the newest, else as it stands.

    Raises:
        ReportDayUnknown: the day has no report.
        VersionUnknown: there is no such version.
        PolicyUnknown, PolicySilent: as their names say.
    """
    await require_reported(conn, day, now=now)
    standing = await stand(conn, day, now=now)
    shown = standing.newest
    if version is not None:
        shown = next((one for one in standing.versions if one.version == version), None)
        if shown is None:
            raise VersionUnknown("没有这一版。There is no such version.", field="version")
    content = Content.of_document(shown.document) if shown else standing.content
    everything = TOWN in who.scopes_for()
    pending = standing.pending()
    before = standing.previous
    if not everything:
        mine = set(await queries.compounds_in_scope(conn, who))
        content = content.only(mine)
        before = before.only(mine) if before else None
        pending = [one for one in pending if one.unit in mine]
    state: State = "collecting" if now < standing.hours.opens_at else "confirming"
    if standing.newest:
        state = "corrected" if standing.newest.version > 1 else "sent"
    return View(
        content=content,
        hours=standing.hours,
        policy_version=shown.policy_version if shown else standing.ruled.policy_version,
        state=state,
        scope="town" if everything else "part",
        version=shown,
        newest=standing.newest.version if standing.newest else None,
        before=before.town if before else None,
        pending=pending,
        reasons=await _reasons(conn, day, content, vault),
    )


async def _reasons(conn: Conn, day: date, content: Content, vault: Vault) -> dict[str, str | None]:
    """Why units corrected figures, opened for whoever may see these units."""
    wanted = {one.act_id for one in content.corrections}
    acts = [act for act in await store.acts_of(conn, day) if str(act.act_id) in wanted and act.reason_sealed]
    keys = await vault.keys([act.act_id for act in acts])
    return {str(act.act_id): vault.open(keys[act.act_id], REASON, act.reason_sealed or b"") for act in acts}
