"""Values that break programs, as they go over the wire, and requests that hold one of them in one place."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from fastapi.routing import APIRoute
from pydantic import BaseModel

SERVICES = Path(__file__).parents[3] / "services"
_PLACE = "@@here@@"

TEXTS: tuple[bytes, ...] = (
    rb'"\u0000"', rb'"a\u0000b"', rb'"\ud800"', rb'"\udfff\ud800"', rb'"\ud842\udfb7"', rb'"\ufffe\uffff"',
    '"𠮷𬺈𪚥"'.encode(), rb'"\u202e\u7532\u202c"', rb'"\u200b\ufeff"', '"甲\u0301\u0301"'.encode(),
    rb'"\u2028\u2029"', rb'"\r\nSet-Cookie: a=b"', rb'"\u001b[31m"', '"１２３"'.encode(), '"٣٤"'.encode(),
    b'""', b'" "', b'"null"', b'"\'; drop table person; --"', b'"$1"', b'"%00%s%n{0}"', b'"=1+1"',
    b'"<script>alert(1)</script>"', b'"{{7*7}}"', b'"../../etc/passwd"', b'"' + b"x" * 5_000 + b'"',
    b'"' + "长".encode() * 60_000 + b'"',
    b'"' + b"e" + "\u0301".encode() * 2_000 + b'"', b'"\xff\xfe"', b'"\xed\xa0\x80"',
    '"甲"'.encode("gb18030"), b'"' + b"x" * 1_000_000 + b'"',
)  # fmt: skip
"""JSON texts: NUL, halves of surrogate pairs, four-byte Han, right-to-left, combining, long, of other encodings."""
DATES: tuple[bytes, ...] = (
    b'"0001-01-01"', b'"9999-12-31"', b'"0000-00-00"', b'"2020-02-30"', b'"-4713-01-01"', b'"10000-01-01"',
    b'"9999-12-31T23:59:59.999999-14:00"', b'"0001-01-01T00:00:00+14:00"', b'"0001-01-01T00:00:00Z"',
    b'"9999-12-31T23:59:59Z"', b'"2020-02-24T25:00:00Z"', b'"2020-02-24T09:00:00"', b'"2020-02-24T09:00:00+23:59"',
    b"253402300800", b"-62135596801", b'"1582-10-10"', b'"24:00:00"', b'"2020-W09"',
)  # fmt: skip
NUMBERS: tuple[bytes, ...] = (
    b"9" * 400, b"-9223372036854775809", b"9223372036854775808", b"2147483648", b"-1", b"0", b"-0.0", b"1e308",
    b"1e400", b"1e-400", b"NaN", b"Infinity", b"-Infinity", b"0.1234567890123456789", b'"1e9"', b"1E+2", b"00",
)  # fmt: skip
SHAPES: tuple[bytes, ...] = (
    b"null", b"true", b"{}", b"[]", b'{"$ne": null}', b'[["a"]]', b"[" * 190 + b"]" * 190, b"[" * 20_000,
    b'{"a":' * 20_000, b'{"__proto__": {}, "constructor": 1}', b'{"a": 1, "a": 2}', b"[" + b"null," * 5_000 + b"null]",
    b"", b"undefined", b"'a'", b'"open',
)  # fmt: skip
HEADERS = (
    "If-Match", "If-None-Match", "If-Modified-Since", "Range", "Accept", "Accept-Language", "Accept-Encoding",
    "Content-Type", "Content-Length", "Transfer-Encoding", "Cookie", "Origin", "Referer", "Host", "User-Agent",
    "X-Correlation-Id", "traceparent", "X-Forwarded-For", "X-CSRF-Token", "Sec-Fetch-Site", "Last-Event-Id",
)  # fmt: skip
"""Headers that mean something to somebody on the way."""
ALL = tuple(
    value for four in zip_longest(TEXTS, DATES, NUMBERS, SHAPES) for value in four if value is not None
)
"""All of them, kinds in turn."""


def as_text(value: bytes) -> bytes:
    """A value as it stands in a form or an address: the bytes that a JSON text means, else what is written."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value.strip(b'"')
    return read.encode("utf-8", "surrogatepass") if isinstance(read, str) else value


def spoilt(body: Any, path: Sequence[str | int], value: bytes) -> bytes:
    """A body as it is sent, with a value at a place."""
    copy = json.loads(json.dumps(body))
    if not path:
        return value
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = _PLACE
    return json.dumps(copy).encode().replace(json.dumps(_PLACE).encode(), value)


def places(body: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a body: itself, its fields, and the first of each list."""
    yield path
    match body:
        case dict():
            for name, value in body.items():
                yield from places(value, (*path, name))
        case [first, *_]:
            yield from places(first, (*path, 0))


@cache
def named_in_pages(service: str) -> tuple[str, ...]:
    """Names of all fields of a service's pages."""
    found: set[str] = set()
    for template in (SERVICES / service / "pages").rglob("*.html"):
        found |= set(re.findall(r'\bname="([a-z][\w.-]*)"', template.read_text(encoding="utf-8")))
    return tuple(sorted(found - {"csrf"}))


def form_fields(service: str, route: APIRoute) -> tuple[str, ...]:
    """Fields of the form that a route takes: those of its model, or all that the service's pages know."""
    for parameter in route.dependant.body_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return tuple(name for name in kind.model_fields if name != "csrf")
    return named_in_pages(service)


def urlencoded(fields: Mapping[str, bytes]) -> bytes:
    """A form as browsers send it."""
    return b"&".join(
        name.encode() + b"=" + quote_from_bytes(value, safe="").encode() for name, value in fields.items()
    )
