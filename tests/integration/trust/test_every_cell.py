"""Every route x every role, with objects there: whom a cell leaves out learns nothing, nor does who is of elsewhere.

The requests are made from the OpenAPI documents and from what the databases hold after every route that makes something
was asked once. So a new route is tried without a line here; where its object is not there, `filled.py` has to make it.
"""

import importlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.documents import openapi
from deploy.local.issuer import Account
from deploy.local.secrets import Secrets
from shared.db import reach
from shared.db.pool import Database
from shared.http import access
from shared.http.access import STAFF, TOWN, AccessTable, Grant, Principal, Role, Scope
from shared.pages.oidc import SignedIn
from shared.pages.rendering import Pages
from tests.integration.trust.asking import Asking
from tests.integration.trust.worlds import WORLDS, ClientFor, World, objects

pytestmark = pytest.mark.requirement("F17")

ELSEWHERE = ("compound:zz-009", "neighbourhood:zz", "grid:zz-009-w01", "checkpoint:zz-009-k1")
ENTRANCES = re.compile(r"^/sign-in\b|/open$")
"""Where pages lead who shows nothing: to the sign-in, or to where a personal link is typed."""
ENDLESS = "GET /v1/board/stream"
"""Its answer never ends; who gets it is what `GET /v1/board` says, and `test_board_stream` proves its scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many(Account):
    """Somebody with several roles in each of several places: one call asks for all of them.

    A cell that let one of the roles in would let in whoever has it among others.
    """

    roles: tuple[Role, ...]
    places: tuple[str, ...]

    @property
    def grants(self) -> list[dict[str, str]]:
        return [{"role": role, "scope": scope} for role in self.roles for scope in self.places]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A service's cells, and calls to them as anybody."""

    world: World
    asking: Asking

    @property
    def table(self) -> AccessTable:
        return self.world.client.service.access

    def cells(self) -> Iterator[str]:
        """The cells that somebody must sign in for; what ends something comes last."""
        inside = (cell for cell, roles in self.table.items() if Role.PUBLIC not in roles and cell != ENDLESS)
        return iter(sorted(inside, key=lambda cell: not cell.startswith("GET ")))

    def credential(self, role: Role) -> dict[str, str]:
        """Somebody with a role for the whole town, or what a device or a resident shows."""
        if role in STAFF:
            return self.world.client.as_role(role)
        return dict(self.world.people.get(role, {}))

    def many(self, roles: Iterable[Role], *places: str) -> dict[str, str]:
        """Somebody with these roles in these places, who has never done anything here."""
        held = tuple(sorted(roles))
        account = Many(subject="stranger", name="", role="", scope="", roles=held, places=places)
        return {"Authorization": f"Bearer {self.world.client.issuer.access_token(account)}"}

    async def call(self, cell: str, who: dict[str, str], *, new: bool = False) -> tuple[httpx.Response, str]:
        """The answer, and all that the caller said."""
        http = self.world.client.http
        path, content = self.asking.of(cell, new=new)
        kind = {} if path.startswith("/v1/") else {"Accept": "text/html"}
        headers = who | kind | {"Origin": str(http.base_url).rstrip("/")}
        answer = await http.request(cell.split(maxsplit=1)[0], path, headers=headers, **content)
        return answer, path + json.dumps(content, default=str, ensure_ascii=False)

    async def signed_out(self) -> dict[str, str] | None:
        """A browser that was signed in with every role, and is not any more; None where there are no pages."""
        pages, http = self.world.client.service.pages, self.world.client.http
        if not isinstance(pages, Pages):
            return None
        grants = tuple(Grant(role=role, scope=TOWN) for role in sorted(STAFF))
        who = Principal(kind="staff", subject="stranger", grants=grants)
        session = await pages.sessions.begin(SignedIn(who=who, refresh=None), instead_of=None)
        cookie = {"Cookie": f"__Host-fangkong-{pages.service}-session={session}"}
        assert (await http.get("/", headers=cookie | {"Accept": "text/html"})).status_code == 200
        await pages.sessions.end(session)
        return cookie

    def told(self, answer: httpx.Response, said: str) -> list[str]:
        """What of the objects that are there an answer names and its caller did not."""
        marks = {
            name: value
            for name, value in self.asking.known.items()
            if len(value) >= 32 or value.startswith("lj-001")
        }
        marks |= dict(self.world.secrets)
        return [name for name, value in marks.items() if value in answer.text and value not in said]

    async def written(self) -> int:
        """How much this service has told: every fact is told in the commit that makes it one."""
        async with self.world.client.context.database.read() as conn:
            return int(await conn.fetchval("select count(*) from outbox"))


