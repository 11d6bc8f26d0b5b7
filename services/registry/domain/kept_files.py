"""How the registry says no about files that it keeps for a while: rejected rows and exports (R4.2)."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class FileExpired(Refusal):
    """The file was kept for its time and is gone."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "file_expired"


class NothingRejected(Refusal):
    """No row was rejected, or the file is still being worked off."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "nothing_rejected"
