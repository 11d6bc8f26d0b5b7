"""Events are a contract: samples are frozen, documents are current, everything published is read."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.context import Context
from shared.events import catalogue
from shared.events.base import Event
from shared.events.documents import ASYNCAPI, SAMPLES, SCHEMAS, asyncapi, file_name, render, schema
from shared.events.envelope import decode, encode, peek

EVENTS = list(catalogue.every())
PERSONAL = {
    "name",
    "surname",
    "phone",
    "document",
    "documents",
    "id_number",
    "room",
    "address",
    "plate",
    "birth_date",
}
ALLOWED = {
    "CompoundRegistered": {"name"},
    "CheckpointOpened": {"name"},
    "PolicyRevised": {"document"},
}  # places, rules


def sample_of(event: type[Event]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SAMPLES / f"{file_name(event)}.json").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_frozen_sample_is_still_understood_and_written_the_same(event: type[Event]) -> None:
    sample = sample_of(event)
    envelope = decode(peek(json.dumps(sample))[2])
    assert type(envelope.event) is type(event.model_validate(sample["data"]).upcast())
    if type(envelope.event) is event:
        written = json.loads(
            envelope.event.model_dump_json(exclude_unset=True)
        )  # later additions have defaults
        assert written == sample["data"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_committed_schema_is_current(event: type[Event]) -> None:
    committed = (SCHEMAS / f"{file_name(event)}.json").read_text(encoding="utf-8")
    assert committed == render(schema(event)), "run `python -m shared.events`"


def test_the_committed_asyncapi_document_is_current() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == render(asyncapi()), "run `python -m shared.events`"


def test_no_sample_or_schema_of_an_event_that_is_gone() -> None:
    known = {f"{file_name(event)}.json" for event in EVENTS}
    assert {path.name for path in SAMPLES.iterdir()} == known
    assert {path.name for path in SCHEMAS.iterdir()} == known


@pytest.mark.requirement("Data and law")
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_no_event_has_a_field_for_what_identifies_a_person(event: type[Event]) -> None:
    allowed = ALLOWED.get(event.__name__, set())
    assert not (event.model_fields.keys() & PERSONAL) - allowed


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_subject_names_the_event_and_never_a_person(event: type[Event]) -> None:
    made = event.model_validate(sample_of(event)["data"])
    assert made.subject().split(".")[2:5] == [made.service, made.channel_name(), made.event_name]
    assert len(made.subject().split(".")) == 6


async def test_every_published_event_has_a_reader_and_the_bus_serves_what_is_read(
    context_for: Callable[[str], Awaitable[Context]],
) -> None:
    import importlib  # noqa: PLC0415

    read: set[type[Event]] = set()
    served: dict[str, dict[str, tuple[str, ...]]] = {}
    for service in catalogue.PUBLISHERS:
        built = importlib.import_module(f"services.{service}.app").build(await context_for(service))
        for consumer in built.consumers:
            read.update(consumer.reads)
        places = {place for consumer in built.consumers for place in consumer.channels()}
        served[service] = {
            publisher: tuple(sorted(channel for whose, channel in places if whose == publisher))
            for publisher in sorted({whose for whose, _ in places} - {service})
        }
    unread = {event.__name__ for event in EVENTS if event not in read and not event.archive_only}
    assert unread == set()
    assert served == catalogue.READERS, "the bus would serve a service too little, or more than it reads"


def test_unknown_fields_of_a_newer_publisher_are_ignored() -> None:
    for event in EVENTS:
        sample = sample_of(event)
        sample["data"]["added_later"] = 1
        assert decode(sample).type == event.type_name


def test_encoding_keeps_what_decoding_needs() -> None:
    from uuid import UUID  # noqa: PLC0415

    from shared.events.envelope import Cause  # noqa: PLC0415

    event = EVENTS[0]
    sample = sample_of(event)
    first = decode(sample)
    again = encode(
        first.event,
        event_id=UUID(sample["id"]),
        time=first.time,
        version=first.version,
        cause=Cause(correlation=first.correlation, causation=first.causation),
    )
    assert decode(json.loads(again)) == first
