"""What was asked of a site on a day: kept day by day, so that what holds now never decides a day that is over (S2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.sanitation.domain.sites import Site
from shared.events.policy_sanitation import SiteKind
from shared.kernel.days import end_of, local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyState:
    """What holds for a site from a day on, until the next state.

    Attributes:
        from_day: first day of this state.
        rounds_per_day: the site's own number, or None where the policy's holds.
        since: first day of duty, as registered.
        on_duty_from: where duty began in the middle of `from_day`; None where it held from midnight on, or not at all.
    """

    from_day: date
    kind: SiteKind
    rounds_per_day: int | None
    since: date
    active: bool
    on_duty_from: datetime | None

    def on_duty(self, day: date) -> bool:
        """Say whether the site was in use on a day of this state."""
        return self.active and self.since <= day


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Whole days on which a site owes nothing: from, and through the last; None until it is ended."""

    from_day: date
    last_day: date | None

    def covers(self, day: date) -> bool:
        """Say whether a day is exempt by it."""
        return self.from_day <= day and (self.last_day is None or day <= self.last_day)


def next_state(site: Site, history: Sequence[DutyState], at: datetime) -> DutyState:
    """The state of today after a site was entered or corrected at an instant.

    Whoever comes on duty today, newly or again, owes from that instant on; what was on duty at midnight owes the
    whole day; a second correction on the same day never moves the beginning.

    Args:
        site: its particulars from now on.
        history: states known so far, in order; the last may be of today already.
        at: when it was entered.
    """
    today = local_day(at)
    before = state_on(history, today - timedelta(days=1))
    same_day = next((state for state in reversed(history) if state.from_day == today), None)
    began: datetime | None = None
    if site.active and site.since <= today and not (before is not None and before.on_duty(today)):
        began = same_day.on_duty_from if same_day is not None and same_day.on_duty(today) else at
    return DutyState(
        from_day=today,
        kind=site.kind,
        rounds_per_day=site.rounds_per_day,
        since=site.since,
        active=site.active,
        on_duty_from=began,
    )


def state_on(history: Sequence[DutyState], day: date) -> DutyState | None:
    """The state that held on a day; None before the site was known."""
    return max(
        (state for state in history if state.from_day <= day), key=lambda state: state.from_day, default=None
    )


def rounds_required(
    state: DutyState | None, *, day: date, closed: bool, policy_rounds: int, spacing: timedelta
) -> int | None:
    """How many rounds a site owes on a day; None where it is exempt (R5.1, S2).

    On a day on which its duty began, it owes the rounds that still fit: each takes a whole spacing until midnight, and
    never more than on any other day. Nobody owes what nobody could log: days before a site was known are exempt.
    """
    if state is None or not state.on_duty(day) or closed:
        return None
    full = state.rounds_per_day or policy_rounds
    if state.on_duty_from is None or local_day(state.on_duty_from) != day or not spacing:
        return full
    return min(full, (end_of(day) - state.on_duty_from) // spacing)
