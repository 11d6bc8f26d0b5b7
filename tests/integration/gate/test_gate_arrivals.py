"""Who comes back and who is new: check, record and report in one step (R2.4, R2.5, R2.8, G4, G17)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from deploy.local.secrets import Secrets
from shared.events.policy_gate import GateTableRow
from shared.events.registry.passes import PassApplicationReceived, PassApplicationSettled
from shared.events.registry.returnees import IntakeTaskSettled, ReturneeRegistered
from shared.events.registry.rules import PolicyRevised, RiskAreasRevised
from shared.kernel.cards import CardKeys
from shared.kernel.ids import DwellingId, GridId, uuid7
from tests.integration.gate.town import HERE, NOW, OTHER_CHECKPOINT, POLICY, GateTown, Resident, codes

WUHAN, WENZHOU, CHENGDU = "420100", "330300", "510100"


@pytest.fixture
async def gate(town: GateTown) -> GateTown:
    """With a risk list: Hubei, of it one county taken out, and Wenzhou."""
    await town.tell(
        RiskAreasRevised(
            revision=1,
            effective_from=date(2020, 2, 1),
            areas={"420000": "focus", "429021": "other", WENZHOU: "concern"},
        )
    )
    return town


def body(town: GateTown, who: Resident | None = None, **changes: Any) -> dict[str, Any]:
    town.seq += 1
    number = who.document if who else "320583199001010018"
    return {
        "check_id": str(uuid7()),
        "seq": town.seq,
        "kind": "returnee" if who else "newcomer",
        "subject": {"kind": "document", "number": number},
        "mask": True,
        "temperature_c": 36.5,
        "origin_code": CHENGDU,
        "ticket": "train",
        "arrived_on": "2020-02-24",
        "papers": ["id_document"],
        "suzhou_code": "green",
        "checked_at": NOW.isoformat(),
    } | changes


async def send(town: GateTown, what: dict[str, Any], device: str = "") -> Response:
    headers = {"Authorization": f"Device {device or town.device}"}
    return await town.client.http.post("/v1/arrivals", json=what, headers=headers)


async def arrive(town: GateTown, what: dict[str, Any]) -> dict[str, Any]:
    answer = await send(town, what)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


ALERTS = ("FirstReturnSeen", "FocusAreaPersonReported", "PassApplicationRequested", "IntakeAnswersSealed")


async def alerts(town: GateTown) -> list[str]:
    return [name for name in ALERTS for _ in await town.published(name)]


async def loops(town: GateTown, role: str = "hq_officer", scope: str = "town") -> list[dict[str, Any]]:
    answer = await town.client.http.get("/v1/reports/open", headers=town.client.as_role(role, scope))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.scenario("G17")
async def test_a_first_return_from_a_city_of_concern_goes_home_is_recorded_and_reported(
    gate: GateTown, secrets: Secrets
) -> None:
    who = await gate.resident(with_pass=False)
    what = body(gate, who, origin_code=WENZHOU, phone="13900000000", name="王某某")
    told = await arrive(gate, what)
    assert (told["verdict"], told["action"], codes(told)) == (
        "admit_with_action",
        "go_straight_home",
        ["first_return"],
    )
    assert told["display"] == {"surname": "王*", "room": "3-1-502"}
    assert await alerts(gate) == ["FirstReturnSeen", "IntakeAnswersSealed"]
    [seen] = await gate.published("FirstReturnSeen")
    assert (seen["held"], seen["person_ref"]) == (False, str(who.person))
    [checked] = await gate.published("EntryChecked")
    assert (checked["verdict"], checked["check_id"]) == ("admit_with_action", what["check_id"])
    [sealed] = await gate.published("IntakeAnswersSealed")
    keys = CardKeys.load(secrets.card_keys_file("registry"))
    opened = keys.open_card("registry", sealed["answers"])
    assert (opened["origin_code"], opened["phone"], opened["ticket"]) == (WENZHOU, "13900000000", "train")
    everything = str(await gate.rows("select document from outbox")) + str(
        await gate.rows("select * from entry_check")
    )
    assert "13900000000" not in everything
    assert "王某某" not in everything
    [loop] = await loops(gate)
    assert (loop["kind"], loop["age_minutes"]) == ("first_return", 0)
    await gate.tell(registered(who))
    assert await loops(gate) == []


@pytest.mark.scenario("G17")
async def test_a_first_return_from_a_focus_city_is_held_for_transfer_and_reported_at_once(
    gate: GateTown,
) -> None:
    who = await gate.resident()  # a pass does not help
    told = await arrive(gate, body(gate, who, origin_code=WUHAN, mask=None))
    assert (told["verdict"], told["action"]) == ("refuse", "hold_for_transfer")
    assert await alerts(gate) == ["FirstReturnSeen", "FocusAreaPersonReported", "IntakeAnswersSealed"]
    [seen] = await gate.published("FirstReturnSeen")
    assert seen["held"]
    assert {loop["kind"] for loop in await loops(gate)} == {"first_return", "focus_area"}
    assert "420100" not in str(await gate.rows("select document from outbox"))
    await gate.observe(who, "centralized_observation")
    assert await loops(gate) == []
    again = await arrive(gate, body(gate, who, origin_code=WUHAN))
    assert codes(again)[0] == "under_quarantine"  # under a measure already: nothing new to report
    assert len(await gate.published("FirstReturnSeen")) == 1


@pytest.mark.parametrize(
    ("origin", "action"),
    [("420983", "hold_for_transfer"), ("429021", "go_straight_home"), ("330399", "go_straight_home")],
)
async def test_a_place_has_the_category_of_the_nearest_listed_place(
    gate: GateTown, origin: str, action: str
) -> None:
    who = await gate.resident()
    assert (await arrive(gate, body(gate, who, origin_code=origin)))["action"] == action


@pytest.mark.scenario("G4")
@pytest.mark.parametrize("colour", ["green", "green_pending", "none", "yellow", "red"])
async def test_a_newcomer_is_never_admitted_on_the_code_and_an_application_is_opened(
    gate: GateTown, colour: str
) -> None:
    what = body(gate, suzhou_code=colour)
    told = await arrive(gate, what)
    held = colour in {"yellow", "red"}
    assert (told["verdict"], told["action"]) == (
        "refuse",
        "hold_and_report" if held else "apply_at_community",
    )
    assert ("code_not_green" in codes(told)) == held
    assert await alerts(gate) == ["PassApplicationRequested", "IntakeAnswersSealed"]
    [asked] = await gate.published("PassApplicationRequested")
    assert (asked["suzhou_code"], asked["check_id"]) == (colour, what["check_id"])
    application = UUID(what["check_id"])
    await gate.tell(
        PassApplicationReceived(
            application_id=application, compound=HERE, via="gate", suzhou_code=colour, received_at=NOW
        )
    )
    [loop] = await loops(gate)
    assert (loop["kind"], loop["answered_at"] is not None) == ("application", True)
    await gate.tell(
        PassApplicationSettled(
            application_id=application, compound=HERE, outcome="refused", reason="papers", settled_at=NOW
        )
    )
    assert await loops(gate) == []


@pytest.mark.scenario("G4")
async def test_a_red_code_holds_also_who_lives_here(gate: GateTown) -> None:
    who = await gate.resident()
    told = await arrive(gate, body(gate, who, suzhou_code="red"))
    assert (told["verdict"], told["action"]) == ("refuse", "hold_and_report")
    [seen] = await gate.published("FirstReturnSeen")
    assert seen["held"]


@pytest.mark.requirement("R2.5")
@pytest.mark.scenario("G17")
async def test_who_says_to_have_been_in_a_focus_area_is_reported_at_once_and_once(gate: GateTown) -> None:
    who, yes = (
        await gate.resident(),
        {"been_to_focus_area": True, "contact_with_case": False, "unwell": False},
    )
    asked = gate.body(who, answers=yes)
    told = (await gate.send(asked)).json()
    assert (told["verdict"], told["action"]) == ("admit_with_action", "report_to_community")
    assert (await gate.send(asked)).status_code == 200
    [report] = await gate.published("FocusAreaPersonReported")
    assert (report["check_id"], report["person_ref"]) == (told["check_id"], str(who.person))
    assert [loop["kind"] for loop in await loops(gate)] == ["focus_area"]
    await gate.observe(who)
    assert await loops(gate) == []
    await gate.check(who, answers=yes)  # under a measure for it: nothing new
    assert await alerts(gate) == ["FocusAreaPersonReported"]

    back = await arrive(
        gate, body(gate, await gate.resident(room="3-1-503"), answers=yes)
    )  # from elsewhere, by way of it
    assert (back["verdict"], back["action"]) == ("refuse", "hold_for_transfer")
    assert len(await gate.published("FocusAreaPersonReported")) == 2


@pytest.mark.requirement("R2.5")
async def test_a_loop_is_closed_by_whoever_finds_that_no_intake_is_due(gate: GateTown) -> None:
    seen = await arrive(gate, body(gate, await gate.resident()))
    stranger = await arrive(gate, body(gate, origin_code=WUHAN, papers=[]))
    assert {loop["kind"] for loop in await loops(gate)} == {"first_return", "focus_area"}
    for told, outcome in ((stranger, "handed_over"), (seen, "mistaken_identity")):
        settled = {"task_id": uuid4(), "compound": HERE, "checks": [told["check_id"]], "outcome": outcome}
        await gate.tell(IntakeTaskSettled.model_validate({**settled, "settled_at": NOW}))
    assert await loops(gate) == []


async def test_a_newcomer_without_papers_registers_first(gate: GateTown) -> None:
    told = await arrive(gate, body(gate, papers=[]))
    assert told["action"] == "apply_at_community"
    assert await alerts(gate) == []


async def test_a_newcomer_from_a_focus_area_is_held_and_reported(gate: GateTown) -> None:
    told = await arrive(gate, body(gate, origin_code=WUHAN))
    assert told["action"] == "hold_for_transfer"
    assert await alerts(gate) == [
        "FocusAreaPersonReported",
        "PassApplicationRequested",
        "IntakeAnswersSealed",
    ]


async def test_the_steps_come_before_the_journey(gate: GateTown) -> None:
    who = await gate.resident()
    bare = await arrive(gate, body(gate, who, mask=False))
    assert (bare["verdict"], bare["action"]) == ("refuse", "put_on_mask")
    unmeasured = await arrive(gate, body(gate, who, temperature_c=3.65))
    assert (unmeasured["verdict"], unmeasured["action"]) == ("cannot_verify", "measure_again")
    assert await alerts(gate) == []  # they are checked again first
    hot = await arrive(gate, body(gate, who, temperature_c=38.1))
    assert (hot["verdict"], hot["action"]) == ("refuse", "fever_path")
    assert len(await gate.published("FeverSeen")) == 1
    assert {loop["kind"] for loop in await loops(gate)} == {"first_return", "fever"}


async def test_a_repeat_reports_once_and_other_content_is_an_error(gate: GateTown) -> None:
    who = await gate.resident()
    what = body(gate, who)
    first = await send(gate, what)
    later = {"seq": 999, "checked_at": (NOW + timedelta(seconds=40)).isoformat()}
    for repeat in (what | {"seq": 999}, what | later):
        again = await send(gate, repeat)
        assert (again.status_code, again.json()) == (200, first.json())
    second = await send(gate, what | later, await gate.enrol())  # the next device along, which saw it too
    assert (second.status_code, second.json()) == (200, first.json())
    other = await send(gate, what | {"origin_code": WUHAN})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert await alerts(gate) == ["FirstReturnSeen", "IntakeAnswersSealed"]


async def test_who_lives_elsewhere_is_new_here(gate: GateTown) -> None:
    who = await gate.resident()
    device = await gate.enrol(OTHER_CHECKPOINT)
    answer = await send(gate, body(gate, who), device)
    assert codes(answer.json()) == ["newcomer"]


@pytest.mark.scenario("G17")
@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (CHENGDU, ("cannot_verify", "match_document", ["subject_ambiguous", "first_return"])),
        (WUHAN, ("refuse", "hold_for_transfer", ["subject_ambiguous", "to_be_transferred", "first_return"])),
    ],
)
async def test_who_shares_a_surname_with_the_family_shows_a_document(
    gate: GateTown, origin: str, answer: tuple[str, str, list[str]]
) -> None:
    _, who = await gate.resident(with_pass=False), await gate.resident(with_pass=False)
    said = {"kind": "dwelling_surname", "room": "3幢1单元502", "surname": "王"}
    told = await arrive(gate, body(gate, who, subject=said, origin_code=origin))
    assert (told["verdict"], told["action"], codes(told)) == answer
    reported = ["FirstReturnSeen", "FocusAreaPersonReported", "IntakeAnswersSealed"]
    assert await alerts(gate) == (reported if origin == WUHAN else [])
    shown = await arrive(gate, body(gate, who, origin_code=origin))
    assert codes(shown)[-1] == "first_return"
    assert (await gate.published("FirstReturnSeen"))[-1]["person_ref"] == str(who.person)


async def test_who_moves_in_is_not_taken_for_the_resident_of_that_name(gate: GateTown) -> None:
    await gate.observe(await gate.resident(with_pass=False), "home_quarantine")
    said = {"kind": "dwelling_surname", "room": "3-1-502", "surname": "王"}
    told = await arrive(gate, body(gate, subject=said))
    assert (told["verdict"], codes(told), told["display"]) == ("refuse", ["newcomer"], None)
    [asked] = await gate.published("PassApplicationRequested")
    assert asked["person_ref"] is None


async def test_open_reports_are_seen_within_the_callers_places_and_age(gate: GateTown) -> None:
    await arrive(gate, body(gate, await gate.resident()))
    gate.client.move_to(NOW + timedelta(minutes=75))
    assert [loop["age_minutes"] for loop in await loops(gate, "supervisor", "compound:lj-001")] == [75]
    assert await loops(gate, "supervisor", "compound:lj-002") == []
    assert len(await loops(gate, "community_clerk", "neighbourhood:nb-1")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"origin_code": "42010"},
        {"origin_code": "湖北武汉市"},
        {"suzhou_code": "blue"},
        {"papers": ["passport_copy"]},
        {"subject": {"kind": "visitor"}},
        {"arrived_on": "2020-02-30"},
    ],
)
async def test_what_is_no_arrival_is_refused(gate: GateTown, changes: dict[str, Any]) -> None:
    answer = await send(gate, body(gate, **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await gate.rows("select check_id from entry_check") == []


def registered(who: Resident) -> ReturneeRegistered:
    return ReturneeRegistered(
        intake_id=uuid4(),
        person_ref=who.person,
        compound=HERE,
        dwelling_id=DwellingId(uuid4()),
        grid=GridId("lj-001-w01"),
        category="concern",
        measure="home_quarantine",
        origin_code=WENZHOU,
        anchor_date=date(2020, 2, 24),
        anchor_basis="arrival_with_proof",
        policy_version=1,
        risk_revision=1,
        registered_at=NOW,
    )


@pytest.mark.requirement("R2.5")
@pytest.mark.scenario("G17")
async def test_what_is_asked_of_whom_follows_the_policy_in_force(gate: GateTown) -> None:
    who = await gate.resident()
    await gate.observe(who)
    assert (await gate.check(who, direction="exit"))["action"] == "stay_home"
    assert (await gate.check({"kind": "visitor"}))["action"] == "handover_point"
    rows = (
        *(POLICY.gate_table or ()),
        GateTableRow(
            reasons=("self_monitoring",),
            cases=("home_self_monitoring",),
            directions=("exit",),
            verdict="admit_with_action",
            action="go_straight_home",
        ),
        GateTableRow(
            reasons=("no_pass",),
            cases=("visitor",),
            directions=("entry",),
            verdict="admit",
            action="note_departure",
        ),
    )
    document = POLICY.model_copy(update={"gate_table": rows})
    await gate.tell(
        PolicyRevised(version=2, effective_from=date(2020, 2, 24), revised_by="hq", document=document)
    )
    out = await gate.check(who, direction="exit")
    assert (out["verdict"], out["action"], out["policy_version"]) == (
        "admit_with_action",
        "go_straight_home",
        2,
    )
    visitor = await gate.check({"kind": "visitor"})
    assert (visitor["verdict"], codes(visitor)) == ("admit", ["no_pass"])


@pytest.mark.requirement("R2.5", "R4.6")
@pytest.mark.scenario("G17")
async def test_who_would_leave_home_quarantine_is_refused_and_reported_each_time_and_nobody_else_is(
    gate: GateTown,
) -> None:
    kept = await gate.resident()
    await gate.observe(kept, "home_quarantine")
    free, milder = await gate.resident(room="3-1-503"), await gate.resident(room="3-1-504")
    await gate.observe(milder, "home_self_monitoring")
    leaving = gate.body(kept, direction="exit")
    told, _again = [(await gate.send(leaving)).json() for _ in range(2)]
    assert (told["verdict"], told["action"]) == ("refuse", "stay_home_and_report")
    alone: dict[str, Any] = {"verdict": "admit", "reasons": [], "action": None, "policy_version": 1}
    assert (await gate.send(gate.body(kept, direction="exit", offline=alone))).status_code == 201
    before = (NOW - timedelta(hours=1)).isoformat()  # they went out when nothing kept them at home yet
    early = gate.body(kept, direction="exit", offline=alone, checked_at=before)
    assert (await gate.send(early)).status_code == 201
    for who, direction in ((kept, "entry"), (free, "exit"), (milder, "exit")):
        await gate.check(who, direction=direction)
    seen = await gate.published("QuarantineExitSeen")
    assert [(one["person_ref"], one["verdict"]) for one in seen] == [
        (str(kept.person), "refuse"),
        (str(kept.person), "admit"),
    ]
    assert seen[0]["check_id"] == told["check_id"]


@pytest.mark.requirement("R2.5", "R4.10")
async def test_who_tells_of_a_contact_with_a_case_is_reported_once_until_somebody_found_out(
    gate: GateTown,
) -> None:
    who = await gate.resident()
    yes = {"been_to_focus_area": False, "contact_with_case": True, "unwell": False}
    asked = gate.body(who, answers=yes)
    told = (await gate.send(asked)).json()
    assert (told["verdict"], told["action"]) == ("admit_with_action", "report_to_community")
    assert (await gate.send(asked)).status_code == 200
    await gate.check(who, answers=yes | {"contact_with_case": False, "unwell": True})
    [report] = await gate.published("CaseContactReported")
    assert (report["check_id"], report["person_ref"]) == (told["check_id"], str(who.person))
    [loop] = await loops(gate)
    assert (loop["kind"], loop["check_id"]) == ("case_contact", told["check_id"])
    await gate.observe(who, "centralized_observation")
    assert await loops(gate) == []
    await gate.check(who, answers=yes)  # under a measure for it: nothing new
    assert len(await gate.published("CaseContactReported")) == 1
