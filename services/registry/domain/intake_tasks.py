"""Intakes that are due because a gate saw somebody come back: when is the loop closed? Pure (R2.5, G17)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.kernel.refusal import Refusal

Cause = Literal["first_return", "focus_area", "case_contact"]
TaskState = Literal["open", "completed", "closed"]
CloseReason = Literal[
    "never_left", "registered_elsewhere", "went_elsewhere", "mistaken_identity", "handed_over"
]


class TaskUnknown(Refusal):
    """There is no such task."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "task_unknown"


class TaskSettled(Refusal):
    """The task was completed or closed otherwise already."""

    code: ClassVar[str] = "task_settled"


class IntakeOfAnother(Refusal):
    """The intake is somebody else's."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "intake_of_another"


class IntakeOver(Refusal):
    """The intake's observation was completed before the person was seen: they came back again."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "intake_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An intake that is due. `person_ref` is None while nobody knows who it is."""

    task_id: UUID
    person_ref: UUID | None
    checked_at: datetime
    state: TaskState
    intake_id: UUID | None
    close_reason: CloseReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An intake that may complete a task. `completed_at` is when its observation was completed."""

    intake_id: UUID
    person_ref: UUID
    completed_at: datetime | None


def completes(taken: Taken, checked_at: datetime) -> bool:
    """Whether an intake covers a check: its observation was not over when the person was seen."""
    return taken.completed_at is None or taken.completed_at > checked_at


def decide_completion(task: Task, taken: Taken) -> bool:
    """Let an intake complete a task; False when it did already.

    Raises:
        TaskSettled, IntakeOfAnother, IntakeOver: as their names say.
    """
    if task.state == "completed" and task.intake_id == taken.intake_id:
        return False
    if task.state != "open":
        raise settled(task)
    if task.person_ref is not None and task.person_ref != taken.person_ref:
        raise IntakeOfAnother(
            "该登记属于另一人。The intake is somebody else's.",
            field="intake_id",
            remedy="请选择此人的登记，或先登记。Name this person's intake, or register them first.",
        )
    if not completes(taken, task.checked_at):
        raise IntakeOver(
            "该登记的健康观察在此次返回之前已结束。The observation of that intake was over before.",
            field="intake_id",
            remedy="请重新登记此次返回。Register this return.",
        )
    return True


def decide_closing(task: Task, reason: CloseReason) -> bool:
    """Let a task be closed without an intake; False when it was, for the same reason.

    Raises:
        TaskSettled: it is completed, or closed for another reason.
    """
    if task.state == "closed" and task.close_reason == reason:
        return False
    if task.state != "open":
        raise settled(task)
    return True


def settled(task: Task) -> TaskSettled:
    """What is said of a task that is not open any more."""
    return TaskSettled("该事项已办结。The task is settled.", state=task.state)
