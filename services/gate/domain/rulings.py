"""What each reason calls for, by who comes and in which direction: the table behind every verdict (gate rules).

The table is plain data with a cell for every case, direction and reason, so that a policy version can replace cells.
What stands here are the requirements' defaults.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import get_args

from shared.events.policy_gate import GateTableRow
from shared.events.policy_observation import Measure


class Direction(StrEnum):
    """Which way somebody goes."""

    ENTRY = "entry"
    EXIT = "exit"


class Verdict(StrEnum):
    """The answer of a checkpoint, mildest first."""

    ADMIT = "admit"
    ADMIT_WITH_ACTION = "admit_with_action"
    CANNOT_VERIFY = "cannot_verify"
    REFUSE = "refuse"

    @property
    def severity(self) -> int:
        """0 for the mildest."""
        return _SEVERITY[self]


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}


class Reason(StrEnum):
    """What stands against passing. Their order is their gravity, gravest first (gate rules)."""

    FEVER = "fever"
    UNDER_QUARANTINE = (
        "under_quarantine"  # at home, centralized, in medical hands or gate's own hold: not told apart
    )
    SELF_MONITORING = "self_monitoring"
    PASS_FORGED = "pass_forged"  # noqa: S105 -- a code of the contract, like those below
    PASS_REVOKED = "pass_revoked"  # noqa: S105
    PASS_REPLACED = "pass_replaced"  # noqa: S105
    PASS_SUSPENDED = "pass_suspended"  # noqa: S105
    WRONG_COMPOUND = "wrong_compound"
    PASS_EXPIRED = "pass_expired"  # noqa: S105
    PASS_NOT_YET_VALID = "pass_not_yet_valid"  # noqa: S105
    OUTSIDE_HOURS = "outside_hours"  # a temporary pass, at another hour than its own
    NO_PASS = "no_pass"  # noqa: S105
    PASS_UNKNOWN = "pass_unknown"  # noqa: S105
    PASS_UNVERIFIABLE = "pass_unverifiable"  # noqa: S105
    LIST_TOO_OLD = "list_too_old"  # the device decides by itself, by a list that is past the policy's limit
    NOT_CHECKABLE_OFFLINE = "not_checkable_offline"  # nothing signed was shown, and no answer came
    SUBJECT_UNKNOWN = "subject_unknown"
    SUBJECT_AMBIGUOUS = "subject_ambiguous"
    NO_MASK = "no_mask"
    INCOMPLETE = "incomplete"
    PASS_NOT_SHOWN = "pass_not_shown"  # noqa: S105
    PASS_NOT_SCANNED = "pass_not_scanned"  # noqa: S105
    LIST_AGED = "list_aged"
    FOLLOW_UP = "follow_up"


class ArrivalReason(StrEnum):
    """What a journey adds, gravest first. None of them says where somebody has been."""

    TO_BE_TRANSFERRED = "to_be_transferred"
    CODE_NOT_GREEN = "code_not_green"
    NEWCOMER = "newcomer"
    FIRST_RETURN = "first_return"


class Action(StrEnum):
    """What the guard does; the words are in `domain.words`."""

    FEVER_PATH = "fever_path"
    TURN_BACK = "turn_back"
    HOLD_FOR_TRANSFER = "hold_for_transfer"
    HOLD_AND_REPORT = "hold_and_report"
    GO_STRAIGHT_HOME = "go_straight_home"
    STAY_HOME = "stay_home"
    STAY_HOME_AND_REPORT = "stay_home_and_report"
    REPORT_FORGERY = "report_forgery"
    APPLY_AT_COMMUNITY = "apply_at_community"
    CALL_COMMUNITY = "call_community"
    USE_NEWEST_PASS = "use_newest_pass"  # noqa: S105 -- a code of the contract
    GO_TO_OWN_COMPOUND = "go_to_own_compound"
    WAIT_FOR_VALIDITY = "wait_for_validity"
    HANDOVER_POINT = "handover_point"
    NOTE_DEPARTURE = "note_departure"
    LOG_AND_LET_THROUGH = "log_and_let_through"
    CALL_SHIFT_LEADER = "call_shift_leader"
    MATCH_DOCUMENT = "match_document"
    CHECK_TYPING = "check_typing"
    OFFER_REPRINT = "offer_reprint"
    PUT_ON_MASK = "put_on_mask"
    COMPLETE_CHECK = "complete_check"
    MEASURE_TEMPERATURE = "measure_temperature"
    MEASURE_AGAIN = "measure_again"
    LOOK_AT_MASK = "look_at_mask"
    ASK_QUESTIONS = "ask_questions"
    REPORT_TO_COMMUNITY = "report_to_community"


class Case(StrEnum):
    """Who comes. Someone under a measure is that case, whatever pass they hold."""

    RESIDENT = "resident"
    VISITOR = "visitor"
    EMERGENCY = "emergency"
    UNKNOWN = "unknown"
    HOME_SELF_MONITORING = "home_self_monitoring"
    HOME_QUARANTINE = "home_quarantine"
    CENTRALIZED_OBSERVATION = "centralized_observation"
    MEDICAL = "medical"
    MEASURE_ELSEWHERE = "measure_elsewhere"  # a home measure that is served in another compound


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one reason calls for."""

    verdict: Verdict
    action: Action


