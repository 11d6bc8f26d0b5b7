"""A clerk's compound of its own: places and people over the API, so that tests of other desks are not disturbed."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.acceptance.people import dwellings, register, resident_id
from tests.acceptance.stack import Stack
from tests.acceptance.town import publish_risk_areas
from tests.browser.place import Place

NEIGHBOURHOOD = "desk"


@dataclass
class DeskTown:
    """A compound with a few buildings.

    Attributes:
        place: where it runs.
        compound: its id, which no other test uses.
    """

    place: Place
    compound: str
    people: int = 0

    @property
    def stack(self) -> Stack:
        """The services."""
        return self.place.stack

    async def settle(self, *, buildings: int = 2, rooms: int = 4) -> None:
        """Put it on the map, with a grid and its address list; publish the risk list if nobody has."""
        admin, call = self.stack.as_role("admin"), self.stack.call
        path = f"/v1/neighbourhoods/{NEIGHBOURHOOD}"
        known = await call("GET", "registry", "/v1/neighbourhoods", headers=admin)
        if all(one["neighbourhood_id"] != NEIGHBOURHOOD for one in known):
            body = {"version": 0, "name": "柏庐社区", "kind": "community"}
            await call("PUT", "registry", path, headers=admin, json=body)
        body = {
            "version": 0,
            "neighbourhood_id": NEIGHBOURHOOD,
            "name": f"柏庐{self.compound[-2:]}村",
            "building_type": "mid_rise",
            "address": "柏庐路 1 号",
            "area_m2": 60_000,
            "mode": "closed",
        }
        await call("PUT", "registry", f"/v1/compounds/{self.compound}", headers=admin, json=body)
        grid = f"{self.compound}-w01"
        body = {"version": 0, "name": "第一网格"}
        await call("PUT", "registry", f"/v1/compounds/{self.compound}/grids/{grid}", headers=admin, json=body)
        for building in range(1, buildings + 1):
            for room in range(1, rooms + 1):
                body = {
                    "dwelling_id": str(uuid4()),
                    "grid_id": grid,
                    "building": f"{building}幢",
                    "unit": "",
                    "room": f"{(room + 1) // 2}0{1 + (room + 1) % 2}",
                    "address": f"柏庐路 1 号 {building} 幢",
                    "occupancy": "let",
                }
                path = f"/v1/compounds/{self.compound}/dwellings"
                await call("POST", "registry", path, headers=admin, json=body)
        await publish_risk_areas(self.stack, self.stack.now().date())

    def number(self) -> str:
        """A resident ID that nobody has."""
        self.people += 1
        return resident_id("19880307", int(self.compound[-2:]) * 10 + self.people)

    async def person(self, name: str = "司徒南星", *, home: int = 0, **stated: Any) -> str:
        """Somebody of the book, who lives at one of the dwellings."""
        homes = await dwellings(self.stack, self.compound)
        told = {
            "name": name,
            "documents": [{"kind": "resident_id", "number": self.number()}],
            "phone": f"1990000{int(self.compound[-2:]):02d}{self.people:02d}",
        } | stated
        return await register(self.stack, homes[home], **told)
