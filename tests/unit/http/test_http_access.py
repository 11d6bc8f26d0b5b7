"""Scopes, and what a grant reaches."""

import pytest
from fastapi import APIRouter, FastAPI

from shared.http.access import (
    IDENTIFIED,
    TOWN,
    AccessTableError,
    Grant,
    OutOfScope,
    Principal,
    Role,
    RoleNotAllowed,
    Scope,
    ScopeKind,
    match_table,
)
from shared.kernel.ids import CheckpointId, CompoundId, GridId, NeighbourhoodId

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")


def holding(*scopes: str) -> Principal:
    grants = tuple(Grant(role=Role.COMMUNITY_CLERK, scope=Scope.parse(scope)) for scope in scopes)
    return Principal(kind="staff", subject="clerk-1", grants=grants)


@pytest.mark.parametrize(
    "text", ["town", "compound:lj-001", "neighbourhood:n1", "grid:g1", "checkpoint:lj-001-n"]
)
def test_a_scope_reads_as_it_is_written(text: str) -> None:
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize("text", ["", "town:x", "compound", "compound:", "planet:x", "Town"])
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Scope|id"):
        Scope.parse(text)


@pytest.mark.parametrize(
    ("scopes", "reached"),
    [
        (["town"], True),
        (["compound:lj-001"], True),
        (["compound:lj-002"], False),
        (["compound:lj-002", "compound:lj-001"], True),
        (["neighbourhood:n1"], True),
        (["neighbourhood:n2"], False),
        (["grid:g1"], True),
        (["checkpoint:lj-001-n"], True),
        (["checkpoint:lj-001"], False),
        ([], False),
    ],
)
def test_a_grant_reaches_its_place_only(scopes: list[str], *, reached: bool) -> None:
    place = {
        "neighbourhood": NeighbourhoodId("n1"),
        "grid": GridId("g1"),
        "checkpoint": CheckpointId("lj-001-n"),
    }
    who = holding(*scopes)
    assert who.reaches(compound=HERE, **place) is reached  # type: ignore[arg-type]
    if reached:
        who.require_compound(HERE, **place)  # type: ignore[arg-type]
    else:
        with pytest.raises(OutOfScope):
            who.require_compound(HERE, **place)  # type: ignore[arg-type]


def test_a_narrower_grant_does_not_reach_a_compound_by_itself() -> None:
    for scope in ("neighbourhood:n1", "grid:g1", "checkpoint:lj-001-n"):
        with pytest.raises(OutOfScope):
            holding(scope).require_compound(HERE)


def test_only_a_grant_for_the_town_is_for_the_town() -> None:
    holding("town").require_town()
    with pytest.raises(OutOfScope):
        holding("compound:lj-001").require_town()


def test_scopes_are_told_by_role() -> None:
    who = Principal(
        kind="staff",
        subject="x",
        grants=(
            Grant(role=Role.GUARD, scope=Scope(kind=ScopeKind.COMPOUND, id=HERE)),
            Grant(role=Role.AUDITOR, scope=TOWN),
        ),
    )
    assert [str(scope) for scope in who.scopes_for(Role.GUARD)] == ["compound:lj-001"]
    assert len(who.scopes_for()) == 2
    assert who.has(Role.AUDITOR, Role.ADMIN)
    assert not who.has(Role.ADMIN)


async def endpoint() -> None:
    return None


def app_with(*paths: str, prefix: str = "") -> FastAPI:
    router = APIRouter(prefix=prefix)
    for path in paths:
        router.add_api_route(path, endpoint, methods=["GET"], dependencies=IDENTIFIED)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(router.routes)
    return app


GUARDS = frozenset({Role.GUARD})


def test_a_table_that_matches_is_accepted() -> None:
    app = app_with("/a/{x}", prefix="/v1")
    assert list(match_table(app.routes, {"GET /v1/a/{x}": GUARDS})) == ["GET /v1/a/{x}"]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "GET /a: no role"),
        ({"GET /a": frozenset[Role]()}, "GET /a: no role"),
        ({"GET /a": GUARDS, "GET /b": GUARDS}, "GET /b: a cell without a route"),
        ({"GET /a": GUARDS, "POST /a": GUARDS}, "POST /a: a cell without a route"),
    ],
)
def test_a_table_that_differs_is_refused(table: dict[str, frozenset[Role]], complaint: str) -> None:
    with pytest.raises(AccessTableError, match=complaint):
        match_table(app_with("/a").routes, table)


def test_a_route_declared_twice_is_refused() -> None:
    with pytest.raises(AccessTableError, match="declared twice"):
        match_table(app_with("/a", "/a").routes, {"GET /a": GUARDS})


def test_what_would_bypass_the_table_is_refused() -> None:
    app = app_with("/a")
    app.mount("/files", FastAPI())
    with pytest.raises(AccessTableError, match="only routes of an APIRouter"):
        match_table(app.routes, {"GET /a": GUARDS})


def test_a_route_that_asks_nobody_who_calls_is_refused() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.add_api_route("/a", endpoint, methods=["GET"])
    with pytest.raises(AccessTableError, match="/a: nothing asks who calls"):
        match_table(app.routes, {"GET /a": GUARDS})


def test_a_router_inside_a_router_is_refused() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(app_with("/a").router)
    with pytest.raises(AccessTableError, match="only routes of an APIRouter"):
        match_table(app.routes, {"GET /a": GUARDS})


def test_a_role_lends_its_scope_to_no_other_roles_act() -> None:
    officer = Grant(role=Role.HQ_OFFICER, scope=Scope.parse("town"))
    manager = Grant(role=Role.PROPERTY_MANAGER, scope=Scope.parse("compound:lj-001"))
    who = Principal(kind="staff", subject="two roles", grants=(officer, manager))
    assert who.reaches(compound=CompoundId("lj-002"))
    mending = who.acting(Role.PROPERTY_MANAGER, Role.COMMUNITY_CLERK)
    assert mending.reaches(compound=CompoundId("lj-001"))
    assert not mending.reaches(compound=CompoundId("lj-002"))
    with pytest.raises(RoleNotAllowed):
        who.acting(Role.GUARD)
