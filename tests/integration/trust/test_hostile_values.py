"""Hostile values in every place of every request of every route: refused or taken, and never a fault of ours (F19)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
from fastapi.routing import APIRoute

from deploy.local.secrets import Secrets
from shared.http.access import STAFF, Role
from shared.http.problem import MEDIA_TYPE
from tests.integration.trust import hostile
from tests.integration.trust.test_every_cell import ENDLESS, Matrix, matrix_of
from tests.integration.trust.worlds import WORLDS, ClientFor

pytestmark = pytest.mark.requirement("F19")
ORDINARY, RELEASE = 40, 4
"""At every place one of so many values is tried; over all places each of them is."""
ENDING = re.compile(r"revo|credential|erasure|withdraw|cancel|retire")
"""What takes away from others what they need comes last."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
GUARDS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}
KEPT = {
    *("GET /guard", "GET /guard/{name}", "GET /declare/worker.js", "GET /field-worker.js"),
    *("GET /v1/board", "GET /v1/board/{compound}"),
}
"""What a browser may keep: pages that work without a network, and figures that it asks whether they changed."""


@dataclass(kw_only=True)
class Attack:
    """Sends hostile requests of one service, and keeps what went wrong."""

    matrix: Matrix
    service: str
    share: int
    """Of how many values one is tried at each place; all places together try all of them."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    turn: int = 0

    def values(self) -> Iterator[bytes]:
        """The next values for a place."""
        self.turn += 1
        yield from hostile.ALL[self.turn % self.share :: self.share]

    def who(self, cell: str) -> dict[str, str]:
        """Somebody who may."""
        roles = self.matrix.table[cell]
        staff = sorted(roles & STAFF, key=lambda role: (role is not Role.COMMUNITY_CLERK, role))
        others = sorted(roles - STAFF)
        return self.matrix.credential((staff or others)[0])

    async def send(
        self, cell: str, path: str, headers: Mapping[str, str | bytes], at: str, value: bytes, **rest: Any
    ) -> int:
        """One request with a value somewhere; what it must not be answered is kept. Tells its status."""
        http = self.matrix.world.client.http
        before = await self.matrix.written()
        sent = [
            (name.encode(), one if isinstance(one, bytes) else one.encode()) for name, one in headers.items()
        ]
        request = http.build_request(cell.split(maxsplit=1)[0], "/", headers=sent, **rest)
        request.url = request.url.copy_with(raw_path=path.encode("ascii"))
        answer = await http.send(request)
        self.statuses[answer.status_code] += 1
        for fault in [*self.unclear(answer, at), *self.unguarded(cell, answer)]:
            self.faults.setdefault(f"{cell}: {fault}", f"{at} {value[:60]!r} -> {answer.text[:300]}")
        if answer.status_code >= 400 and await self.matrix.written() != before:
            self.faults[f"{cell}: {answer.status_code}, and something was written"] = f"{at} {value[:60]!r}"
        return answer.status_code

    @staticmethod
    def unclear(answer: httpx.Response, at: str) -> Iterator[str]:
        """What a caller cannot learn from a refusal: its code, the field that is wrong, what to do."""
        status, kind = answer.status_code, answer.headers.get("Content-Type", "")
        if status in {500, 502, 504}:
            yield str(status)
        elif status >= 400 and kind == MEDIA_TYPE:
            problem = answer.json()
            if not (problem["code"] and problem["detail"]):
                yield f"{status} without code or words"
            if not problem["remedy"]:
                yield f"{problem['code']} without a remedy"
            named = [str(problem["field"]), *(one["field"] for one in problem.get("errors", ()))]
            place = at.removeprefix("body ").partition(".")[0]
            unnamed = at.startswith("body ") and not any(place in one for one in named)
            if unnamed and problem["code"] == "invalid_request":
                yield f"{place} is wrong, and named is {named}"
        elif status >= 400 and not kind.startswith("text/html"):
            yield f"{status} as {kind}"

    @staticmethod
    def unguarded(cell: str, answer: httpx.Response) -> Iterator[str]:
        """Which of the headers that hold browsers back an answer lacks."""
        for name, wanted in GUARDS.items():
            if answer.headers.get(name) != wanted:
                yield f"{name}: {answer.headers.get(name)}"
        if answer.headers.get("referrer-policy") not in {"no-referrer", "same-origin"}:
            yield f"referrer-policy: {answer.headers.get('referrer-policy')}"
        policy = answer.headers.get("content-security-policy", "")
        if "default-src 'none'" not in policy or "unsafe" in policy or "*" in policy:
            yield f"policy: {policy}"
        if "no-store" not in answer.headers.get("cache-control", "") and cell not in KEPT:
            yield f"cache: {answer.headers.get('cache-control')}"

    async def json_of(self, cell: str) -> None:
        """Every place of a JSON body."""
        path, content = self.matrix.asking.of(cell, new=True)
        if "json" not in content:
            return
        headers = self.who(cell) | {"Content-Type": "application/json"}
        # Which field is wrong can be told only where no other is.
        told = await self.send(cell, path, headers, "as it is", b"", json=content["json"])
        at = "within" if told == 422 else "body"
        for place in hostile.places(content["json"]):
            where = ".".join(map(str, place))
            for value in self.values():
                body = hostile.spoilt(content["json"], place, value)
                await self.send(cell, path, headers, f"{at} {where}", value, content=body)

    async def form_of(self, cell: str, route: APIRoute) -> None:
        """Every field of a form, many at once where the form is read by hand."""
        path, content = self.matrix.asking.of(cell, new=True)
        if "json" in content or cell.startswith(("GET", "DELETE")) or "/v1/" in cell:
            return
        names = hostile.form_fields(self.service, route)
        origin = {"Origin": str(self.matrix.world.client.http.base_url).rstrip("/")}
        headers = self.who(cell) | origin | {"Content-Type": "application/x-www-form-urlencoded"}
        right = {name: value.encode() for name, value in content.get("data", {}).items() if name in names}
        every = max(1, self.share // 10)  # a form that is read by hand is tried with all that pages know
        for name in names[self.turn % every :: every]:
            for value in list(self.values())[:1]:
                text = hostile.as_text(value)
                form = hostile.urlencoded(right | {name: text})
                await self.send(cell, path, headers, f"form {name}", value, content=form)

    async def long_of(self, cell: str) -> None:
        """A body that says it is longer than any route takes."""
        path, content = self.matrix.asking.of(cell, new=True)
        if {"json", "files"} & content.keys():
            kind = "application/json" if "json" in content else "multipart/form-data; boundary=x"
            headers = self.who(cell) | {"Content-Type": kind, "Content-Length": str(10**9)}
            before = self.statuses[413]
            if content["params"]:  # or what is missing there would be told before anybody looks at the body
                path = f"{path}?{urlencode(content['params'])}"
            await self.send(cell, path, headers, "length", b"", content=b"{}")
            if self.statuses[413] == before:
                self.faults[f"{cell}: takes a body of any length"] = ""

    async def address_of(self, cell: str, told: Mapping[str, Any]) -> None:
        """Every parameter of the path and of the query."""
        template = cell.split(maxsplit=1)[1]
        path, content = self.matrix.asking.of(cell, new=True)
        who = self.who(cell)
        given = {"json": content["json"]} if "json" in content else {}
        for parameter in told.get("parameters", ()):
            name = parameter["name"]
            for value in self.values():
                text = quote_from_bytes(hostile.as_text(value)[:3_000], safe="")
                if parameter["in"] == "query":
                    address = f"{path}?{name}={text}"
                elif parameter["in"] == "path" and text:
                    address = template.replace(f"{{{name}}}", text)
                else:
                    continue
                known = self.matrix.asking.known
                for other, there in known.items():
                    address = address.replace(f"{{{other}}}", there)
                await self.send(cell, address, who, f"{parameter['in']} {name}", value, **given)

    async def days_of(self, cell: str, told: Mapping[str, Any], route: APIRoute) -> None:
        """Every day and instant of an address or a body at once, at the ends of what a calendar has.

        Of a page, which is not described, every field of its address by itself.
        """
        path, content = self.matrix.asking.of(cell, new=True)
        asked = [
            one["name"] for one in told.get("parameters", ()) if one["in"] == "query" and dated(one["schema"])
        ]
        body = content.get("json")
        within = (
            [name for name, value in body.items() if DAY.match(str(value))] if isinstance(body, dict) else []
        )
        for day in (b"0001-01-01", b"9999-12-31") if asked or within else ():
            ends = day.decode()
            query = content["params"] | dict.fromkeys(asked, ends)
            given = {"json": {**body, **dict.fromkeys(within, ends)}} if isinstance(body, dict) else {}
            await self.send(cell, f"{path}?{urlencode(query)}", self.who(cell), "days", day, **given)
        for field_of in route.dependant.query_params if cell.startswith("GET ") and not told else ():
            for day in (b"0001-01-01", b"9999-12-31"):
                address = f"{path}?{urlencode({field_of.alias: day.decode()})}"
                await self.send(cell, address, self.who(cell), f"query {field_of.alias}", day)

    async def headers_of(self, cell: str) -> None:
        """Some headers that mean something."""
        path, content = self.matrix.asking.of(cell, new=True)
        given = {"json": content["json"]} if "json" in content else {}
        for name in hostile.HEADERS[self.turn % 7 :: 7]:
            for value in list(self.values())[:1]:
                text = (
                    hostile.as_text(value)[:3_000]
                    .replace(b"\0", b"\x01")
                    .replace(b"\n", b" ")
                    .replace(b"\r", b" ")
                )
                headers: dict[str, str | bytes] = {**self.who(cell), name: text}
                await self.send(cell, path, headers, f"header {name}", value, **given)


def dated(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter is a day or an instant."""
    return any(one.get("format") in {"date", "date-time"} for one in (schema, *schema.get("anyOf", ())))


