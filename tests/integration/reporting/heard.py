"""Reporting over HTTP with what producers have told it."""

from typing import Any

import httpx

from tests.integration.reporting.world import (
    Log,
    deliver,
)


class Reporting:
    """The service over HTTP with what it has heard."""

    def __init__(self, client: Any) -> None:
        self.client, self.log = client, Log()

    async def hear(self, *events: Any) -> None:
        """Producers say something and it arrives."""
        self.log.say(*events)
        await deliver(self.client.context.database, self.log)

    async def get(
        self, path: str, role: str = "hq_officer", scope: str = "town", **options: Any
    ) -> httpx.Response:
        """GET as somebody."""
        headers = self.client.as_role(role, scope) | options.pop("headers", {})
        found: httpx.Response = await self.client.http.get(path, headers=headers, params=options)
        return found

    async def board(self, role: str = "hq_officer", scope: str = "town") -> dict[str, Any]:
        """The board."""
        answer = await self.get("/v1/board", role, scope)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def line(self, compound: str) -> dict[str, Any]:
        """A compound's line."""
        return next(line for line in (await self.board())["compounds"] if line["compound"] == compound)
