"""What is sent again under a known id must be the same in all that counts."""

from collections.abc import Sequence

from shared.kernel.refusal import SameIdOtherContent


def other_content() -> SameIdOtherContent:
    """The refusal of an id that was used for something else."""
    return SameIdOtherContent(
        "该编号已用于其他内容。The id was used for something else.",
        remedy="请使用新的编号。Use a new id.",
    )


def same_content(kept: bytes, given: Sequence[bytes]) -> None:
    """Insist that what was sent under a known id is what was sent first.

    Raises:
        SameIdOtherContent.
    """
    if kept not in given:
        raise other_content()
