"""People at the desk's dwellings, over HTTP only."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id

GRID = ("grid_worker", "grid:lj-001-w01")
TOWN_CLERK = ("community_clerk", "town")


@dataclass(slots=True)
class Households:
    """Dwellings of two compounds by building (`x1幢` is in the second one), and who lives there."""

    desk: Desk
    at: dict[str, str]
    made: int = 100

    @classmethod
    async def of(cls, desk: Desk) -> "Households":
        rows = await desk.rows("select dwelling_id, compound_id, building from dwelling")
        mark = {"lj-001": "", "lj-002": "x"}
        at = {f"{mark[row['compound_id']]}{row['building']}": str(row["dwelling_id"]) for row in rows}
        return cls(desk, at)

    # ---- asking

    async def ask_register(
        self, at: str | None = None, who: tuple[str, str] = CLERK, **stated: Any
    ) -> httpx.Response:
        """司徒南星, tenant, with an ID of her own, where nothing else is stated."""
        self.made += 1
        relation, resident = stated.pop("relation", "tenant"), stated.pop("resident", True)
        homes = [{"dwelling_id": self.at[at], "relation": relation, "resident": resident}] if at else []
        body = {
            "change_id": str(uuid4()),
            "name": "司徒南星",
            "documents": [{"kind": "resident_id", "number": resident_id(self.made)}],
            "homes": homes,
        } | stated
        return await self.desk.post("/v1/people", body, who)

    async def register(self, at: str | None = None, who: tuple[str, str] = CLERK, **stated: Any) -> str:
        answer = await self.ask_register(at, who, **stated)
        assert answer.status_code in {200, 201}, answer.text
        ref: str = answer.json()["person_ref"]
        return ref

    async def change(
        self, person: str, what: str, who: tuple[str, str] = CLERK, **body: Any
    ) -> httpx.Response:
        return await self.desk.post(f"/v1/people/{person}/{what}", {"change_id": str(uuid4()), **body}, who)

    async def act(self, path: str, who: tuple[str, str] = TOWN_CLERK, **body: Any) -> httpx.Response:
        return await self.desk.post(path, {"change_id": str(uuid4()), **body}, who)

    async def done(self, path: str, who: tuple[str, str] = TOWN_CLERK, **body: Any) -> dict[str, Any]:
        answer = await self.act(path, who, **body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def undo(self, done: dict[str, Any], reason: str = "登记有误") -> dict[str, Any]:
        return await self.done(f"/v1/people-changes/{done['change_id']}/undo", reason=reason)

    # ---- looking

    async def person(self, ref: str, who: tuple[str, str] = TOWN_CLERK) -> dict[str, Any]:
        answer = await self.desk.get(f"/v1/people/{ref}", who)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def find(self, who: tuple[str, str] = TOWN_CLERK, **wanted: str) -> list[str]:
        answer = await self.desk.post("/v1/people/lookup", wanted, who)
        assert answer.status_code == 200, answer.text
        return [person["person_ref"] for person in answer.json()["people"]]

    async def count(self, table: str) -> int:
        [row] = await self.desk.rows(f"select count(*) as n from {table}")
        found: int = row["n"]
        return found

    async def members(self, at: str) -> list[str]:
        """Who lives there, as the town was told last."""
        told = [one for one in await self.desk.told("HouseholdChanged") if one["dwelling_id"] == self.at[at]]
        return sorted(told[-1]["members"]) if told else []

    async def homes_told(self) -> dict[str, tuple[str, bool] | None]:
        """Compound and whether they live there, of everybody, as a reader by versions has it; None: gone."""
        newest: dict[str, tuple[int, tuple[str, bool] | None]] = {}
        for event in await self.desk.told("PersonRegistered"):
            entry = event["version"], (event["compound"], event["resident"])
            newest[event["person_ref"]] = max(newest.get(event["person_ref"], (0, None)), entry, key=_version)
        for event in await self.desk.told("ResidenceEnded"):
            if event["reason"] != "moved":
                gone = event["version"], None
                newest[event["person_ref"]] = max(newest[event["person_ref"]], gone, key=_version)
        return {ref: home for ref, (_, home) in newest.items()}


def _version(entry: tuple[int, Any]) -> int:
    return entry[0]


__all__ = ["GRID", "OFFICER", "TOWN_CLERK", "Households"]
