"""Planted values, and the search for them in whatever bytes: as text, escaped, encoded."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

NAME, DOCUMENT, PHONE, NOTE, ROOM, PLATE = "金丝雀", "ZCANARY", "199777055", "金絲筆記", "金籠", "苏EZ9"
_ENOUGH = 200
MARKS = (NAME, DOCUMENT, PHONE, NOTE, ROOM, PLATE)
"""What every planted name, document, phone, free text and room begins with; no seed data has any of them."""


class Canary:
    """The nth planted person."""

    def __init__(self, nth: int) -> None:
        self.name = f"{NAME}{nth:04d}号"
        self.number = f"{DOCUMENT}{nth:04d}"
        self.phone = f"{PHONE}{nth % 100:02d}"
        self.note = f"{NOTE}{nth:04d}"
        self.room = f"{ROOM}{nth:04d}"
        self.plate = f"{PLATE}{nth % 1000:03d}"


def encodings(text: str) -> set[bytes]:
    """A text as it may stand somewhere: in other encodings, as JSON, URLs and HTML escape it, as hex, in base64."""
    plain = text.encode()
    found = {plain, text.encode("gb18030"), text.encode("utf-16-le"), text.encode("utf-16-be")}
    found |= {plain.hex().encode(), plain.hex().upper().encode(), quote(text).encode(), plain.lower()}
    found.add(json.dumps(text)[1:-1].encode())
    found.add("".join(f"&#{ord(letter)};" if ord(letter) > 127 else letter for letter in text).encode())
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        inner = encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {one for one in found if len(one) >= 6}


def leaks(content: Mapping[str, bytes], *texts: str) -> list[str]:
    """Where a text can be read, in whatever encoding: the place, what is read there, and what stands before it."""
    found: list[str] = []
    for text in texts:
        for form in sorted(encodings(text)):
            for name, held in content.items():
                at = held.find(form)
                while at >= 0 and len(found) < _ENOUGH:
                    read, before = held[at : at + 48], held[max(0, at - 120) : at]
                    found.append(f"{name}: {read.decode(errors='replace')} after {before!r}")
                    at = held.find(form, at + len(form))
    return found


def files(folder: Path, names: Iterable[str] = ("**/*",)) -> dict[str, bytes]:
    """Every file below a folder, as its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in names
        for path in folder.glob(pattern)
        if path.is_file()
    }
