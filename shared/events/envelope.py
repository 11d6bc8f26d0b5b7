"""CloudEvents 1.0 in structured JSON: one document for outbox row, message, dead letter and sample."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from asyncpg.pgproto import pgproto  # its UUID is one like any other and is read ten times as fast
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.events.base import Event, find

CONTENT_TYPE = "application/cloudevents+json"
_quoted = encode_basestring
"""A text as JSON, other than ASCII as it is."""


class UndecodableError(Exception):
    """A document that is no event of ours; the message never quotes its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a transaction happens: the chain that its events carry on.

    `traceparent` is the trace under way where it is another than that of the code that publishes.
    """

    correlation: UUID
    causation: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with what the transport knows of it."""

    id: UUID
    source: str
    type: str
    time: datetime
    correlation: UUID
    causation: UUID | None
    partition_key: str
    version: int
    event: Event


def dataschema(event: type[Event]) -> str:
    """The name of the event's JSON Schema."""
    return f"urn:fangkong:schema:{event.type_name.removeprefix('fangkong.')}"


def encode(event: Event, *, event_id: UUID, time: datetime, version: int, cause: Cause) -> str:
    """The event as a CloudEvents document. `time` is the publisher's business instant in UTC."""
    head = (
        f'{_fixed_part(type(event))}"id":"{event_id}","subject":{_quoted(event.place())},"time":"{time.isoformat()}",'
        f'"correlationid":"{cause.correlation}",'
    )
    if cause.causation:
        head += f'"causationid":"{cause.causation}",'
    # CloudEvents' sequence extension is a string.
    head += f'"partitionkey":{_quoted(event.partition_key())},"sequence":"{version}",'
    return f'{head}"data":{event.model_dump_json()}}}'


@cache
def _fixed_part(event: type[Event]) -> str:
    """The beginning of every document of a type."""
    head = {
        "specversion": "1.0",
        "source": f"/fangkong/{event.service}",
        "type": event.type_name,
        "datacontenttype": "application/json",
        "dataschema": dataschema(event),
    }
    return f"{to_json(head).decode()[:-1]},"


def peek(document: str | bytes) -> tuple[str | None, str | None, dict[str, Any]]:
    """Type, partition key and raw attributes of a document.

    Raises:
        UndecodableError: it is not a JSON object.
    """
    try:
        raw = from_json(document)
    except ValueError as error:
        raise UndecodableError("not JSON") from error
    if not isinstance(raw, dict):
        raise UndecodableError("not a JSON object")
    kind, key = raw.get("type"), raw.get("partitionkey")
    return (kind if isinstance(kind, str) else None), (key if isinstance(key, str) else None), raw


def decode(raw: dict[str, Any]) -> Envelope:
    """The event in a document's attributes, in its newest form.

    Raises:
        UndecodableError: the type is unknown or the content does not fit it.
    """
    kind = find(str(raw.get("type")))
    if kind is None:
        raise UndecodableError("unknown type")
    try:
        causation = raw.get("causationid")
        return Envelope(
            id=pgproto.UUID(raw["id"]),
            source=str(raw["source"]),
            type=kind.type_name,
            time=datetime.fromisoformat(raw["time"]),
            correlation=pgproto.UUID(raw["correlationid"]),
            causation=pgproto.UUID(causation) if causation else None,
            partition_key=str(raw["partitionkey"]),
            version=int(raw["sequence"]),
            event=kind.model_validate(raw["data"]).upcast(),
        )
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors()})
        raise UndecodableError(f"{kind.event_name}: {', '.join(fields)}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UndecodableError(f"{kind.event_name}: envelope ({type(error).__name__})") from None
