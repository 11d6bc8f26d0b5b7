"""The daily report from the figures to the last correction: what went upward stays, and what came later is told."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.reporting.handlers import daily_work
from services.reporting.handlers.daily_reports import REASON
from services.reporting.tickers import show_reports
from shared.events.policy_observation import Window
from shared.events.policy_reporting import DailyReportRules, ReportingRules
from shared.events.registry.leads import NoticePosted, NoticePublished
from shared.events.registry.returnees import WatchListLineSettled, WatchListRevised
from shared.kernel.days import at_local
from shared.testing.figures import figure as figure_told
from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.reported import changed, closed, returnee, symptom
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    check,
    compounds,
    declared,
    disinfected,
    missed,
    policy_revised,
    site,
    started,
    turn_started,
    vehicle,
)

FIRST, SECOND, THIRD, FOURTH, FIFTH = COMPOUNDS
TOMORROW = TODAY + timedelta(days=1)
CLERK = ("community_clerk", "neighbourhood:nb-01")
RULES = DailyReportRules(confirm_until=time(17), correction_minutes=60, correction_days=7)


def clock(hours: int, minutes: int = 0, day: date = TODAY) -> datetime:
    """A time in Shanghai."""
    return at_local(day, time(hours, minutes))


class Office(Reporting):
    """HQ's office, its clerks, and the ticker that sends what nobody sent."""

    async def post(
        self, path: str, body: dict[str, Any], role: str = "hq_officer", scope: str = "town"
    ) -> httpx.Response:
        headers = self.client.as_role(role, scope)
        found: httpx.Response = await self.client.http.post(path, headers=headers, json=body)
        return found

    async def say(
        self, kind: str, unit: str, *, day: date = TODAY, by: tuple[str, str] = CLERK, **body: Any
    ) -> httpx.Response:
        return await self.post(
            f"/v1/daily-reports/{day}/units/{unit}/{kind}", {"act_id": str(uuid4())} | body, *by
        )

    async def send(self, day: date = TODAY, **body: Any) -> httpx.Response:
        return await self.post(f"/v1/daily-reports/{day}/send", {"sending_id": str(uuid4())} | body)

    async def report(
        self, day: date = TODAY, role: str = "hq_officer", scope: str = "town", **query: Any
    ) -> Any:
        answer = await self.get(f"/v1/daily-reports/{day}", role, scope, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def tick(self, at: datetime) -> int:
        self.client.move_to(at)
        return await daily_work.send_due(self.client.context.database)

    async def events(self) -> list[str]:
        rows = await self.client.context.database.pool.fetch("select document from outbox order by id")
        return [row["document"] for row in rows]


def figure(report: Any, code: str) -> dict[str, int | None]:
    found: dict[str, int | None] = next(one["parts"] for one in report["figures"] if one["code"] == code)
    return found


def unit(report: Any, compound: str) -> Any:
    return next(one for one in report["units"] if one["unit"] == compound)


@pytest.fixture
async def office(client_for: Callable[[str], Awaitable[Any]]) -> Office:
    """With compounds and a policy by which a day ends at 16:00 and goes out at 17:00."""
    office = Office(await client_for("reporting"))
    revised = policy_revised()
    evening = Window(opens=time(17), closes=time(21), late_until=time(6))
    document = revised.document.model_copy(
        update={
            "reporting": ReportingRules(cut_off=time(16)),
            "daily_report": RULES,
            "observation": revised.document.observation.model_copy(update={"evening": evening}),
        }
    )
    await office.hear(revised.replace(document=document), *compounds())
    return office


async def a_day(office: Office) -> tuple[Any, Any]:
    """Something of everything in the first compound; the third has one case, the others have nothing."""
    case, other, there = started(FIRST, uuid4()), started(FIRST, uuid4()), started(THIRD, uuid4())
    lift, list_id, notice = site(FIRST), uuid4(), uuid4()
    yesterday = TODAY - timedelta(days=1)
    await office.hear(
        case,
        other,
        there,
        changed(case, MORNING, "home_quarantine"),
        closed(other, MORNING, "left_town"),
        symptom(case, MORNING),
        returnee(FIRST, MORNING, "focus"),
        returnee(FIRST, MORNING, "concern"),
        declared(case, TODAY, "morning"),
        missed(there, TODAY, "morning", 1),
        declared(case, yesterday, "evening"),
        check(FIRST, clock(15, 59)),
        check(FIRST, clock(16)),  # that is tomorrow's
        check(FIRST, clock(16, 0, yesterday)),
        check(FIRST, clock(15, 59, yesterday)),  # that was yesterday's
        check(FIRST, MORNING, "refuse", reasons=("fever",)),
        vehicle(FIRST, MORNING),
        turn_started(FIRST, MORNING),
        lift,
        disinfected(lift, clock(9, 0, yesterday)),
        WatchListRevised(list_id=list_id, lines=273, search_until=TOMORROW, closed=False, revised_at=MORNING),
        WatchListLineSettled(line_id=uuid4(), list_id=list_id, match="none", disposition="wrong_data"),
        NoticePublished(
            notice_id=notice, compounds=(FIRST,), channels_wanted=("broadcast",), published_at=MORNING
        ),
        NoticePosted(notice_id=notice, compound=FIRST, posting="broadcast", posted_at=MORNING),
    )
    return case, there


@pytest.mark.requirement("R7.4")
async def test_figures_are_derived_from_cut_off_to_cut_off_and_what_nobody_tells_is_not_known(
    office: Office,
) -> None:
    await a_day(office)
    office.client.move_to(clock(15, 59))

    draft = await office.report()

    assert (draft["state"], draft["version"], draft["continuous"]) == ("collecting", None, True)
    assert (draft["starts"], draft["ends"]) == ("2020-02-23T08:00:00Z", "2020-02-24T08:00:00Z")
    assert figure(draft, "entries") == {"new": 2}
    assert (figure(draft, "turned_back"), figure(draft, "gate_fevers")) == ({"new": 1}, {"new": 1})
    assert (figure(draft, "vehicles"), figure(draft, "on_duty")) == ({"new": 1}, {"now": 1})
    assert figure(draft, "morning") == {"due": 2, "done": 1, "missed": 1}
    assert figure(draft, "evening") == {"due": 1, "done": 1, "missed": 0}
    quarantine = figure(draft, "home_quarantine")
    assert (quarantine["new"], quarantine["moved_in"], quarantine["now"]) == (0, 1, 1)
    monitored = figure(draft, "home_self_monitoring")
    assert (monitored["new"], monitored["moved_out"], monitored["closed"], monitored["now"]) == (3, 1, 1, 1)
    assert figure(draft, "returnees_focus") == {"new": 1, "total": 1}
    assert figure(draft, "symptoms") == {"new": 1, "total": 1}
    assert figure(draft, "rounds") == {"due": 2, "done": 1}  # of the natural day before
    assert (figure(draft, "watch_lines")["now"], figure(draft, "watch_wrong_data")["now"]) == (273, 1)
    assert figure(draft, "notices") == {"new": 1}
    assert figure(draft, "area") == {"done": None}
    assert figure(draft, "out_of_contact") == {"now": None}
    for one in draft["figures"]:
        if not one["code"].startswith("watch_"):
            for part, value in one["parts"].items():
                lines = [line["values"][f"{one['code']}.{part}"] for line in draft["units"]]
                assert value == (None if None in lines else sum(lines)), (one["code"], part)
    early = await office.say("confirm", FIRST)
    assert (early.status_code, early.json()["code"]) == (409, "report_day_not_over")
    assert (await office.send()).json()["code"] == "report_day_not_over"


@pytest.mark.scenario("H1")
async def test_what_was_sent_at_five_is_kept_and_checks_that_arrive_at_eight_are_a_correction(
    office: Office,
) -> None:
    case, _ = await a_day(office)
    office.client.move_to(clock(16))
    assert (await office.say("confirm", FIRST)).status_code == 201
    assert (await office.say("zero", SECOND)).status_code == 201
    for_third = await office.say("zero", THIRD, by=("community_clerk", "town"))
    assert (for_third.status_code, for_third.json()["code"]) == (409, "not_zero")
    assert for_third.json()["figures"] == {"home_self_monitoring.new": 1, "home_self_monitoring.now": 1}
    too_early = await office.send()
    assert (too_early.json()["code"], too_early.json()["units"]) == ("units_missing", [THIRD, FOURTH, FIFTH])

    assert await office.tick(clock(16, 59)) == 0
    assert await office.tick(clock(17)) == 1
    assert await office.tick(clock(17)) == 0

    sent = await office.report()
    assert (sent["state"], sent["version"], sent["number"], sent["made_by"]) == (
        "sent",
        1,
        1,
        "reporting.daily_reports",
    )
    assert (sent["missing"], sent["zero"]) == ([THIRD, FOURTH, FIFTH], [SECOND])
    assert unit(sent, SECOND)["state"] == "zero"
    assert sent["pending"] == []

    office.client.move_to(clock(20))
    await office.hear(
        *(check(FIRST, clock(14, minute), offline=True) for minute in range(3)),
        check(SECOND, clock(9), offline=True),
        check(FIRST, clock(18)),  # that is tomorrow's
    )
    late = await office.say("confirm", FOURTH, by=("community_clerk", "town"))
    assert (late.status_code, late.json()["late"]) == (201, True)
    shown = await office.report()
    assert figure(shown, "entries") == {"new": 2}  # as it was sent
    pending = {(one["unit"], one["figure"]): (one["before"], one["after"]) for one in shown["pending"]}
    assert pending == {
        (None, "units.missing"): (3, 2),
        (None, "entries.new"): (2, 6),
        (FIRST, "entries.new"): (2, 5),
        (SECOND, "entries.new"): (0, 1),
    }

    assert await office.tick(clock(20)) == 1

    assert await office.report(version=1) == shown | {
        "pending": [],
        "state": "corrected",
        "newest_version": 2,
    }
    second = await office.report()
    assert (second["version"], figure(second, "entries")) == (2, {"new": 6})
    versions = (await office.get(f"/v1/daily-reports/{TODAY}/versions")).json()["versions"]
    assert [one["version"] for one in versions] == [1, 2]
    told = {(one["unit"], one["figure"]): (one["before"], one["after"]) for one in versions[1]["differences"]}
    assert told == pending
    assert versions[0]["differences"] == []

    # not more often than policy says, and only what is new
    await office.hear(check(FIRST, clock(13), offline=True))
    assert await office.tick(clock(20, 59)) == 0
    assert await office.tick(clock(21)) == 1
    assert (await office.send()).json()["code"] == "nothing_changed"
    events = [document for document in await office.events() if "DailyReport" in document]
    assert [("Sent.v1" in one, "Corrected.v1" in one) for one in events] == [(True, False)] + [
        (False, True)
    ] * 2
    assert str(case.person_ref) not in "".join(events)
    pool = office.client.context.database.pool
    with pytest.raises(Exception, match="append only"):
        await pool.execute("update daily_report_version set made_by = 'somebody'")


@pytest.mark.scenario("H1")
@pytest.mark.requirement("R7.4")
async def test_a_zero_report_holds_only_while_there_is_nothing_to_report(office: Office) -> None:
    office.client.move_to(clock(16))
    ill: dict[str, Any] = {"changes": {"symptoms.new": 1}, "reason": "电话报来一人"}
    assert (await office.say("correct", SECOND, **ill)).status_code == 201
    against = (await office.say("zero", SECOND)).json()
    assert (against["code"], against["figures"]) == ("not_zero", {"symptoms.new": 1})
    well: dict[str, Any] = {"changes": {"symptoms.new": 0}, "reason": "核实为误报"}
    assert (await office.say("correct", SECOND, **well)).status_code == 201
    assert (await office.say("zero", SECOND)).status_code == 201
    assert await office.tick(clock(17)) == 1
    assert (await office.report())["zero"] == [SECOND]

    office.client.move_to(clock(20))
    await office.hear(returnee(SECOND, clock(11)))
    assert await office.tick(clock(20)) == 1
    second = await office.report()
    assert (second["version"], second["zero"], unit(second, SECOND)["state"]) == (2, [], "open")
    assert SECOND in second["missing"]
    assert (await office.say("confirm", SECOND)).status_code == 201
    assert await office.tick(clock(21)) == 1
    assert unit(await office.report(), SECOND)["state"] == "confirmed"


@pytest.mark.scenario("H2")
async def test_a_report_that_contradicts_itself_is_not_sent_until_it_is_mended(office: Office) -> None:
    await a_day(office)
    office.client.move_to(clock(16, 30))
    reason = "纸质登记一户漏录"
    wrong = await office.say("correct", FIRST, changes={"home_quarantine.now": 2}, reason=reason)
    assert wrong.status_code == 201

    refused = await office.send(missing_accepted=True)

    assert (refused.status_code, refused.json()["code"]) == (409, "continuity_broken")
    assert refused.json()["faults"] == [
        {"unit": FIRST, "figure": "home_quarantine.now", "expected": 1, "found": 2, "off_by": 1},
        {"unit": None, "figure": "home_quarantine.now", "expected": 1, "found": 2, "off_by": 1},
    ]
    assert await office.tick(clock(17)) == 0  # it is not sent by itself either
    await show_reports(office.client.context.database)
    assert figure_told("report_continuity_mismatch", figure="home_quarantine.now") == 1
    assert figure_told("reporting_daily_reports_overdue") == 1
    draft = await office.report()
    assert (draft["continuous"], draft["state"]) == (False, "confirming")
    correction = draft["corrections"][0]
    assert (correction["original"], correction["value"], correction["reason"]) == (1, 2, reason)
    kept = await office.client.context.database.pool.fetchrow("select * from daily_report_act")
    assert reason not in str(dict(kept))

    assert (
        await office.say("correct", FIRST, changes={"home_quarantine.new": 1}, reason=reason)
    ).status_code == 201
    assert await office.tick(clock(17, 1)) == 1
    await show_reports(office.client.context.database)
    assert figure_told("report_continuity_mismatch", figure="home_quarantine.now") is None
    assert figure_told("reporting_daily_reports_overdue") == 0
    age = office.client.context.clock.real_now().timestamp() - (
        figure_told("reporting_daily_report_last_success_timestamp_seconds") or 0
    )
    assert 0 <= age < 60
    assert unit(await office.report(), FIRST)["state"] == "corrected"

    # the next day begins with what was sent: what was corrected has to come true or be corrected again
    office.client.move_to(clock(16, 0, TOMORROW))
    following = await office.report(TOMORROW)
    assert unit(following, FIRST)["values"]["home_quarantine.last"] == 2
    assert following["faults"][0]["off_by"] == -1
    mended = {"home_quarantine.now": 2}
    assert (
        await office.say("correct", FIRST, day=TOMORROW, changes=mended, reason="同上")
    ).status_code == 201
    assert await office.tick(clock(17, 0, TOMORROW)) == 1
    next_day = await office.report(TOMORROW)
    assert (next_day["number"], next_day["version"]) == (2, 1)
    change = next(one["change"] for one in next_day["figures"] if one["code"] == "home_quarantine")
    assert change == 0
    listed = (await office.get("/v1/daily-reports")).json()["items"]
    assert [(one["day"], one["versions"]) for one in listed] == [(str(TOMORROW), 1), (str(TODAY), 1)]


@pytest.mark.requirement("R7.4")
async def test_words_are_repeated_without_harm_and_kept_within_scope(office: Office) -> None:
    await a_day(office)
    office.client.move_to(clock(16))
    act_id, path = str(uuid4()), f"/v1/daily-reports/{TODAY}/units/{FIRST}"
    first = await office.say("confirm", FIRST, act_id=act_id)
    again = await office.say("confirm", FIRST, act_id=act_id)
    other = await office.say("zero", SECOND, act_id=act_id)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")

    for kind in ("zero", "confirm") * 5:  # time stands still meanwhile: the last word is the last one said
        assert (await office.say(kind, SECOND)).status_code == 201
    assert unit(await office.report(), SECOND)["state"] == "confirmed"

    outside = await office.say("confirm", THIRD)
    unknown = await office.say("confirm", "lj-999", by=("community_clerk", "town"))
    above = await office.post(f"{path}/confirm", {"act_id": str(uuid4())})
    bad = await office.say("correct", FIRST, changes={"home_quarantine": 2}, reason="错")
    assert (outside.status_code, outside.json()["code"]) == (403, "out_of_scope")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "compound_unknown")
    assert (above.status_code, above.json()["code"]) == (403, "role_not_allowed")
    assert bad.status_code == 422
    assert (await office.post(f"{path}/confirm", {"act_id": "x"}, *CLERK)).status_code == 422
    assert (await office.get("/v1/daily-reports/1999-12-31")).status_code == 422
    assert (await office.get(f"/v1/daily-reports/{TODAY}", version=1)).status_code == 404

    mine = await office.report(TODAY, *CLERK)
    assert (mine["scope"], [line["unit"] for line in mine["units"]]) == ("part", [FIRST, SECOND])
    assert figure(mine, "home_self_monitoring")["new"] == 2
    assert not any(one["code"].startswith("watch_") for one in mine["figures"])

    sending_id = str(uuid4())
    sent = await office.send(sending_id=sending_id, missing_accepted=True)
    repeated = await office.send(sending_id=sending_id, missing_accepted=True)
    elsewhere = await office.send(TODAY - timedelta(days=1), sending_id=sending_id)
    assert (sent.status_code, repeated.status_code, repeated.json()) == (201, 200, sent.json())
    assert elsewhere.json()["code"] == "same_id_other_content"
    upward = (await office.get(f"/v1/daily-reports/{TODAY}/upward")).json()
    assert upward["areas"] == [
        {
            "origin_code": "420100",
            "measure": "centralized_observation",
            "compound": FIRST,
            "new": 1,
            "total": 1,
        }
    ]
    assert (await office.get(f"/v1/daily-reports/{TODAY}/upward", *CLERK)).status_code == 403
    assert UUID(act_id)
    assert REASON == "daily_report_reason"  # part of what is stored


