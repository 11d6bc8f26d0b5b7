"""What sanitation tells: sites, rounds, waste, inspections."""

from datetime import datetime
from typing import Any

from tests.integration.reporting.oracle.rows import (
    Row,
    Rows,
    day_of,
    instant,
    local,
    moment,
)


class SanitationRows(Rows):
    """By the events of sanitation."""

    def on_SiteRegistered(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.put(
            "site",
            (d["site_id"],),
            **{k: d.get(k) for k in ("compound", "kind", "rounds_per_day", "active")},
            since=day_of(d["since"]),
            on_duty_from=instant(d.get("on_duty_from")),
        )

    def on_RoundLogged(self, d: Row, *_: Any) -> None:  # noqa: N802
        if d["counts"]:
            self.credit(d, "rounds", "done_at")
        key = (d["site_id"], local(d["done_at"]).date())
        for figure, number in (
            ("logged", 1),
            ("counted", int(d["counts"])),
            ("outside_range", int(not d["within_range"])),
        ):
            self.counts["site_day"][(*key, figure)] += number

    def on_RoundMissed(self, d: Row, *_: Any) -> None:  # noqa: N802
        values = {k: d[k] for k in ("kind", "required", "counted", "shortfall")}
        self.put("round_missed", (day_of(d["day"]), d["site_id"]), compound=d["compound"], **values)

    def on_SiteExempted(self, d: Row, *_: Any) -> None:  # noqa: N802
        days = {"from_day": day_of(d["from_day"]), "last_day": day_of(d.get("last_day"))}
        self.put("site_exemption", (d["closure_id"],), **days).setdefault("site_id", d["site_id"])

    def on_VentilationLogged(self, d: Row, *_: Any) -> None:  # noqa: N802
        key = (local(d["began_at"]).date(), d["compound"], d["kind"])
        self.counts["ventilation_day"][(*key, "times")] += 1
        self.counts["ventilation_day"][(*key, "minutes")] += d["minutes"]

    def on_WastePickupDue(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        row = self.rows["waste_pickup"].setdefault(
            (d["pickup_id"],),
            {"compound": d["compound"], "day": day_of(d["day"]), "due_at": None, "bags": None},
        )
        row["missed"] = d["reason"] if name == "WastePickupMissed" else None
        row["state"] = name.removeprefix("WastePickup").lower()
        if name == "WastePickupDue":
            row["due_at"] = instant(d["due_at"])
        if name == "WastePickupDone":
            row["bags"] = d["bags"]
            self.credit(d, "pickups", "handed_over_at")

    on_WastePickupMissed = on_WastePickupDone = on_WastePickupWithdrawn = on_WastePickupDue  # noqa: N815

    def on_MaskBinEmptied(self, d: Row, *_: Any) -> None:  # noqa: N802
        at = moment(d["emptied_at"])
        row = self.rows["mask_bin"].setdefault((d["site_id"],), {"compound": d["compound"], "emptied_at": at})
        row["emptied_at"] = max(row["emptied_at"], at)
        self.tally("mask_bins", d["compound"], at)

    def on_InspectionRecorded(self, d: Row, *_: Any) -> None:  # noqa: N802
        values = {k: d[k] for k in ("compound", "inspected", "result")}
        self.add("inspection", (d["inspection_id"],), day=local(d["inspected_at"]).date(), **values)

    def order(self, d: Row, **values: Any) -> None:
        """Something is said of an order, perhaps the first thing that is heard of it."""
        row = self.rows["rectification"].setdefault(
            (d["order_id"],),
            {
                "compound": d["compound"],
                "level": 0,
                **dict.fromkeys(("item", "source", "ordered_at", "due_at")),
            },
        )
        row.update(values)

    def on_RectificationOrdered(self, d: Row, *_: Any) -> None:  # noqa: N802
        due = instant(d["due_at"])
        known = self.rows["rectification"].get((d["order_id"],))
        again = {} if known is None or known["due_at"] in (None, due) else {"level": 0}
        said = {"item": d["item"], "source": d["source"], "ordered_at": instant(d["ordered_at"])}
        self.order(d, **said, due_at=due, state="ordered", **again)

    def on_RectificationMended(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.order(d, state="mended")

    def on_RectificationOverdue(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.order(d, state="ordered", due_at=instant(d["due_at"]), level=d["level"])

    def on_RectificationClosed(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.order(d, state=d["outcome"])
        if d["outcome"] == "rectified":
            self.tally("orders_mended", d["compound"], moment(d["closed_at"]))

    def on_VenueStatusChanged(self, d: Row, *_: Any) -> None:  # noqa: N802
        values = {k: d[k] for k in ("compound", "kind", "status")}
        self.put("venue", (d["venue_id"],), **values, changed_at=instant(d["changed_at"]))
