"""Credentials that no device was given: none is accepted (F15)."""

import random
from collections import Counter
from uuid import UUID, uuid4

import pytest

from tests.forging import MANY, SOME, SecretForger
from tests.integration.gate.town import GateTown


async def answers(town: GateTown, number: int) -> Counter[int]:
    """How so many altered credentials are answered; every fifth names another device than its secret is of."""
    genuine = [town.device, await town.enrol(), await town.enrol()]
    ids, secrets = zip(*(one.split(".") for one in genuine), strict=True)
    chance = random.Random(16)
    told: Counter[int] = Counter()
    for nth, (_, secret) in enumerate(SecretForger(secrets, chance).each(number)):
        device, given = chance.choice(ids), secret
        if nth % 5 == 0:
            given = chance.choice(secrets)
            device = chance.choice([one for one in ids if f"{one}.{given}" not in genuine] + [str(uuid4())])
        spelled = chance.choice([device, device.upper(), UUID(device).hex, f"{{{device}}}"])
        answer = await town.send(town.body({"kind": "visitor"}), device=f"{spelled}.{given}")
        told[answer.status_code] += 1
    assert (await town.send(town.body({"kind": "visitor"}))).status_code == 201  # it does accept the others
    return told


@pytest.mark.requirement("F15")
async def test_of_hundreds_of_forged_device_credentials_none_is_accepted(town: GateTown) -> None:
    assert await answers(town, SOME) == {401: SOME}
    assert len(await town.rows("select 1 from entry_check")) == 1


@pytest.mark.release
@pytest.mark.requirement("F15")
async def test_of_ten_thousand_forged_device_credentials_none_is_accepted(town: GateTown) -> None:
    assert await answers(town, MANY) == {401: MANY}
    assert len(await town.rows("select 1 from entry_check")) == 1
