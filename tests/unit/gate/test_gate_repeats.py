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


SUBJECTS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("pass_number"), "number": st.text("0123456789", min_size=6, max_size=12)}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("dwelling_surname"),
            "room": st.just("3-1-502"),
            "surname": st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=8),
        }
    ),
)
CHECKS = st.fixed_dictionaries(
    {
        "check_id": st.just(UUID(int=1)),
        "seq": st.just(1),
        "direction": st.sampled_from(["entry", "exit"]),
        "subject": SUBJECTS,
        "mask": YES,
        "temperature_c": st.one_of(st.none(), st.decimals(-40, 99, places=2)),
        "checked_at": st.just(datetime(2020, 2, 24, 8, tzinfo=UTC)),
        "answers": st.one_of(st.none(), st.fixed_dictionaries(dict.fromkeys(ASKED, YES))),
    }
)


@given(sent=CHECKS)
def test_the_spelling_is_the_json_that_was_kept_from_the_first_day(sent: dict[str, Any]) -> None:
    body = EntryCheckBody.model_validate(sent)
    compound, checkpoint = CompoundId("lj-001"), CheckpointId("lj-001-n")
    reading = None if sent["temperature_c"] is None else format(sent["temperature_c"].normalize(), "f")
    subject = [sent["subject"]["kind"], body.subject.spell(compound)]
    asked = sent["answers"] or dict.fromkeys(ASKED)
    assert body.content(compound, checkpoint) == json.dumps(
        [checkpoint, sent["direction"], subject, sent["mask"], reading, asked], sort_keys=True
    )
