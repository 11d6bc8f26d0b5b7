"""What the doctor thinks of what it saw, where it cannot be made ill for real in a test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.doctor import machine
from deploy.doctor.bus import judge
from deploy.doctor.databases import judge_lateness, judge_role, skew
from deploy.doctor.finding import Finding
from deploy.local.backups import Backup

NOW = datetime(2020, 2, 24, 9, tzinfo=UTC)


def states(found: "list[Finding]") -> list[str]:
    return [finding.state for finding in found]


@pytest.mark.parametrize(
    ("off", "state"), [(0.0, "ok"), (1.9, "ok"), (-2.1, "fail"), (3_600, "fail"), (-86_400, "fail")]
)
def test_two_clocks_may_differ_by_two_seconds(off: float, state: str) -> None:
    assert skew("NATS", NOW + timedelta(seconds=off), NOW).state == state


@pytest.mark.parametrize(
    ("jetstream", "expected"),
    [
        ({"config": {"sync_always": True, "max_storage": 100}, "stats": {"storage": 10}}, ["ok", "ok"]),
        ({"config": {"sync_always": False, "max_storage": 100}, "stats": {"storage": 81}}, ["fail", "warn"]),
        ({}, ["fail", "warn"]),  # no JetStream at all
    ],
)
def test_a_bus_that_acknowledges_before_it_has_written_is_wrong(
    jetstream: dict[str, Any], expected: list[str]
) -> None:
    assert states(list(judge(jetstream))) == expected


def test_a_role_that_can_do_more_than_it_needs_is_wrong() -> None:
    meek = {"mighty": False, "creates": False, "owns": False, "elsewhere": []}
    assert judge_role("gate_app", meek).state == "ok"
    for more in ({"mighty": True}, {"creates": True}, {"owns": True}, {"elsewhere": ["registry"]}):
        assert judge_role("gate_app", meek | more).state == "fail"


def test_who_is_late_by_minutes_is_named() -> None:
    assert judge_lateness("gate", []).state == "ok"
    assert judge_lateness("gate", [{"consumer": "gate.passes", "seconds": 61}]).state == "warn"
    late = judge_lateness("gate", [{"consumer": "gate.passes", "seconds": 301}])
    assert late.state == "fail"
    assert "gate.passes" in late.en


def test_a_backup_is_asked_for_its_age_told_and_none_kept_for_too_long(tmp_path: Path) -> None:
    def judged(*hours: float) -> str:
        kept = [Backup(folder=tmp_path, at=NOW - timedelta(hours=ago)) for ago in hours]
        return machine.backups(kept, NOW).state

    assert judged() == "warn"
    assert judged(5) == "ok"
    assert judged(30) == "warn"
    assert judged(150, 5) == "ok"
    assert judged(24 * 9, 5) == "fail"


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(list(machine.programs())) == ["ok", "ok"]
    monkeypatch.setattr(machine, "_locked", lambda: {"typer": "0.0.1", "no-such-package": "1.0"})
    assert "no-such-package — ≠ 1.0" in list(machine.programs())[-1].en
