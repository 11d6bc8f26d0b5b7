"""The daily report on paper and in files: the same figures as the answer, in Chinese that is really there."""

import csv
import io
from typing import Any

import httpx
import pypdf
import pytest
from python_calamine import CalamineWorkbook

from shared.events.registry.places import CompoundRegistered
from tests.integration.reporting.test_daily_reports_over_http import (
    CLERK,
    FIRST,
    SECOND,
    Office,
    a_day,
    clock,
    figure,
    office,
)
from tests.integration.reporting.world import TODAY

__all__ = ["office"]  # the fixture

PAGE = f"/v1/daily-reports/{TODAY}/file"


async def file(
    office: Office, how: str, role: str = "hq_officer", scope: str = "town", **query: Any
) -> bytes:
    answer = await office.get(PAGE, role, scope, format=how, **query)
    assert answer.status_code == 200, answer.text
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    return answer.content


def printed(content: bytes) -> tuple[pypdf.PdfReader, str]:
    """A document, and its text without the places where lines break."""
    document = pypdf.PdfReader(io.BytesIO(content))
    return document, "".join(page.extract_text() for page in document.pages).replace("\n", "")


def fonts(document: pypdf.PdfReader) -> list[tuple[str, bool]]:
    """Every font of a document: its name, and whether its glyphs are inside."""
    found = []
    for page in document.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = inner["/FontDescriptor"].get_object()
            found.append((inner["/BaseFont"], any(f"/FontFile{end}" in descriptor for end in ("", "2", "3"))))
    return found


@pytest.mark.requirement("R7.4")
async def test_a_sent_report_is_one_page_of_a4_with_its_chinese_inside(office: Office) -> None:
    await a_day(office)
    rare = "瀛洲毓秀苑·甲"
    await office.hear(
        CompoundRegistered(compound=SECOND, name=rare, neighbourhood="nb-01", mode="closed", area_m2=1)
    )
    office.client.move_to(clock(16, 30))
    assert (await office.say("confirm", FIRST)).status_code == 201
    draft = printed(await file(office, "pdf"))[1]
    assert await office.tick(clock(17)) == 1

    document, text = printed(await file(office, "pdf"))

    assert len(document.pages) == 1
    width, height = document.pages[0].mediabox[2:]
    assert (round(float(width)), round(float(height))) == (595, 842)
    assert all(inside and "NotoSerifCJK" in name for name, inside in fonts(document))
    for words in (
        "陆家镇疫情防控日报",
        "2020年2月24日 第1期（截至16:00）",
        f"小区确认 1/5，零报告 0 个。未报：{rare}、",
        "一、人员排查",
        "居家隔离新增0、现有1、累计1",
        "卡口发热新增1",
        "消毒面积（平方米）实—",
        "数据衔接校验通过。",
        "报送时间 2020-02-24 17:00",
        "陆家镇疫情防控指挥部",
    ):
        assert words in text, words
    assert "草稿（未报送）" in draft
    assert "�" not in text
    english = printed(await file(office, "pdf", lang="en"))[1]
    assert "Daily epidemic prevention report" in english
    assert "home quarantine new 0, now 1, total 1" in english


@pytest.mark.requirement("R7.4")
async def test_text_csv_and_workbook_have_the_figures_of_the_answer(office: Office) -> None:
    await a_day(office)
    office.client.move_to(clock(16, 30))
    changes = {"area.done": 1200}
    assert (await office.say("correct", FIRST, changes=changes, reason="=纸质台账")).status_code == 201
    assert await office.tick(clock(17)) == 1
    report = await office.report()

    told = (await file(office, "txt")).decode("utf-8-sig")
    table = await file(office, "csv")
    book = CalamineWorkbook.from_filelike(io.BytesIO(await file(office, "xlsx")))

    assert told.startswith("陆家镇疫情防控日报\n2020年2月24日 第1期（截至16:00）\n小区确认 1/5")
    assert "进入人次新增2" in told
    assert table.startswith(b"\xef\xbb\xbf")
    header, town, *units = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    assert town[header.index("进入人次新增")] == str(figure(report, "entries")["new"]) == "2"
    assert town[header.index("失联现有")] == "—"
    assert [row[0] for row in units] == [line["unit"] for line in report["units"]]
    assert (units[0][3], units[1][3]) == ("已更正", "未报")
    assert book.sheet_names == ["汇总", "分小区", "更正", "后续差异", "口径"]
    rows = {row[0]: row[1:] for row in book.get_sheet_by_name("汇总").to_python()[1:]}
    assert rows["进入人次"] == [2.0, "", "", "", "", ""]
    assert rows["早申报"] == ["", "", "", 1.0, 2.0, ""]
    assert rows["失联"][1] == "—"
    assert book.get_sheet_by_name("分小区").to_python()[1][4:] == [
        float(value) if value.isdigit() else value for value in town[4:]
    ]
    assert book.get_sheet_by_name("更正").to_python()[1] == [
        FIRST,
        "消毒面积（平方米）实",
        "",
        1200.0,
        "=纸质台账",
    ]


async def test_a_clerks_file_is_about_their_compounds_and_a_strange_format_is_refused(office: Office) -> None:
    await a_day(office)

    mine = (await file(office, "csv", *CLERK)).decode("utf-8-sig")
    strange: httpx.Response = await office.get(PAGE, format="docx")
    without: httpx.Response = await office.get(PAGE)

    assert [line.split(",")[0] for line in mine.splitlines()[1:]] == ["全镇", FIRST, SECOND]
    assert (strange.status_code, without.status_code) == (422, 422)


@pytest.mark.requirement("R7.4")
async def test_the_first_correction_says_so_and_lists_what_changed(office: Office) -> None:
    assert await office.tick(clock(17)) == 1
    await a_day(office)
    assert await office.tick(clock(18)) == 1

    text = printed(await file(office, "pdf"))[1]
    book = CalamineWorkbook.from_filelike(io.BytesIO(await file(office, "xlsx")))
    first = printed(await file(office, "pdf", version=1))[1]

    assert "第1期 更正第1次（截至16:00）" in text
    assert "更正" not in first
    assert ["", "进入人次新增", 0.0, 2.0] in book.get_sheet_by_name("后续差异").to_python()
