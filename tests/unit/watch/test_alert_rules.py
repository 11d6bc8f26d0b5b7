"""Every alert fires on what it is for and not on what looks like it: the committed files in Prometheus' own tool."""

import re
import subprocess
from pathlib import Path

import yaml

from deploy.local.prometheus import ensure
from deploy.watch import rules
from deploy.watch.alerts import all_alerts
from deploy.watch.pace import REAL, Pace
from tests.unit.watch.alert_cases import CASES, Case

NAMES = {alert.name for alert in all_alerts(REAL)}
RECORDED = {alert.name for alert in all_alerts(REAL) if "slo:" in alert.query}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run([ensure("promtool"), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def numberless(query: str) -> str:
    return re.sub(r"\b\d[\d.]*[a-z]*", "N", query)


def as_promtool_has_it(case: Case) -> dict[str, object]:
    expression = f'group by (severity) (ALERTS{{alertname="{case.alert}",alertstate="firing"}})'
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": f"{case.minute}m",
                "exp_samples": [
                    {"labels": f'{{severity="{severity}"}}', "value": 1} for severity in sorted(case.fires)
                ],
            }
        ],
    }


def test_the_committed_files_are_current_and_prometheus_takes_them() -> None:
    for path, text in rules.documents():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run `python -m deploy.documents`"
    told = promtool("check", "config", rules.FOLDER / "prometheus.yml")
    assert "FAILED" not in told, told


def test_every_alert_fires_on_what_it_is_for_and_not_on_what_looks_like_it(tmp_path: Path) -> None:
    assert {case.alert for case in CASES if case.fires} == NAMES
    assert {case.alert for case in CASES if not case.fires} == NAMES - {"Watchdog"}
    for files in (
        ["alerts"],
        ["alerts", "promises"],
    ):  # most alerts need no recorded shares, which take their time
        suite = {
            "rule_files": [str(rules.FOLDER / "rules" / f"{name}.yml") for name in files],
            "evaluation_interval": "1m",
            "tests": [
                as_promtool_has_it(case) for case in CASES if (case.alert in RECORDED) == (len(files) > 1)
            ],
        }
        file = tmp_path / "alerts.test.yml"
        file.write_text(yaml.safe_dump(suite), encoding="utf-8")
        promtool("test", "rules", file)


def test_another_pace_changes_spans_and_crowds_and_nothing_else() -> None:
    quick = Pace(waits=60, windows=100, shortest_window=4, ages=15, crowds=10)
    for real, hurried in zip(all_alerts(REAL), all_alerts(quick), strict=True):
        assert (real.name, real.severity, real.labels, real.zh) == (
            *(hurried.name, hurried.severity, hurried.labels, hurried.zh),
        )
        assert numberless(hurried.query) == numberless(real.query)


def test_whoever_is_woken_at_night_is_woken_for_a_gate_a_window_or_the_bus() -> None:
    by_day = {"DailyReportLate", "ReportContinuityMismatch", "FollowUpBacklogGrowing", "GateClockSkew"}
    assert not {alert.name for alert in all_alerts(REAL) if alert.severity == "critical"} & by_day


def test_who_is_told_knows_the_alerts_by_their_names() -> None:
    told = yaml.safe_load(rules.alerting())
    receivers = {receiver["name"] for receiver in told["receivers"]}
    routes = [told["route"], *told["route"]["routes"]]
    assert {route["receiver"] for route in routes} == receivers
    labels = {"alertname", "severity", "service"}
    rows = [
        row
        for inhibited in told["inhibit_rules"]
        for side in ("source", "target")
        for row in inhibited[f"{side}_matchers"]
    ]
    rows += [row for route in routes for row in route.get("matchers", ())]
    for row in rows:
        label, _, values = row.replace("=~", "=").partition("=")
        assert label in labels, row
        if label == "alertname":
            assert set(values.strip('"').split("|")) <= NAMES, row
