"""Nothing that opens a door is in the repository: no private key, no token, no password, nothing that looks drawn."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {
    ".git", ".fangkong", "__pycache__", "node_modules", "shots", ".hypothesis", ".mypy_cache", ".pytest_cache",
    ".ruff_cache",
}  # fmt: skip
LARGEST = 3_000_000

FORMS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}",
    "a private member of a JWK": r"""["'](?:d|k)["']\s*:\s*["'][A-Za-z0-9_-]{40,}["']""",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a token of a code host": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20})",
    "a key of a cloud": r"\b(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{12,}\b|\bAIza[\w-]{35}",
    "a token of a registry or chat": r"\b(?:pypi-AgE\w{20}|npm_[A-Za-z0-9]{36}|xox[baprs]-[\w-]{10,})",
    "a password in an address": r"\b[a-z][a-z0-9+]{2,}://[\w.%-]+:[^@\s/{}<>\"'$]{3,}@[\w.-]",
    "a literal that looks drawn": r"""["'`]([A-Za-z0-9+/_=-]{32,200})["'`]""",
}
ALLOWED = {
    ("tests/integration/local/test_postgres.py", "a password in an address"): "made up; it must not be told",
    ("tests/unit/local/test_issuer.py", "a password in an address"): "made up, an address that must be refused",
    ("services/gate/page/built/*", "a literal that looks drawn"): "hashes of the files that the page keeps",
    ("services/gate/page/package-lock.json", "a literal that looks drawn"): "hashes of packages",
    ("tests/integration/pages/provider/package-lock.json", "a literal that looks drawn"): "hashes of packages",
}  # fmt: skip
"""What may be found where, and what it is."""


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT)
        if NOT_OURS.isdisjoint(name.parts) and path.is_file() and path.stat().st_size < LARGEST:
            content = path.read_bytes()
            if b"\0" not in content:
                yield name.as_posix(), content.decode(errors="replace")


def drawn(literal: str) -> bool:
    """Bits a character: hexadecimal digits by chance have near 4, base64 near 6, words and names less."""
    bits = -sum(n / len(literal) * math.log2(n / len(literal)) for n in Counter(literal).values())
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", literal):
        return bits > 3.2
    return bits > 4.2 and all(re.search(kind, literal) for kind in (r"\d", "[A-Z]", "[a-z]"))


def found_in(text: str) -> set[str]:
    return {
        what
        for what, form in FORMS.items()
        if any("drawn" not in what or drawn(match[1]) for match in re.finditer(form, text))
    }


@pytest.mark.requirement("F18")
def test_no_file_holds_a_secret() -> None:
    excused: set[tuple[str, str]] = set()
    found: list[str] = []
    for name, text in texts():
        for what in found_in(text):
            excuse = {key for key in ALLOWED if key[1] == what and fnmatch(name, key[0])}
            excused |= excuse
            if not excuse:
                found.append(f"{name}: {what}")
    assert not found, found
    assert excused == ALLOWED.keys(), f"nothing there any more: {ALLOWED.keys() - excused}"


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("a private key", ("-----BEGIN EC PRIVATE", " KEY-----\nMHcCAQEEIIr2hYxT0Vt1pQ8s")),
        ("a private member of a JWK", ('{"d": "', "q" * 43, '"}')),
        ("a signed token", ("eyJhbGciOiJFUzI1NiJ9", ".eyJzdWIiOiJzb21lYm9keSJ9", ".c2lnbmF0dXJlLW9mLXRoaXM")),
        ("a token of a code host", ("ghp_", "a1" * 18)),
        ("a key of a cloud", ("AKIA", "IOSFODNN7EXAMPLE")),
        ("a token of a registry or chat", ("xoxb-", "1234567890-abcdef")),
        ("a password in an address", ("postgres://app:", "hunter22@db.example")),
        ("a literal that looks drawn", ('"', "9f86d081884c7d659a2feaa0", "c55ad015", '"')),
        ("a literal that looks drawn", ('"', "mZ3qK8vT1xW5yB7nC0dF", "2gH4jL6pR9sU", '"')),
    ],
)  # fmt: skip
def test_a_planted_secret_is_found(what: str, parts: tuple[str, ...]) -> None:
    assert what in found_in("".join(parts))
