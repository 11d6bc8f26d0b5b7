"""The answer that is spelled out is the one that the model would give."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.api.checks import answer_of
from services.gate.api.models import BatchItem, EntryCheckAnswer
from services.gate.api.spelled import spell_answer, spell_item
from services.gate.domain.rulings import Action, Reason, Verdict
from services.gate.domain.subjects import Display
from services.gate.handlers.checks import Answered
from services.gate.store.checks import FirstAnswer

_instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_outcomes = st.builds(
    Answered,
    created=st.booleans(),
    answer=st.builds(
        FirstAnswer,
        verdict=st.sampled_from(Verdict),
        reasons=st.lists(
            st.sampled_from(Reason) | st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True), max_size=5
        ).map(tuple),
        action=st.none() | st.sampled_from(Action),
        checked_at=_instants,
        received_at=_instants,
        offline=st.booleans(),
        policy_version=st.integers(1, 2**31 - 1),
        content=st.binary(max_size=4),
        person_ref=st.none() | st.uuids(),
        nth_today=st.none() | st.integers(1, 10),
    ),
    display=st.none() | st.builds(Display, surname=_texts, room=st.none() | _texts),
)


@pytest.mark.requirement("R2.3")
@given(check_id=st.uuids(), outcome=_outcomes)
def test_a_spelled_answer_is_the_models_own_to_the_byte(check_id: UUID, outcome: Answered) -> None:
    answer = answer_of(check_id, outcome)
    assert spell_answer(check_id, outcome) == answer.model_dump_json()
    status = "created" if outcome.created else "exists"
    assert (
        spell_item(check_id, outcome)
        == BatchItem(check_id=check_id, status=status, answer=answer).model_dump_json()
    )


def test_every_field_of_the_answer_is_spelled() -> None:
    """A field with a default that somebody adds to the model would be missing, and the property above says where."""
    outcome = Answered(
        created=True,
        answer=FirstAnswer(
            verdict=Verdict.ADMIT,
            reasons=(),
            action=None,
            checked_at=datetime(2020, 2, 24, tzinfo=UTC),
            received_at=datetime(2020, 2, 24, tzinfo=UTC),
            offline=False,
            policy_version=1,
            content=b"",
            person_ref=None,
        ),
        display=None,
    )
    spelled = EntryCheckAnswer.model_validate_json(spell_answer(UUID(int=1), outcome))
    assert spelled.model_fields_set == EntryCheckAnswer.model_fields.keys()
