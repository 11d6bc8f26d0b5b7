"""A browser without scripts: it keeps cookies, follows, and sends the forms of pages with the pages' own tokens."""

import re
from typing import Any

import httpx

from tests.conftest import Client


class Phone:
    """Somebody's phone, at the pages of one service."""

    def __init__(self, client: Client) -> None:
        self.http = httpx.AsyncClient(
            transport=client.http._transport,  # the same application, other cookies
            base_url="http://localhost",
            headers={"Accept": "text/html", "Origin": "http://localhost"},
        )
        self.page: httpx.Response

    async def open(self, path: str) -> str:
        """Open a page."""
        self.page = await self.http.get(path, follow_redirects=True)
        return self.page.text

    async def send(self, path: str, **fields: Any) -> str:
        """Send a form of the page, with what else stands in it unseen; `temperature_0` is sent as `temperature-0`."""
        unseen = dict(re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', self.page.text))
        unseen.pop("next", None)
        typed = {re.sub(r"_(\d+)$", r"-\1", name): value for name, value in fields.items()}
        self.page = await self.http.post(
            path, data=unseen | {"csrf": self.token} | typed, follow_redirects=True
        )
        return self.page.text

    @property
    def token(self) -> str:
        """The token of the form in the page's middle; the first one belongs to the choice of the language."""
        tokens: list[str] = re.findall(r'name="csrf" value="([0-9a-f]*)"', self.page.text)
        return tokens[-1]

    @property
    def at(self) -> str:
        """Where it is now."""
        return self.page.url.path
