"""Passes on paper: what is printed is read back from the picture and verified, and shows no more than it may."""

import re
import struct
import zlib
from collections.abc import Sequence
from uuid import UUID, uuid4

import httpx
import pytest
import zxingcpp

from shared.kernel import pass_token
from shared.kernel.pass_token import PassClaims
from tests.integration.registry.desk import Desk

pytestmark = pytest.mark.requirement("R2.4")
_MODULE = 6


def read_code(rows: Sequence[bytes]) -> str:
    """What a scanner reads in a picture: rows of grey pixels."""
    picture = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    # Asked for two-dimensional codes alone: bars of a line code are easily seen in the modules of a QR code.
    [found] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return str(found.text)


def pixels_of_png(png: bytes) -> list[bytes]:
    """One bit of grey a pixel: what the image says, unpacked."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    data, at = b"", 8
    while at < len(png):
        length = struct.unpack(">I", png[at : at + 4])[0]
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    lines = zlib.decompress(data)
    stride = 1 + (width + 7) // 8
    rows: list[bytes] = []
    above = bytes(stride - 1)
    for y in range(height):
        kind, line = lines[y * stride], lines[y * stride + 1 : (y + 1) * stride]
        assert kind in {0, 2}  # as they are, or less the line above
        above = line if kind == 0 else bytes((a + b) % 256 for a, b in zip(line, above, strict=True))
        rows.append(bytes(255 * ((above[x // 8] >> (7 - x % 8)) & 1) for x in range(width)))
    return rows


def pixels_of_svg(svg: str) -> list[bytes]:
    """Draws the one path of a code: horizontal strokes of one module's height."""
    found = re.search(r'viewBox="0 0 (\d+) \d+"', svg)
    path = re.search(r' d="([^"]+)"', svg)
    assert found
    assert path
    size = int(found[1])
    dark: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]+)", path[1]):
        given = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            dark |= {(int(x) + step, int(y)) for step in range(int(given[0]))}
            x += given[0]
        elif command == "M":
            x, y = given
        else:
            x, y = x + given[0], y + given[1]
    grey = [[0 if (column, row) in dark else 255 for column in range(size)] for row in range(size)]
    return [bytes(value for value in row for _ in range(_MODULE)) for row in grey for _ in range(_MODULE)]


async def claims(desk: Desk, token: str) -> PassClaims:
    keys = {
        event["key_id"]: pass_token.read_public(event["jwk"]) for event in await desk.told("PassKeyAnnounced")
    }
    return pass_token.verify(token, keys)


async def given_passes(desk: Desk, count: int) -> list[dict[str, str]]:
    people = [await desk.resident(f"{n}幢") for n in range(1, count + 1)]
    return [(await desk.ask_pass(person)).json() for person in people]


async def printed(desk: Desk, passes: Sequence[str | UUID], form: str = "a4") -> httpx.Response:
    return await desk.post("/v1/pass-sheets", {"pass_ids": [str(one) for one in passes], "format": form})


async def test_a_scanner_reads_the_signed_token_from_the_picture(desk: Desk) -> None:
    [told] = await given_passes(desk, 1)
    answer = await desk.get(f"/v1/passes/{told['pass_id']}/code.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    token = read_code(pixels_of_png(answer.content))
    assert token == told["token"]
    assert (str((await claims(desk, token)).pass_id), token[:4]) == (told["pass_id"], "EP1:")
    svg = await desk.get(f"/v1/passes/{told['pass_id']}/code.svg")
    assert svg.headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize("form", ["a4", "58mm"])
async def test_a_printed_sheet_shows_number_class_room_and_time_and_no_more(desk: Desk, form: str) -> None:
    told = await given_passes(desk, 9)
    page = await printed(desk, [one["pass_id"] for one in told], form)
    assert page.status_code == 200, page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    [font] = re.findall(r'url\("([^"]+)"\)', page.text)
    fetched = await desk.client.http.get(font)
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "font/woff2")
    assert not re.search(r"<script|\son\w+=|\sstyle=|https?:(?!//www\.w3\.org/2000/svg)", page.text)
    cards = page.text.split("<section")[1:]
    for number, (one, card) in enumerate(zip(told, cards, strict=True), start=1):
        for shown in (
            f"{one['number'][:4]} {one['number'][4:]}",
            "<b>A</b> 居民",
            "云桥一村",
            f"司徒* {number}幢-2-501",
            "2020-02-24 至 2020-03-25",
        ):
            assert shown in card
        assert (await claims(desk, read_code(pixels_of_svg(card)))).number == one["number"]
    assert "南星" not in page.text
    assert "990101" not in page.text  # how every document number here begins
    read = await desk.rows("select count(*) from audit_read where action = 'pass.sheet'")
    assert read == [{"count": 9}]


async def test_what_does_not_admit_is_not_printed(desk: Desk) -> None:
    first, second = await given_passes(desk, 2)
    await desk.hear(desk.fever(first["person_ref"]))
    refused = await printed(desk, [first["pass_id"], second["pass_id"]])
    assert (refused.status_code, refused.json()["code"]) == (409, "passes_not_printable")
    assert refused.json()["passes"] == [first["pass_id"]]
    image = await desk.get(f"/v1/passes/{first['pass_id']}/code.png")
    assert (image.status_code, image.json()["code"]) == (409, "passes_not_printable")
    assert (await printed(desk, [uuid4()])).json()["code"] == "pass_unknown"
    foreign = await desk.post(
        "/v1/pass-sheets", {"pass_ids": [second["pass_id"]]}, ("community_clerk", "compound:lj-002")
    )
    assert foreign.json()["code"] == "out_of_scope"
    assert (await desk.post("/v1/pass-sheets", {"pass_ids": []})).status_code == 422
