"""A trip as a clerk types it: places by name or code, near days by their weekday (R4.6, F7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import risk as risk_api
from services.registry.api.common import Running
from services.registry.api.risk import DivisionAnswer
from services.registry.domain.intake_details import ProofKind, SuzhouCode, Symptom
from services.registry.domain.returnees import Transport
from services.registry.domain.risk import is_called
from services.registry.pages.common import pages_of
from services.registry.pages.entered import Entered, Typed
from shared.context import Context
from shared.http.access import IDENTIFIED
from shared.pages.routes import page_router

router: APIRouter = page_router()

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_DAYS_BACK = 30
_VIA_AT_MOST = 6
_FEWEST_LETTERS = 1

CHOICES = {
    "transport": get_args(Transport),
    "proof_kind": get_args(ProofKind),
    "suzhou_code": get_args(SuzhouCode),
    "symptom": get_args(Symptom),
}
"""What a trip's and a health question's fields offer; the words are those of the codes."""


@dataclass(slots=True)
class Resolved:
    """The places of a trip.

    Attributes:
        typed: the form with each place in its one spelling.
        trip: as the API's body states it.
        faults: what keeps it from being judged.
        candidates: places of the name that was typed, where there is not just one.
    """

    typed: Entered
    trip: dict[str, Any]
    faults: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, Sequence[str]] = field(default_factory=dict)


@router.post("/places", dependencies=IDENTIFIED)
async def offer_places(request: Request, context: Running, typed: Typed) -> Response:
    """Offer places with what was typed in the field that asks; without scripts the form itself asks."""
    text = typed[request.headers.get("hx-trigger-name", "")]
    found = await _found(context, text) if len(text) > _FEWEST_LETTERS else []
    return pages_of(request).render(
        request, "place_options.html", places=[spelled(one) for one in found[:12]]
    )


def spelled(place: DivisionAnswer) -> str:
    """A place as forms show it: within what it lies, its name, its code."""
    return " ".join([*place.within, place.name, place.code])


def days_back(today: date) -> list[date]:
    """The days of which somebody remembers that they came on them, today first."""
    return [today - timedelta(days=ago) for ago in range(_DAYS_BACK)]


def via_rows(typed: Entered) -> range:
    """As many rows for places on the way as were filled, and one more."""
    filled = [nth for nth in range(_VIA_AT_MOST) if typed[f"via.{nth}.place"]]
    return range(min(_VIA_AT_MOST, (max(filled) + 2) if filled else 1))


async def resolved(context: Context, typed: Entered) -> Resolved:
    """The trip with codes for places. A name that means one place is that place; otherwise a person chooses."""
    made = Resolved(typed, typed.nested("trip."))
    made.trip["proof"] = typed["trip.proof"]
    if typed["trip.proof"] != "yes":
        made.trip.pop("proof_kind", None)
    if not made.trip["proof"]:
        del made.trip["proof"]
    code = await _place(context, made, "origin")
    made.trip.pop("origin_code", None)
    if code:
        made.trip["origin_code"] = code
    via = []
    for nth in via_rows(typed):
        if not typed[f"via.{nth}.place"]:
            continue
        found = await _place(context, made, f"via.{nth}.place")
        stated = {"code": found, "last_day": typed[f"via.{nth}.last_day"]}
        via.append({name: value for name, value in stated.items() if value})
    if via:
        made.trip["via"] = via
    return made


async def place_of(context: Context, typed: Entered, name: str) -> tuple[Resolved, str | None]:
    """One place that was typed, and its code; a name of several places is a fault with its candidates."""
    made = Resolved(typed, {})
    return made, await _place(context, made, name)


def picked(typed: Entered) -> Entered:
    """The form after one of several places of a name was chosen, ready to go on."""
    if not typed["pick"]:
        return typed
    name, _, place = typed["pick"].partition("=")
    return typed.but({name: place, "act": "next", "pick": ""})


def shown_as(typed: Entered) -> dict[str, str]:
    """Where a fault of the trip's body stands on the form."""
    names = {"trip.origin_code": "origin"}
    filled = [nth for nth in via_rows(typed) if typed[f"via.{nth}.place"]]
    for place, nth in enumerate(filled):
        names[f"trip.via.{place}.code"] = f"via.{nth}.place"
        names[f"trip.via.{place}.last_day"] = f"via.{nth}.last_day"
    return names


async def _place(context: Context, made: Resolved, name: str) -> str | None:
    text = made.typed[name]
    if not text:
        return None
    if (code := _CODE.search(text)) is not None:
        return code.group()
    found = await _found(context, text)
    exact = [one for one in found if is_called(one.name, text)]
    meant = exact if len(exact) == 1 else found if len(found) == 1 else []
    if meant:
        made.typed = made.typed.but({name: spelled(meant[0])})
        return meant[0].code
    made.faults[name] = "fault.place_many" if found else "fault.place_none"
    made.candidates[name] = [spelled(one) for one in (exact or found)[:8]]
    return None


async def _found(context: Context, text: str) -> list[DivisionAnswer]:
    page = await risk_api.find_divisions(context, text[:40], limit=40)
    return [one for one in page.items if one.same_as is None]
