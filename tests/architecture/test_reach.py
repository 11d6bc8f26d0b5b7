"""Every table whose rows lie at a place is under row-level security, or says here why it is not."""

import re
from pathlib import Path

import asyncpg
import pytest

from shared.testing.databases import Databases

NAMES = "names of places, printed on signs: forms offer those of the whole town"
STAFFING = (
    "whose post is where: work groups and posts are arranged across places, and workers are no residents"
)
UNHELD: dict[str, dict[str, str]] = {
    "gate": {
        "compound": NAMES,
        "checkpoint": NAMES,
        "worker_posting": STAFFING,
        "saved_view": "a person's own, found by who it is",
        "duty_watch": "up to when a post's gaps were looked for, and nothing of anybody",
    },
    "registry": {
        "neighbourhood": NAMES,
        "compound": NAMES,
        "checkpoint": NAMES,
        "grid": NAMES,
        "posting": STAFFING,
        "worker": STAFFING,
        "saved_view": "a person's own, found by who it is",
    },
    "observation": {
        "compound_place": NAMES,
        "saved_view": "a person's own, found by who it is",
    },
    "reporting": {
        "compound": NAMES,
        "checkpoint": NAMES,
        "saved_view": "a person's own, found by who it is",
    },
    "sanitation": {
        "compound": NAMES,
        "checkpoint": NAMES,
        "saved_view": "a person's own, found by who it is",
    },
}
_PLACED = """
select distinct c.relname as name, c.relrowsecurity as held
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and a.attname ~ '^(home_)?(compound|neighbourhood|grid|checkpoint)(_id)?s?$'
"""
# A view reads as its owner, past every policy, unless it asks as its caller or says itself how far it reaches. Those of
# `known` show tables as they stood.
_VIEWS = """
select n.nspname || '.' || v.relname as name from pg_class v join pg_namespace n on n.oid = v.relnamespace
where v.relkind = 'v' and not coalesce(v.reloptions, '{}') @> '{security_invoker=true}'
  and pg_get_viewdef(v.oid) !~ 'reach_is_town'
  and (n.nspname = 'public' or (n.nspname = 'known' and v.relname in (
    select relname from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace)))
"""
_LOOSE = """
select c.relname from pg_class c
where c.relrowsecurity and c.relnamespace = 'public'::regnamespace
  and (select array_agg(p.polcmd::text order by p.polcmd::text) from pg_policy p where p.polrelid = c.oid)
    is distinct from '{a,d,r,w}'
"""


ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("F17")
def test_only_checks_at_a_gate_go_past_the_policies() -> None:
    services = ROOT / "services"
    naming = {
        str(path.relative_to(services))
        for path in services.rglob("*.py")
        if re.search(r"\b(from|join|into|update) at_gate\.", path.read_text(encoding="utf-8"))
    }
    assert naming == {"gate/store/checks.py"}
    asking = {
        str(path.relative_to(services))
        for path in (services / "gate").rglob("*.py")
        if "store import checks" in path.read_text(encoding="utf-8")
    }
    assert asking == {"gate/handlers/checks.py"}, "its callers say for which station, and no place"


@pytest.mark.requirement("F17")
@pytest.mark.parametrize("service", sorted(UNHELD))
async def test_rows_at_a_place_are_held_to_it_for_whoever_is_not_the_owner(
    service: str, databases: Databases
) -> None:
    urls = await databases.fresh(service)
    connection = await asyncpg.connect(urls.database)
    try:
        placed = {row["name"]: row["held"] for row in await connection.fetch(_PLACED)}
        assert {name for name, held in placed.items() if not held} == UNHELD[service].keys()
        assert await connection.fetch(_VIEWS) == [], "a view reads as its owner, past every policy"
        assert await connection.fetch(_LOOSE) == [], "one policy each for reading, adding, changing, removing"
        owners = await connection.fetchval(
            "select count(*) from pg_class where relowner = current_user::regrole and relkind = 'r'"
        )
        assert owners == 0, "policies do not hold for the owner of a table"
    finally:
        await connection.close()
    await databases.give_back(service, urls)
