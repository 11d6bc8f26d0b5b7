"""The whole check: every table of the oracle beside everybody who has something to say of it."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import datetime

from deploy.live.checker import bus, headquarters, services
from deploy.live.checker.bus import Meddled
from deploy.live.checker.compare import Compared, Seen, compare
from deploy.live.checker.doors import Doors, Names
from deploy.live.ledger import Ledger
from deploy.live.oracle.outcome import Outcome, outcome_of
from deploy.live.oracle.words import Table, local

ANSWERED = {"checks": "check", "vehicles": "vehicle"}
"""Tables of what people were told at once, and the acts that hold the answers."""
ON_THE_STREAM_OF = {
    "checks": ("gate", "checks"),
    "vehicles": ("gate", "checks"),
    "fevers": ("gate", "alerts"),
    "quarantine_exits": ("gate", "alerts"),
    "first_returns": ("gate", "alerts"),
    "focus_reports": ("gate", "alerts"),
    "applied": ("gate", "alerts"),
    "answers_sent": ("gate", "cards_registry"),
    "turns": ("gate", "duty"),
    "gaps": ("gate", "duty"),
    "intakes": ("registry", "returnees"),
    "passes": ("registry", "passes"),
    "applications": ("registry", "applications"),
    "settled": ("registry", "applications"),
    "vehicle_passes": ("registry", "vehicle_passes"),
    "leads": ("registry", "leads"),
    "leads_closed": ("registry", "leads"),
    "surveyed": ("registry", "surveys"),
    "cases": ("observation", "cases"),
    "declarations": ("observation", "declarations"),
    "missed": ("observation", "declarations"),
    "rounds": ("sanitation", "rounds"),
    "short": ("sanitation", "rounds"),
    "airings": ("sanitation", "ventilation"),
    "venue_changes": ("sanitation", "venues"),
    "pickups_due": ("sanitation", "waste"),
    "pickups_missed": ("sanitation", "waste"),
    "fetched": ("sanitation", "waste"),
    "findings": ("reporting", "findings"),
    "reports": ("reporting", "daily_reports"),
}
"""Which stream tells of a table, where that stream may have been wiped."""


async def check(ledger: Ledger, doors: Doors, meddled: Meddled | None = None) -> list[Compared]:
    """Compare all; the result names every thing in every place, in one order.

    Args:
        ledger: what was done and answered.
        doors: where to look.
        meddled: what was done to the stream on purpose.
    """
    meddled = meddled or Meddled()
    names, kept = Names(ledger.ids), await services.read(doors, Names(ledger.ids))
    shown = {act.key for act in ledger.of(*ANSWERED.values()) if act.answer["offline"]}
    by_device, cars = _kept_by_device(ledger, kept), {act.key for act in ledger.of("vehicle")}
    early = _before_their_drivers(ledger, kept, shown)
    expected = _tables(ledger, by_device=by_device, shown_by_device=shown, before_driver=early)
    answered = {
        "checks": _tables(ledger, by_device=shown, shown_by_device=shown)["checks"],
        "vehicles": _tables(
            ledger,
            by_device=(by_device - cars) | (shown & cars),
            shown_by_device=shown,
            before_driver=early,
        )["vehicles"],
    }
    in_outboxes = await bus.outboxes(doors)
    on_stream = bus.as_told(await bus.messages(doors), meddled)
    understood = [one for one in on_stream if one.document["id"] not in meddled.poisoned]
    begins = [local(datetime.fromisoformat(act.about["begins"])) for act in ledger.of("shift")]
    rosters_since = min(begins).isoformat() if begins else ""
    on_bus = _places("bus", bus.narrowed(expected), bus.facts(understood, names, rosters_since))
    return [
        *_answers(ledger, answered),
        *_places("services", expected, kept),
        bus.whole(in_outboxes, on_stream, meddled),
        *(
            replace(one, lost=0, examples=()) if ON_THE_STREAM_OF.get(one.what) in meddled.wiped else one
            for one in on_bus
        ),
        *_places("headquarters", expected, await headquarters.read(doors, names, expected, rosters_since)),
    ]


def _tables(
    ledger: Ledger,
    *,
    by_device: Collection[str],
    shown_by_device: Collection[str],
    before_driver: Collection[str] = (),
) -> dict[str, Table]:
    outcome = outcome_of(
        ledger, by_device=by_device, shown_by_device=shown_by_device, before_driver=before_driver
    )
    return {field.name: getattr(outcome, field.name) for field in fields(Outcome)}


def _kept_by_device(ledger: Ledger, kept: dict[str, Seen]) -> set[str]:
    """Whose own decision must be kept: the device's while its line was cut, the gate's where it answered.

    Where the gate was asked and no answer came back it may have decided or not: there, and only there, it is believed.
    """
    found: set[str] = set()
    for what, kind in ANSWERED.items():
        offline = {key: bool(value[-1]) for (key,), value in kept[what]}
        for act in ledger.of(kind):
            if act.answer["offline"] and (act.about["line_cut"] or offline.get(act.key, True)):
                found.add(act.key)
    return found


def _before_their_drivers(ledger: Ledger, kept: dict[str, Seen], shown: Collection[str]) -> set[str]:
    """Cars that the gate judged without their driver's check, which it got later.

    Where the answer to that check was lost, and only there, it is believed.
    """
    without = {key for (key,), value in kept["vehicles"] if "occupant_unchecked" in value[-2]}
    return {act.key for act in ledger.of("vehicle") if act.about["driver"] in shown and act.key in without}


def _places(where: str, expected: dict[str, Table], said: dict[str, Seen]) -> list[Compared]:
    return [compare(what, where, expected[what], seen) for what, seen in said.items()]


def _answers(ledger: Ledger, expected: dict[str, Table]) -> list[Compared]:
    """What people were told when they asked, beside what they must have been told."""
    found = []
    for what, kind in ANSWERED.items():
        seen = [
            ((act.key,), (act.answer["verdict"], tuple(act.answer["reasons"]), act.answer["offline"]))
            for act in ledger.of(kind)
        ]
        found.append(
            compare(what, "answers", {key: value[3:] for key, value in expected[what].items()}, seen)
        )
    return found
