"""How big the list of a large compound is, and how long it takes to make: `python -m tests.bench.lists`.

Sizes are the same everywhere; tests/integration/gate/test_gate_lists.py holds the real route to them.
"""

import random
import time
from datetime import UTC, datetime, timedelta

from services.gate.client.vectors import POLICIES
from services.gate.domain import signed
from services.gate.domain.entry import PassState
from services.gate.domain.lists import ListedPass, ListRules, PassList, pack, unpack
from services.gate.domain.rulings import DEFAULT_TABLE
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId

NOW = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧"


def compound(residents: int) -> PassList:
    """A compound where everybody has a pass; one in fifty is under a measure."""
    chance = random.Random(5)
    rules = ListRules(
        rules=POLICIES["default"],
        table=DEFAULT_TABLE,
        answer_within_ms=800,
        keys=(pass_token.public_part(pass_token.make_key()),),
    )
    passes = []
    for nth, number in enumerate(chance.sample(range(100_000_000), residents)):
        starts = NOW - timedelta(days=chance.randrange(1, 20), minutes=chance.randrange(1_440))
        passes.append(
            ListedPass(
                number=f"{number:08d}",
                serial=1,
                state=PassState.ACTIVE,
                valid_from=starts,
                valid_until=starts + timedelta(days=30),
                bound=1 if chance.random() < 0.02 else 0,
                surname=f"{chance.choice(SURNAMES)}*",
                room=f"{nth // 160 + 1}-{nth // 40 % 4 + 1}-{nth // 4 % 10 + 1}{nth % 4 + 1:02d}",
            )
        )
    return PassList(
        compound=CompoundId("lj-001"),
        made_at=NOW,
        version="1.123456.0123456789ab",
        since=None,
        rules=rules,
        passes=tuple(passes),
    )


def main() -> None:
    """Print sizes and times."""
    key = pass_token.make_key()
    for residents in (500, 5_000, 20_000):
        made = compound(residents)
        began = time.perf_counter()
        document = signed.sign(pack(made), key)
        packed = time.perf_counter() - began
        began = time.perf_counter()
        unpack(pack(made))
        read = time.perf_counter() - began - packed
        print(
            f"{residents:6d} residents: {len(document) / 1024:6.1f} KB, made in {packed * 1000:4.0f} ms,",
            end=" ",
        )
        print(f"read in {max(0, read) * 1000:4.0f} ms")
    change = PassList(
        compound=made.compound,
        made_at=NOW,
        version=made.version,
        since=made.version,
        rules=None,
        passes=made.passes[:1],
    )
    print(f"one revocation: {len(signed.sign(pack(change), key))} bytes")


if __name__ == "__main__":
    main()
