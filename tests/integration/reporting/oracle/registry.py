"""What the registry tells: the town, its people, their passes, leads, notices, lists and surveys."""

from datetime import datetime
from typing import Any

from tests.integration.reporting.oracle.rows import (
    Row,
    Rows,
    day_of,
    instant,
)

STATE_OF_PASS = {
    "EntryPassSuspended": "suspended",
    "EntryPassReinstated": "active",
    "EntryPassRevoked": "revoked",
}


class RegistryRows(Rows):
    """By the events of the registry."""

    # ---- the town

    def on_CompoundRegistered(self, d: Row, *_: Any) -> None:  # noqa: N802 -- named as the event
        said = {k: d[k] for k in ("name", "neighbourhood", "mode", "area_m2")}
        self.put("compound", (d["compound"],), **said, neighbourhood_name=d.get("neighbourhood_name"))

    def on_AddressesRegistered(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.put("grid_addresses", (d["grid"],), compound=d["compound"], dwellings=d["dwellings"])

    def on_CheckpointOpened(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        posts = name == "CheckpointOpened" and not d.get("temporary", False)
        self.put("checkpoint", (d["checkpoint"],), compound=d["compound"], has_posts=posts)

    on_CheckpointClosed = on_CheckpointOpened  # noqa: N815

    def on_PostsNeeded(self, d: Row, *_: Any) -> None:  # noqa: N802
        fixed = {k: d[k] for k in ("compound", "place_kind", "place_id", "kind")}
        self.put("post_need", (d["post"],), **fixed, number=d.get("number"))

    def on_WorkerPosted(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.put(
            "posting",
            (d["posting_id"],),
            **{k: d.get(k) for k in ("worker_ref", "kind", "compound", "grid", "checkpoint")},
            from_day=day_of(d["from_day"]),
            until_day=day_of(d.get("until_day")),
        )

    def on_ResponsibilityAssigned(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.put(
            "responsibility",
            (d["assignment_id"],),
            **{k: d.get(k) for k in ("worker_ref", "role", "measure", "compound", "grid")},
            from_day=day_of(d["from_day"]),
            until_day=day_of(d.get("until_day")),
        )

    def on_PolicyRevised(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.add(
            "policy_version",
            (d["version"],),
            effective_from=day_of(d["effective_from"]),
            document=d["document"],
        )

    # ---- people

    def on_PersonRegistered(self, d: Row, *_: Any) -> None:  # noqa: N802
        values = {k: d[k] for k in ("compound", "dwelling_id", "relation", "resident")}
        self.put("person_residence", (d["person_ref"],), **values)

    def on_ResidenceEnded(self, d: Row, *_: Any) -> None:  # noqa: N802
        if d["reason"] != "moved":
            self.rows["person_residence"].pop((d["person_ref"],), None)

    def on_HouseholdChanged(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.put(
            "dwelling",
            (d["dwelling_id"],),
            **{k: d[k] for k in ("compound", "grid", "occupancy")},
            members=len(d["members"]),
        )

    def on_PeopleMerged(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        row = self.put("person_merge", (d["merge_id"],), active=name == "PeopleMerged")
        row.setdefault("kept", d["kept"])
        row.setdefault("merged", d["merged"])

    on_PeopleSeparated = on_PeopleMerged  # noqa: N815

    # ---- passes

    def on_EntryPassIssued(self, d: Row, _name: str, at: datetime) -> None:  # noqa: N802
        self.put(
            "entry_pass",
            (d["pass_id"],),
            compound=d["compound"],
            kind=d["kind"],
            state="active",
            valid_from=instant(d["valid_from"]),
            valid_until=instant(d["valid_until"]),
        )
        if d["serial"] == 1:
            self.tally("passes_issued", d["compound"], at)

    def on_EntryPassSuspended(self, d: Row, name: str, at: datetime) -> None:  # noqa: N802
        self.change("entry_pass", (d["pass_id"],), state=STATE_OF_PASS[name])
        if name != "EntryPassReinstated":
            self.tally("passes_stopped", d["compound"], at)

    on_EntryPassReinstated = on_EntryPassRevoked = on_EntryPassSuspended  # noqa: N815

    # ---- leads, notices, lists, surveys

    def on_LeadReceived(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        row = self.rows["lead"].setdefault(
            (d["lead_id"],),
            {
                "compound": d["compound"],
                **dict.fromkeys(("category", "received_at", "due_at", "closed_at", "valid", "duplicate")),
            },
        )
        row["category"] = d.get("category", row["category"])
        if name == "LeadClosed":
            self.credit(d, "leads_closed", "closed_at")
        if name == "LeadReceived":
            row.update(received_at=instant(d["received_at"]), duplicate=False)
        elif name == "LeadAssigned":
            row.update(due_at=instant(d["due_at"]))
        elif name == "LeadClosed":
            row.update(closed_at=instant(d["closed_at"]), valid=d["valid"])
        else:
            row.update(duplicate=name == "LeadMerged")

    on_LeadAssigned = on_LeadClosed = on_LeadMerged = on_LeadSeparated = on_LeadReceived  # noqa: N815

    def on_NoticePublished(self, d: Row, *_: Any) -> None:  # noqa: N802
        for compound in d["compounds"]:
            for channel in d["channels_wanted"]:
                key = (d["notice_id"], compound, channel)
                row = self.put("notice_posting", key, published_at=instant(d["published_at"]))
                row.setdefault("posted_at", None)

    def on_NoticePosted(self, d: Row, *_: Any) -> None:  # noqa: N802
        key = (d["notice_id"], d["compound"], d["posting"])
        self.change("notice_posting", key, posted_at=instant(d["posted_at"]))

    def on_HoldSettled(self, d: Row, *_: Any) -> None:  # noqa: N802
        if d["kind"] == "fever":
            self.add("report_answer", (d["person_ref"], "settled", instant(d["settled_at"])))

    def on_IntakeTaskSettled(self, d: Row, *_: Any) -> None:  # noqa: N802
        for check_id in d["checks"]:
            self.add("report_settled", (check_id,), settled_at=instant(d["settled_at"]))

    def on_WatchListRevised(self, d: Row, *_: Any) -> None:  # noqa: N802
        values = {"lines": d["lines"], "search_until": day_of(d["search_until"]), "closed": d["closed"]}
        self.put("watch_list", (d["list_id"],), **values)

    def on_WatchListLineSettled(self, d: Row, *_: Any) -> None:  # noqa: N802
        row = self.put("watch_line_settled", (d["line_id"],), disposition=d["disposition"])
        row.setdefault("list_id", d["list_id"])

    def on_SurveyRoundOpened(self, d: Row, name: str, _at: datetime) -> None:  # noqa: N802
        closed = name == "SurveyRoundClosed"
        self.put("survey_round", (d["round_id"],), number=d["number"], closed=closed)
        for compound, dwellings in d["dwellings"].items():
            self.put("survey_compound", (d["round_id"], compound), dwellings=dwellings)
        if not closed:
            days = {"opened_at": instant(d["opened_at"]), "due_on": day_of(d["due_on"])}
            self.add("survey_days", (d["round_id"],), **days)

    on_SurveyRoundClosed = on_SurveyRoundOpened  # noqa: N815

    def on_HouseholdSurveyed(self, d: Row, *_: Any) -> None:  # noqa: N802
        self.credit(d, "household_visits", "surveyed_at")
        listed = d.get("listed", True)
        self.put(
            "survey_dwelling",
            (d["round_id"], d["dwelling_id"]),
            compound=d["compound"],
            outcome=d["outcome"],
            final=d["final"] and listed,
            conflict=d["conflict"] and listed,
        )
