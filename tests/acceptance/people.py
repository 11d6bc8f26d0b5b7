"""People of the town as a clerk registers them, finds them and asks passes for them."""

from datetime import date
from typing import Any
from uuid import uuid4

from stdnum.cn.ric import calc_check_digit

from tests.acceptance.stack import Stack


def resident_id(birth: str, nth: int) -> str:
    body = f"990102{birth}{nth:03d}"
    return body + str(calc_check_digit(f"{body}0"))


async def dwellings(town: Stack, compound: str) -> list[dict[str, Any]]:
    path = f"/v1/compounds/{compound}/dwellings?limit=200"
    items: list[dict[str, Any]] = (await town.call("GET", "registry", path, headers=town.as_role("admin")))[
        "items"
    ]
    return items


async def register(town: Stack, home: dict[str, Any], **stated: Any) -> str:
    relation, resident = stated.pop("relation", "tenant"), stated.pop("resident", True)
    body = {
        "change_id": str(uuid4()),
        "homes": [{"dwelling_id": home["dwelling_id"], "relation": relation, "resident": resident}],
        **stated,
    }
    clerk = town.as_role("community_clerk")
    ref: str = (await town.call("POST", "registry", "/v1/people", headers=clerk, json=body))["person_ref"]
    return ref


async def ask_pass(town: Stack, person: str, compound: str, expect: int) -> Any:
    body = {"request_id": str(uuid4()), "person_ref": person, "compound": compound}
    clerk = town.as_role("community_clerk")
    return await town.call("POST", "registry", "/v1/passes", headers=clerk, json=body, expect=expect)


def came_from(code: str, day: date) -> dict[str, Any]:
    return {"origin_code": code, "arrived_on": day.isoformat(), "transport": "train", "proof": True}


async def find(town: Stack, **wanted: str) -> list[str]:
    clerk = town.as_role("community_clerk")
    found = await town.call("POST", "registry", "/v1/people/lookup", headers=clerk, json=wanted)
    return [person["person_ref"] for person in found["people"]]
