"""Who calls is a device that has its key: asked of every route of devices (0058)."""

from typing import Annotated

from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, Request

from services.gate.desk import Desk, Station, desk
from services.gate.domain.possession import DeviceKeyNeeded, Signed, decide_proof, read_key
from shared.http.access import Caller, Principal, caller_of
from shared.http.auth import NotAuthenticated
from shared.http.direct import body_of

TOLERANCE_SECONDS = 120.0
"""How far a signature's time may be from now: for the way, and for a clock that was set by the last answer."""


def station_of(who: Principal) -> Station:
    """The device that calls, whatever it proved besides its credential.

    Raises:
        NotAuthenticated: somebody else calls.
    """
    if not isinstance(who, Station):
        raise NotAuthenticated
    return who


async def proved_station(request: Request, *, ticket_will_do: bool = False) -> Station:
    """The device that calls, which signed this request if it has a key.

    Args:
        request: its body is read already, or is read here.
        ticket_will_do: for single checks, which cannot wait for a signature to be verified.

    Raises:
        NotAuthenticated, ProofNeeded, ProofStale, DeviceKeyNeeded: as their names say.
    """
    mine, station = desk(request.app), station_of(caller_of(request))
    if station.key_needed:
        raise DeviceKeyNeeded
    if station.key is None or (ticket_will_do and mine.holds_ticket(station)):
        return station
    await _insist(mine, station, station.key, request)
    return station


async def binding_station(request: Request, public_key: str | None) -> Station:
    """The device that asks for its next credential: one without a key may tell it, and signs with it already.

    Raises:
        NotAuthenticated, ProofNeeded, ProofStale, DeviceKeyNeeded, DeviceKeyInvalid: as their names say.
    """
    mine, station = desk(request.app), station_of(caller_of(request))
    if station.key is not None or public_key is None:
        return await proved_station(request)
    await _insist(mine, station, read_key(public_key), request)
    return station


async def _insist(mine: Desk, station: Station, key: ec.EllipticCurvePublicKey, request: Request) -> None:
    query = request.scope["query_string"].decode("latin-1")
    signed = Signed(
        method=request.method,
        target=request.scope["path"] + (f"?{query}" if query else ""),
        device_id=station.device_id,
        body=await body_of(request),
    )
    now = mine.context.clock.real_now().timestamp()
    decide_proof(station.proof, signed, key, now=now, tolerance_seconds=TOLERANCE_SECONDS)


async def calling_station(_who: Caller, request: Request) -> Station:
    """The same as a dependency."""
    return await proved_station(request)


CallingStation = Annotated[Station, Depends(calling_station)]
