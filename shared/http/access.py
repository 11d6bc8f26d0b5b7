"""Who may do what: roles, scopes, and one declared table of route x role per service.

A service declares `ACCESS: AccessTable` in its `access.py`. `make_app` refuses to start when a route has no
cell or a cell has no route, and the dependency `principal` is the only place where the table is enforced. A
principal reaches a handler with just those grants that open the route, so a scope that belongs to another
role never widens what the caller may touch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Scope as Connection

from shared.db import reach
from shared.http.door import ClosedDown
from shared.http.problem import HttpRefusal
from shared.kernel.ids import CheckpointId, CompoundId, GridId, NeighbourhoodId


class Role(StrEnum):
    """In what capacity somebody calls."""

    GUARD = "guard"
    SHIFT_LEADER = "shift_leader"
    GRID_WORKER = "grid_worker"
    COMMUNITY_CLERK = "community_clerk"
    SANITATION_WORKER = "sanitation_worker"
    PROPERTY_MANAGER = "property_manager"
    HQ_OFFICER = "hq_officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    OPS = "ops"
    ADMIN = "admin"
    DEVICE = "device"
    REVOKED_DEVICE = "revoked_device"  # may hand in what it still holds, to be looked at, and nothing else
    RESIDENT = "resident"
    PUBLIC = "public"


DEVICES = frozenset({Role.DEVICE, Role.REVOKED_DEVICE})
STAFF = frozenset(Role) - DEVICES - {Role.RESIDENT, Role.PUBLIC}

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

AccessTable = Mapping[str, frozenset[Role]]
"""`"METHOD /path/{as}/declared"` -> who may call it. `Role.PUBLIC` in a cell: no sign-in needed."""


class ScopeKind(StrEnum):
    """How far a grant reaches, widest first."""

    TOWN = "town"
    NEIGHBOURHOOD = "neighbourhood"
    COMPOUND = "compound"
    GRID = "grid"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a grant holds: the town, or one named place."""

    kind: ScopeKind
    id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `town` or `compound:lj-001`.

        Raises:
            ValueError: neither form.
        """
        kind, _, place = text.partition(":")
        scope = cls(kind=ScopeKind(kind), id=place or None)
        if (scope.kind is ScopeKind.TOWN) != (scope.id is None):
            raise ValueError("the town has no id, every other scope has one")
        return scope

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


TOWN = Scope(kind=ScopeKind.TOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role within a scope."""

    role: Role
    scope: Scope


class OutOfScope(HttpRefusal):
    """The role is right, the place is not the caller's."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "out_of_scope"


class RoleNotAllowed(HttpRefusal):
    """None of the caller's roles opens this route."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "role_not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls. `subject` is an account, device or link id: opaque, fit for the audit log.

    `worker_ref`: who of the workers it is, by pseudonym, where the issuer says so (R7.3).
    """

    kind: Literal["staff", "device", "resident", "public"]
    subject: str
    grants: tuple[Grant, ...] = ()
    worker_ref: UUID | None = None

    def shut_out(self) -> HttpRefusal:
        """What is answered where none of the caller's roles opens the route."""
        return RoleNotAllowed("您的角色无权执行此操作。Your role does not allow this.")

    def has(self, *roles: Role) -> bool:
        """Say whether one of these roles is among those that opened the route."""
        return any(grant.role in roles for grant in self.grants)

    def acting(self, *roles: Role) -> "Principal":
        """The same person with the grants of these roles only, as if they had called a route that these open.

        A page may be opened by more roles than one of its acts, and a role lends its scope to no other one's act.

        Raises:
            RoleNotAllowed: none of them was granted.
        """
        opening = tuple(grant for grant in self.grants if grant.role in roles)
        if not opening:
            raise self.shut_out()
        return replace(self, grants=opening)

    def scopes_for(self, *roles: Role) -> tuple[Scope, ...]:
        """Tell where these roles (none named: any role that opened the route) hold."""
        return tuple(grant.scope for grant in self.grants if not roles or grant.role in roles)

    def reaches(
        self,
        *,
        compound: CompoundId | None = None,
        neighbourhood: NeighbourhoodId | None = None,
        grid: GridId | None = None,
        checkpoint: CheckpointId | None = None,
    ) -> bool:
        """Say whether a grant covers a place; name all that is known about where the place lies."""
        place = {
            ScopeKind.COMPOUND: compound,
            ScopeKind.NEIGHBOURHOOD: neighbourhood,
            ScopeKind.GRID: grid,
            ScopeKind.CHECKPOINT: checkpoint,
        }
        return any(
            scope == TOWN or (scope.id and place.get(scope.kind) == scope.id) for scope in self.scopes_for()
        )

    def require_compound(
        self,
        compound: CompoundId,
        *,
        neighbourhood: NeighbourhoodId | None = None,
        grid: GridId | None = None,
        checkpoint: CheckpointId | None = None,
    ) -> None:
        """Insist on a grant that covers the compound.

        A grant for a neighbourhood, grid or checkpoint covers it only when the caller of this method names
        the one the object belongs to: only the service knows.

        Raises:
            OutOfScope: no grant covers it.
        """
        if not self.reaches(compound=compound, neighbourhood=neighbourhood, grid=grid, checkpoint=checkpoint):
            raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")

    def require_town(self) -> None:
        """Insist on a grant for the whole town.

        Raises:
            OutOfScope: every grant is narrower.
        """
        if TOWN not in self.scopes_for():
            raise OutOfScope("需要全镇权限。This needs a grant for the whole town.")


