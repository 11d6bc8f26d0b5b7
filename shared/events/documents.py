"""The contract as documents: JSON Schemas, frozen samples and an AsyncAPI 3 description, made from the catalogue."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from pydantic.json_schema import models_json_schema

from shared.events import catalogue
from shared.events.base import Event
from shared.events.envelope import CONTENT_TYPE, Cause, dataschema, encode
from shared.kernel.version import VERSION

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
SCHEMAS = HERE / "schemas"
ASYNCAPI = HERE / "asyncapi.json"

_ID = UUID("01700000-0000-7000-8000-000000000001")
_AT = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)


def file_name(event: type[Event]) -> str:
    """`EntryChecked.v1`, the stem of the event's files."""
    _, _, name, version = event.type_name.split(".")
    return f"{name}.{version}"


def render(document: Any) -> str:
    """JSON as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data."""
    made = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": dataschema(event)} | made


def sample(event: type[Event]) -> dict[str, Any]:
    """A first sample of an event; once committed it is never edited."""
    made = event(**{name: _example(field.annotation, name) for name, field in event.model_fields.items()})
    document: dict[str, Any] = json.loads(
        encode(made, event_id=_ID, time=_AT, version=1, cause=Cause(correlation=_ID, causation=_ID))
    )
    return document


def asyncapi() -> dict[str, Any]:
    """The bus, as AsyncAPI 3: one channel per stream, one message per event."""
    events = list(catalogue.every())
    _, definitions = models_json_schema(
        [(event, "serialization") for event in events], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "fangkong",
            "version": VERSION,
            "description": "Events of the five services. Positions are dense per channel (headers Fk-Epoch, Fk-Pos).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            f"{service}.{channel}": {
                "address": f"fk.evt.{service}.{channel}.{{event}}.{{place}}",
                "parameters": {
                    "event": {"description": "The event's name."},
                    "place": {"description": "The compound, or _town."},
                },
                "messages": {
                    event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
                    for event in events
                    if event.service == service and channel in event.channels()
                },
            }
            for service, channels in catalogue.channels().items()
            for channel in channels
        },
        "operations": {
            f"{service}.publish.{channel}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{service}.{channel}"},
            }
            for service, channels in catalogue.channels().items()
            for channel in channels
        },
        "components": {
            "messages": {
                event.__name__: {
                    "name": event.type_name,
                    "summary": (event.__doc__ or "").strip().splitlines()[0],
                    "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
                }
                for event in events
            },
            "schemas": definitions["$defs"],
        },
    }


def files() -> Iterator[tuple[Path, str]]:
    """Every document that is generated, with its text; samples that exist are left out, because they are frozen."""
    for event in catalogue.every():
        yield SCHEMAS / f"{file_name(event)}.json", render(schema(event))
        path = SAMPLES / f"{file_name(event)}.json"
        if not path.exists():
            yield path, render(sample(event))
    yield ASYNCAPI, render(asyncapi())


def _example(kind: Any, name: str) -> Any:  # noqa: PLR0911 -- one line a kind
    """A plausible value for a field, chosen by its type."""
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _example(arguments[0], name)
    if origin in (Union, UnionType):
        return _example(next(part for part in arguments if part is not NoneType), name)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (
            (_example(arguments[0], name),)
            if Ellipsis in arguments
            else tuple(_example(a, name) for a in arguments)
        )
    if origin is dict:
        return {_example(arguments[0], name): _example(arguments[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind(**{field: _example(info.annotation, field) for field, info in kind.model_fields.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    simple: dict[Any, Any] = {
        UUID: _ID,
        bool: True,
        int: 1,
        str: {"compound": "lj-001", "checkpoint": "lj-001-k1", "grid": "lj-001-w01"}.get(name, "code"),
        Decimal: Decimal("36.5"),
        date: date(2020, 2, 24),
        datetime: _AT,
        AwareDatetime: _AT,
        time: time(6, 0),
    }
    return simple[kind]
