"""The roll of who is observed: paged, window by window, and what a corrected day 0 changes."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.events.observation import ObservationCompleted
from shared.kernel.ids import GridId
from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    about,
    corrected,
    declared,
    household,
    missed,
    started,
)

FIRST, SECOND, THIRD, *_ = COMPOUNDS


async def test_a_declaration_ends_a_streak(reporting: Reporting) -> None:
    case = started(FIRST, uuid4())
    await reporting.hear(case, missed(case, TODAY, "morning", 3))
    before = (await reporting.line(FIRST))["missed_streaks"]

    await reporting.hear(declared(case, TODAY, "morning", late=True))

    assert (before, (await reporting.line(FIRST))["missed_streaks"]) == (1, 0)


async def test_the_roll_is_paged_by_last_day_and_filtered(reporting: Reporting) -> None:
    cases = [
        started(compound, uuid4(), anchor=date(2020, 2, 11) + timedelta(days=number % 3))
        for number, compound in enumerate([FIRST] * 5 + [SECOND] * 2)
    ]
    ended = ObservationCompleted(
        **about(cases[0]), last_day=cases[0].last_day, pass_from=TODAY, completed_at=MORNING
    )
    await reporting.hear(
        *cases,
        ended,
        declared(cases[1], TODAY, "morning"),
        missed(cases[2], TODAY, "morning", 1),
        declared(cases[3], TODAY - timedelta(days=1), "evening"),
    )

    async def walk(**filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = (await reporting.get("/v1/observation-roll", limit=2, **filters, **after)).json()
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    everybody = await walk()
    assert [item["case_id"] for item in everybody] == [
        str(case.case_id) for case in sorted(cases, key=lambda case: (case.last_day, case.case_id))
    ]
    assert {item["case_id"] for item in await walk(compound=SECOND)} == {str(c.case_id) for c in cases[5:]}
    assert [item["case_id"] for item in await walk(state="completed")] == [str(cases[0].case_id)]
    today = {item["case_id"]: item["today"] for item in everybody}
    assert today[str(cases[1].case_id)] == {"morning": "submitted", "evening": None}
    assert today[str(cases[2].case_id)] == {"morning": "missed", "evening": None}
    assert today[str(cases[3].case_id)] == {"morning": None, "evening": None}
    assert {item["day_number"] for item in everybody} == {11, 12, 13}


async def test_a_case_is_told_window_by_window_and_the_reading_is_audited(reporting: Reporting) -> None:
    case, yesterday = started(FIRST, uuid4()), TODAY - timedelta(days=1)
    await reporting.hear(
        case,
        missed(case, yesterday, "evening", 1),
        declared(case, yesterday, "morning"),
        missed(case, TODAY, "morning", 2),
        declared(case, TODAY, "morning", late=True),
    )

    answer = await reporting.get(f"/v1/observation-roll/{case.case_id}", "supervisor")
    hidden = await reporting.get(f"/v1/observation-roll/{case.case_id}", "community_clerk", "compound:lj-002")
    unknown = await reporting.get(f"/v1/observation-roll/{uuid4()}")

    told = answer.json()
    assert [(w["day"], w["window"], w["state"]) for w in told["windows"]] == [
        ("2020-02-23", "morning", "submitted"),
        ("2020-02-23", "evening", "missed"),
        ("2020-02-24", "morning", "late"),
    ]
    assert (told["case"]["state"], told["case"]["streak"], told["case"]["day_number"]) == ("active", 0, 4)
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    read = await reporting.client.context.database.pool.fetch(
        "select actor, role, action, person_ref from audit_read"
    )
    assert [tuple(row.values()) for row in read] == [
        ("test-supervisor", "supervisor", "observation_roll.case", case.person_ref)
    ]


@pytest.mark.scenario("O3")
@pytest.mark.parametrize("first", ["the misses", "the correction"])
async def test_what_a_corrected_day_zero_leaves_outside_is_nobodys_miss(
    reporting: Reporting, first: str
) -> None:
    case, yesterday = started(FIRST, uuid4(), anchor=TODAY - timedelta(days=2)), TODAY - timedelta(days=1)
    misses = [
        missed(case, yesterday, "morning", 1),
        missed(case, yesterday, "evening", 2),
        missed(case, TODAY, "morning", 3),
    ]
    correction = corrected(case, yesterday, (yesterday, "morning"), (yesterday, "evening"))
    await reporting.hear(case)
    for event in (*misses, correction) if first == "the misses" else (correction, *misses):
        await reporting.hear(event)

    async def seen() -> tuple[list[str], int, int]:
        told = (await reporting.get(f"/v1/observation-roll/{case.case_id}")).json()
        return (
            [window["state"] for window in told["windows"]],
            told["case"]["streak"],
            (await reporting.line(FIRST))["missed_streaks"],
        )

    assert await seen() == (["void", "void", "missed"], 1, 0)
    moved = household(FIRST, case.dwelling_id).replace(grid=GridId(f"{FIRST}-w09"))
    await reporting.hear(moved)
    [line] = (await reporting.get("/v1/observation-roll")).json()["items"]
    assert (line["streak"], line["today"]) == (1, {"morning": "missed", "evening": None})
    assert line["grid"] == f"{FIRST}-w09"  # the grid in which the dwelling lies now

    await reporting.hear(declared(case, yesterday, "evening", late=True))  # and what was said is no void
    assert await seen() == (["void", "late", "missed"], 0, 0)
    await reporting.hear(missed(case, TODAY, "evening", 2), corrected(case, TODAY - timedelta(days=2)))
    assert await seen() == (["missed", "late", "missed", "missed"], 2, 1)  # corrected back: due after all
