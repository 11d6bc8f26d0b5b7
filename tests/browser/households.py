"""A compound of its own in the office's town, with people who open pages on their phones."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from tests.acceptance.watched import AREAS, Watch
from tests.browser.place import Place

COMPOUND = "rs-001"


@dataclass
class Households(Watch):
    """The residents of a compound; business time stays where the place has it."""

    people: int = 600

    async def begin(self) -> None:
        """The compound with a grid, and a list of risk areas."""
        officer = self.stack.as_role("hq_officer")
        put = {"version": 0, "name": "临河社区", "kind": "community"}
        await self.stack.call("PUT", "registry", "/v1/neighbourhoods/rs", headers=officer, json=put)
        path = f"/v1/compounds/{COMPOUND}"
        body = {
            "version": 0,
            "neighbourhood_id": "rs",
            "name": "临河花园",
            "building_type": "high_rise",
            "address": "临河路 1 号",
            "area_m2": 90_000,
            "mode": "closed",
        }
        await self.stack.call("PUT", "registry", path, headers=officer, json=body)
        grid = {"version": 0, "name": "第一网格"}
        await self.stack.call("PUT", "registry", f"{path}/grids/{COMPOUND}-w01", headers=officer, json=grid)
        if not await self.stack.call("GET", "registry", "/v1/risk-areas", headers=officer):
            await self.publish_risk(AREAS, self.day)

    async def observed(self, *, dwelling: str | None = None) -> str:
        """Somebody on the ninth day of their observation; the case."""
        home = dwelling or await self.dwelling(COMPOUND)
        case = await self.case_of(await self.back(date(2020, 2, 15), dwelling=home))
        return str(case["case_id"])

    async def link(self, case_id: str, *members: str) -> tuple[str, str]:
        """A personal link of a case, and of others of the dwelling; its id and its secret."""
        clerk = self.stack.as_role("community_clerk")
        link_id = str(uuid4())
        path = f"/v1/cases/{case_id}/links"
        made: dict[str, Any] = await self.stack.call(
            "POST", "observation", path, headers=clerk, json={"link_id": link_id}
        )
        for member in members:
            await self.stack.call(
                "PUT", "observation", f"{path}/{link_id}/members/{member}", headers=clerk, expect=204
            )
        return link_id, made["token"]

    async def declared(self, case_id: str) -> list[dict[str, Any]]:
        """What was declared for a case."""
        clerk = self.stack.as_role("community_clerk")
        path = f"/v1/cases/{case_id}/declarations"
        found: list[dict[str, Any]] = (await self.stack.call("GET", "observation", path, headers=clerk))[
            "entries"
        ]
        return found


async def settled(place: Place) -> Households:
    """The compound, made."""
    made = Households(place.stack)
    await made.begin()
    return made


async def survey_link(homes: Households) -> tuple[str, str]:
    """A dwelling with a resident, a survey round, and the household's link; the resident and the link's secret."""
    home = await homes.dwelling(COMPOUND)
    person_ref, _ = await homes.resident(home)
    officer = homes.stack.as_role("hq_officer")
    round_id = str(uuid4())
    body = {"round_id": round_id, "number": 1, "compounds": [COMPOUND], "due_on": "2020-03-05"}
    await homes.stack.call("POST", "registry", "/v1/survey-rounds", headers=officer, json=body)
    asked = {"issue_id": str(uuid4()), "compound": COMPOUND, "building": "1幢"}
    clerk = homes.stack.as_role("community_clerk")
    made: dict[str, Any] = await homes.stack.call(
        "POST", "registry", f"/v1/survey-rounds/{round_id}/links", headers=clerk, json=asked
    )
    [secret] = [one["token"] for one in made["links"] if one["dwelling_id"] == home]
    return person_ref, secret
