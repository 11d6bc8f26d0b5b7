"""The desk's pages as a browser asks for them, without a browser."""

import re
from html import unescape
from typing import Any

import httpx

from tests.integration.registry.desk import CLERK, Desk

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


async def opened(desk: Desk, path: str, who: tuple[str, str] = CLERK, **params: Any) -> httpx.Response:
    """A page, or the problem as a page."""
    headers = desk.client.as_role(*who) | {"accept": "text/html"}
    return await desk.client.http.get(path, params=params or None, headers=headers)


async def sent(
    desk: Desk, path: str, fields: dict[str, Any], who: tuple[str, str] = CLERK, **extra: Any
) -> httpx.Response:
    """A form that one of our own pages sends."""
    headers = desk.client.as_role(*who) | {"accept": "text/html", "origin": "http://registry.test"}
    return await desk.client.http.post(path, data=fields, headers=headers, **extra)


def hidden(page: httpx.Response) -> dict[str, str]:
    """What the forms of a page carry along."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}


def words(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
