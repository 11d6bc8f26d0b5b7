"""A declaration on its way through the questions: kept by the browser itself, in a cookie that lives two hours.

Each question is a page of its own that can be opened again, so going back and coming back after a break find what
was answered, also what was answered wrongly. The ids of the declarations are made with the draft: sending twice is
sending once.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, get_args
from uuid import UUID

from services.observation.domain.declaring import CannotMeasure, Symptom
from services.observation.domain.readings import read_degrees
from shared.kernel.ids import uuid7

NONE_OF_THEM = "none"
"""The answer of somebody who feels well."""
SYMPTOMS: tuple[str, ...] = get_args(Symptom)
REASONS: tuple[str, ...] = get_args(CannotMeasure)
SECONDS = 7_200
_TICKS = (NONE_OF_THEM, *SYMPTOMS)
_MOST = 20
_TYPED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was answered so far for one person, as it was typed and ticked."""

    case_id: UUID
    declaration_id: UUID
    temperature: str = ""
    reason: str = ""
    ticked: tuple[str, ...] = ()

    @property
    def symptoms(self) -> list[str]:
        """What is wrong with them."""
        return [one for one in self.ticked if one != NONE_OF_THEM]

    def body(self) -> dict[str, Any]:
        """As it is sent, once nothing is missing."""
        degrees = read_degrees(self.temperature) if self.temperature else None
        return {
            "declaration_id": str(self.declaration_id),
            "case_id": str(self.case_id),
            "temperature_c": None if degrees is None else str(degrees),
            "cannot_measure_reason": self.reason or None,
            "symptoms": self.symptoms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The answers of everybody for whom somebody declares at once.

    Attributes:
        faulty: the question whose answers were not taken, to be shown with what is wrong.
    """

    parts: tuple[Part, ...] = field(default=())
    faulty: str = ""

    @classmethod
    def of(cls, case_ids: Sequence[UUID], former: "Draft | None" = None) -> Self:
        """For these people; what was answered for them before stays."""
        known = {part.case_id: part for part in former.parts} if former else {}
        return cls(
            parts=tuple(
                known.get(case_id) or Part(case_id=case_id, declaration_id=uuid7()) for case_id in case_ids
            )
        )

    @classmethod
    def read(cls, cookie: str) -> "Draft | None":
        """What a browser kept; None for anything that was not written by `write`."""
        try:
            faulty, *kept = json.loads(base64.urlsafe_b64decode(cookie.encode()))
            return cls(parts=tuple(_part(one) for one in kept[:_MOST]), faulty=str(faulty)[:_TYPED])
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None

    def write(self) -> str:
        """As the browser keeps it."""
        kept = [
            [part.case_id.hex, part.declaration_id.hex, part.temperature, part.reason, *part.ticked]
            for part in self.parts
        ]
        text = json.dumps([self.faulty, *kept], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()

    def with_temperature(self, nth: int, typed: str, reason: str) -> "Draft":
        """With another temperature, or another reason why there is none, for one person."""
        return self._with(nth, temperature=typed[:_TYPED], reason=reason if reason in REASONS else "")

    def with_symptoms(self, nth: int, ticked: Sequence[str]) -> "Draft":
        """With other symptoms for one person."""
        return self._with(nth, ticked=tuple(one for one in _TICKS if one in ticked))

    def _with(self, nth: int, **changes: Any) -> "Draft":
        parts = list(self.parts)
        parts[nth] = replace(parts[nth], **changes)
        return replace(self, parts=tuple(parts))


def _part(kept: Any) -> Part:
    case_id, declaration_id, temperature, reason, *ticked = kept
    return Part(
        case_id=UUID(hex=case_id),
        declaration_id=UUID(hex=declaration_id),
        temperature=str(temperature)[:_TYPED],
        reason=reason if reason in REASONS else "",
        ticked=tuple(one for one in _TICKS if one in ticked),
    )
