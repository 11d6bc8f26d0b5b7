"""The answer to a check in JSON, spelled out: what `EntryCheckAnswer` would give, at a third of the price.

Checks are asked for all day. Verdict, reasons and instruction repeat and are made once; what differs is put between
them. A property test holds the two against each other (`tests/unit/gate/test_gate_spelled.py`).
"""

from functools import lru_cache
from uuid import UUID

from pydantic_core import to_json

from services.gate.api.models import Text, reason_of
from services.gate.domain import words
from services.gate.domain.rulings import Action, Verdict
from services.gate.handlers.checks import Answered

_BOOL = {True: "true", False: "false"}


def spell_answer(check_id: UUID, outcome: Answered) -> str:
    """The JSON of the answer to a check, with what may be shown of the person."""
    first, shown = outcome.answer, outcome.display
    display = to_json({"surname": shown.surname, "room": shown.room}).decode() if shown else "null"
    nth = "null" if first.nth_today is None else first.nth_today
    return (
        f'{{"check_id":"{check_id}",{_ruling(first.verdict, first.reasons, first.action)},"display":{display},'
        f'"checked_at":{to_json(first.checked_at).decode()},"received_at":{to_json(first.received_at).decode()},'
        f'"offline":{_BOOL[first.offline]},"policy_version":{first.policy_version},"nth_today":{nth}}}'
    )


def spell_item(check_id: UUID, outcome: Answered) -> str:
    """The JSON of a batch's item for a check that is kept."""
    status = "created" if outcome.created else "exists"
    return (
        f'{{"check_id":"{check_id}","status":"{status}","code":null,"field":null,"detail":null,"remedy":null,'
        f'"retry_after":null,"answer":{spell_answer(check_id, outcome)}}}'
    )


@lru_cache(maxsize=1_000)
def _ruling(verdict: Verdict, reasons: tuple[str, ...], action: Action | None) -> str:
    """Verdict, reasons, action and instruction: there are few combinations."""
    instruction = words.ACTIONS[action] if action else words.VERDICTS[verdict]
    told = [
        f'"verdict":"{verdict}"',
        f'"reasons":[{",".join(reason_of(code).model_dump_json() for code in reasons)}]',
        f'"action":"{action}"' if action else '"action":null',
        f'"instruction":{Text.of(instruction).model_dump_json()}',
    ]
    return ",".join(told)
