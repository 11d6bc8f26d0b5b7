"""A post is manned while somebody is checked in; every other minute is a gap, by whether somebody was planned."""

from collections.abc import Iterator
from datetime import datetime

from deploy.live.ledger import Ledger
from deploy.live.oracle.words import Table, local

Span = tuple[datetime, datetime]
Gap = tuple[str, str, datetime, datetime | None]
"""Post, why nobody was there, since when, until when; None: still."""


def turns(ledger: Ledger) -> Table:
    """Every turn that ended: where, and how many minutes."""
    begun: dict[str, datetime] = {}
    found: Table = {}
    for act in ledger.of("turn"):
        if act.about["way"] == "in":
            begun[act.about["turn"]] = act.at
        else:
            minutes = round((act.at - begun[act.about["turn"]]).total_seconds() / 60)
            found[act.about["turn"],] = (act.about["post"], minutes)
    return found


def gaps(ledger: Ledger) -> Table:
    """Every gap that is over, at the posts that have a roster: post, since when, why, how many minutes."""
    return {
        (post, local(began).isoformat()): (cause, round((ended - began).total_seconds() / 60))
        for post, cause, began, ended in _gaps(ledger)
        if ended is not None
    }


def empty(ledger: Ledger) -> Iterator[tuple[str, datetime, datetime | None]]:
    """The same spans with the ones that go on: post, since when, until when."""
    return ((post, began, ended) for post, _, began, ended in _gaps(ledger))


def _gaps(ledger: Ledger) -> Iterator[Gap]:
    planned: dict[str, list[Span]] = {}
    for act in ledger.of("shift"):
        span = datetime.fromisoformat(act.about["begins"]), datetime.fromisoformat(act.about["ends"])
        planned.setdefault(act.about["post"], []).append(span)
    held: dict[str, list[Span]] = {}
    begun: dict[str, datetime] = {}
    for act in ledger.of("turn"):
        if act.about["way"] == "in":
            begun[act.about["turn"]] = act.at
        else:
            held.setdefault(act.about["post"], []).append((begun[act.about["turn"]], act.at))
    for post, shifts in planned.items():
        yield from _of(post, sorted(shifts), sorted(held.get(post, [])))


def _of(post: str, shifts: list[Span], turns_held: list[Span]) -> Iterator[Gap]:
    edges = sorted({edge for span in (*shifts, *turns_held) for edge in span})
    open_gap: tuple[str, datetime] | None = None
    for edge in edges:
        cause = _cause(edge, shifts, turns_held)
        if open_gap is not None and cause != open_gap[0]:
            yield post, *open_gap, edge
            open_gap = None
        if cause is not None and open_gap is None:
            open_gap = cause, edge
    if open_gap is not None:
        yield post, *open_gap, None


def _cause(edge: datetime, shifts: list[Span], turns_held: list[Span]) -> str | None:
    """Why nobody stands there from an instant on; None where somebody does."""
    if any(begins <= edge < ends for begins, ends in turns_held):
        return None
    return "not_checked_in" if any(begins <= edge < ends for begins, ends in shifts) else "not_planned"
