"""The one way to say no: a small exception with a stable code, rendered once as problem+json.

A domain raises a subclass defined beside its rule; it needs no HTTP to do so. `status` is what a caller over
HTTP receives and nothing else; a reaction to an event treats a refusal as a decision, never as a crash.
"""

import re
from typing import ClassVar

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """A request or command that was understood and is not carried out.

    Class attributes:
        status: HTTP status, 400 to 599.
        code: stable snake_case name; clients branch on it, texts may change.
        usual_remedy: what to do next wherever the place that refuses does not say it better.

    Attributes:
        detail: one sentence for people, Chinese first where people read it. Never personal data.
        field: the part of the input it is about, dotted, or None.
        remedy: what to do next, or None.
        extra: further members of the problem (e.g. `first_possible=date`), JSON-able.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    usual_remedy: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        """Check status and code when the class is made, so a typo shows at import and not at a gate."""
        super().__init_subclass__()
        if not _CODE.fullmatch(cls.code) or not 400 <= cls.status <= 599:
            raise TypeError(f"{cls.__qualname__}: code must be snake_case and status 400 to 599")

    def __init__(
        self, detail: str, *, field: str | None = None, remedy: str | None = None, **extra: object
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.remedy = remedy or self.usual_remedy
        self.extra = extra


class SameIdOtherContent(Refusal):
    """The id was used before, for something else: a repeat must be the same in all that counts."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "same_id_other_content"
    usual_remedy: ClassVar[str | None] = (
        "另一件事用新的编号；重发须与原内容一致。"
        "Use a new id for another thing; a repeat says the same as before."
    )


class FileExpired(Refusal):
    """A file was kept for its time and is gone; how to come by it anew is said where it is asked for."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "file_expired"