Cells = Mapping[Reason, Ruling]
Table = Mapping[tuple[Case, Direction], Cells]

HOME_MEASURES: frozenset[Measure] = frozenset({"home_self_monitoring", "home_quarantine"})
_STRICTNESS: tuple[Measure, ...] = (
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
)
assert set(_STRICTNESS) == set(get_args(Measure))  # noqa: S101 -- a new measure needs its place here


def strictest_measure(measures: Iterable[Measure]) -> Measure | None:
    """The strictest of several measures on one person; None for none."""
    return max(measures, key=_STRICTNESS.index, default=None)


def _refuse(action: Action) -> Ruling:
    return Ruling(verdict=Verdict.REFUSE, action=action)


def _cannot(action: Action) -> Ruling:
    return Ruling(verdict=Verdict.CANNOT_VERIFY, action=action)


def _with(action: Action) -> Ruling:
    return Ruling(verdict=Verdict.ADMIT_WITH_ACTION, action=action)


_ANYBODY: Cells = {
    Reason.FEVER: _refuse(Action.FEVER_PATH),
    Reason.UNDER_QUARANTINE: _refuse(Action.HOLD_AND_REPORT),
    Reason.SELF_MONITORING: _refuse(Action.STAY_HOME),
    Reason.PASS_FORGED: _refuse(Action.REPORT_FORGERY),
    Reason.PASS_REVOKED: _refuse(Action.APPLY_AT_COMMUNITY),
    Reason.PASS_REPLACED: _refuse(Action.USE_NEWEST_PASS),
    Reason.PASS_SUSPENDED: _refuse(Action.CALL_COMMUNITY),
    Reason.WRONG_COMPOUND: _refuse(Action.GO_TO_OWN_COMPOUND),
    Reason.PASS_EXPIRED: _refuse(Action.APPLY_AT_COMMUNITY),
    Reason.PASS_NOT_YET_VALID: _refuse(Action.WAIT_FOR_VALIDITY),
    Reason.OUTSIDE_HOURS: _refuse(Action.WAIT_FOR_VALIDITY),
    Reason.NO_PASS: _refuse(Action.APPLY_AT_COMMUNITY),
    Reason.PASS_UNKNOWN: _cannot(Action.MATCH_DOCUMENT),
    Reason.PASS_UNVERIFIABLE: _cannot(Action.MATCH_DOCUMENT),
    Reason.LIST_TOO_OLD: _cannot(Action.CALL_SHIFT_LEADER),
    Reason.NOT_CHECKABLE_OFFLINE: _cannot(Action.CALL_SHIFT_LEADER),
    Reason.SUBJECT_UNKNOWN: _cannot(Action.CHECK_TYPING),
    Reason.SUBJECT_AMBIGUOUS: _cannot(Action.MATCH_DOCUMENT),
    Reason.NO_MASK: _refuse(Action.PUT_ON_MASK),
    Reason.INCOMPLETE: _cannot(Action.COMPLETE_CHECK),
    Reason.PASS_NOT_SHOWN: _with(Action.OFFER_REPRINT),
    Reason.PASS_NOT_SCANNED: _with(Action.MATCH_DOCUMENT),
    Reason.LIST_AGED: _with(Action.MATCH_DOCUMENT),
    Reason.FOLLOW_UP: _with(Action.REPORT_TO_COMMUNITY),
}

