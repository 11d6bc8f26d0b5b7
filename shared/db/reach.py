"""How far a transaction reaches: the town, or the places of whoever asks; row-level security holds it to that.

A request begins with no reach at all and gets the reach of the grants that open its route; what is not a request
(relay, reactors, tickers, start) reaches the town. `Database` tells PostgreSQL at the beginning of every transaction,
and the policies on the tables (`services/*/migrations`) believe nothing else: a query that forgot its `where` finds
no row of another place, and a command that forgot to ask is refused when it writes there.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from shared.kernel.refusal import Refusal

EVERYWHERE = "town"
NOWHERE = ""
READS, WRITES = "fangkong.reads", "fangkong.writes"
SESSION = {READS: EVERYWHERE, WRITES: EVERYWHERE}
"""What a connection of the pool begins with: saying that a transaction reaches less costs it a round trip."""
WHOLE_TOWN = "?options=" + quote(" ".join(f"-c {name}={value}" for name, value in SESSION.items()))
"""Ends the address of a tool that looks at a service's database in the service's role; drivers and libpq read it."""
NARROW = "select set_config('fangkong.reads', $1, true), set_config('fangkong.writes', $2, true)"
WIDEN = "select set_config('fangkong.writes', $1, true)"


class BeyondReach(Refusal):
    """A command wrote into a place that is not the caller's: its own check should have refused it before."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "out_of_scope"

    def __init__(self) -> None:
        super().__init__("不在您的管理范围内。This is outside of what is assigned to you.")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where rows are read and written.

    A command reads everywhere, because rules ask whether somebody is observed, known or barred anywhere in the town;
    its writes stay in the caller's places.
    """

    reads: str
    writes: str

    @classmethod
    def of(cls, scopes: Iterable[object], *, commands: bool) -> "Reach":
        """The reach of grants, each spelled `town` or `kind:place`."""
        spelled = sorted(map(str, scopes))
        places = EVERYWHERE if EVERYWHERE in spelled else ",".join(spelled)
        return cls(EVERYWHERE if commands else places, places)


TOWN = Reach(EVERYWHERE, EVERYWHERE)
NOBODY = Reach(NOWHERE, NOWHERE)

_reach: ContextVar[Reach] = ContextVar("reach", default=TOWN)


def current() -> Reach:
    """How far a transaction that begins now reaches."""
    return _reach.get()


def extend(reach: Reach) -> None:
    """Let what is still to come of this request reach so far."""
    _reach.set(reach)


@contextmanager
def reaching(reach: Reach) -> Iterator[None]:
    """Work with a reach, and with the former one afterwards."""
    token = _reach.set(reach)
    try:
        yield
    finally:
        _reach.reset(token)