@pytest.mark.requirement("R7.4")
async def test_a_service_that_was_down_catches_up_and_lets_old_reports_be(office: Office) -> None:
    assert await office.tick(clock(17)) == 1
    await office.hear(check(FIRST, clock(9), offline=True))
    weeks_later = TODAY + timedelta(days=20)

    assert (
        await office.tick(clock(16, 30, weeks_later)) == 6
    )  # the last week, in order; what is older stays unsent
    assert await office.tick(clock(17, 0, weeks_later)) == 1

    listed = (await office.get("/v1/daily-reports")).json()["items"]
    days = [weeks_later - timedelta(days=number) for number in range(7)]
    assert [one["day"] for one in listed] == [str(day) for day in [*days, TODAY]]
    assert [one["number"] for one in listed] == list(range(8, 0, -1))
    assert {one["versions"] for one in listed} == {1}
    closed_day = await office.send(TODAY)
    assert (closed_day.status_code, closed_day.json()["code"]) == (409, "report_day_closed")


@pytest.mark.requirement("R7.4")
async def test_without_a_policy_for_it_no_report_is_made(client_for: Callable[[str], Awaitable[Any]]) -> None:
    office = Office(await client_for("reporting"))
    unknown = await office.get(f"/v1/daily-reports/{TODAY}")
    await office.hear(policy_revised(), *compounds())
    silent = await office.get(f"/v1/daily-reports/{TODAY}")

    assert (unknown.status_code, unknown.json()["code"]) == (503, "policy_unknown")
    assert (silent.status_code, silent.json()["code"]) == (503, "policy_silent")
    assert await office.tick(clock(18)) == 0


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("day", "said"),
    [(TOMORROW, "还没有到"), (date(2030, 1, 1), "还没有到"), (date(2019, 12, 31), "没有现行规则")],
)
async def test_a_day_to_come_or_before_all_rules_has_no_report(office: Office, day: date, said: str) -> None:
    office.client.move_to(clock(15, 59))
    for path, options in (
        ("/v1/daily-reports/{}", {}),
        ("/v1/daily-reports/{}/file", {"format": "csv"}),
        ("/reports/{}", {}),
    ):
        answer = await office.get(path.format(day), **options)
        assert (answer.status_code, answer.json()["code"]) == (404, "report_day_unknown"), path
        assert said in answer.json()["detail"]
    office.client.move_to(clock(16))
    assert (await office.get(f"/v1/daily-reports/{TOMORROW}")).status_code == 200
