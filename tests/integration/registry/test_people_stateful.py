"""Any order of moves, departures, deaths, merges and their undoing: counted once, restored exactly, nothing lost (P10).

Hypothesis draws the acts; they go over HTTP into a real database. Beside it runs a model of a few lines that knows
nothing of the registry's tables: where each record lives, who is dead, and which record stands for which.
"""

import asyncio
from collections.abc import Coroutine
from copy import deepcopy
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.integration.registry.desk import Desk
from tests.integration.registry.households import TOWN_CLERK, Households

BUILDINGS = ("1幢", "2幢", "x1幢")
DAY = "2020-02-24"
STATE = """
select 'pass' as what, pass_id::text as id, person_ref::text as person, compound_id as at, state || coalesce(reason, '')
  as said from entry_pass where person_ref = any($1::uuid[])
union all select 'stay', dwelling_id::text, person_ref::text, relation, resident::text || registered_on::text ||
  coalesce(ended_on::text, '') from residence where person_ref = any($1::uuid[])
union all select 'period', dwelling_id::text, person_ref::text, relation, registered_on::text || ended_on::text
  from residence_period where person_ref = any($1::uuid[])
union all select 'life', coalesce(died_on::text, ''), person_ref::text, '', coalesce(guardian_ref::text, '')
  from person where person_ref = any($1::uuid[])
union all select 'alias', root::text, person_ref::text, '', '' from person_alias where person_ref = any($1::uuid[])
order by 1, 2, 3, 4, 5
"""
STAYS = """
select person_ref, dwelling_id from residence where person_ref = any($1::uuid[])
"""

Row = dict[str, Any]
which = st.integers(min_value=0, max_value=2)
where = st.sampled_from(BUILDINGS)


class Lives(RuleBasedStateMachine):
    """Three records, any of which may be one person's; everything done last is undone first."""

    houses: Households
    loop: asyncio.AbstractEventLoop

    def run(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(timeout=60)

    @initialize(at=st.tuples(where, where, where), relation=st.sampled_from(["owner", "tenant"]))
    def register(self, at: tuple[str, str, str], relation: str) -> None:
        self.lives: dict[str, set[str]] = {}
        self.dead: set[str] = set()
        self.root: dict[str, str] = {}
        self.done: list[tuple[str, list[Row], Any]] = []
        for nth, building in enumerate(at):
            name, passport = (
                f"叶{self.houses.made}",
                f"ZX{self.houses.made:05d}{nth}",
            )  # nobody of an earlier example
            stated = {
                "name": name,
                "sex": "male",
                "born": "1985-03-12",
                "relation": relation,
                "documents": [{"kind": "passport", "number": passport}],
            }
            ref = self.run(self.houses.register(at=building, who=TOWN_CLERK, **stated))
            self.lives[ref], self.root[ref] = {building}, ref
            compound = "lj-002" if building.startswith("x") else "lj-001"
            body = {"request_id": str(uuid4()), "person_ref": ref, "compound": compound}
            assert self.run(self.houses.desk.post("/v1/passes", body, TOWN_CLERK)).status_code == 201
        self.refs = list(self.lives)

    # ---- what may happen

    @rule(person=which, to=where)
    def move(self, person: int, to: str) -> None:
        ref, group = self.refs[person], self.group(person)
        may = self.alive(group) and self.at(group) and to not in self.at(group)
        body = {"people": [ref], "to": self.houses.at[to], "relation": "tenant", "moved_on": DAY}
        if self.act("/v1/moves", body, may=bool(may)):
            self.lives |= {one: set() for one in group}
            self.lives[self.root[ref]] = {to}

    @rule(person=which)
    def leave(self, person: int) -> None:
        ref, group = self.refs[person], self.group(person)
        may = self.alive(group) and self.at(group)
        if self.act("/v1/departures", {"people": [ref], "left_on": DAY}, may=bool(may)):
            self.lives |= {one: set() for one in group}

    @rule(person=which)
    def die(self, person: int) -> None:
        ref, group = self.refs[person], self.group(person)
        if self.act(f"/v1/people/{ref}/death", {"died_on": DAY}, may=self.alive(group)):
            self.lives |= {one: set() for one in group}
            self.dead |= set(group)

    @rule(kept=which, merged=which)
    def merge(self, kept: int, merged: int) -> None:
        one, other = self.refs[kept], self.refs[merged]
        roots = self.root[one] == one and self.root[other] == other and one != other
        body = {"kept": one, "merged": other, "reason": "本人到场核实"}
        may = roots and (one in self.dead) == (other in self.dead)
        if self.act("/v1/merges", body, may=may, named="merge_id"):
            self.root |= {ref: one for ref, root in self.root.items() if root == other}

    @rule()
    def undo(self) -> None:
        if not self.done:
            return
        path, before, model = self.done.pop()
        named = "separation_id" if path.startswith("/v1/merges") else "change_id"
        body = {named: str(uuid4()), "reason": "登记有误"}
        answer: httpx.Response = self.run(self.houses.desk.post(path, body, TOWN_CLERK))
        assert answer.status_code == 200, answer.text
        assert self.state() == before
        self.lives, self.dead, self.root = model

    # ---- what holds at any time

    @invariant()
    def everybody_is_counted_once_where_they_live(self) -> None:
        for building in BUILDINGS:
            told = [ref for ref in self.run(self.houses.members(building)) if ref in self.root]
            assert sorted(told) == sorted(
                {self.root[ref] for ref in self.refs if building in self.lives[ref]}
            )

    @invariant()
    def looking_somebody_up_finds_the_one_who_stands_for_them(self) -> None:
        found = {ref: self.run(self.houses.person(ref))["person_ref"] for ref in self.refs}
        assert found == self.root

    # ---- helpers

    def act(self, path: str, body: Row, *, may: bool, named: str = "change_id") -> bool:
        """Ask; what may not happen is refused and changes nothing, what may loses no stay."""
        before, stays, act_id = self.state(), self.stays(), str(uuid4())
        model = deepcopy((self.lives, self.dead, self.root))
        answer = self.run(self.houses.desk.post(path, {named: act_id, **body}, TOWN_CLERK))
        assert answer.is_success == may, (path, answer.text)
        if not may:
            assert 400 <= answer.status_code < 500
            assert self.state() == before
            return False
        assert stays <= self.stays()
        kind = "merges" if named == "merge_id" else "people-changes"
        self.done.append((f"/v1/{kind}/{act_id}/undo", before, model))
        return True

    def group(self, person: int) -> list[str]:
        root = self.root[self.refs[person]]
        return [ref for ref in self.refs if self.root[ref] == root]

    def at(self, group: list[str]) -> set[str]:
        return {building for ref in group for building in self.lives[ref]}

    def alive(self, group: list[str]) -> bool:
        return not self.dead & set(group)

    def state(self) -> list[Row]:
        rows: list[Row] = self.run(self.houses.desk.rows(STATE, self.refs))
        return rows

    def stays(self) -> set[tuple[str, str]]:
        rows = self.run(self.houses.desk.rows(STAYS, self.refs))
        return {(str(row["person_ref"]), str(row["dwelling_id"])) for row in rows}


@pytest.mark.scenario("P10")
async def test_whatever_happens_and_is_undone_nobody_is_lost_or_counted_twice(desk: Desk) -> None:
    machine = type(
        "Here", (Lives,), {"houses": await Households.of(desk), "loop": asyncio.get_running_loop()}
    )
    few = settings(
        max_examples=8,
        stateful_step_count=8,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=few)
