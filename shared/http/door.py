"""Whether a process still answers: where the measures are over, all but a few routes refuse (0063)."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from shared.db.closing import IS_CLOSED
from shared.db.pool import TRANSIENT, Database
from shared.http.problem import HttpRefusal
from shared.kernel.sealed import Vault

LOOK_SECONDS = 1.0
"""How long a process may go on taking what another one refuses: closing down holds everywhere after this."""


class ClosedDown(HttpRefusal):
    """The measures are over and all that was personal is destroyed; nothing is taken or shown any more."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "closed_down"

    def __init__(self) -> None:
        super().__init__(
            "防控工作已结束，系统已关停，个人信息已全部销毁，不再受理。"
            "The measures are over and the system is closed down: all personal data is destroyed, and none is taken.",
            remedy="汇总数字见指挥部看板，关停证书见登记服务。Figures stay on headquarters' board.",
        )


@dataclass(slots=True)
class Door:
    """Whether this process still takes anything: looked up in the database once a second."""

    closed: bool = False

    async def look(self, database: Database, vault: Vault | None) -> None:
        """Ask the database; opened keys are used no more from the moment on."""
        if not self.closed:
            async with database.statements() as connection:
                self.closed = bool(await connection.fetchval(IS_CLOSED))
            if self.closed and vault is not None:
                vault.forget_keys()

    async def watch(self, database: Database, vault: Vault | None) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look(database, vault)
            except TRANSIENT:
                continue