async def matrix_of(service: str, client_for: ClientFor, secrets: Secrets) -> Matrix:
    """Make a service's world; then what its own routes make of it."""
    document: dict[str, Any] = openapi(service)
    world = await WORLDS[service](client_for, secrets)
    for _ in range(2):
        matrix = Matrix(world=world, asking=Asking(document=document, known=await objects(world)))
        for cell in matrix.cells():
            makers = sorted(matrix.table[cell] & STAFF, key=lambda role: role is not Role.COMMUNITY_CLERK)
            if cell.startswith("POST /v1/") and "{" not in cell and makers:
                await matrix.call(cell, matrix.credential(makers[0]), new=True)
    return Matrix(world=world, asking=Asking(document=document, known=await objects(world)))


SEEN = {"gate": 3, "observation": 15, "registry": 50, "reporting": 15, "sanitation": 20}
"""Readings, at least, that name something to whom they may: a world that empties makes the matrix prove nothing."""

LEAKING = {"gate": 1, "observation": 5, "registry": 5, "reporting": 1, "sanitation": 5}
"""Readings, at least, that do leak once neither routes nor SQL ask where: the planted fault that has to be found."""

HELD = """
select quote_ident(c.relname) as name,
  (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attidentity = ''
    and not a.attisdropped order by a.attnum limit 1) as one,
  exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'reach_changed'
    and pg_get_expr(p.polwithcheck, p.polrelid) <> 'true') as checked
from pg_class c
where c.relrowsecurity and c.relnamespace = 'public'::regnamespace order by 1
"""


