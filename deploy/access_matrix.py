"""The access matrix as a document: every route, the roles that it opens to, and how far their grants reach."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from shared.events.catalogue import PUBLISHERS
from shared.http.access import DEVICES, STAFF, AccessTable, Role

FILE = Path(__file__).parent / "docs" / "access-matrix.md"

_HEAD = """# Who may call what

Written by `python -m deploy.documents` from each service's `access.py`; a test holds it to them. A role that is not
named gets 403 before anything of the request is looked at, and whoever does not sign in 401. The last column says what
a grant of a place (`neighbourhood`, `compound`, `grid`, `checkpoint`) narrows where the route opens:

- **place**: the caller gets at what lies in the places of those grants that open the route, and at nothing else: an
  object elsewhere is refused (403, or 404 as if it were not there) and left out of lists. A grant of `town` covers all.
- **nothing**: the same answer wherever the grant holds: rules, figures of other towns, names of places.
- **itself**: a device gets at its checkpoint, a resident at what the personal link is for.
- **open**: no sign-in.

`tests/integration/trust/` asks every route as every role, and as staff of another place, with objects that are there.
"""


def narrowed_by(cell: str, roles: frozenset[Role], everywhere: frozenset[str]) -> str:
    """What narrows a cell: `open`, `nothing`, `itself` or `place`, see the head of the document."""
    if Role.PUBLIC in roles:
        return "open"
    if cell in everywhere:
        return "nothing"
    own = "itself" if roles & (DEVICES | {Role.RESIDENT}) else ""
    return " / ".join(filter(None, (own, "place" if roles & STAFF else "")))


def text() -> str:
    """The document."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for service in PUBLISHERS:
        module = importlib.import_module(f"services.{service}.access")
        table: AccessTable = module.ACCESS
        everywhere: frozenset[str] = module.EVERYWHERE
        yield f"## {service}: {len(table)} routes\n"
        yield "| route | roles | narrowed by |"
        yield "|---|---|---|"
        for cell, roles in sorted(table.items(), key=lambda item: (item[0].split()[1], item[0])):
            named = "all staff" if roles == STAFF else ", ".join(sorted(roles))
            yield f"| `{cell}` | {named} | {narrowed_by(cell, roles, everywhere)} |"
        yield ""
