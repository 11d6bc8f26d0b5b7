"""What a resident does through a personal link: exchange it once, look at the own case, declare."""

from uuid import UUID

from fastapi import APIRouter, FastAPI, Response

from services.observation.api.models import (
    DeclarationBody,
    FiguresAnswer,
    LinkSessionAnswer,
    LinkSessionBody,
    MyCaseAnswer,
    NextWindow,
    ReceiptAnswer,
    Running,
    WindowAnswer,
    cause,
)
from services.observation.api.receipts import answered
from services.observation.domain.case import OVER
from services.observation.domain.grid import cells_of_day, figures_of, grid_of, next_window
from services.observation.handlers import declaring, observing
from services.observation.handlers import links as link_handlers
from services.observation.store import cases, links
from shared.db.pool import Conn, Database
from shared.http.access import Caller, Grant, Principal, Role, Scope, ScopeKind
from shared.http.auth import Authenticator, TokenRefused
from shared.kernel.links import digest

router = APIRouter(tags=["resident"])
_SUBJECT = "link:"


def link_authenticator(database: Database) -> Authenticator:
    """Make the authenticator behind `Authorization: Link <session>`."""

    async def authenticate(credential: str, _app: FastAPI) -> Principal:
        async with database.read() as conn:
            link = await links.session(conn, digest(credential))
        if link is None or link["revoked_at"] is not None or link["state"] in OVER:
            raise TokenRefused("link session unknown, withdrawn or over")
        scope = Scope(kind=ScopeKind.COMPOUND, id=link["compound"])
        grant = Grant(role=Role.RESIDENT, scope=scope)
        return Principal(kind="resident", subject=f"{_SUBJECT}{link['link_id']}", grants=(grant,))

    return authenticate


def link_of(who: Principal) -> UUID:
    """The link through which a resident calls."""
    return UUID(who.subject.removeprefix(_SUBJECT))


async def own_case(conn: Conn, who: Principal) -> UUID:
    """Tell the case of the caller's link.

    Raises:
        TokenRefused: the link was withdrawn meanwhile.
    """
    case_id = await links.case_of_link(conn, link_of(who))
    if case_id is None:
        raise TokenRefused("link withdrawn since the request was let in")
    return case_id


@router.post(
    "/v1/link-sessions",
    summary="Open a personal link",
)
async def open_session(body: LinkSessionBody, _who: Caller, context: Running) -> LinkSessionAnswer:
    """Exchange a link's token for a session. The phone that does so first keeps it; another needs a new link."""
    async with context.database.begin(actor="public", cause=cause()) as tx:
        session = await link_handlers.open_session(body.token, body.device_key, tx=tx)
    return LinkSessionAnswer(session=session)


@router.get("/v1/me/case", summary="My observation")
async def my_case(who: Caller, context: Running) -> MyCaseAnswer:
    """Tell which day it is, how today's windows stand, and when to declare next."""
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        case = await cases.find(conn, await own_case(conn, who))
        if case is None:
            raise TokenRefused("link without a case")
        calendar = await observing.calendar_in_force(conn, today)
    return MyCaseAnswer(
        state=case.state,
        measure=case.measure_now,
        day_number=case.day_number(today),
        days=case.period_days,
        last_day=case.last_day,
        pass_from=case.pass_from,
        today=[WindowAnswer.of(cell) for cell in cells_of_day(case, calendar, today, now=now)],
        next_window=NextWindow.of(next_window(case, calendar, now=now)),
        figures=FiguresAnswer.of(figures_of(grid_of(case, calendar, now=now))),
    )


@router.post(
    "/v1/me/declarations",
    summary="Declare",
    status_code=201,
    responses={200: {"model": ReceiptAnswer, "description": "Sent before: the first answer."}},
)
async def declare(body: DeclarationBody, who: Caller, context: Running, response: Response) -> ReceiptAnswer:
    """Declare temperature and symptoms for the window that the time belongs to; repeatable with the same id."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        receipt = await declaring.declare(
            body.draft("self"),
            case_id=await own_case(tx, who),
            recorded_by=who.subject,
            tx=tx,
            vault=context.vault,
        )
    return answered(receipt, "self", response)
