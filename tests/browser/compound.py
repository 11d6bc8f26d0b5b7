"""A compound of the sanitation pages' tests: places, logs and photos, made over the API as others make them."""

import io
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from PIL import Image

from shared.kernel.days import at_local, local_day
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack
from tests.acceptance.watched import AREAS, Watch

NEIGHBOURHOOD = "san-nb"


def picture(colour: str = "grey") -> bytes:
    """A photo as a phone makes it, with what a camera writes beside the picture."""
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    Image.new("RGB", (640, 480), colour).save(written, "JPEG", exif=exif)
    return written.getvalue()


async def compound(stack: Stack, code: str, name: str) -> None:
    """A compound that sanitation has heard of."""
    officer = stack.as_role("hq_officer")
    body: dict[str, Any] = {"version": 0, "name": "净安社区", "kind": "community"}
    await stack.call(
        "PUT",
        "registry",
        f"/v1/neighbourhoods/{NEIGHBOURHOOD}",
        headers=officer,
        json=body,
        expect=(200, 201, 409),
    )
    place: dict[str, Any] = {
        "version": 0,
        "neighbourhood_id": NEIGHBOURHOOD,
        "name": name,
        "building_type": "high_rise",
        "address": "净安路 1 号",
        "mode": "closed",
        "area_m2": 90_000,
    }
    path = f"/v1/compounds/{code}"
    await stack.call("PUT", "registry", path, headers=officer, json=place, expect=(200, 201, 409))
    await stack.equal()


async def site(stack: Stack, code: str, number: int, kind: str, name: str) -> str:
    """A place that is to be disinfected, since yesterday."""
    made = f"{code}-s{number}"
    since = local_day(stack.now()) - timedelta(days=1)
    body = {"code": made, "compound": code, "kind": kind, "name": name, "since": since.isoformat()}
    clerk = stack.as_role("community_clerk")
    await stack.call("POST", "sanitation", "/v1/sites", headers=clerk, json=body, expect=201)
    return made


async def disinfected(stack: Stack, code: str, at: datetime) -> str:
    """A round that was logged by somebody else's phone."""
    round_id = str(uuid4())
    body = {
        "round_id": round_id,
        "site_code": code,
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": at.isoformat(),
    }
    worker = stack.as_role("sanitation_worker")
    await stack.call("POST", "sanitation", "/v1/rounds", headers=worker, json=body, expect=201)
    return round_id


async def book(stack: Stack, code: str) -> list[dict[str, Any]]:
    """The day's book of a compound."""
    answer = await stack.call(
        "GET", "sanitation", f"/v1/rounds?compound={code}", headers=stack.as_role("hq_officer")
    )
    found: list[dict[str, Any]] = answer["items"]
    return found


def today_at(stack: Stack, hour: int) -> datetime:
    """An hour of the business day."""
    return at_local(local_day(stack.now()), time(hour))


async def isolating(stack: Stack, code: str, room: int) -> dict[str, Any]:
    """A household under home quarantine since today; its pickup of today."""
    officer, worker = stack.as_role("hq_officer"), stack.as_role("sanitation_worker")
    grid = {"version": 0, "name": "第一网格"}
    path = f"/v1/compounds/{code}/grids/{code}-w01"
    await stack.call("PUT", "registry", path, headers=officer, json=grid, expect=(200, 201, 409))
    watch = Watch(stack, people=room - 101)
    if not await stack.call("GET", "registry", "/v1/risk-areas", headers=officer):
        await watch.publish_risk(AREAS, watch.day)
    home = await watch.dwelling(code)
    await watch.back(watch.day, origin="330300", dwelling=home)

    async def planned() -> list[dict[str, Any]]:
        found = await stack.call("GET", "sanitation", f"/v1/pickups?compound={code}", headers=worker)
        return [one for one in found["items"] if one["dwelling_id"] == home and one["room"]]

    [due] = await eventually(planned, within=60, what="the pickup is planned")
    return due
