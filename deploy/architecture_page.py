"""The architecture page: who publishes what to whom, drawn from the code that does it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.events import gate, observation
from shared.events.base import Event, every
from shared.events.catalogue import PUBLISHERS, channels_of
from shared.events.registry import passes, returnees
from shared.runtime import Service

FILE = Path(__file__).parent / "docs" / "architecture.md"

_HEAD = """# Architecture

Written by `python -m deploy.documents` from the code; a test holds it to that. Why things are so: `deploy/decisions/`.

## One picture

Five services, each with a PostgreSQL database and a key store of its own. None calls another, reads another's tables or
imports another's code. What a service needs of another it learns from events and keeps as its own copy, so each answers
while all others are down. PostgreSQL is the truth; JetStream carries it.
"""

_OUTSIDE = """```mermaid
flowchart LR
  devices([checkpoint devices]) -->|HTTPS| gate
  residents([residents]) -->|pages| registry & observation
  community([community workers]) -->|pages| registry & observation
  cleaners([sanitation staff]) -->|pages| sanitation
  hq([headquarters]) -->|board, reports, exports| reporting
  ops([operations]) -->|Prometheus, Grafana| metrics[/metrics of all five/]
  gate & registry & observation & sanitation & reporting <-->|events| bus[(NATS JetStream)]
```
"""

_COMMAND = """## How a command becomes an event

One transaction holds the effect and the event. The relay numbers what was committed, without gaps in each channel, and
publishes it in that order; a reader moves its position in the transaction of the effect. What is missing is asked for
again and answered from the outbox, so a wiped stream loses nothing (decisions 0001, 0002).

```mermaid
sequenceDiagram
  participant C as client
  participant H as handlers.py
  participant D as PostgreSQL of the producer
  participant R as relay
  participant J as JetStream
  participant P as reader
  participant Q as PostgreSQL of the reader
  C->>H: command with an idempotency key
  H->>D: begin, lock, decide (domain/), save, outbox row, commit
  H-->>C: answer, after the commit
  R->>D: number visible rows: channel, epoch, pos
  R->>J: publish in order, Nats-Msg-Id = service:channel:epoch:pos
  R->>D: published up to pos
  J->>P: fetch
  P->>Q: begin, effect, position, commit (pos <= last: dropped; a gap: asked for)
  P-->>J: acknowledge, after the commit
```
"""

_RETURNEE = (
    (
        "registry",
        "observation",
        returnees.ReturneeRegistered,
        "the measure, from where and by that day's risk list",
    ),
    ("observation", "registry", observation.ObservationStarted, "passes are held back"),
    ("observation", "reporting", observation.DeclarationSubmitted, "twice a day"),
    ("observation", "reporting", observation.DeclarationMissed, "the ladder begins"),
    ("observation", "registry", observation.ObservationCompleted, "24:00 of the last day, by itself"),
    ("registry", "gate", passes.EntryPassIssued, "valid from the next day on"),
    ("gate", "reporting", gate.EntryChecked, "admitted"),
)
"""A returnee's way: who tells whom what. A reader that stopped reading it fails the test."""


def text(services: Mapping[str, Service]) -> str:
    """The page.

    Args:
        services: each put together, by name.

    Raises:
        LookupError: the returnee's way names a reader that does not read the event.
    """
    return "\n".join(_lines(services))


def _lines(services: Mapping[str, Service]) -> Iterator[str]:
    readers = _readers(services)
    yield _HEAD
    yield _OUTSIDE
    yield "## Who reads whom\n"
    yield from _flow(readers)
    yield _COMMAND
    yield "## A returnee's way\n"
    yield from _way(readers)
    yield "## Channels and events\n"
    yield "A reader reads whole channels, each with its own dense positions. No reader: kept for the record.\n"
    for service in PUBLISHERS:
        yield from _channels(service, readers)


Readers = Mapping[tuple[type[Event], str], set[str]]
"""Who reads an event on a channel."""


def _readers(services: Mapping[str, Service]) -> Readers:
    found: defaultdict[tuple[type[Event], str], set[str]] = defaultdict(set)
    for name, service in services.items():
        for consumer in service.consumers:
            for event in consumer.reads:
                for channel in event.channels():
                    if (event.service, channel) in consumer.channels():
                        found[event, channel].add(name)
    return found


def _flow(readers: Readers) -> Iterator[str]:
    arrows: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (event, channel), names in readers.items():
        for name in names - {event.service}:
            arrows[event.service, name].add(channel)
    yield "```mermaid\nflowchart LR"
    for (producer, reader), carried in sorted(arrows.items()):
        yield f'  {producer} -->|"{"<br/>".join(sorted(carried))}"| {reader}'
    yield "```\n"


def _way(readers: Readers) -> Iterator[str]:
    yield "```mermaid\nsequenceDiagram"
    for name in PUBLISHERS:
        yield f"  participant {name}"
    for producer, reader, event, note in _RETURNEE:
        if event.service != producer or not any(reader in readers[event, one] for one in event.channels()):
            raise LookupError(f"{reader} does not read {event.__name__} of {producer}: mend _RETURNEE")
        yield f"  {producer}->>{reader}: {event.__name__}: {note}"
    yield "```\n"


def _channels(service: str, readers: Readers) -> Iterator[str]:
    yield f"### {service}\n"
    yield "| channel | event | read by |"
    yield "|---|---|---|"
    events = sorted((event for event in every() if event.service == service), key=lambda one: one.__name__)
    for channel in channels_of(service):
        for event in events:
            if channel in event.channels():
                yield f"| `{channel}` | {event.__name__} | {', '.join(sorted(readers[event, channel])) or '–'} |"
    yield ""
