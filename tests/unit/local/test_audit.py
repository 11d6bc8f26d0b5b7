"""The audit of dependencies: what is found fails, nobody answering does not, anything else does."""

import json

import pytest

from deploy.cli.audit import read, unreachable


def test_a_weakness_is_told_with_its_remedy() -> None:
    told = {
        "dependencies": [
            {"name": "sound", "version": "1.0", "vulns": []},
            {"name": "weak", "version": "2.1", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.2", "3.0"]}]},
            {"name": "worse", "version": "0.1", "vulns": [{"id": "GHSA-x", "fix_versions": []}]},
            {"name": "unknown", "skip_reason": "not found"},
        ],
        "fixes": [],
    }  # fmt: skip
    found = read(json.dumps(told))
    assert found.judged == 3
    assert found.weak == ["weak 2.1: PYSEC-2026-1, mended in 2.2, 3.0", "worse 0.1: GHSA-x, not mended yet"]


@pytest.mark.parametrize("told", ["", "no json", "{}"])
def test_anything_else_is_no_answer(told: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read(told)


def test_nobody_answering_is_told_from_a_failure_of_the_auditor() -> None:
    assert unreachable(
        "Traceback (most recent call last):\nrequests.exceptions.ConnectionError: (host='api.osv.dev')"
    )
    assert not unreachable("ERROR:pip_audit._cli:requirement typer has no hash\n")