@pytest.mark.parametrize("service", sorted(WORLDS))
async def test_no_cell_opens_to_who_is_not_in_it_or_is_of_elsewhere(
    service: str, client_for: ClientFor, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = await matrix_of(service, client_for, secrets)
    asked = {name for cell in matrix.cells() for name in re.findall(r"\{(\w+)\}", cell)}
    assert asked - matrix.asking.known.keys() == set(), "make one of these in worlds.py or filled.py"
    everywhere = importlib.import_module(f"services.{service}.access").EVERYWHERE
    leaks: list[str] = []
    over = await matrix.signed_out()
    foreign = dict(await matrix.world.foreign()) if matrix.world.foreign else None
    before = await matrix.written()
    for cell in matrix.cells():
        leaks += [one async for one in outsiders(matrix, cell, over)]
        leaks += [one async for one in strangers(matrix, cell, foreign, everywhere=cell in everywhere)]
        if (now := await matrix.written()) != before:
            leaks.append(f"{cell}: something was written for who may not")
            before = now
    assert leaks == []

    # The same look finds the objects where they may be seen: it could have failed above.
    seen = 0
    for cell in matrix.cells():
        if cell.startswith("GET ") and (readers := sorted(matrix.table[cell] & STAFF)):
            seen += bool(matrix.told(*await matrix.call(cell, matrix.credential(readers[0]))))
    assert seen >= SEEN[service], seen

    await rows_are_held(matrix.world.client.context.database)
    with monkeypatch.context() as unchecked:
        unchecked.setattr(Principal, "reaches", lambda *_, **__: True)
        unchecked.setattr(Principal, "require_town", lambda _: None)
        unchecked.setattr(Principal, "scopes_for", lambda *_: (TOWN,))
        assert await readings_elsewhere(matrix) == [], "SQL alone did not hold what the route forgot to ask"
        unchecked.setattr(access, "reach_of", lambda *_, **__: reach.TOWN)
        leaking = await readings_elsewhere(matrix)
    assert len(leaking) >= LEAKING[service], leaking


async def outsiders(matrix: Matrix, cell: str, over: dict[str, str] | None) -> AsyncIterator[str]:
    """What the cell tells, or does for, whom it leaves out, and a browser that was signed out."""
    inside = matrix.table[cell]
    outside: dict[str, dict[str, str]] = {
        role: matrix.credential(role) for role in set(Role) - inside - STAFF
    }
    if STAFF - inside:
        outside |= {"other staff": matrix.many(STAFF - inside, "town")}
    if over is not None:
        outside |= {"a session that was signed out": over}
    for role, credential in outside.items():
        answer, said = await matrix.call(cell, credential)
        led = answer.status_code == 303 and ENTRANCES.search(answer.headers["location"])
        if not (answer.status_code in {401, 403} or led) or matrix.told(answer, said):
            yield f"{cell} as {role}: {answer.status_code} {matrix.told(answer, said)}"


async def strangers(
    matrix: Matrix, cell: str, foreign: dict[str, str] | None, *, everywhere: bool
) -> AsyncIterator[str]:
    """What the cell tells of here to those in it who are of elsewhere: staff, and whoever has a link of their own."""
    inside = matrix.table[cell]
    if inside & STAFF:
        answer, said = await matrix.call(cell, matrix.many(inside & STAFF, *ELSEWHERE), new="{" not in cell)
        told = [] if everywhere else matrix.told(answer, said)
        if told or answer.status_code == 500:
            yield f"{cell} of elsewhere: {answer.status_code} {told}"
    if foreign and Role.RESIDENT in inside and (cell.startswith("GET ") or "{" in cell):
        answer, said = await matrix.call(cell, foreign)
        if (told := matrix.told(answer, said)) or answer.status_code == 500:
            yield f"{cell} by another's link: {answer.status_code} {told}"


async def readings_elsewhere(matrix: Matrix) -> list[str]:
    """Readings that tell somebody of elsewhere what identifies somebody or something of here."""
    leaks: list[str] = []
    for cell in matrix.cells():
        if cell.startswith("GET ") and (readers := matrix.table[cell] & STAFF):
            answer, said = await matrix.call(cell, matrix.many(readers, *ELSEWHERE))
            told = [name for name in matrix.world.secrets if matrix.world.secrets[name] in answer.text]
            if told and not any(matrix.world.secrets[name] in said for name in told):
                leaks.append(f"{cell}: {answer.status_code} {told}")
    return leaks


async def rows_are_held(database: Database) -> None:
    """Nothing of here is read or written by a transaction of elsewhere, whatever the statement says."""
    foreign = [Scope.parse(place) for place in ELSEWHERE]
    async with database.read() as conn:
        tables = await conn.fetch(HELD)
        rows = {row["name"]: await conn.fetchval(f"select count(*) from {row['name']}") for row in tables}
    filled = [name for name, number in rows.items() if number]
    assert bool(filled) == bool(tables)
    for nobody in (reach.NOBODY, reach.Reach.of(foreign, commands=False)):
        with reach.reaching(nobody):
            async with database.read() as conn:
                found = {name: await conn.fetchval(f"select count(*) from {name}") for name in filled}
        assert not any(found.values()), found
    with reach.reaching(reach.Reach.of(foreign, commands=True)):
        for row in tables:
            if row["name"] in filled and row["checked"]:
                with pytest.raises(
                    (reach.BeyondReach, asyncpg.RaiseError)
                ):  # or written by nobody ever again
                    async with database.begin() as tx:
                        await tx.execute(f"update {row['name']} set {row['one']} = {row['one']}")
