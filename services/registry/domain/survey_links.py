"""How a household's personal link says no (R4.2)."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class LinkUnknown(Refusal):
    """No link has this token."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "link_unknown"


class LinkEnded(Refusal):
    """The link was withdrawn, or its round is over."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "link_ended"


class LinkAlreadyUsed(Refusal):
    """Another browser opened the link first and keeps it."""

    code: ClassVar[str] = "link_already_used"


class LinksShownOnce(Refusal):
    """These links were made already; only their hashes are kept."""

    code: ClassVar[str] = "links_shown_once"


class NothingToConfirm(Refusal):
    """The form is not one that a household filled in, or it is not the one that waits."""

    code: ClassVar[str] = "nothing_to_confirm"
