"""The list that a device holds: taken only signed and whole, merged, and never younger than it is."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.gate.client.clock import DeviceClock
from services.gate.client.queue import Queue
from services.gate.domain import signed
from services.gate.domain.lists import ListRules, PassList, pack, unpack
from services.gate.domain.offline import OwnList, by_number
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId
from shared.kernel.pass_token import PublicKey

NEVER = 10**9
"""The age in seconds of a list whose age nobody can tell."""


class ListRefusedError(Exception):
    """A list that is not taken; the device goes by the one it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """When a list came, by the device's clock and by the one that nobody sets (if known); and how old it was then."""

    wall: datetime
    lag: float
    steady: float | None


class ListKeeper:
    """Keeps the list in the device's store and tells how old it is.

    Its age is what has passed since the server made it. A clock that was set back makes it no younger: the latest time
    that the clock ever showed counts, and within one run the time that nobody can set.
    """

    def __init__(
        self, queue: Queue, clock: DeviceClock, compound: CompoundId, keys: Mapping[str, PublicKey]
    ) -> None:
        self._queue, self._clock, self._compound, self._keys = queue, clock, compound, keys
        self._held: PassList | None = None
        self._fetched: _Fetched | None = None
        self._latest = clock.now()
        self._pass_keys: dict[str, PublicKey] = {}
        if kept := queue.kept("list"):
            self._hold(unpack(base64.b64decode(kept["payload"])))
            wall = datetime.fromisoformat(kept["wall"])
            self._fetched = _Fetched(wall=wall, lag=kept["lag"], steady=None)
            self._latest = max(self._latest, datetime.fromisoformat(kept["latest"]))

    @property
    def version(self) -> str | None:
        """What the server is asked for changes since: nothing, where the list says nothing of vehicles yet."""
        return self._held.version if self._held and self._held.vehicles is not None else None

    @property
    def made_at(self) -> datetime | None:
        """When the server made the list, by its clock."""
        return self._held.made_at if self._held else None

    @property
    def rules(self) -> ListRules:
        """The rules that came with the list.

        Raises:
            ListRefusedError: there is no list yet.
        """
        if self._held is None or self._held.rules is None:
            raise ListRefusedError("the device has no list yet")
        return self._held.rules

    @property
    def own(self) -> OwnList:
        """The list, for looking people up."""
        rules = self.rules
        held = self._held
        return OwnList(
            compound=self._compound,
            passes=by_number(held.passes if held else ()),
            rules=rules,
            vehicles=by_number(held.vehicles) if held and held.vehicles is not None else None,
        )

    @property
    def pass_keys(self) -> Mapping[str, PublicKey]:
        """The keys that verify passes."""
        return self._pass_keys

    def age_seconds(self) -> int:
        """How old the list is."""
        fetched = self._fetched
        if fetched is None:
            return NEVER
        self._latest = max(self._latest, self._clock.now())
        passed = (self._latest - fetched.wall).total_seconds()
        if fetched.steady is not None:
            passed = max(passed, self._clock.monotonic() - fetched.steady)
        return int(fetched.lag + max(0.0, passed)) if passed >= 0 else NEVER

    def take(self, document: bytes, server_now: datetime) -> None:
        """Take a list, or changes to the one that is held.

        Raises:
            ListRefusedError: unsigned, of another compound, older than what is held, or changes to another list. What
                is held stays as it is, and as old.
        """
        try:
            told = unpack(signed.verify(document, self._keys))
        except (signed.SignatureInvalid, ValueError) as error:
            raise ListRefusedError(str(error)) from error
        held = self._held
        if told.compound != self._compound:
            raise ListRefusedError("a list of another compound")
        if held is not None and told.made_at < held.made_at:
            raise ListRefusedError("an older list than the one held")
        if told.since is not None and (held is None or told.since != held.version):
            raise ListRefusedError("changes to another list")
        taken = merged(held, told)
        if taken.rules is None:
            raise ListRefusedError("a list without rules")
        wall, lag = self._clock.now(), max(0.0, (server_now - told.made_at).total_seconds())
        self._queue.keep(
            list={
                "payload": base64.b64encode(pack(taken)).decode(),
                "wall": wall.isoformat(),
                "lag": lag,
                "latest": wall.isoformat(),
            }
        )
        self._hold(taken)
        self._fetched = _Fetched(wall=wall, lag=lag, steady=self._clock.monotonic())
        self._latest = wall

    def _hold(self, held: PassList) -> None:
        self._held = held
        keys = held.rules.keys if held.rules else ()
        self._pass_keys = {key["kid"]: pass_token.read_public(key) for key in keys}


def merged(held: PassList | None, told: PassList) -> PassList:
    """What is told, over what is held. A pass that had run out when the list was made needs no row any more."""
    if told.since is None or held is None:
        return told
    rows: dict[str, Any] = by_number(held.passes) | by_number(told.passes)
    vehicles: dict[str, Any] = by_number(held.vehicles or ()) | by_number(told.vehicles or ())
    return replace(
        told,
        since=None,
        vehicles=tuple(row for row in vehicles.values() if row.valid_until > told.made_at)
        if held.vehicles is not None and told.vehicles is not None
        else None,
        rules=told.rules or held.rules,
        passes=tuple(row for row in rows.values() if row.valid_until > told.made_at),
    )
