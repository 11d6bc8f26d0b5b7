"""What was done in the town, in the order in which it was planned, and what was answered.

The ledger names people and things in its own words (`walker-17`), so that two runs of one seed compare; what the
services call them stands beside it in `ids` and does not count into the digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that somebody did.

    Attributes:
        kind: what it was.
        key: the ledger's own name of it; unique within its kind.
        at: the business instant.
        place: compound; empty where there is none.
        about: what was done, in plain values.
        answer: what the services said to it, in plain values; the oracle never reads it.
    """

    kind: str
    key: str
    at: datetime
    place: str
    about: Mapping[str, Any]
    answer: Mapping[str, Any]

    def line(self) -> str:
        """One line of the ledger."""
        told = {
            "kind": self.kind,
            "key": self.key,
            "at": self.at.isoformat(),
            "place": self.place,
            "about": self.about,
            "answer": self.answer,
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)


@dataclass(slots=True)
class Ledger:
    """Every act, in order."""

    acts: list[Act] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def note(
        self,
        kind: str,
        key: str,
        *,
        at: datetime,
        place: str = "",
        answer: Mapping[str, Any] | None = None,
        **about: Any,
    ) -> None:
        """Write an act down."""
        self.acts.append(Act(kind=kind, key=key, at=at, place=place, about=about, answer=answer or {}))

    def named(self, key: str, known_as: str) -> None:
        """What the services call something."""
        self.ids[key] = known_as

    def of(self, *kinds: str) -> Iterator[Act]:
        """The acts of some kinds, in order."""
        return (act for act in self.acts if act.kind in kinds)

    def digest(self) -> str:
        """The same for the same acts and answers."""
        whole = hashlib.sha256()
        for act in self.acts:
            whole.update(act.line().encode() + b"\n")
        return whole.hexdigest()

    def write(self, file: Path) -> None:
        """Keep it for people to look at."""
        file.write_text("".join(act.line() + "\n" for act in self.acts), encoding="utf-8")
