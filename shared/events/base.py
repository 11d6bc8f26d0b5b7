"""What an event is, and the register of all of them.

An event's wire type is a literal with a version. Optional additions keep the version; anything else is a new class
(`…V2`) and a pure `upcast` on the old one. Readers ignore fields that they do not know.
"""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

_TYPE = re.compile(r"^fangkong\.(?P<service>[a-z]+)\.(?P<name>[A-Za-z]+)\.v(?P<version>\d+)$")
TOWN = "_town"
"""The place of an event that belongs to no single compound."""

_registry: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Base of all events: a frozen fact in the past tense, with nothing that identifies a person in the clear.

    Class keywords:
        type: the wire type, `fangkong.<service>.<Name>.v<n>`, a literal.
        channel: the producer's channel; positions are dense within it.
        key: the field that names the aggregate; order is kept within it.
        place: the field that holds the compound, or None where there is none.
        archive_only: nobody reads it; it is kept for the record.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore", ser_json_timedelta="iso8601")

    type_name: ClassVar[str]
    service: ClassVar[str]
    event_name: ClassVar[str]
    channel: ClassVar[str]
    key_field: ClassVar[str]
    place_field: ClassVar[str | None]
    archive_only: ClassVar[bool]

    def __init_subclass__(cls, **keywords: Any) -> None:
        """The keywords are read once the fields are known, below."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(  # type: ignore[override]
        cls,
        *,
        type: str,  # noqa: A002 -- the CloudEvents word
        channel: str,
        key: str,
        place: str | None = None,
        archive_only: bool = False,
    ) -> None:
        """Check the class against its keywords when it is made, and register it."""
        super().__pydantic_init_subclass__()
        match = _TYPE.match(type)
        if (
            match is None
            or match["name"] + ("" if match["version"] == "1" else f"V{match['version']}") != cls.__name__
        ):
            raise TypeError(f"{cls.__name__}: type {type!r} must spell the class's own name")
        for field in (key, place):
            if field is not None and field not in cls.model_fields:
                raise TypeError(f"{cls.__name__} has no field {field!r}")
        if hidden := cls.model_fields.keys() & Event.__annotations__.keys():
            raise TypeError(f"{cls.__name__}: fields hide the class's own words: {sorted(hidden)}")
        if type in _registry:
            raise TypeError(f"{type} is defined twice")
        cls.type_name, cls.service, cls.event_name = type, match["service"], match["name"]
        cls.channel, cls.key_field, cls.place_field, cls.archive_only = channel, key, place, archive_only
        _registry[type] = cls

    def channel_name(self) -> str:
        """The channel this very event goes to; cards override it, one channel per recipient."""
        return self.channel

    @classmethod
    def channels(cls) -> tuple[str, ...]:
        """Every channel that events of this class may go to."""
        return (cls.channel,)

    def place(self) -> str:
        """The compound, or `_town`."""
        return str(getattr(self, self.place_field) or TOWN) if self.place_field else TOWN

    def subject(self) -> str:
        """The NATS subject: `fk.evt.<service>.<channel>.<EventName>.<compound>`, never a person."""
        return f"fk.evt.{self.service}.{self.channel_name()}.{self.event_name}.{self.place()}"

    def partition_key(self) -> str:
        """The aggregate's identity; everything about it stays in order."""
        return str(getattr(self, self.key_field))

    def upcast(self) -> "Event":
        """This fact in the newest form; old versions override it with a pure translation."""
        return self

    def __str__(self) -> str:
        """Only the type: an event is never printed whole by accident."""
        return self.type_name

    def replace(self, **changes: Any) -> Self:
        """A validated copy with other values."""
        return type(self).model_validate(self.model_dump() | changes)


def find(type_name: str) -> type[Event] | None:
    """The class of a wire type, or nothing for a type this program does not know."""
    return _registry.get(type_name)


def every() -> Iterator[type[Event]]:
    """All known events, in a stable order."""
    return iter(sorted(_registry.values(), key=lambda event: event.type_name))


def channels_of(service: str) -> list[str]:
    """The channels that a service publishes on."""
    return sorted({channel for event in every() if event.service == service for channel in event.channels()})
