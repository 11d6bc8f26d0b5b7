"""What everybody who asked to pass must have been told: reasons gravest first, and the strictest verdict of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.live.ledger import Act, Ledger
from deploy.live.oracle import offices
from deploy.live.oracle.observation import MEASURES, Case, areas_on, category_of
from deploy.live.oracle.words import Table, day_of, fever, local

GRAVITY = (
    "fever",
    "under_quarantine",
    "self_monitoring",
    "pass_suspended",
    "wrong_compound",
    "no_pass",
    "not_checkable_offline",
    "subject_unknown",
    "no_mask",
    "pass_not_shown",
    "to_be_transferred",
    "code_not_green",
    "first_return",
    "newcomer",
)
STRICTNESS = ("admit", "admit_with_action", "cannot_verify", "refuse")
USUALLY: Mapping[str, str] = {
    "not_checkable_offline": "cannot_verify",
    "subject_unknown": "cannot_verify",
    "pass_not_shown": "admit_with_action",
    "first_return": "admit_with_action",
}
"""What a reason calls for; all others: refuse."""
GOES_HOME = frozenset({"under_quarantine", "self_monitoring", "pass_suspended", "wrong_compound", "no_pass"})
AT_HOME = frozenset({"home_self_monitoring", "home_quarantine"})
LETS_OUT = frozenset({"wrong_compound", "no_pass"})
LEEWAY = timedelta(seconds=300)
"""By so much two good clocks may differ."""
NEAR = timedelta(minutes=30)
"""So far the check of a driver may lie from that of the car: after a clock was set it may be an hour."""


@dataclass(slots=True)
class Standing:
    """What is known of somebody: the compound of their pass, and since when a fever at the gate holds them."""

    pass_of: str | None = None
    held: bool = False
    lives_in: str | None = None


def checks(ledger: Ledger, cases: Mapping[str, Case], by_device: Collection[str]) -> Table:
    """Every check: where, when, which way, the verdict, the reasons, and whether the device decided.

    Args:
        ledger: what was done.
        cases: who is under observation.
        by_device: the checks and cars about which a device decided by itself.
    """
    found: Table = {}
    for act, verdict, reasons in _judged(ledger, cases, by_device):
        found[act.key,] = (
            act.place,
            local(happened(act, ledger.acts[0].at)).isoformat(),
            act.about["direction"],
            verdict,
            reasons,
            act.key in by_device,
        )
    return found


def vehicles(
    ledger: Ledger,
    cases: Mapping[str, Case],
    by_device: Collection[str],
    shown_by_device: Collection[str],
    before_driver: Collection[str],
) -> Table:
    """Every car: refused with its driver, held until the driver was checked and the boot is open, else complete.

    A device goes by what it showed of the driver (`shown_by_device`: what it decided before any answer came), the
    gate by what it kept; `before_driver`: cars that the gate judged while the driver's check was still on its way.
    """
    kept = {act.key: verdict for act, verdict, _ in _judged(ledger, cases, by_device)}
    shown = {act.key: verdict for act, verdict, _ in _judged(ledger, cases, shown_by_device)}
    drivers, opened = {act.key: act for act in ledger.of("check")}, ledger.acts[0].at
    found: Table = {}
    for act in ledger.of("vehicle"):
        driver, alone = act.about["driver"], act.key in by_device
        verdict = (shown if alone else kept)[driver]
        unknown = not alone and (driver in by_device or act.key in before_driver)
        reasons = []
        if unknown or not _near(act, drivers[driver], opened, by_device=alone):
            reasons.append("occupant_unchecked")
        elif verdict == "refuse":
            reasons.append("driver_refused")
        elif verdict == "cannot_verify":
            reasons.append("occupant_not_cleared")
        if act.about["direction"] == "entry" and act.about["boot_opened"] is not True:
            reasons.append("boot_not_checked")
        outcome = "complete" if not reasons else "refuse" if "driver_refused" in reasons else "held"
        found[act.key,] = (
            act.place,
            local(happened(act, opened)).isoformat(),
            act.about["direction"],
            outcome,
            tuple(reasons),
            alone,
        )
    return found


def _near(car: Act, driver: Act, opened: datetime, *, by_device: bool) -> bool:
    """Does the driver's check count for the car? A device goes by its own clock, the gate by what it believes of it."""
    if by_device:
        told, before = (datetime.fromisoformat(act.about["device_at"]) for act in (car, driver))
    else:
        told, before = happened(car, opened), happened(driver, opened)
    return abs(told - before) <= NEAR


def happened(act: Act, opened: datetime) -> datetime:
    """The device's own time where it can be true: since the gates were opened, and not in the future; else ours."""
    device_at = datetime.fromisoformat(act.about["device_at"])
    return device_at if opened - LEEWAY <= device_at <= act.at + LEEWAY else act.at


def fevers(ledger: Ledger) -> Table:
    """Every fever of somebody who is known, seen at a gate."""
    return {(act.key,): (act.place,) for act in ledger.of("check") if fever(act.about["temperature"])}


