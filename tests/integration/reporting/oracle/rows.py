"""What every read model must hold, worked out from the raw envelopes by somebody who has never seen the services.

Plain dictionaries in, plain dictionaries out, one event after the other, without a database and without a line of the
product: what is written down here is what the words of the plan and of the events mean.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

SHANGHAI = timezone(timedelta(hours=8))
Row = dict[str, Any]
Channel = tuple[str, str]


def instant(text: str | None) -> datetime | None:
    """An instant of a document."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def moment(text: str) -> datetime:
    """An instant that must be there."""
    at = instant(text)
    assert at is not None
    return at


def day_of(text: str | None) -> date | None:
    """A date of a document."""
    return None if text is None else date.fromisoformat(text)


def local(text: str) -> datetime:
    """An instant as the town's clocks show it."""
    return moment(text).astimezone(SHANGHAI)


class Rows:
    """Rows by table and key, and what every part does with them."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        self.counts: defaultdict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
        self.voids: dict[str, set[tuple[str, str, str]]] = {}

    def hear(self, channel: Iterable[str]) -> None:
        """Everything that a channel says, in its order."""
        for text in channel:
            document = json.loads(text)
            name = document["type"].split(".")[2]
            told = getattr(self, f"on_{name}", None)
            if told is not None:
                told(document["data"], name, moment(document["time"]))

    def put(self, table: str, key: tuple[Any, ...], **values: Any) -> Row:
        """A row as it was told last; what is not told again stays."""
        row = self.rows[table].setdefault(key, {})
        row.update(values)
        return row

    def add(self, table: str, key: tuple[Any, ...], **values: Any) -> None:
        """A row as it was told first."""
        self.rows[table].setdefault(key, values)

    def change(self, table: str, key: tuple[Any, ...], **values: Any) -> None:
        """A row that must be there to be changed."""
        if key in self.rows[table]:
            self.rows[table][key].update(values)

    def credit(self, d: Row, kind: str, at: str) -> None:
        """One more piece of somebody's work, where it is known whose."""
        if d.get("worker_ref") is not None:
            key = (d["worker_ref"], local(d[at]).date(), d["compound"], kind)
            self.counts["service_day"][(*key, "done")] += 1

    def tally(self, figure: str, compound: str, at: datetime) -> None:
        """One more in its hour."""
        self.counts["daily_tally"][at.replace(minute=0, second=0, microsecond=0), compound, figure] += 1
