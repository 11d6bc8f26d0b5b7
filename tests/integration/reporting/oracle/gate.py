"""What the gate tells: checks, duty, devices."""

from datetime import datetime
from typing import Any

from tests.integration.reporting.oracle.rows import (
    Row,
    Rows,
    instant,
    local,
)

REPORTS = {
    "FeverSeen": "fever",
    "FocusAreaPersonReported": "focus_person",
    "FirstReturnSeen": "first_return",
    "CaseContactReported": "case_contact",
}


class GateRows(Rows):
    """By the events of the gate."""

    def on_EntryChecked(self, d: Row, *_: Any) -> None:  # noqa: N802
        at = local(d["checked_at"])
        outcome = {"refuse": "refused", "cannot_verify": "cannot_verify"}.get(d["verdict"])
        figures = ["checks", outcome or {"entry": "entries", "exit": "exits"}[d["direction"]]]
        figures += ["fever"] * ("fever" in d["reasons"]) + ["offline"] * d["offline"]
        for figure in figures:
            self.counts["entry_flow"][at.date(), d["compound"], at.hour, figure] += 1

    def on_VehicleChecked(self, d: Row, *_: Any) -> None:  # noqa: N802
        at = local(d["checked_at"])
        outcome = {"held": "vehicles_held", "refuse": "vehicles_refused"}.get(d["verdict"])
        figure = outcome or {"entry": "vehicles_in", "exit": "vehicles_out"}[d["direction"]]
        self.counts["vehicle_flow"][at.date(), d["compound"], at.hour, figure] += 1

    def on_CheckFlagged(self, d: Row, *_: Any) -> None:  # noqa: N802
        key = (d["check_id"], d["flag"], d.get("other_check_id") or d["check_id"])
        where = {k: d[k] for k in ("compound", "checkpoint")}
        self.put("check_flag", key, **where, flagged_at=instant(d["flagged_at"]), ended_at=None)

    def on_AdmittedAfterRevocation(self, d: Row, *_: Any) -> None:  # noqa: N802
        key = (d["check_id"], f"admitted_after_{d['ended_as']}", d["check_id"])
        times = {"flagged_at": instant(d["checked_at"]), "ended_at": instant(d["ended_at"])}
        self.put("check_flag", key, **{k: d[k] for k in ("compound", "checkpoint")}, **times)

    def on_CheckOverridden(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.add(
            "override",
            (d["check_id"],),
            **{k: d[k] for k in ("compound", "checkpoint", "verdict", "reason")},
            overridden_at=instant(d["overridden_at"]),
            review_due_at=instant(d.get("review_due_at")),
            outcome=None,
            objection=None,
            reviewed_at=None,
        )

    def on_OverrideReviewed(self, d: Row, *_: Any) -> None:  # noqa: N802
        said = {"outcome": d["outcome"], "objection": d.get("objection")}
        self.change("override", (d["check_id"],), **said, reviewed_at=instant(d["reviewed_at"]))

    def on_DeviceEnrolled(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        row = self.put("gate_device", (d["device_id"],), compound=d["compound"], checkpoint=d["checkpoint"])
        for column in ("queue_length", "clock_skew_seconds"):
            row[column] = d[column] if name == "DeviceSeen" else row.get(column)
        for column in ("seen_at", "oldest_queued_at", "list_made_at"):
            row[column] = instant(d.get(column)) if name == "DeviceSeen" else row.get(column)
        row["revoked"] = row.get("revoked", False) or name == "DeviceRevoked"

    on_DeviceSeen = on_DeviceRevoked = on_DeviceEnrolled  # noqa: N815

    def on_DutyGapOpened(self, d: Row, *_: Any) -> None:  # noqa: N802
        where = {k: d[k] for k in ("compound", "checkpoint", "cause")}
        began = instant(d["began_at"])
        self.add("duty_gap", (d["gap_id"],), **where, began_at=began, ended_at=None, minutes=None)

    def on_DutyGapClosed(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.change("duty_gap", (d["gap_id"],), ended_at=instant(d["ended_at"]), minutes=d["minutes"])

    def on_ShiftStarted(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.add(
            "duty_turn",
            (d["turn_id"],),
            **{k: d.get(k) for k in ("shift_id", "worker_ref", "compound", "checkpoint", "late_minutes")},
            started_at=instant(d["started_at"]),
            ended_at=None,
            ended_by=None,
            minutes=None,
        )

    def on_ShiftEnded(self, d: Row, *_: Any) -> None:  # noqa: N802
        said = {"ended_by": d["ended_by"], "minutes": d["minutes"]}
        self.change("duty_turn", (d["turn_id"],), ended_at=instant(d["ended_at"]), **said)

    def on_FeverSeen(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        self.add(
            "gate_report",
            (d["check_id"], REPORTS[name]),
            **{k: d.get(k) for k in ("person_ref", "compound", "checkpoint")},
            reported_at=instant(d["checked_at"]),
            withdrawn=False,
        )

    on_FocusAreaPersonReported = on_FirstReturnSeen = on_FeverSeen  # noqa: N815

    def on_CaseContactReported(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.on_FeverSeen(d, name, at)
        self._flagged(d, "case_contact")

    def on_QuarantineExitSeen(self, d: Row, *_: Any) -> None:  # noqa: N802
        stopped = d["verdict"] in ("refuse", "cannot_verify")
        self._flagged(d, "quarantine_exit" if stopped else "quarantine_left")

    def _flagged(self, d: Row, flag: str) -> None:
        where = {k: d[k] for k in ("compound", "checkpoint")}
        key = (d["check_id"], flag, d["check_id"])
        self.put("check_flag", key, **where, flagged_at=instant(d["checked_at"]), ended_at=None)

    def on_FeverWithdrawn(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.change("gate_report", (d["corrects"], "fever"), withdrawn=True)
