"""Identities: time-ordered UUIDs and the named id types that cross service borders.

Ids of people, dwellings and facts are random or time-ordered UUIDs and say nothing about whom they mean;
ids of places (compound, checkpoint, grid) are short public codes that a guard can read aloud.
"""

import os
import threading
import time
from typing import Annotated, NewType
from uuid import UUID

from pydantic import StringConstraints

PLACE_CODE = r"^[a-z0-9][a-z0-9-]{0,31}$"
"""Lower-case letters, digits and hyphens, so that a code is also a NATS subject token and a metric label."""

CompoundId = NewType("CompoundId", Annotated[str, StringConstraints(pattern=PLACE_CODE)])
"""小区, e.g. `lj-001`."""
NeighbourhoodId = NewType("NeighbourhoodId", Annotated[str, StringConstraints(pattern=PLACE_CODE)])
"""社区 or 村."""
CheckpointId = NewType("CheckpointId", Annotated[str, StringConstraints(pattern=PLACE_CODE)])
"""卡口 / 门岗, e.g. `lj-001-n`."""
GridId = NewType("GridId", Annotated[str, StringConstraints(pattern=PLACE_CODE)])
"""网格."""
SiteId = NewType("SiteId", Annotated[str, StringConstraints(pattern=PLACE_CODE)])
"""A place that is disinfected or inspected."""

PersonRef = NewType("PersonRef", UUID)
"""The random pseudonym of a person: the only way a person appears outside sealed fields and sealed cards."""
DwellingId = NewType("DwellingId", UUID)
HouseholdId = NewType("HouseholdId", UUID)
VehicleRef = NewType("VehicleRef", UUID)
PassId = NewType("PassId", UUID)
CaseId = NewType("CaseId", UUID)
CheckId = NewType("CheckId", UUID)
DeviceId = NewType("DeviceId", UUID)

_TAIL_BITS = 74  # RFC 9562: 12 bits rand_a and 62 bits rand_b
_lock = threading.Lock()
_millisecond = 0
_tail = 0


def uuid7() -> UUID:
    """Make an RFC 9562 UUIDv7 that sorts after every one made before in this process.

    The time inside is real time in milliseconds, never business time: an id is not a statement about a day.
    Within one millisecond, or when the machine's clock steps back, the random tail counts upwards by a
    random step (RFC 9562 §6.2, method 2), so order holds and ids stay unguessable.
    """
    global _millisecond, _tail  # noqa: PLW0603 - order within the process is a property of the process
    with _lock:
        now = time.time_ns() // 1_000_000
        if now > _millisecond:
            _millisecond, _tail = now, _random(_TAIL_BITS - 1)  # top bit clear: room to count
        else:
            _tail += 1 + _random(32)
            if _tail >> _TAIL_BITS:
                _millisecond, _tail = _millisecond + 1, _random(_TAIL_BITS - 1)
        head, tail = _millisecond, _tail
    return UUID(int=head << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & (1 << 62) - 1)


def _random(bits: int) -> int:
    """So many random bits of the operating system, at a third of the price of `secrets.randbits`."""
    return int.from_bytes(os.urandom((bits + 7) // 8)) >> -bits % 8
