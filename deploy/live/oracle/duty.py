"""A post is manned while somebody is checked in; every other minute is a gap, by whether somebody was planned."""

from datetime import datetime

from deploy.live.ledger import Ledger
from deploy.live.oracle.words import Table, local

Span = tuple[datetime, datetime]


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
    found: Table = {}
    for post, shifts in planned.items():
        found |= _of(post, sorted(shifts), sorted(held.get(post, [])))
    return found


def _of(post: str, shifts: list[Span], turns_held: list[Span]) -> Table:
    edges = sorted({edge for span in (*shifts, *turns_held) for edge in span})
    found: Table = {}
    open_gap: tuple[str, datetime] | None = None
    for edge in edges:
        cause = _cause(edge, shifts, turns_held)
        if open_gap is not None and cause != open_gap[0]:
            minutes = round((edge - open_gap[1]).total_seconds() / 60)
            found[post, local(open_gap[1]).isoformat()] = (open_gap[0], minutes)
            open_gap = None
        if cause is not None and open_gap is None:
            open_gap = cause, edge
    return found


def _cause(edge: datetime, shifts: list[Span], turns_held: list[Span]) -> str | None:
    """Why nobody stands there from an instant on; None where somebody does."""
    if any(begins <= edge < ends for begins, ends in turns_held):
        return None
    return "not_checked_in" if any(begins <= edge < ends for begins, ends in shifts) else "not_planned"
