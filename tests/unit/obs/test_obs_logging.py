"""Log lines: JSON, correlated, and free of personal data whatever is thrown at them."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from asyncpg import UniqueViolationError
from pydantic import BaseModel, ValidationError

from shared.obs import logging as obs

CORRELATION = UUID("018f0000-0000-7000-8000-000000000001")
CANARIES = ("张小明", "19900001111", "00000019900101123X", "3幢2单元501")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def fail(inner: Exception, outer: str) -> None:
    try:
        raise inner
    except type(inner) as error:
        raise RuntimeError(outer) from error


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    handlers = list(logging.getLogger().handlers)
    obs.configure("gate", "info")
    yield
    logging.getLogger().handlers[:] = handlers


def test_a_line_is_json_with_service_time_and_correlation(capsys: pytest.CaptureFixture[str]) -> None:
    with obs.use_correlation(CORRELATION):
        obs.get_logger("x").info("pass_issued", compound="lj-001", pass_id=CORRELATION, tries=3)
    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "pass_issued",
        "level": "info",
        "service": "gate",
        "module": "x",
        "correlation_id": str(CORRELATION),
        "compound": "lj-001",
        "pass_id": str(CORRELATION),
        "tries": 3,
    }
    assert obs.current_correlation() is None


def test_library_logs_take_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    with obs.use_correlation(CORRELATION):
        logging.getLogger("uvicorn.error").info("Started on %s", "port 1")
    logging.getLogger("uvicorn.access").info("GET /?name=x")
    [line] = lines(capsys)
    assert (line["event"], line["module"], line["service"]) == ("Started on port 1", "uvicorn.error", "gate")
    assert line["correlation_id"] == str(CORRELATION)


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    obs.configure("gate", "warning")
    obs.get_logger("x").info("quiet")
    logging.getLogger("anything").info("quiet")
    obs.get_logger("x").warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "phone",
        "surname",
        "document",
        "room",
        "address",
        "resident_phone",
        "holder_name",
        "id_card",
        "token",
    ],
)
def test_a_personal_field_is_blanked_by_its_name(capsys: pytest.CaptureFixture[str], key: str) -> None:
    obs.get_logger("x").info("slip", **{key: "abc", "nested": [{key: "abc"}]})
    [line] = lines(capsys)
    assert (line[key], line["nested"]) == (obs.BLANK, [{key: obs.BLANK}])


@pytest.mark.parametrize(
    "key", ["event_name", "consumer", "compound", "verdict", "bedrooms", "headphones", "filename"]
)
def test_an_ordinary_field_is_not(capsys: pytest.CaptureFixture[str], key: str) -> None:
    obs.get_logger("x").info("fine", **{key: "abc"})
    assert lines(capsys)[0][key] == "abc"


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.requirement("data-and-law")
def test_a_personal_value_is_blanked_wherever_it_hides(
    capsys: pytest.CaptureFixture[str], canary: str
) -> None:
    log = obs.get_logger("x")
    log.info(canary, note=f"of {canary},", inner={"a": [canary]}, obj=ValueError(canary))
    logging.getLogger("lib").warning("lib saw %s", canary)
    try:
        fail(KeyError(canary), f"could not save {canary}")
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("lib").exception("failed")
    assert canary not in capsys.readouterr().out


def test_ids_and_instants_survive_the_blanking(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [
        str(CORRELATION),
        "2020-02-24T08:00:00+08:00",
        "lj-001",
        "fk.evt.gate.checks.EntryChecked.lj-001",
        "0.0123",
    ]
    obs.get_logger("x").info("fine", texts=texts)
    assert lines(capsys)[0]["texts"] == texts


def test_an_exception_is_told_by_type_place_and_cause(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        fail(OSError("disk"), "outer")
    except RuntimeError:
        obs.get_logger("x").exception("failed")
    told = lines(capsys)[0]["exception"]
    assert (told["type"], told["message"]) == ("builtins.RuntimeError", "outer")
    assert "test_obs_logging.py" in told["frames"][-1]
    assert told["cause"]["message"] == "disk"


def test_validation_and_database_errors_do_not_quote_their_input() -> None:
    class Person(BaseModel):
        age: int

    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"age": "zhang-canary"})
    told = obs.describe(caught.value)
    assert "canary" not in json.dumps(told)
    assert told["message"] == "age: int_parsing"

    conflict = UniqueViolationError.new(
        {"C": "23505", "M": 'duplicate key violates "one_phone"', "D": "Key (phone)=(canary) already exists."}
    )
    assert "canary" not in json.dumps(obs.describe(conflict))
    assert "one_phone" in obs.describe(conflict)["message"]


def test_every_error_of_a_group_is_told() -> None:
    told = obs.describe(ExceptionGroup("two", [ValueError("a"), OSError("b")]))
    assert [part["message"] for part in told["errors"]] == ["a", "b"]
