"""Photos over HTTP: proof of one thing, sealed, seen by few, written down, and gone when their time is over."""

import io
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from services.sanitation import tickers
from tests.integration.sanitation.world import Service

SITE = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯"}


def picture(colour: str = "red") -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    Image.new("RGB", (40, 30), colour).save(written, "JPEG", exif=exif)
    return written.getvalue()


def log(**changes: Any) -> dict[str, Any]:
    return {
        "round_id": str(uuid4()),
        "site_code": "lj-001-s001",
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": "2020-02-24T08:30:00+08:00",
    } | changes


@pytest.mark.requirement("R5.1")
async def test_a_photo_proves_one_round_and_is_seen_by_who_may_see_it(sanitation: Service) -> None:
    assert (await sanitation.post("/v1/sites", SITE, "community_clerk")).status_code == 201
    photo_id, worker = str(uuid4()), "sanitation_worker"

    # A round cannot name a photo that is not there: nothing is written.
    early = await sanitation.post("/v1/rounds", log(photo_id=photo_id), worker)
    assert (early.status_code, early.json()["code"], early.json()["field"]) == (
        422,
        "photo_unknown",
        "photo_id",
    )
    assert await sanitation.published("RoundLogged") == []

    sent = await sanitation.send_photo(picture(), photo_id=photo_id, scope="compound:lj-001")
    assert (sent.status_code, sent.json()["width"], sent.json()["height"]) == (201, 40, 30)
    again = await sanitation.send_photo(picture(), photo_id=photo_id)
    assert (again.status_code, again.json()) == (200, sent.json())
    for other in (
        await sanitation.send_photo(picture("green"), photo_id=photo_id),
        await sanitation.send_photo(picture(), photo_id=photo_id, compound="lj-002"),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")

    # One photo, one round; that of another compound is none at all.
    body = log(photo_id=photo_id)
    assert (await sanitation.post("/v1/rounds", body, worker)).json()["photo_id"] == photo_id
    assert (await sanitation.post("/v1/rounds", body, worker)).status_code == 200
    twice = await sanitation.post("/v1/rounds", log(photo_id=photo_id), worker)
    assert (twice.status_code, twice.json()["code"]) == (422, "photo_used")
    foreign = str(uuid4())
    await sanitation.send_photo(picture(), photo_id=foreign, compound="lj-002")
    elsewhere = await sanitation.post("/v1/rounds", log(photo_id=foreign), worker)
    assert elsewhere.json()["code"] == "photo_unknown"

    # Sealed where it lies; what comes back is the picture alone; every look is written down.
    path = f"/v1/photos/{photo_id}"
    pool = sanitation.context.database.pool
    [part] = await pool.fetch("select part from photo_part where photo_id = $1", photo_id)
    assert b"JFIF" not in part["part"]
    seen = await sanitation.get(path, "property_manager", "compound:lj-001")
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert b"CANARY" not in seen.content
    with Image.open(io.BytesIO(seen.content)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (40, 30))
    assert (await sanitation.get(path, worker)).status_code == 403
    assert (await sanitation.get(path, "property_manager", "compound:lj-002")).status_code == 404
    assert (await sanitation.get(f"/v1/photos/{uuid4()}", "supervisor")).status_code == 404
    [read] = await pool.fetch("select actor, role, action, scope from audit_read")
    assert tuple(read) == ("test-property_manager", "property_manager", "photo", f"photo:{photo_id}")

    # What proves nothing is gone after a day; what proves something stays as long as policy says.
    await tickers.letting_go(sanitation.context.vault).act(sanitation.context.database)
    assert (await sanitation.get(f"/v1/photos/{foreign}", "supervisor")).status_code == 200
    sanitation.client.move_to(datetime(2020, 2, 25, 1, 1, tzinfo=UTC))
    await tickers.letting_go(sanitation.context.vault).act(sanitation.context.database)
    gone = await sanitation.get(f"/v1/photos/{foreign}", "supervisor")
    assert (gone.status_code, gone.json()["code"]) == (410, "photo_dropped")
    assert (await sanitation.get(path, "supervisor")).status_code == 200
    sanitation.client.move_to(datetime(2020, 8, 23, 1, 1, tzinfo=UTC))
    await tickers.letting_go(sanitation.context.vault).act(sanitation.context.database)
    assert (await sanitation.get(path, "supervisor")).status_code == 410
    assert await pool.fetchval("select count(*) from photo_part") == 0


@pytest.mark.requirement("R5.1")
async def test_what_is_no_photo_of_the_callers_is_refused_and_nothing_is_kept(sanitation: Service) -> None:
    for answer, status, code in (
        (await sanitation.send_photo(b"no picture"), 422, "not_an_image"),
        (await sanitation.send_photo(picture()[:200]), 422, "not_an_image"),
        (await sanitation.send_photo(picture() + b"x" * 8_000_001), 413, "body_too_large"),
        (await sanitation.send_photo(picture(), scope="compound:lj-002"), 403, "out_of_scope"),
        (await sanitation.send_photo(picture(), compound="nowhere-9"), 404, "compound_unknown"),
        (await sanitation.send_photo(picture(), "guard"), 403, "role_not_allowed"),
        (
            await sanitation.post(f"/v1/photos?photo_id={uuid4()}&compound=lj-001", {}, "supervisor"),
            422,
            "file_missing",
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    pool = sanitation.context.database.pool
    assert await pool.fetchval("select count(*) from photo") == 0
