"""What a client in another language needs of the rule beside the list: the order of reasons, the cells, the words.

`python -m deploy.documents` writes it for the guard's page, so that nothing of it is said twice.
"""

import json
from collections.abc import Iterable
from typing import Any

from services.gate.domain import words
from services.gate.domain.rulings import DEFAULT_TABLE, Case, Direction, Reason
from services.gate.domain.subjects import DOUBLE_SURNAMES
from services.gate.domain.vehicle_words import EMERGENCY, VEHICLE_REASONS, VEHICLE_VERDICTS
from services.gate.domain.vehicles import VehicleReason
from services.gate.domain.words import Words


def content() -> dict[str, Any]:
    """All of it as plain values, in one order."""
    return {
        "reasons": [reason.value for reason in Reason],
        "vehicle_reasons": [reason.value for reason in VehicleReason],
        "table": [
            [
                case.value,
                direction.value,
                [
                    [ruling.verdict.value, ruling.action.value]
                    for ruling in (DEFAULT_TABLE[case, direction][reason] for reason in Reason)
                ],
            ]
            for case in Case
            for direction in Direction
        ],
        "double_surnames": sorted(DOUBLE_SURNAMES),
        "words": {
            "verdicts": _spelled(words.VERDICTS.items()),
            "reasons": _spelled((*words.REASONS.items(), *words.ARRIVALS.items())),
            "actions": _spelled(words.ACTIONS.items()),
            "vehicle_verdicts": _spelled(VEHICLE_VERDICTS.items()),
            "vehicle_reasons": _spelled(VEHICLE_REASONS.items()),
            "emergency": [EMERGENCY.zh, EMERGENCY.en],
        },
    }


def text() -> str:
    """The file's text."""
    return json.dumps(content(), ensure_ascii=False, indent=1) + "\n"


def _spelled(said: Iterable[tuple[str, Words]]) -> dict[str, list[str]]:
    return {str(code): [each.zh, each.en] for code, each in said}
