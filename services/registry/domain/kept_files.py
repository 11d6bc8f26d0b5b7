"""How the registry says no about rejected rows, which it keeps for a while (R4.2)."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class NothingRejected(Refusal):
    """No row was rejected, or the file is still being worked off."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "nothing_rejected"