# Somebody whose measure is served at home here goes home, whatever became of the pass.
_PASS_FAULTS = (
    Reason.PASS_REVOKED,
    Reason.PASS_REPLACED,
    Reason.PASS_SUSPENDED,
    Reason.WRONG_COMPOUND,
    Reason.PASS_EXPIRED,
    Reason.PASS_NOT_YET_VALID,
    Reason.OUTSIDE_HOURS,
    Reason.NO_PASS,
)
_GOES_HOME: Cells = dict.fromkeys(
    (Reason.UNDER_QUARANTINE, Reason.SELF_MONITORING, *_PASS_FAULTS), _with(Action.GO_STRAIGHT_HOME)
)
# Who is inside without a good pass may leave and settle it; they are not locked in.
_MAY_LEAVE: Cells = {
    Reason.WRONG_COMPOUND: _with(Action.GO_TO_OWN_COMPOUND),
    Reason.PASS_EXPIRED: _with(Action.APPLY_AT_COMMUNITY),
    Reason.OUTSIDE_HOURS: _with(Action.NOTE_DEPARTURE),
    Reason.NO_PASS: _with(Action.APPLY_AT_COMMUNITY),
}

_SPECIAL: dict[tuple[Case, Direction], Cells] = {
    (Case.RESIDENT, Direction.EXIT): _MAY_LEAVE,
    (Case.VISITOR, Direction.ENTRY): {
        Reason.FEVER: _refuse(Action.TURN_BACK),
        Reason.NO_PASS: _refuse(Action.HANDOVER_POINT),
    },
    (Case.VISITOR, Direction.EXIT): {Reason.NO_PASS: _with(Action.NOTE_DEPARTURE)},
    (Case.EMERGENCY, Direction.ENTRY): dict.fromkeys(Reason, _with(Action.LOG_AND_LET_THROUGH)),
    (Case.EMERGENCY, Direction.EXIT): dict.fromkeys(Reason, _with(Action.LOG_AND_LET_THROUGH)),
    (Case.HOME_SELF_MONITORING, Direction.ENTRY): _GOES_HOME,
    (Case.HOME_QUARANTINE, Direction.ENTRY): _GOES_HOME,
    (Case.HOME_QUARANTINE, Direction.EXIT): {Reason.UNDER_QUARANTINE: _refuse(Action.STAY_HOME_AND_REPORT)},
    (Case.CENTRALIZED_OBSERVATION, Direction.ENTRY): {
        Reason.UNDER_QUARANTINE: _refuse(Action.HOLD_FOR_TRANSFER)
    },
    (Case.CENTRALIZED_OBSERVATION, Direction.EXIT): {
        Reason.UNDER_QUARANTINE: _refuse(Action.HOLD_FOR_TRANSFER)
    },
    # MEDICAL stands as for anybody: "wait here, we call the community" does not tell the guard that somebody was ill.
    (Case.MEASURE_ELSEWHERE, Direction.ENTRY): {Reason.SELF_MONITORING: _refuse(Action.GO_STRAIGHT_HOME)},
    (Case.MEASURE_ELSEWHERE, Direction.EXIT): {
        **_MAY_LEAVE,
        Reason.SELF_MONITORING: _with(Action.GO_STRAIGHT_HOME),
    },
}

DEFAULT_TABLE: Table = {
    (case, direction): {**_ANYBODY, **_SPECIAL.get((case, direction), {})}
    for case, direction in product(Case, Direction)
}


def table_of(rows: Iterable[GateTableRow] | None) -> Table:
    """The table of a policy: its rows over the defaults, so that a reason newer than the policy has its cell."""
    if rows is None:
        return DEFAULT_TABLE
    cells = {where: dict(row) for where, row in DEFAULT_TABLE.items()}
    for row in rows:
        ruling = Ruling(verdict=Verdict(row.verdict), action=Action(row.action))
        cases = [Case(case) for case in row.cases] or list(Case)
        directions = [Direction(direction) for direction in row.directions] or list(Direction)
        for where in product(cases, directions):
            cells[where].update(dict.fromkeys(map(Reason, row.reasons), ruling))
    return cells
