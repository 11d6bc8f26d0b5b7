"""The device's own list over HTTP (device contract, G10, G14)."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response

from services.gate.api.devices import command_cause
from services.gate.api.proofs import CallingStation
from services.gate.desk import Station, desk
from services.gate.handlers import lists
from services.gate.handlers.lists import Version
from services.gate.store import lists as store
from shared.kernel.ids import CompoundId
from shared.obs.logging import current_correlation

router = APIRouter(tags=["lists"])

MEDIA_TYPE = "application/cose"
KEPT_SECONDS = 20.0
"""How long a whole list is handed out again; its `made_at` tells how old it is."""

Since = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=r"^[0-9a-f.]+$",
        description="`version` of the list that the device holds: the answer is what changed since.",
    ),
]


@dataclass(slots=True)
class _Kept:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0
    document: bytes = b""


class Press:
    """Makes whole lists, each once for all who ask at the same time: after an outage every device does."""

    def __init__(self) -> None:
        self._kept: dict[CompoundId, _Kept] = {}

    async def whole(self, app: FastAPI, station: Station) -> bytes:
        """The whole list of the station's compound, at most `KEPT_SECONDS` old."""
        kept = self._kept.setdefault(station.compound, _Kept())
        async with kept.lock:
            clock = desk(app).context.clock
            if kept.until <= clock.monotonic():
                kept.document = await _make(app, station, None)
                kept.until = clock.monotonic() + KEPT_SECONDS
                return kept.document
        await _note_reading(app, station)
        return kept.document


def press(app: FastAPI) -> Press:
    """The press of an application's process, made when first asked for."""
    found: Press | None = getattr(app.state, "press", None)
    if found is None:
        found = app.state.press = Press()
    return found


@router.get(
    "/v1/checkpoints/me/snapshot",
    response_class=Response,
    summary="The list by which the device decides when it has no answer",
    responses={
        200: {
            "description": "COSE_Sign1 (ES256) around zlib(CBOR); see the device makers' guide.",
            "headers": {
                "Fk-Now": {"description": "The server's business time.", "schema": {"type": "string"}}
            },
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def snapshot(station: CallingStation, request: Request, since: Since = None) -> Response:
    """The passes of the device's compound, the keys that verify them, and the rules; or what changed since `since`.

    With a `since` that cannot be continued (a restored server, another epoch) the answer is the whole list again: its
    own `since` is null then. A device that cannot verify the signature keeps the list it has.
    """
    version = Version.read(since)
    document = (
        await _make(request.app, station, version)
        if version
        else await press(request.app).whole(request.app, station)
    )
    now = desk(request.app).context.clock.now().isoformat()
    return Response(document, media_type=MEDIA_TYPE, headers={"Fk-Now": now})


async def _make(app: FastAPI, station: Station, since: Version | None) -> bytes:
    mine = desk(app)
    context = mine.context
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        rules = await mine.list_rules(tx, tx.today)
        key = await lists.signing_key(tx, context.vault)
        gathered = await lists.gather(station.compound, since, rules, tx=tx)
        await tx.execute(
            store.NOTE_READING,
            tx.now,
            station.subject,
            f"checkpoint:{station.checkpoint}",
            current_correlation(),
        )
    return await lists.make(gathered, key, vault=context.vault)


async def _note_reading(app: FastAPI, station: Station) -> None:
    async with desk(app).context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        await tx.execute(
            store.NOTE_READING,
            tx.now,
            station.subject,
            f"checkpoint:{station.checkpoint}",
            current_correlation(),
        )
