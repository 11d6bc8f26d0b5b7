"""People under observation in a small place of their own, and what they and others say of them over HTTP."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from stdnum.cn.ric import calc_check_digit

from shared.kernel.days import at_local, local_day
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack

HERE, THERE = "ob-001", "ob-002"
CHECKPOINT = f"{HERE}-k1"
SERVICES = ("registry", "gate", "observation", "reporting")
AREAS = {"420000": "focus", "330300": "concern"}


def instant(day: date, clock: str) -> datetime:
    """What clocks in town show."""
    return at_local(day, datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007  # a time of day, no instant


def document(nth: int) -> str:
    """A resident ID that nobody has: its division code does not exist."""
    body = f"99010219920229{nth:03d}"
    return body + str(calc_check_digit(f"{body}0"))


@dataclass
class Watch:
    """The running services, and the people of two compounds."""

    stack: Stack
    people: int = 0

    async def begin(self) -> None:
        """Two compounds with a grid each, and a list of risk areas."""
        officer = self.stack.as_role("hq_officer")
        put = {"version": 0, "name": "望溪社区", "kind": "community"}
        await self.stack.call("PUT", "registry", "/v1/neighbourhoods/ob", headers=officer, json=put)
        for compound in (HERE, THERE):
            await self.stack.call(
                "PUT",
                "registry",
                f"/v1/compounds/{compound}",
                headers=officer,
                json={
                    "version": 0,
                    "neighbourhood_id": "ob",
                    "name": f"望溪新村 {compound[-1]}",
                    "building_type": "high_rise",
                    "address": "望溪路 1 号",
                    "area_m2": 90_000,
                    "mode": "closed",
                },
            )
            await self.stack.call(
                "PUT",
                "registry",
                f"/v1/compounds/{compound}/grids/{compound}-w01",
                headers=officer,
                json={"version": 0, "name": "第一网格"},
            )
        await self.stack.call(
            "POST",
            "registry",
            f"/v1/compounds/{HERE}/checkpoints",
            headers=officer,
            json={
                "checkpoint_id": CHECKPOINT,
                "name": "正门",
                "traffic": "mixed",
                "opened_on": self.day.isoformat(),
            },
        )
        await self.publish_risk(AREAS, self.day)

    async def publish_risk(self, areas: dict[str, str], effective_from: date) -> int:
        """Another list of risk areas; its revision."""
        officer = self.stack.as_role("hq_officer")
        current = await self.stack.call("GET", "registry", "/v1/risk-areas", headers=officer)
        revision = max((one["revision"] for one in current), default=0) + 1
        body = {"revision": revision, "effective_from": effective_from.isoformat(), "areas": areas}
        await self.stack.call("POST", "registry", "/v1/risk-areas", headers=officer, json=body)
        return revision

    @property
    def day(self) -> date:
        """The business day, as people in town have it."""
        return local_day(self.stack.now())

    async def to(self, day: date, clock: str) -> None:
        """Step business time, and wait until what fell due is done and told."""
        await self.stack.move_to(instant(day, clock))

    async def dwelling(self, compound: str = HERE) -> str:
        """Another dwelling of the address list."""
        self.people += 1
        dwelling_id = str(uuid4())
        await self.stack.call(
            "POST",
            "registry",
            f"/v1/compounds/{compound}/dwellings",
            headers=self.stack.as_role("community_clerk"),
            json={
                "dwelling_id": dwelling_id,
                "grid_id": f"{compound}-w01",
                "building": "1幢",
                "room": str(100 + self.people),
                "address": f"望溪路 1 号 1 幢 {100 + self.people} 室",
                "occupancy": "let",
            },
        )
        return dwelling_id

    def somebody(self) -> dict[str, Any]:
        """Somebody new, with a document and a phone."""
        self.people += 1
        return {
            "name": f"欧阳{'甲乙丙丁戊己庚辛壬癸'[self.people % 10]}",
            "documents": [{"kind": "resident_id", "number": document(self.people)}],
            "phone": f"199000{self.people:05d}",
        }

    async def resident(self, *dwellings: str, relation: str = "tenant") -> tuple[str, dict[str, Any]]:
        """Register somebody who lives at dwellings; their pseudonym and who they are."""
        person = self.somebody()
        answer = await self.stack.call(
            "POST",
            "registry",
            "/v1/people",
            headers=self.stack.as_role("community_clerk"),
            json={
                "change_id": str(uuid4()),
                **person,
                "homes": [{"dwelling_id": one, "relation": relation} for one in dwellings],
            },
            expect=201,
        )
        return answer["person_ref"], person

    async def back(
        self,
        arrived_on: date,
        *,
        proof: bool = True,
        origin: str = "330100",
        person: dict[str, Any] | None = None,
        dwelling: str | None = None,
    ) -> Any:
        """Register somebody who came back from elsewhere, and wait until observation knows; the registry's answer."""
        answer = await self.stack.call(
            "POST",
            "registry",
            "/v1/returnees",
            headers=self.stack.as_role("community_clerk"),
            json={
                "intake_id": str(uuid4()),
                "person": person or self.somebody(),
                "dwelling": {"dwelling_id": dwelling or await self.dwelling()},
                "trip": {
                    "origin_code": origin,
                    "arrived_on": arrived_on.isoformat(),
                    "transport": "train",
                    "proof": proof,
                },
            },
            expect=201,
        )
        await self.stack.equal()
        return answer

    async def case_of(self, intake: Any) -> Any:
        """The case of somebody who was registered, with its days."""
        clerk = self.stack.as_role("community_clerk")
        path = f"/v1/returnees/{intake['intake_id']}"

        async def known() -> str | None:
            told = await self.stack.call("GET", "registry", path, headers=clerk)
            case_id: str | None = told["case_id"]
            return case_id

        return await self.case(str(await eventually(known, within=30, what="the registry knows of the case")))

    async def case(self, case_id: str) -> Any:
        """A case with its days."""
        clerk = self.stack.as_role("community_clerk")
        return await self.stack.call("GET", "observation", f"/v1/cases/{case_id}", headers=clerk)

    async def declare(self, case_id: str, temperature: str = "36.5", **rest: Any) -> Any:
        """A grid worker takes a declaration by phone."""
        return await self.stack.call(
            "POST",
            "observation",
            f"/v1/cases/{case_id}/declarations",
            headers=self.stack.as_role("grid_worker"),
            json={
                "declaration_id": str(uuid4()),
                "via": "phone",
                "temperature_c": temperature,
                **rest,
            },
        )

    async def decide(self, case_id: str, kind: str, *, expect: int = 201, **terms: Any) -> Any:
        """An officer decides, with a reason."""
        return await self.stack.call(
            "POST",
            "observation",
            f"/v1/cases/{case_id}/decisions",
            headers=self.stack.as_role("hq_officer"),
            json={"decision_id": str(uuid4()), "kind": kind, "reason": "已核实", **terms},
            expect=expect,
        )

    async def ask_pass(self, person_ref: str, *, expect: int = 201, compound: str = HERE) -> Any:
        """Ask for an entry pass."""
        return await self.stack.call(
            "POST",
            "registry",
            "/v1/passes",
            headers=self.stack.as_role("community_clerk"),
            json={"request_id": str(uuid4()), "person_ref": person_ref, "compound": compound},
            expect=expect,
        )

    async def entry_pass(self, pass_id: str) -> Any:
        """A pass and its state."""
        clerk = self.stack.as_role("community_clerk")
        return await self.stack.call("GET", "registry", f"/v1/passes/{pass_id}", headers=clerk)

    async def told(self, case_id: str, *wanted: str, least: int = 0) -> list[dict[str, Any]]:
        """What observation told of a case, in order, all or of some names; nothing of fewer than `least`."""
        found = [one for one in await told(self.stack, "observation") if one.get("case_id") == case_id]
        found = [one for one in found if not wanted or one["event"] in wanted]
        return found if len(found) >= least else []

    async def seen_by_hq(self, case_id: str) -> Any:
        """The case in headquarters' read model, with its windows."""
        officer = self.stack.as_role("hq_officer")
        return await self.stack.call("GET", "reporting", f"/v1/observation-roll/{case_id}", headers=officer)


async def told(stack: Stack, service: str) -> list[dict[str, Any]]:
    """Every event that a service told, in order: its name, its version and what it says."""
    connection = await stack.connect(service)
    try:
        rows = await connection.fetch("select document from outbox order by id")
    finally:
        await connection.close()
    documents = [json.loads(row["document"]) for row in rows]
    return [
        {"event": one["type"].split(".")[2], "version": int(one["sequence"]), **one["data"]}
        for one in documents
    ]


def windows(case: Any) -> dict[str, str]:
    """How each window that is due stands, by day and window."""
    due = [one for one in case["windows"] if one["state"] != "not_due"]
    return {f"{one['day']} {one['window']}": one["state"] for one in due}
