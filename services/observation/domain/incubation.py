"""How many people fall ill only after their release? A model of what fourteen days miss: an aid, never a rule.

Lauer et al., Annals of Internal Medicine 172 (2020) 577, fitted the incubation period of COVID-19 as log-normal with
meanlog 1.621 and sdlog 0.418 (days). With these point estimates 74 of 10,000 infected people fall ill after day 14.
The paper itself publishes 101 of 10,000 (99th percentile 482): a bootstrap over the uncertainty of both parameters,
for 14 days only. Both are told, each by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, log, sqrt
from typing import Literal

MEANLOG, SDLOG = 1.621, 0.418
PUBLISHED_DAYS = 14
PUBLISHED_MEAN, PUBLISHED_P99 = 101 / 10_000, 482 / 10_000
"""Of all infected people, those who fall ill after 14 days: mean and 99th percentile of the published bootstrap."""

RiskLevel = Literal["low", "medium", "high", "infected"]
RISKS: Mapping[RiskLevel, float] = {"low": 1 / 10_000, "medium": 1 / 1_000, "high": 1 / 100, "infected": 1.0}
"""The probabilities of having been infected for which the paper gives its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Expected numbers of people who fall ill after release.

    Attributes:
        point: by the point estimates of both parameters.
        published_mean: by the published bootstrap; None for another length than 14 days.
        published_p99: its 99th percentile; None for another length than 14 days.
    """

    point: float
    published_mean: float | None
    published_p99: float | None


def falls_ill_after(days: float) -> float:
    """Tell the share of infected people whose incubation is longer than so many days, by the point estimates."""
    if days <= 0:
        return 1.0
    return 0.5 * erfc((log(days) - MEANLOG) / (SDLOG * sqrt(2)))


def expected_missed(released: Mapping[int, int], infected: float) -> Missed:
    """Tell how many of the people released would still fall ill.

    As the paper does it: people, times the probability that one was infected on day 0, times the share of infected
    people who fall ill later. Whoever fell ill before was not released, so for small probabilities this is what to
    expect of those released, and otherwise it is of all who began like them.

    Args:
        released: days from day 0 to the last day -> people released after so many.
        infected: the assumed probability that somebody was infected on day 0.
    """
    people = sum(released.values())
    point = sum(number * infected * falls_ill_after(days) for days, number in released.items())
    if any(days != PUBLISHED_DAYS for days in released):
        return Missed(point=point, published_mean=None, published_p99=None)
    return Missed(
        point=point,
        published_mean=people * infected * PUBLISHED_MEAN,
        published_p99=people * infected * PUBLISHED_P99,
    )
