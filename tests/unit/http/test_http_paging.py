"""Cursors come back as they went, or are refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.http.paging import BadCursor, Cursor, Page

KEY = Cursor(datetime, UUID)


def test_a_cursor_brings_the_key_back() -> None:
    key = (datetime(2020, 2, 24, 8, 30, 0, 123456, tzinfo=UTC), uuid4())
    text = KEY.write(*key)
    assert KEY.read(text) == key
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "张",
        "AAAA",
        "\0",
        urlsafe_b64encode(b'["2020-02-24T00:00:00Z"]').decode(),
        Cursor(int).write(1),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        KEY.read(text)


def test_a_forged_cursor_brings_no_nul_into_a_query() -> None:
    with pytest.raises(BadCursor):
        Cursor(str).read(urlsafe_b64encode(b'["a\\u0000"]').decode())


def test_a_page_says_when_it_is_the_last() -> None:
    assert Page[int](items=[1, 2]).model_dump() == {"items": [1, 2], "next": None}
