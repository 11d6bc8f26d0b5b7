"""The one spelling by which a repeat of a check is known: what is kept is a keyed hash of it, so it never changes."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.api.models import EntryCheckBody
from shared.kernel.ids import CheckpointId, CompoundId

pytestmark = pytest.mark.requirement("R2.3")

YES = st.sampled_from([None, True, False])
ASKED = ("been_to_focus_area", "contact_with_case", "unwell")


@given(
    number=st.text("0123456789", min_size=6, max_size=12),
    surname=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8),
    mask=YES,
    reading=st.one_of(st.none(), st.decimals(-40, 99, places=2)),
    answers=st.one_of(st.none(), st.fixed_dictionaries(dict.fromkeys(ASKED, YES))),
    direction=st.sampled_from(["entry", "exit"]),
)
def test_the_spelling_is_the_json_that_was_kept_from_the_first_day(
    number: str, surname: str, mask: bool | None, reading: Any, answers: dict[str, Any] | None, direction: str
) -> None:
    subjects: list[dict[str, str]] = [{"kind": "pass_number", "number": number}]
    if surname.strip():
        subjects.append({"kind": "dwelling_surname", "room": "3-1-502", "surname": surname})
    for subject in subjects:
        body = EntryCheckBody.model_validate(
            {
                "check_id": UUID(int=1),
                "seq": 1,
                "direction": direction,
                "subject": subject,
                "mask": mask,
                "temperature_c": reading,
                "checked_at": datetime(2020, 2, 24, 8, tzinfo=UTC),
                "answers": answers,
            }
        )
        compound, checkpoint = CompoundId("lj-001"), CheckpointId("lj-001-n")
        given_reading = None if reading is None else format(reading.normalize(), "f")
        spelled = [subject["kind"], body.subject.spell(compound)]
        asked = answers or dict.fromkeys(ASKED)
        assert body.content(compound, checkpoint) == json.dumps(
            [checkpoint, direction, spelled, mask, given_reading, asked], sort_keys=True
        )
