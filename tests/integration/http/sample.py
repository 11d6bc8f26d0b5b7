"""A small service of every kind of route, with real tokens, behind the real shell."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import APIRouter, FastAPI, Form, Query, Request
from fastapi.responses import StreamingResponse
from joserfc import jws
from joserfc.jwk import ECKey
from pydantic import Field

from shared.http.access import (
    IDENTIFIED,
    STAFF,
    AccessTable,
    Caller,
    Grant,
    Principal,
    Role,
    Scope,
    caller_of,
)
from shared.http.app import make_app
from shared.http.auth import Jwks, NotAuthenticated, StaffVerifier
from shared.http.bodies import PARSED
from shared.http.models import Answer, Body, SubmittedForm
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import NotFound, TooManyRequests
from shared.http.wire import HttpProtocol
from shared.kernel.clock import SystemClock
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal
from shared.testing.waiting import eventually

ISSUER = "https://issuer.test"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})


class NotYet(Refusal):
    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_yet"


class NoteBody(Body):
    text: Annotated[str, Field(max_length=100)]
    number: int = 0
    ratio: float = 0.0
    tags: tuple[str, ...] = ()
    more: Annotated[dict[str, Any], Field(default_factory=dict)]


class NoteForm(NoteBody, SubmittedForm):
    """The same as a form."""


class Note(Answer):
    text: str
    caller: str


router = APIRouter(prefix="/v1", dependencies=IDENTIFIED)
PAGES = Cursor(int)


@router.get("/open")
async def open_to_all(who: Caller) -> Note:
    return Note(text="open", caller=who.subject)


@router.get("/compounds/{compound}/notes")
async def notes(compound: CompoundId, who: Caller, after: After = None, limit: Limit = 50) -> Page[int]:
    who.require_compound(compound)
    start = PAGES.read(after)[0] if after is not None else 0
    items = list(range(start, min(start + limit, 500)))
    return Page(items=items, next=PAGES.write(items[-1] + 1) if items and items[-1] < 499 else None)


@router.post("/compounds/{compound}/notes", status_code=201)
async def write_note(compound: CompoundId, body: NoteBody, who: Caller) -> Note:
    who.require_compound(compound)
    return Note(text=body.text, caller=who.subject)


@router.post("/form")
async def from_form(body: Annotated[NoteForm, Form()], who: Caller) -> Note:
    return Note(text=body.text, caller=who.subject)


@router.post("/raw")
async def raw(request: Request) -> Note:
    await request.body()
    return Note(text=json.dumps(request.scope.get(PARSED)), caller=caller_of(request).subject)


@router.put("/large")
async def large(body: NoteBody, who: Caller) -> Note:
    return Note(text=str(len(str(body.more))), caller=who.subject)


@router.get("/town")
async def whole_town(who: Caller) -> Note:
    who.require_town()
    return Note(text="town", caller=who.subject)


@router.get("/device")
async def for_devices(who: Caller) -> Note:
    return Note(text=who.kind, caller=who.subject)


@router.get("/things/{thing}")
async def thing(thing: UUID, who: Caller, kind: Annotated[str, Query(max_length=20)] = "x") -> Note:
    if thing.int and kind:
        raise NotFound("没有此项。There is no such thing.")
    return Note(text=kind, caller=who.subject)


ERRORS: dict[str, Callable[[], Exception]] = {
    "refusal": lambda: NotYet("尚未到期。", field="day", remedy="等待。", first_possible="2020-03-09"),
    "slow": lambda: TooManyRequests(retry_after=7),
    "bug": lambda: RuntimeError("张小明 19900001111 secret-canary-detail"),
    "group": lambda: ExceptionGroup("several", [ValueError("canary")]),
    "database-away": lambda: ConnectionRefusedError("canary"),
    "timeout": TimeoutError,
    "starting": lambda: asyncpg.CannotConnectNowError("canary"),
    "full": lambda: asyncpg.TooManyConnectionsError("canary"),
    "conflict": lambda: asyncpg.DeadlockDetectedError("canary"),
}


@router.get("/fail/{how}")
async def fail(how: str) -> Note:
    if how not in ERRORS:
        raise NotFound("没有此项。There is no such thing.")
    error = ERRORS[how]()
    raise error


@router.get("/broken-stream")
async def broken_stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("later")

    return StreamingResponse(parts(), headers={"Cache-Control": "private"})


PUBLIC = frozenset({Role.PUBLIC})
CLERKS = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER})
ACCESS: AccessTable = {
    "GET /v1/open": PUBLIC | {Role.AUDITOR},
    "GET /v1/compounds/{compound}/notes": CLERKS | {Role.SUPERVISOR},
    "POST /v1/compounds/{compound}/notes": CLERKS,
    "POST /v1/form": PUBLIC,
    "POST /v1/raw": PUBLIC,
    "PUT /v1/large": frozenset({Role.ADMIN}),
    "GET /v1/town": frozenset({Role.HQ_OFFICER, Role.AUDITOR}),
    "GET /v1/device": frozenset({Role.DEVICE, Role.RESIDENT}),
    "GET /v1/things/{thing}": STAFF,
    "GET /v1/fail/{how}": PUBLIC,
    "GET /v1/broken-stream": PUBLIC,
}


@dataclass
class Health:
    database: bool = True
    age: float = 0.0

    async def database_ok(self) -> bool:
        return self.database

    async def outbox_age(self) -> float:
        return self.age


async def _keys() -> bytes:
    return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()


async def _device(credential: str, app: FastAPI) -> Principal:
    role = {app.state.db["device-secret"]: Role.DEVICE, "revoked": Role.REVOKED_DEVICE}.get(credential)
    if role is None:
        raise NotAuthenticated
    return Principal(
        kind="device",
        subject="device-1",
        grants=(Grant(role=role, scope=Scope.parse("checkpoint:lj-001-n")),),
    )


async def _link(credential: str, _app: FastAPI) -> Principal:
    return Principal(
        kind="resident",
        subject=credential,
        grants=(Grant(role=Role.RESIDENT, scope=Scope.parse("compound:lj-001")),),
    )


@dataclass
class Sample:
    """The application, its dials, and clients in every role."""

    app: FastAPI
    health: Health = field(default_factory=Health)

    @staticmethod
    def token(*grants: tuple[Role, str], subject: str = "someone") -> dict[str, str]:
        now = time.time()
        claims = {
            "iss": ISSUER,
            "aud": "fangkong",
            "sub": subject,
            "jti": "j",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "grants": [{"role": role, "scope": scope} for role, scope in grants],
        }
        header = {"alg": "ES256", "kid": "k1"}
        signed = jws.serialize_compact(header, json.dumps(claims).encode(), KEY, algorithms=["ES256"])
        return {"Authorization": f"Bearer {signed}"}


def sample_app(health: Health, **limits: Any) -> FastAPI:
    """The application; `limits` as `make_app` takes them."""
    clock = SystemClock()
    return make_app(
        "sample",
        routers=[router],
        access=ACCESS,
        db={"device-secret": "abc"},
        clock=clock,
        verifier=StaffVerifier(Jwks(_keys, clock), issuer=ISSUER, clock=clock),
        health=health,
        title="Sample",
        version="1.0",
        authenticators={"Device": _device, "Link": _link},
        assets={"/assets": Path(__file__).parent / "assets"},
        body_limits={"PUT /v1/large": 3_000_000, "POST /v1/raw": 1_000},
        **limits,
    )


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """A real uvicorn on a port that the kernel chose."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, http=HttpProtocol, log_config=None, access_log=False, lifespan="on")
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(lambda: asyncio.sleep(0, server.started), every=0.01, what="uvicorn")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()
