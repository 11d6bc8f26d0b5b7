"""When may a declaration be corrected? By a new entry with a reason; both are kept (observation rules)."""

from typing import ClassVar
from uuid import UUID

from shared.kernel.refusal import Refusal


class DeclarationUnknown(Refusal):
    """The case has no such declaration."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "declaration_unknown"


class CorrectedAlready(Refusal):
    """Another entry took its place: that one is corrected, never the old one twice."""

    code: ClassVar[str] = "corrected_already"


class NotOwnDeclaration(Refusal):
    """A resident corrects what the household declared; what staff recorded is corrected by staff."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "not_own_declaration"


HOUSEHOLD = frozenset({"self", "proxy", "import"})
"""Channels through which a household declares by itself: the own phone, or a questionnaire platform."""


def check_correction(*, channel: str, corrected_by: UUID | None, by_household: bool) -> None:
    """Insist that an entry is the last word of its line and the caller's to correct.

    A correction changes nothing that followed from the entry before: a fever path that is open stays open until a
    recorded decision ends it, and the window stays answered from the first entry on.

    Args:
        channel: how the entry before was declared.
        corrected_by: the entry that corrected it already, if any.
        by_household: the correction comes through a personal link.

    Raises:
        NotOwnDeclaration, CorrectedAlready.
    """
    if by_household and channel not in HOUSEHOLD:
        raise NotOwnDeclaration(
            "该记录由工作人员填写，请联系网格员更正。Staff recorded this entry; ask your grid worker to correct it."
        )
    if corrected_by is not None:
        raise CorrectedAlready(
            "该记录已被更正，请更正最新的一条。This entry was corrected already; correct the newest one.",
            field="declaration_id",
            corrected_by=str(corrected_by),
        )
