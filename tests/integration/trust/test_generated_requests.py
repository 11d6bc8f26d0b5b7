"""Right and wrong requests of every route, made from its description, as every role: what comes back is documented."""

import pytest

from deploy.documents import openapi
from deploy.local.secrets import Secrets
from shared.http.access import Role
from tests.integration.trust.generated import Generator, Tally
from tests.integration.trust.test_every_cell import ENDLESS, Matrix, matrix_of
from tests.integration.trust.worlds import WORLDS, ClientFor

ORDINARY, RELEASE = 6, 60
"""Cases of each of the 385 routes: 2,310 and 23,100."""

pytestmark = pytest.mark.requirement("F19")


async def ask_all(matrix: Matrix, service: str, count: int) -> Tally:
    """So many requests of each route."""
    generator = Generator.of(matrix.world.client.http, openapi(service), matrix.asking.known)
    tally = Tally(service=service)
    credentials = {role: matrix.credential(role) for role in Role}
    reading_first = sorted(generator.operations, key=lambda one: (one.method.lower() != "get", one.label))
    for start, operation in enumerate(reading_first):
        cell = operation.label
        if cell == ENDLESS:
            continue
        tally.routes.add(cell)
        opening, others = matrix.table[cell], set(Role) - matrix.table[cell]
        for nth, case in enumerate(generator.cases(operation, count, start)):
            # Every fifth time somebody whom the route does not open to; of all who may, who asked least.
            candidates = others if nth % 5 == 4 and others else opening
            role = min(sorted(candidates), key=tally.roles.__getitem__)
            if nth % 4 == 2:
                generator.embed(case, matrix.asking.of(cell, new=True)[1].get("json"), nth // 4)
            answer = await generator.call(case, credentials[role], nth)
            tally.statuses[answer.status_code] += 1
            tally.roles[role] += 1
            for kind, detail in generator.faults(case, answer):
                tally.faults.setdefault(f"{cell}: {kind}", f"{role} {case!r} {detail} -> {answer.text[:300]}")
            if answer.is_success and answer.content and answer.headers["Content-Type"] == "application/json":
                generator.remembered.learn(answer.json())
    return tally


@pytest.mark.parametrize("count", [ORDINARY, pytest.param(RELEASE, marks=[pytest.mark.release])])
@pytest.mark.parametrize("service", sorted(WORLDS))
@pytest.mark.timeout(1_800)
async def test_what_is_generated_is_answered_as_documented(
    service: str, count: int, client_for: ClientFor, secrets: Secrets
) -> None:
    tally = await ask_all(await matrix_of(service, client_for, secrets), service, count)
    print(f"\n{tally}")  # noqa: T201 -- the figures
    assert tally.faults == {}
    assert tally.cases == count * len(tally.routes)
    assert set(tally.roles) == set(Role)
