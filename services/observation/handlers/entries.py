"""What was declared, opened for those who may see it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.observation.store import corrections
from shared.db.pool import Conn
from shared.events.observation import WindowName
from shared.kernel.sealed import PersonKey, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One declaration as it was made. The answers are None where the person was erased."""

    case_id: UUID
    declaration_id: UUID
    day: date
    window: WindowName
    standing: str
    channel: str
    alarming: bool
    taken_at: datetime
    received_at: datetime
    recorded_by: str
    corrects: UUID | None
    corrected_by: UUID | None
    temperature_c: str | None = field(default=None, repr=False)
    cannot_measure_reason: str | None = field(default=None, repr=False)
    symptoms: tuple[str, ...] | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)


async def entries_of(conn: Conn, people: Sequence[tuple[UUID, UUID]], vault: Vault) -> list[Entry]:
    """Open the declarations of cases.

    Args:
        conn: where to read.
        people: case id and person of each case.
        vault: opens them.
    """
    keys = await vault.keys(ref for _, ref in people)
    by_case = {case_id: keys.get(ref) for case_id, ref in people}
    rows = await corrections.entries(conn, list(by_case))
    return [_entry(row, by_case[row["case_id"]]) for row in rows]


def _entry(row: Any, key: PersonKey | None) -> Entry:
    opened: dict[str, Any] = {}
    if key is not None and row["answers_sealed"]:
        answers = json.loads(Vault.open(key, "declaration", row["answers_sealed"]))
        opened = {**answers, "symptoms": tuple(answers["symptoms"])}
        if row["reason_sealed"]:
            opened["reason"] = Vault.open(key, "correction_reason", row["reason_sealed"])
    return Entry(
        case_id=row["case_id"],
        declaration_id=row["declaration_id"],
        day=row["day"],
        window=row["window_name"],
        standing=row["standing"],
        channel=row["channel"],
        alarming=row["alarming"],
        taken_at=row["taken_at"],
        received_at=row["received_at"],
        recorded_by=row["recorded_by"],
        corrects=row["corrects"],
        corrected_by=row["corrected_by"],
        **opened,
    )
