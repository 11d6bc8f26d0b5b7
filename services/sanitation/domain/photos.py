"""What is refused about photos."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class NotAnImage(Refusal):
    """The file is no picture."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_an_image"


class PhotoTooLarge(Refusal):
    """The picture has more pixels than any phone's."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "photo_too_large"


class PhotoUnknown(Refusal):
    """No such photo of this compound: photos are sent first, what they prove after them."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "photo_unknown"


class PhotoUsed(Refusal):
    """The photo is the proof of something else already: one photo proves one thing."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "photo_used"


class NoSuchPhoto(Refusal):
    """There is no such photo to look at."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "photo_unknown"


class PhotoDropped(Refusal):
    """The photo was kept as long as policy says, and is gone."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "photo_dropped"
