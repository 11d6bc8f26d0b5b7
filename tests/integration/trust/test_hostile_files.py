"""Files that are not what they say, to every route that takes one: refused or read to the end, never a fault (F19)."""

import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from functools import cache

import pytest
from PIL import Image

from deploy.local.secrets import Secrets
from shared.http.access import STAFF, Role
from shared.http.problem import MEDIA_TYPE
from shared.kernel.tables import Table, write
from tests.integration.trust.test_every_cell import Matrix, matrix_of
from tests.integration.trust.worlds import ClientFor

pytestmark = pytest.mark.requirement("F19")
TAKING = ("gate", "observation", "registry", "sanitation")
"""Services that take files; headquarters' takes none."""
WORKED_OFF = ("registry.imports", "site_imports", "observation.questionnaires")
"""What reads files in the background."""
SECRET = "root:x:0:0"
_ENTITY = b'<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


def workbook(**parts: bytes) -> bytes:
    """A workbook with one line, some of its parts replaced or added; `__` stands for a slash, `_x_` for a dot."""
    whole = write(Table(name="甲", header=["小区编号", "姓名"], rows=[["lj-001", "=1+1"]]), "xlsx")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        named = {name.replace("__", "/").replace("_x_", "."): content for name, content in parts.items()}
        for name in old.namelist():
            new.writestr(name, named.pop(name, old.read(name)))
        for name, content in named.items():
            new.writestr(name, content)
    return out.getvalue()


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("1" if size[0] > 5_000 else "RGB", size).save(out, kind)
    return out.getvalue()


@cache
def hostile_files() -> Mapping[str, bytes]:
    """By what is wrong with them."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    )
    entity = (
        _ENTITY + sheet + b'<c r="A1" t="inlineStr"><is><t>&e;&b;</t></is></c></row></sheetData></worksheet>'
    )
    page = b"<html><script>alert(1)</script></html>"
    return {
        "nothing": b"",
        "a zip bomb": workbook(xl__media__a_x_bin=b"\0" * 600_000_000),
        "outside entities": workbook(xl__worksheets__sheet1_x_xml=entity),
        "macros": workbook(xl__vbaProject_x_bin=b"\xd0\xcf\x11\xe0" + b"Auto_Open" * 50),
        "a way out of the folder": workbook(**{"..__..__..__etc__passwd": b"x"}),
        "a page behind a picture": picture("JPEG") + page,
        "a workbook behind a picture": picture("PNG") + workbook(),
        "a picture too large": picture("PNG", (30_000, 30_000)),
        "a picture of another kind": picture("GIF"),
        "a page": page,
        "a program": b"MZ\x90\0" + b"\0" * 500,
        "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000,
        "half a workbook": workbook()[:700],
        "no text": bytes(range(256)) * 20,
        "utf-16 that breaks off": "小区编号,姓名\r\nlj-001,甲".encode("utf-16")[:-1],
        "a line without an end": b"a" * 3_000_000,
        "quotes without an end": b'"' * 99_999,
    }


NAMES = ("list.xlsx", "../../etc/passwd", "a.exe", "x" * 5_000 + ".csv", "名单\u202e.xlsx", "a\0b.csv", "")


async def worked_off(matrix: Matrix) -> None:
    """Everything that was sent is read in the background, to its end."""
    client = matrix.world.client
    for ticker in client.service.tickers:
        if ticker.name in WORKED_OFF:
            for _ in range(80):
                await ticker.act(client.context.database)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("service", TAKING)
async def test_a_file_that_is_not_what_it_says_is_the_senders_problem(
    service: str, client_for: ClientFor, secrets: Secrets
) -> None:
    matrix = await matrix_of(service, client_for, secrets)
    http, statuses, faults = matrix.world.client.http, Counter[int](), list[str]()
    cells = [cell for cell in matrix.cells() if "files" in matrix.asking.of(cell, new=True)[1]]
    assert cells
    for cell in cells:
        path, content = matrix.asking.of(cell, new=True)
        staff = sorted(matrix.table[cell] & STAFF, key=lambda role: role is not Role.COMMUNITY_CLERK)
        for nth, (what, held) in enumerate(hostile_files().items()):
            answer = await http.request(
                cell.split(maxsplit=1)[0],
                path,
                params=content["params"],
                files={"file": (NAMES[nth % len(NAMES)], held, "image/png" if nth % 2 else "text/csv")},
                headers=matrix.credential(staff[0]),
            )
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 or SECRET in answer.text:
                faults.append(f"{cell} {what}: {answer.status_code}")
            if answer.status_code >= 400 and answer.headers["Content-Type"] != MEDIA_TYPE:
                faults.append(f"{cell} {what}: {answer.status_code} is no problem")
    await worked_off(matrix)
    print(f"\n{service:<12} {sorted(statuses.items())}")  # noqa: T201 -- the figures
    assert faults == []
    async with matrix.world.client.context.database.read() as conn:
        tables = await conn.fetch(
            "select table_name as name from information_schema.columns where table_schema = 'public'"
            " and column_name = 'state' and (table_name like '%import%' or table_name like 'questionnaire%')"
        )
        for table in tables:
            assert await conn.fetchval(f"select count(*) from {table['name']} where state = 'running'") == 0
            told = str(await conn.fetch(f"select * from {table['name']}"))
            assert SECRET not in told
