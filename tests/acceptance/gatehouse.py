"""A compound with a gate, entered through HTTP: who lives there, their passes, and devices that ask or decide."""

import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from stdnum.cn.ric import calc_check_digit

from deploy.live.posts import Post
from shared.kernel.days import local_day
from tests.acceptance.gates import Device, check, enrol_device
from tests.acceptance.stack import Stack
from tests.acceptance.town import publish_risk_areas

HERE, THERE = "gt-001", "gt-002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Somebody of the compound, with a pass where one was issued."""

    surname: str
    document: str
    room: str
    person: str
    dwelling: str
    pass_id: str = ""
    number: str = ""
    token: str = ""

    @property
    def scanned(self) -> dict[str, str]:
        """Shows the pass."""
        return {"kind": "pass_token", "token": self.token}

    @property
    def typed(self) -> dict[str, str]:
        """Shows a document."""
        return {"kind": "document", "number": self.document}


@dataclass(kw_only=True)
class Gatehouse:
    """Two compounds with a checkpoint each, and who lives there."""

    stack: Stack
    people: int = 0
    seqs: dict[str, int] = field(default_factory=dict)

    async def begin(self) -> None:
        """Enter both, and open their gates."""
        officer = self.stack.as_role("hq_officer")
        await self._put("neighbourhoods/gt", {"version": 0, "name": "望岗社区", "kind": "community"})
        for compound in (HERE, THERE):
            about = {
                "version": 0,
                "neighbourhood_id": "gt",
                "name": f"望岗新村 {compound[-1]}",
                "building_type": "high_rise",
                "address": "望岗路 1 号",
                "area_m2": 90_000,
                "mode": "closed",
            }
            await self._put(f"compounds/{compound}", about)
            await self._put(f"compounds/{compound}/grids/{compound}-w01", {"version": 0, "name": "第一网格"})
            await self.stack.call(
                "POST",
                "registry",
                f"/v1/compounds/{compound}/checkpoints",
                headers=officer,
                json={
                    "checkpoint_id": f"{compound}-n",
                    "name": "北门",
                    "traffic": "mixed",
                    "opened_on": local_day(self.stack.now()).isoformat(),
                },
            )
        await self.stack.equal()

    async def resident(self, compound: str = HERE, *, with_pass: bool = True) -> Resident:
        """Somebody moves in; all services know when this returns."""
        self.people += 1
        surname = ("欧阳", "司徒", "慕容", "诸葛", "上官", "令狐", "皇甫", "尉迟")[self.people % 8]
        body = f"99010219900307{self.people + 500:03d}"
        document, dwelling, room = (
            body + str(calc_check_digit(f"{body}0")),
            str(uuid4()),
            str(100 + self.people),
        )
        home = {
            "dwelling_id": dwelling,
            "grid_id": f"{compound}-w01",
            "building": "1幢",
            "room": room,
            "address": f"望岗路 1 号 1 幢 {room} 室",
            "occupancy": "let",
        }
        await self._post(f"compounds/{compound}/dwellings", home)
        person = await self._post(
            "people",
            {
                "change_id": str(uuid4()),
                "name": f"{surname}甲",
                "documents": [{"kind": "resident_id", "number": document}],
                "homes": [{"dwelling_id": dwelling, "relation": "tenant"}],
            },
        )
        made = Resident(
            surname=surname, document=document, room=room, person=person["person_ref"], dwelling=dwelling
        )
        if with_pass:
            asked = {"request_id": str(uuid4()), "person_ref": made.person, "compound": compound}
            issued = await self._post("passes", asked)
            made = replace(made, pass_id=issued["pass_id"], number=issued["number"], token=issued["token"])
        await self.stack.equal()
        return made

    async def guard(self, code: str, checkpoint: str, day: date) -> tuple[str, str]:
        """Somebody who is posted at a gate from the day before, with a badge: pseudonym and number."""
        officer = self.stack.as_role("hq_officer")
        about = {
            "version": 0,
            "name": "尉迟丙",
            "sex": "male",
            "phone": "19900006655",
            "kind": "guard",
            "home_unit": "望岗社区",
        }
        entered = await self.stack.call("PUT", "registry", f"/v1/workers/{code}", headers=officer, json=about)
        posting = {
            "posting_id": str(uuid4()),
            "place_kind": "checkpoint",
            "place": checkpoint,
            "from_day": (day - timedelta(days=1)).isoformat(),
        }
        ref: str = entered["worker_ref"]
        await self.stack.call(
            "POST", "registry", f"/v1/workers/{ref}/postings", headers=officer, json=posting
        )
        await self.stack.equal()
        badge = await self.stack.call(
            "POST",
            "gate",
            "/v1/duty/badges",
            headers=officer,
            json={"badge_id": str(uuid4()), "worker_ref": ref, "staff_number": code},
        )
        return ref, badge["number"]

    async def risk_areas(self) -> None:
        """A list of risk areas from today on."""
        await publish_risk_areas(self.stack, local_day(self.stack.now()))
        await self.stack.equal()

    async def check(self, device: Device, subject: dict[str, str], **rest: Any) -> Any:
        """One person at the gate; the answer."""
        return await check(self.stack, device, self.seq(device), subject, **rest)

    def seq(self, device: Device) -> int:
        """The device's next number."""
        key = device["Authorization"]
        self.seqs[key] = self.seqs.get(key, 0) + 1
        return self.seqs[key]

    async def device(self, compound: str = HERE) -> Device:
        """One that only asks; the headers with which it speaks."""
        return await enrol_device(self.stack, f"{compound}-n")

    async def post(self, folder: Path, wrong: timedelta = timedelta(0)) -> Post:
        """A device that decides by itself when nobody answers; by how much its clock is wrong."""
        code = await self.stack.call(
            "POST",
            "gate",
            "/v1/enrolment-codes",
            headers=self.stack.as_role("ops"),
            json={"request_id": str(uuid4()), "checkpoint": f"{HERE}-n"},
        )
        store = folder / f"{uuid4().hex}.sqlite"
        return await Post.enrol(
            store, code["code"], gate=self.stack.base("gate"), now=self.stack.now, wrong=wrong
        )

    async def told(self, name: str, service: str = "gate") -> list[dict[str, Any]]:
        """The data of the events of a name that a service published about the two compounds, in order."""
        found = await self.rows(
            service, "select document from outbox where subject like $1 order by id", f"%.{name}.gt-%"
        )
        return [json.loads(row["document"])["data"] for row in found]

    async def rows(self, service: str, query: str, *arguments: object) -> list[dict[str, Any]]:
        """What is in a service's database."""
        connection = await self.stack.connect(service)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def hq(self, path: str, **query: Any) -> Any:
        """What headquarters read."""
        return await self.stack.call(
            "GET", "reporting", path, headers=self.stack.as_role("hq_officer"), params=query
        )

    async def _put(self, path: str, body: dict[str, Any]) -> None:
        officer = self.stack.as_role("hq_officer")
        await self.stack.call("PUT", "registry", f"/v1/{path}", headers=officer, json=body)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        clerk = self.stack.as_role("community_clerk")
        return await self.stack.call("POST", "registry", f"/v1/{path}", headers=clerk, json=body)
