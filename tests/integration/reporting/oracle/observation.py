"""What observation tells: cases, windows, fevers."""

from datetime import datetime
from typing import Any

from tests.integration.reporting.oracle.rows import (
    Row,
    Rows,
    day_of,
    instant,
    moment,
)

WEIGHT = {"missed": 0, "late": 1, "submitted": 2}
ENDINGS = {"transferred": "transferred", "merged": "merged"}
ANSWERS = {
    "ReturneeRegistered": ("intake", "registered_at"),
    "ObservationStarted": ("started", "started_at"),
    "ObservationRestarted": ("restarted", "restarted_at"),
    "ObservationResumed": ("resumed", "resumed_at"),
    "ObservationClosed": ("closed", "closed_at"),
    "FeverCleared": ("cleared", "cleared_at"),
    "CaseConfirmed": ("confirmed", "confirmed_at"),
}


class ObservationRows(Rows):
    """By the events of observation."""

    def answer(self, d: Row, name: str) -> None:
        """Somebody has an outcome."""
        word, at = ANSWERS[name]
        self.add("report_answer", (d["person_ref"], word, instant(d[at])))

    def on_ObservationStarted(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        self.put(
            "observation_case",
            (d["case_id"],),
            **{k: d[k] for k in ("person_ref", "compound", "dwelling_id", "grid", "category", "measure")},
            state="active",
            anchor_date=day_of(d["anchor_date"]),
            last_day=day_of(d["last_day"]),
            started_at=instant(d["started_at"]),
            ended_at=None,
        )
        self.census(d, at, open_now=True, measure=d["measure"], happened=d["started_at"])

    def on_ObservationInterrupted(self, d: Row, _name: str, at: datetime) -> None:  # noqa: N802
        self.step(d, state="interrupted", measure="medical", ended_at=None)
        self.census(d, at, open_now=True, measure="medical", happened=d["interrupted_at"])

    def on_ObservationResumed(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        self.step(d, state="active", measure=d["measure"], last_day=day_of(d["last_day"]), ended_at=None)
        self.census(d, at, open_now=True, measure=d["measure"], happened=d["resumed_at"])

    def on_ObservationRestarted(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        days = {k: day_of(d[k]) for k in ("anchor_date", "last_day")}
        state = "interrupted" if d["measure"] == "medical" else "active"
        self.step(d, **days, state=state, measure=d["measure"], category=d["category"], ended_at=None)
        self.census(d, at, open_now=True, measure=d["measure"], happened=d["restarted_at"])

    def on_ObservationRescheduled(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.step(d, **{k: day_of(d[k]) for k in ("anchor_date", "last_day")})
        case = self.rows["observation_case"][d["case_id"],]
        if case["state"] == "awaiting_closure":
            case.update(state="active", ended_at=None)
        if d.get("void_windows") is not None:
            self.voids[d["case_id"]] = {
                (d["case_id"], one["day"], one["window"]) for one in d["void_windows"]
            }

    def on_ObservationMeasureChanged(self, d: Row, _name: str, at: datetime) -> None:  # noqa: N802
        self.step(d, measure=d["measure"], category=d["category"])
        self.census(d, at, open_now=None, measure=d["measure"], happened=d["changed_at"])

    def on_ObservationAwaitsClosure(self, d: Row, _name: str, at: datetime) -> None:  # noqa: N802
        self.step(d, state="awaiting_closure", last_day=day_of(d["last_day"]), ended_at=None)
        self.census(d, at, open_now=True, measure=None, happened=None)

    def on_ObservationCompleted(self, d: Row, _name: str, at: datetime) -> None:  # noqa: N802
        ended = instant(d["completed_at"])
        self.step(d, state="completed", last_day=day_of(d["last_day"]), ended_at=ended)
        self.census(d, at, open_now=False, measure=None, happened=d["completed_at"], kind="released")

    def on_ObservationClosed(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        self.step(d, state="closed", ended_at=instant(d["closed_at"]))
        kind = ENDINGS.get(d["ending"], "closed")
        self.census(
            d, at, open_now=False, measure=None, happened=d["closed_at"], kind=kind, ending=d["ending"]
        )

    def step(self, d: Row, **values: Any) -> None:
        """Something happens to a case that began."""
        self.rows["observation_case"][d["case_id"],].update(values)

    def census(
        self,
        d: Row,
        at: datetime,
        *,
        open_now: bool | None,
        measure: str | None,
        happened: str | None,
        kind: str = "",
        ending: str | None = None,
    ) -> None:
        """What a step means for how many are in force; None: as before."""
        key = (d["case_id"],)
        case = self.rows["census_case"].get(key)
        if case is None:
            case = self.put(
                "census_case", key, person_ref=d["person_ref"], compound=d["compound"], measure=measure
            )
            case.update(open=False, movements=0)
        before = dict(case)
        if measure is not None:
            case["measure"] = measure
        if open_now is not None:
            case["open"] = open_now
        moves: list[tuple[Row, str, int, str | None]] = []
        if before["open"] and not case["open"]:
            moves = [(before, kind, -1, ending)]
        elif case["open"] and not before["open"]:
            moves = [(case, "new", 1, None)]
        elif case["open"] and before["measure"] != case["measure"]:
            moves = [(before, "moved_out", -1, None), (case, "moved_in", 1, None)]
        for of, what, delta, how in moves:
            case["movements"] += 1
            self.put(
                "census_movement",
                (d["case_id"], case["movements"]),
                compound=of["compound"],
                measure=of["measure"],
                kind=what,
                delta=delta,
                ending=how,
                recorded_at=at,
                happened_at=instant(happened) or at,
            )

    def on_DeclarationSubmitted(self, d: Row, *_: Any) -> None:  # noqa: N802
        if d["by"] == "visit":
            self.credit(d, "observation_visits", "submitted_at")
        self.window(d, "late" if d["late"] else "submitted", instant(d["submitted_at"]))
        self.put("declaration_streak", (d["case_id"],), streak=0)

    def on_DeclarationMissed(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.window(d, "missed", None)
        self.put("declaration_streak", (d["case_id"],), streak=d["streak"])

    def window(self, d: Row, state: str, at: datetime | None) -> None:
        """The best that was said of a window, and of equals the first."""
        key = (d["case_id"], day_of(d["day"]), d["window"])
        known = self.rows["declaration_window"].get(key)
        if known is None or WEIGHT[known["state"]] < WEIGHT[state]:
            self.put("declaration_window", key, state=state, declared_at=at)

    def on_FeverCleared(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        self.tally("fevers_cleared", d["compound"], moment(d["cleared_at"]))

    def on_CaseConfirmed(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        self.answer(d, name)

    def on_SymptomReported(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.tally("symptoms_reported", d["compound"], moment(d["reported_at"]))

    def on_ReturneeRegistered(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        self.answer(d, name)
        first = self.rows["returnee_intake"].get((d["intake_id"],), {}).get("registered_at")
        at = moment(d["registered_at"])
        self.put(
            "returnee_intake",
            (d["intake_id"],),
            **{k: d[k] for k in ("person_ref", "compound", "category", "measure", "origin_code")},
            registered_at=min(first, at) if first else at,
        )
