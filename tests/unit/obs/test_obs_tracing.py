"""Trace contexts travel always; spans are recorded where somebody asked for them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.obs import tracing

INCOMING = f"00-{'1' * 32}-{'2' * 16}-01"


@pytest.fixture(autouse=True)
def off_afterwards() -> Iterator[None]:
    yield
    tracing.shutdown()


def test_a_message_continues_the_trace_that_it_carries() -> None:
    with tracing.use_traceparent(INCOMING):
        assert tracing.current_traceparent() == INCOMING
    assert tracing.current_traceparent() is None


@pytest.mark.parametrize("nonsense", [None, "", "zzz", "00-0-0-00", f"00-{'0' * 32}-{'0' * 16}-01"])
def test_nonsense_is_no_trace(nonsense: str | None) -> None:
    with tracing.use_traceparent(INCOMING), tracing.use_traceparent(nonsense):
        assert tracing.current_traceparent() is None


def test_every_request_has_a_trace_even_when_nothing_is_recorded() -> None:
    assert tracing.configure("gate", "1", {}) is None
    with tracing.begin(None, correlation="c"):
        fresh = tracing.current_traceparent()
        with tracing.span("work"):
            assert tracing.current_traceparent() == fresh
    assert fresh is not None
    with tracing.begin(INCOMING, correlation="c"):
        assert tracing.current_traceparent() == INCOMING
    with tracing.begin("zzz", correlation="c"):
        assert tracing.current_traceparent() is not None


def test_switched_off_everything_works_and_does_nothing() -> None:
    assert (
        tracing.configure("gate", "1", {"FANGKONG_TRACE": "off", "FANGKONG_TRACE_FILE": "/nowhere/x"}) is None
    )
    with tracing.begin(INCOMING, correlation="c"), tracing.span("work", fangkong__event="X"):
        assert tracing.current_traceparent() is None


def test_spans_are_appended_with_allowed_attributes_only(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    assert tracing.configure("gate", "1", {"FANGKONG_TRACE_FILE": str(file)}) is not None
    with (
        tracing.use_traceparent(INCOMING),
        tracing.span("consume", fangkong__event="EntryChecked", url__query="name=x"),
    ):
        assert str(tracing.current_traceparent()).startswith(f"00-{'1' * 32}-")
    tracing.shutdown()
    [line] = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["trace_id"], line["parent_span_id"], line["service"]) == ("1" * 32, "2" * 16, "gate")
    assert line["attributes"] == {"fangkong.event": "EntryChecked"}


def test_a_flood_of_traces_is_bounded_whatever_the_callers_ask(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    tracing.configure("gate", "1", {"FANGKONG_TRACE_FILE": str(file)})
    for number in range(500):
        with tracing.use_traceparent(f"00-{number + 1:032x}-{'2' * 16}-01"), tracing.span("request"):
            pass
    tracing.shutdown()
    assert 0 < len(file.read_text().splitlines()) <= 2 * tracing.PER_SECOND  # the loop may cross a second