class ParameterUnknown(HttpRefusal):
    """The route takes no such parameter."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "parameter_unknown"

    def __init__(self, name: str, known: frozenset[str]) -> None:
        told = "、".join(sorted(known)) or "—"
        super().__init__(
            "没有这个参数。There is no such parameter.",
            field=name[:60],
            remedy=f"去掉，或核对拼写；可用：{told}。Leave it out or check its spelling; known: {told}.",
        )


_AUTHENTICATED = "fangkong.principal"  # scope keys: who it is, and who it is with the grants of this route
_CALLER = "fangkong.caller"
NOBODY = Principal(kind="public", subject="public")


class AccessTableError(Exception):
    """Routes and access table do not match; the service must not start."""


def match_table(routes: Iterable[BaseRoute], table: AccessTable) -> dict[str, BaseRoute]:
    """Check that every route asks who calls, that every route and method has its cell and every cell its route.

    Returns:
        The route of each cell.

    Raises:
        AccessTableError: naming each open route, route without a cell, cell without a route, and repeated route.
    """
    found: dict[str, BaseRoute] = {}
    faults: list[str] = []
    for route in routes:
        if not isinstance(route, APIRoute):
            faults.append(
                f"{getattr(route, 'path', route)}: only routes of an APIRouter pass the access table"
            )
            continue
        path = route.path_format
        if not (getattr(route, "identifies", False) or _asks(route.dependant)):
            faults.append(f"{path}: nothing asks who calls; let it depend on `principal`")
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            name = f"{method} {path}"
            if name in found:
                faults.append(f"{name}: declared twice")
            if not table.get(name):
                faults.append(f"{name}: no role may call it; give it a cell in ACCESS")
            found[name] = route
    faults += [f"{name}: a cell without a route" for name in sorted(table.keys() - found.keys())]
    if faults:
        raise AccessTableError("; ".join(faults))
    return found


def _asks(dependant: Dependant) -> bool:
    """Whether the caller is authenticated before the route is answered."""
    return dependant.call is principal or any(map(_asks, dependant.dependencies))


async def principal(request: Request) -> Principal:
    """Authenticate the caller and enforce the access table: the dependency of every route.

    Raises:
        NotAuthenticated: no credential, or one that does not hold (401).
        RoleNotAllowed: nobody in this role may call the route (403), or what else such a caller is told.
        TooManyRequests: the caller, or all strangers together, are past what the route takes (429).
        ClosedDown: the measures are over, and this route ended with them (410).
    """
    return await identify(request.scope)


async def identify(scope: Connection) -> Principal:
    """Do the same for a request of which only the ASGI scope was made.

    Raises:
        NotAuthenticated, RoleNotAllowed, TooManyRequests: as `principal`.
    """
    state, cell = scope["app"].state, (id(scope["route"]), scope["method"])
    if limiter := state.limiters.get(cell):
        client = scope.get("client")
        limiter.take(client[0] if client else "")
    if state.door.closed and cell not in state.after_closing:
        raise ClosedDown
    allowed = state.cells[cell]
    public = Role.PUBLIC in allowed
    reach.extend(reach.TOWN)  # who it is may be written anywhere
    if public and all(name != b"authorization" for name, _ in scope["headers"]):
        who = NOBODY
    else:
        who = await state.authenticate(scope)
        if calls := state.calls.get(cell):
            calls.take(who.subject)
    scope[_AUTHENTICATED] = who
    narrowed = who
    if not all(grant.role in allowed for grant in who.grants):
        narrowed = replace(who, grants=tuple(grant for grant in who.grants if grant.role in allowed))
    if not narrowed.grants and not public:
        raise who.shut_out()
    scope[_CALLER] = narrowed
    # Whoever signed in for something else is on a public route what a stranger is.
    commands = scope["method"] not in SAFE and cell not in state.readings
    reach.extend(reach_of(narrowed, commands=commands) if narrowed.grants else reach.TOWN)
    _refuse_unknown(scope, state.queries.get(cell[0]))
    return narrowed


def _refuse_unknown(scope: Connection, known: frozenset[str] | None) -> None:
    """Refuse a parameter that the route does not take: a filter with a slip in its name would be answered with all."""
    if known is None or not scope["query_string"]:
        return
    for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in known:
            raise ParameterUnknown(name, known)


def reach_of(who: Principal, *, commands: bool) -> reach.Reach:
    """How far the transactions of a caller's request reach.

    Whoever does not sign in gets at single rows by what they show, such as a receipt's code; a device's rules are about
    people wherever they live. Both have no place that could narrow them.
    """
    if who.kind in {"staff", "resident"}:
        return reach.Reach.of((grant.scope for grant in who.grants), commands=commands)
    return reach.TOWN


def caller_of(request: Request) -> Principal:
    """Tell the caller without another dependency to resolve, for a handler on the hot path."""
    caller: Principal = request.scope[_CALLER]
    return caller


IDENTIFIED = [Depends(principal)]
"""`dependencies` of a route whose handler does not look at the caller."""
Caller = Annotated[Principal, Depends(principal)]
"""How a handler asks who calls: `who: Caller`."""
