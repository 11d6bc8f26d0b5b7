"""All read models, by hand: every part together, and what follows from their rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.integration.reporting.oracle.gate import GateRows
from tests.integration.reporting.oracle.observation import ObservationRows
from tests.integration.reporting.oracle.registry import RegistryRows
from tests.integration.reporting.oracle.rows import SHANGHAI, Channel, Row, day_of
from tests.integration.reporting.oracle.sanitation import SanitationRows


class Oracle(RegistryRows, GateRows, ObservationRows, SanitationRows):
    """All read models, by hand."""

    def settle(self) -> None:
        """The counts and relations that are derived from all the rows together."""
        for key in (key for voids in self.voids.values() for key in voids):
            self.rows["declaration_void"][key[0], day_of(key[1]), key[2]] = {}
        self._population()
        self._passes()
        self._aliases()
        progress: Counter[tuple[Any, ...]] = Counter()
        for (round_id, _), row in self.rows["survey_dwelling"].items():
            for figure, counts in (("final", row["final"]), ("conflicts", row["conflict"])):
                progress[round_id, row["compound"], figure] += counts
        self.counts["survey_progress"] = Counter({key: n for key, n in progress.items() if n})

    def _population(self) -> None:
        counts = self.counts["compound_population"]
        for row in self.rows["person_residence"].values():
            counts[row["compound"], "people"] += 1
            counts[row["compound"], "residents"] += row["resident"]
        for row in self.rows["dwelling"].values():
            counts[row["compound"], "households"] += row["members"] > 0

    def _passes(self) -> None:
        points: Counter[tuple[Any, ...]] = Counter()
        for row in self.rows["entry_pass"].values():
            if row["state"] == "active" and row["valid_from"] < row["valid_until"]:
                for at, change in ((row["valid_from"], 1), (row["valid_until"], -1)):
                    for grain, span in (("hour", timedelta(hours=1)), ("day", timedelta(days=1))):
                        began = datetime(2020, 1, 1, tzinfo=SHANGHAI)
                        upto = began - (began - at) // span * span
                        points[grain, upto, row["compound"], "change"] += change
        self.counts["pass_change"] = Counter({key: n for key, n in points.items() if n})

    def _aliases(self) -> None:
        into = {row["merged"]: row["kept"] for row in self.rows["person_merge"].values() if row["active"]}
        for ref in {*into, *into.values()}:
            root = ref
            while root in into:
                root = into[root]
            self.rows["person_alias"][ref,] = {"root": root}


KEYS = {
    "compound": ("compound",),
    "grid_addresses": ("grid",),
    "checkpoint": ("checkpoint",),
    "post_need": ("post",),
    "posting": ("posting_id",),
    "responsibility": ("assignment_id",),
    "policy_version": ("version",),
    "person_residence": ("person_ref",),
    "dwelling": ("dwelling_id",),
    "compound_population": ("compound",),
    "person_merge": ("merge_id",),
    "person_alias": ("person_ref",),
    "entry_pass": ("pass_id",),
    "pass_change": ("grain", "upto", "compound"),
    "daily_tally": ("hour", "compound", "figure"),
    "entry_flow": ("day", "compound", "hour"),
    "vehicle_flow": ("day", "compound", "hour"),
    "check_flag": ("check_id", "flag", "other_check_id"),
    "override": ("check_id",),
    "gate_device": ("device_id",),
    "duty_gap": ("gap_id",),
    "duty_turn": ("turn_id",),
    "gate_report": ("check_id", "kind"),
    "report_settled": ("check_id",),
    "report_answer": ("person_ref", "answer", "answered_at"),
    "observation_case": ("case_id",),
    "census_case": ("case_id",),
    "census_movement": ("case_id", "number"),
    "declaration_window": ("case_id", "day", "part"),
    "declaration_streak": ("case_id",),
    "declaration_void": ("case_id", "day", "part"),
    "returnee_intake": ("intake_id",),
    "site": ("site_id",),
    "site_day": ("site_id", "day"),
    "round_missed": ("day", "site_id"),
    "site_exemption": ("closure_id",),
    "ventilation_day": ("day", "compound", "kind"),
    "waste_pickup": ("pickup_id",),
    "mask_bin": ("site_id",),
    "inspection": ("inspection_id",),
    "rectification": ("order_id",),
    "venue": ("venue_id",),
    "lead": ("lead_id",),
    "notice_posting": ("notice_id", "compound", "channel"),
    "watch_list": ("list_id",),
    "watch_line_settled": ("line_id",),
    "survey_round": ("round_id",),
    "survey_compound": ("round_id", "compound"),
    "survey_dwelling": ("round_id", "dwelling_id"),
    "survey_progress": ("round_id", "compound"),
    "survey_days": ("round_id",),
    "service_day": ("worker_ref", "day", "compound", "kind"),
}
FIGURES = {
    "entry_flow": ("checks", "entries", "exits", "refused", "cannot_verify", "fever", "offline"),
    "vehicle_flow": ("vehicles_in", "vehicles_out", "vehicles_held", "vehicles_refused"),
    "site_day": ("logged", "counted", "outside_range"),
    "ventilation_day": ("times", "minutes"),
    "compound_population": ("people", "residents", "households"),
    "pass_change": ("change",),
    "survey_progress": ("final", "conflicts"),
    "service_day": ("done",),
}


def expected(channels: Mapping[Channel, Iterable[str]]) -> dict[str, dict[tuple[Any, ...], Row]]:
    """Every table with its rows by key."""
    oracle = Oracle()
    for documents in channels.values():
        oracle.hear(documents)
    oracle.settle()
    found = {table: dict(oracle.rows[table]) for table in KEYS}
    for table, figures in FIGURES.items():
        for *key, _ in list(oracle.counts[table]):
            found[table][tuple(key)] = {figure: oracle.counts[table][(*key, figure)] for figure in figures}
    found["daily_tally"] = {key: {"number": n} for key, n in oracle.counts["daily_tally"].items()}
    return found