def quarantine_exits(ledger: Ledger, cases: Mapping[str, Case], checked: Table) -> Table:
    """Everybody who stays at home and stood at a way out: where, when, and what they were answered."""
    found: Table = {}
    for act in ledger.of("check"):
        case = cases.get(act.about["who"])
        measure = case.measure_at(act.at) if case else None
        if measure == "home_quarantine" and act.about["direction"] == "exit":
            place, at, _, verdict, *_ = checked[act.key,]
            found[act.key,] = (place, at, verdict)
    return found


def seen_by_gate(ledger: Ledger, cases: Mapping[str, Case]) -> Iterator[tuple[Act, tuple[str, ...]]]:
    """Every check with the reasons that the gate itself finds, whatever a device may have shown."""
    return ((act, reasons) for act, _, reasons in _judged(ledger, cases, ()))


def flows(judged: Table, *, fever_reason: bool) -> Table:
    """Per compound and day: checked, in, out, refused, not verified (held, of cars), with a fever, offline."""
    sums: dict[tuple[str, str], list[int]] = {}
    for place, at, direction, verdict, reasons, offline in judged.values():
        day = day_of(datetime.fromisoformat(at)).isoformat()
        one = sums.setdefault((place, day), [0] * 7)
        one[0] += 1
        let = verdict in {"admit", "admit_with_action", "complete"}
        one[1] += let and direction == "entry"
        one[2] += let and direction == "exit"
        one[3] += verdict == "refuse"
        one[4] += verdict in {"cannot_verify", "held"}
        one[5] += fever_reason and "fever" in reasons
        one[6] += fever_reason and offline
    return {key: tuple(one) for key, one in sums.items()}


def _judged(
    ledger: Ledger, cases: Mapping[str, Case], by_device: Collection[str]
) -> Iterator[tuple[Act, str, tuple[str, ...]]]:
    known: dict[str, Standing] = {}
    lists = offices.lists(ledger)
    for act in ledger.acts:
        if act.kind == "pass" and act.answer.get("issued", True):
            known.setdefault(act.about["who"], Standing()).pass_of = act.place
        elif act.kind == "cleared":
            known.setdefault(act.about["who"], Standing()).held = False
        elif act.kind == "listed":
            known.setdefault(act.key, Standing()).lives_in = act.place
        elif act.kind == "check":
            who = known.setdefault(act.about["who"], Standing())
            measure = case.measure_at(act.at) if (case := cases.get(act.about["who"])) else None
            if who.held:
                measure = "medical"
            alone = act.key in by_device
            if act.about.get("journey") and measure is None and not alone:
                reasons = _of_a_journey(act, who, areas_on(day_of(act.at), lists))
            else:
                reasons = _reasons(act, who, measure, by_device=alone)
            yield act, _verdict(act, reasons, measure), reasons
            if fever(act.about["temperature"]) and who.pass_of is not None:
                who.held = True


def _of_a_journey(act: Act, who: Standing, areas: Mapping[str, str]) -> tuple[str, ...]:
    """Who comes from elsewhere: where they have been, what their code says, and whether they live here (R2.5, R2.8)."""
    journey = act.about["journey"]
    found = {"first_return" if who.lives_in == act.place else "newcomer"}
    if MEASURES[category_of(journey["origin"], areas)] == "centralized_observation":
        found.add("to_be_transferred")
    if journey["code"] in {"red", "yellow"}:
        found.add("code_not_green")
    if fever(act.about["temperature"]):
        found.add("fever")
    if not act.about["mask"]:
        found.add("no_mask")
    return tuple(reason for reason in GRAVITY if reason in found)


def _reasons(act: Act, who: Standing, measure: str | None, *, by_device: bool) -> tuple[str, ...]:
    found = set()
    if fever(act.about["temperature"]):
        found.add("fever")
    if not act.about["mask"]:
        found.add("no_mask")
    match act.about["shows"]:
        case "visitor":
            found.add("no_pass")
        case "document" if by_device:
            found.add("not_checkable_offline")
        case "document" if who.pass_of is None and measure is None:
            found.add("subject_unknown")
        case shows:
            found |= _known(act, who, measure, shows)
    return tuple(reason for reason in GRAVITY if reason in found)


def _known(act: Act, who: Standing, measure: str | None, shows: str) -> set[str]:
    found = set()
    if measure is not None:
        found.add("self_monitoring" if measure == "home_self_monitoring" else "under_quarantine")
    if who.pass_of is None:
        found.add("no_pass")
        return found
    if measure is not None:
        found.add("pass_suspended")
    if who.pass_of != act.place:
        found.add("wrong_compound")
    if shows == "document":
        found.add("pass_not_shown")
    return found


def _verdict(act: Act, reasons: tuple[str, ...], measure: str | None) -> str:
    strictest = "admit"
    for reason in reasons:
        calls_for = USUALLY.get(reason, "refuse")
        if act.about["direction"] == "entry" and measure in AT_HOME and reason in GOES_HOME:
            calls_for = "admit_with_action"
        if act.about["direction"] == "exit" and measure is None and reason in LETS_OUT:
            calls_for = "admit_with_action"
        strictest = max(strictest, calls_for, key=STRICTNESS.index)
    return strictest