@pytest.mark.parametrize("share", [ORDINARY, pytest.param(RELEASE, marks=[pytest.mark.release])])
@pytest.mark.parametrize("service", sorted(WORLDS))
@pytest.mark.timeout(1_800)
async def test_a_hostile_value_anywhere_is_the_callers_problem(
    service: str, share: int, client_for: ClientFor, secrets: Secrets
) -> None:
    matrix = await matrix_of(service, client_for, secrets)
    attack = Attack(matrix=matrix, service=service, share=share)
    app = matrix.world.client.http._transport.app  # type: ignore[attr-defined]
    routes = {
        f"{method} {route.path_format}": route
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    for cell in sorted(matrix.table, key=lambda one: (not one.startswith("GET "), bool(ENDING.search(one)))):
        if cell == ENDLESS:
            continue
        method, path = cell.split(maxsplit=1)
        told = matrix.asking.document["paths"].get(path, {}).get(method.lower(), {})
        await attack.json_of(cell)
        await attack.form_of(cell, routes[cell])
        await attack.long_of(cell)
        await attack.address_of(cell, told)
        await attack.days_of(cell, told, routes[cell])
        await attack.headers_of(cell)
    print(f"\n{service:<12} {sorted(attack.statuses.items())}")  # noqa: T201 -- the figures
    assert attack.faults == {}
