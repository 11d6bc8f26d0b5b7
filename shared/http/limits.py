"""How often a route may be called, declared beside who may call it: token buckets in memory, by real time.

For routes that anybody may call. Each address has a bucket, and all of them together have one, so that neither one
caller nor many fill the database. A bucket holds `burst` tokens and gets `per_minute` back. The number of buckets is
bounded: the address that has been quiet longest is forgotten first. Every process counts for itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import ceil

from shared.http.problem import TooManyRequests

MOST_ADDRESSES = 10_000
_IPV6_NETWORK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many calls at once, and so many more a minute."""

    burst: int
    per_minute: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What a route takes from one address, and from all together."""

    each: Rate
    together: Rate


RateTable = Mapping[str, RateLimit]
"""`"METHOD /path"` -> its limit; routes that are not named have none."""


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
class Limiter:
    """The buckets of one route. `monotonic` tells seconds of real time."""

    limit: RateLimit
    monotonic: Callable[[], float]
    most: int = MOST_ADDRESSES
    _each: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _together: _Bucket | None = None

    def take(self, address: str) -> None:
        """Let one call pass.

        Raises:
            TooManyRequests: the address, or all together, are too fast; it tells when to come again.
        """
        now = self.monotonic()
        if self._together is None:
            self._together = _full(self.limit.together, now)
        network = network_of(address)
        bucket = self._each.get(network) or _full(self.limit.each, now)
        self._each[network] = bucket
        self._each.move_to_end(network)
        if len(self._each) > self.most:
            self._each.popitem(last=False)
        wait = max(bucket.wait(now), self._together.wait(now))
        if wait > 0:
            raise TooManyRequests(retry_after=ceil(wait))
        bucket.tokens -= 1
        self._together.tokens -= 1


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
