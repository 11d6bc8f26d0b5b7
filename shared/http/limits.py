"""How often a route may be called: token buckets in memory, by real time.

Two kinds of limit. A route that anybody may call has one bucket an address and one for all of them together, so that
neither one caller nor many fill the database. Every route has one bucket for each caller who proved who it is: a
person at a desk, a device at a gate, a resident with a link; nobody's script keeps others waiting. A bucket holds
`burst` tokens and gets `per_minute` back. The number of buckets is bounded: who has been quiet longest is forgotten
first. Every process counts for itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import ceil

from shared.http.problem import TooManyRequests

MOST_CALLERS = 10_000
_IPV6_NETWORK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many calls at once, and so many more a minute."""

    burst: int
    per_minute: float

    def times(self, scale: float) -> "Rate":
        """The same, `scale` times as much."""
        return Rate(burst=max(1, round(self.burst * scale)), per_minute=self.per_minute * scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What a route takes from one address, and from all together."""

    each: Rate
    together: Rate

    def times(self, scale: float) -> "RateLimit":
        """The same, `scale` times as much."""
        return RateLimit(each=self.each.times(scale), together=self.together.times(scale))


RateTable = Mapping[str, RateLimit]
"""`"METHOD /path"` -> what it takes from strangers; public routes that are not named take `Rates.strangers`."""
CallerTable = Mapping[str, Rate]
"""`"METHOD /path"` -> what it takes from one caller; routes that are not named take `Rates.reads` or `Rates.writes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What routes take that say nothing of their own: of one caller, and of those whom nobody knows."""

    reads: Rate
    writes: Rate
    strangers: RateLimit


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    tokens: float
    filled_at: float

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self.tokens = min(
            float(self.rate.burst), self.tokens + (now - self.filled_at) * self.rate.per_minute / 60
        )
        self.filled_at = now
        return max(0.0, (1 - self.tokens) * 60 / self.rate.per_minute)


@dataclass(slots=True)
class Buckets:
    """One bucket for each caller of a route, by a name for the caller. `monotonic` tells seconds of real time."""

    rate: Rate
    monotonic: Callable[[], float]
    most: int = MOST_CALLERS
    _kept: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)

    def wait(self, name: str) -> float:
        """Seconds until this caller may call; 0 when they may now. Nothing is taken."""
        now = self.monotonic()
        bucket = self._kept.get(name)
        if bucket is None:
            bucket = self._kept[name] = _full(self.rate, now)
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(name)
        return bucket.wait(now)

    def spend(self, name: str) -> None:
        """Take the token of a call that was let pass after `wait`."""
        self._kept[name].tokens -= 1

    def take(self, name: str) -> None:
        """Let one call pass.

        Raises:
            TooManyRequests: the caller is too fast; it tells when to come again.
        """
        if (wait := self.wait(name)) > 0:
            raise TooManyRequests(retry_after=ceil(wait))
        self.spend(name)


class Limiter:
    """The buckets of one route for addresses, and the one for all of them together."""

    def __init__(self, limit: RateLimit, monotonic: Callable[[], float], most: int = MOST_CALLERS) -> None:
        self._each = Buckets(limit.each, monotonic, most)
        self._together = Buckets(limit.together, monotonic)

    def take(self, address: str) -> None:
        """Let one call pass.

        Raises:
            TooManyRequests: the address, or all together, are too fast; it tells when to come again.
        """
        network = network_of(address)
        wait = max(self._each.wait(network), self._together.wait(""))
        if wait > 0:
            raise TooManyRequests(retry_after=ceil(wait))
        self._each.spend(network)
        self._together.spend("")


def _full(rate: Rate, now: float) -> _Bucket:
    return _Bucket(rate, float(rate.burst), now)


def network_of(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 network that one subscriber has in IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket without an address: all of them count as one
        return ""
    if parsed.version == 4 or (parsed.version == 6 and parsed.ipv4_mapped):
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(int(parsed) >> (128 - _IPV6_NETWORK))
