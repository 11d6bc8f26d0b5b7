"""Planted people on their way through all services: every way in, every text of every route, and what fails."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from deploy.documents import openapi
from shared.http.access import STAFF, Role
from shared.kernel.days import local_day
from shared.testing.waiting import eventually
from tests.acceptance.gatehouse import HERE, Gatehouse
from tests.acceptance.stack import SERVICES, Stack
from tests.canaries import Canary
from tests.integration.trust.asking import FRESH, Asking
from tests.integration.trust.worlds import values_in

PEOPLE = (
    "小区编号,楼栋,单元,室号,姓名,性别,出生日期,证件类型,证件号码,手机号,与房屋关系,是否常住,登记日期,备注"
)
WATCHED = ("姓名", "证件类型", "证件号码", "手机号", "来源地区划代码", "到达日期", "备注")
_OPEN = {"name", "address", "building", "unit", "room", "assigned_to", "approved_by"}
"""Names of things, their addresses (decision 0004), accounts of staff: in the clear on purpose."""
_SECRET = re.compile(r"token|secret|credential|code$")


@dataclass(kw_only=True)
class Speaking(Asking):
    """Asks with every field that there is, and says something personal wherever a text is free."""

    birds: Iterator[Canary]
    said: dict[str, str] = field(default_factory=dict)
    """Which field of which route was given what."""
    cell: str = ""

    def of(self, cell: str, *, new: bool) -> tuple[str, dict[str, Any]]:
        """Path and content, every field filled."""
        self.cell = cell
        return super().of(cell, new=new)

    def _asked(self, schema: Mapping[str, Any]) -> Iterator[str]:
        return iter(schema.get("properties", {}))

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        bird = next(self.birds)
        spoken = {"name": bird.name, "phone": bird.phone, "number": bird.number, "document": bird.number}.get(
            name.rpartition("_")[2], bird.room if "room" in name else bird.note
        )
        # A code that is there is asked for by it; what stories before this one wrote as free text is said anew.
        known = name in _OPEN or self.known.get(name, "一").isascii()
        taken = known or any(word in schema for word in ("format", "pattern"))
        if taken or _SECRET.search(name) or not len(spoken) <= int(schema.get("maxLength", 1_000)):
            return super()._text(name, schema)
        spoken = spoken.ljust(int(schema.get("minLength", 0)), "一")
        self.said[spoken] = f"{self.cell} {name}"
        return spoken


@dataclass(kw_only=True)
class Planting:
    """A compound, and whoever is planted there."""

    house: Gatehouse
    birds: Iterator[Canary]
    statuses: dict[str, list[int]] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        return self.house.stack

    async def lists(self, count: int) -> None:
        """Residents from a list, one line of it rejected; people who are sought."""
        birds = [next(self.birds) for _ in range(count)]
        for bird in birds[:3]:
            await self._room(bird)
        rows = [
            f"{HERE},1幢,,{birds[nth % 3].room},{bird.name},男,1990-01-01,护照,{bird.number},{bird.phone},租客,是,"
            f"{'2020-02-20' if nth else '2020-02-30'},{bird.note}".split(",")
            for nth, bird in enumerate(birds)
        ]
        told = await self._hand_in("residents", PEOPLE.split(","), rows)
        assert told["rows_accepted"] >= count - 1, told
        assert told["rows_rejected"] == 1
        clerk = self.stack.as_role("community_clerk")
        about = {
            "list_id": str(uuid4()),
            "name": "协查名单",
            "source": "市防控办",
            "search_until": "2020-12-28",
        }
        await self.stack.call("POST", "registry", "/v1/watch-lists", headers=clerk, json=about)
        sought = [next(self.birds) for _ in range(20)]
        lines = [
            [one.name, "护照", one.number, one.phone, "420100", "2020-02-20", one.note] for one in sought
        ]
        await self.stack.call(
            "POST",
            "registry",
            f"/v1/watch-lists/{about['list_id']}/files",
            headers=clerk,
            files={"file": ("list.csv", _csv([list(WATCHED), *lines]))},
        )

    async def _room(self, bird: Canary) -> str:
        home = {
            "dwelling_id": str(uuid4()),
            "grid_id": f"{HERE}-w01",
            "building": "1幢",
            "room": bird.room,
            "address": f"望岗路 1 号 1 幢 {bird.room} 室",
            "occupancy": "let",
        }
        await self._post(f"compounds/{HERE}/dwellings", home)
        return str(home["dwelling_id"])

    async def _hand_in(self, kind: str, header: list[str], rows: list[list[str]]) -> Any:
        clerk = self.stack.as_role("community_clerk")
        begun = await self.stack.call(
            "POST",
            "registry",
            f"/v1/imports?kind={kind}",
            headers=clerk,
            files={"file": ("list.csv", _csv([header, *rows]))},
        )

        async def done() -> Any:
            path = f"/v1/imports/{begun['import_id']}"
            told = await self.stack.call("GET", "registry", path, headers=clerk)
            return told if told["state"] != "running" else None

        return await eventually(done, within=90, what="the list is worked off")

    async def _post(self, path: str, body: dict[str, Any], *, who: str = "community_clerk") -> Any:
        return await self.stack.call(
            "POST", "registry", f"/v1/{path}", headers=self.stack.as_role(who) if who else {}, json=body
        )

    async def at_home_and_at_the_gate(self) -> Canary:
        """Somebody with a pass comes through the gate; somebody unknown does not; a car."""
        bird, stranger = next(self.birds), next(self.birds)
        home = await self._room(bird)
        paper = {"kind": "passport", "number": bird.number}
        about = {"sex": "male", "born": "1980-01-01", "phone": bird.phone, "documents": [paper]}
        person = await self._post(
            "people",
            {
                "change_id": str(uuid4()),
                "name": bird.name,
                **about,
                "homes": [{"dwelling_id": home, "relation": "tenant"}],
            },
        )
        asked = {"request_id": str(uuid4()), "person_ref": person["person_ref"], "compound": HERE}
        issued = await self._post("passes", asked)
        car = {"vehicle_ref": str(uuid4()), "plate": bird.plate, "person_ref": person["person_ref"]}
        await self._post("vehicles", car | {"dwelling_id": home})
        await self.stack.equal()
        device = await self.house.device()
        for subject in (
            {"kind": "pass_token", "token": issued["token"]},
            {"kind": "document", "number": bird.number},
            {"kind": "document", "number": stranger.number},
        ):
            await self.house.check(device, subject)
        return bird

    async def under_observation(self) -> None:
        """Somebody who came back declares, and tells more than was asked."""
        bird = next(self.birds)
        intake = await self._post(
            "returnees",
            {
                "intake_id": str(uuid4()),
                "person": {
                    "name": bird.name,
                    "documents": [{"kind": "passport", "number": bird.number}],
                    "phone": bird.phone,
                    "sex": "male",
                    "born": "1980-01-01",
                },
                "dwelling": {"dwelling_id": await self._room(bird)},
                "trip": {
                    "origin_code": "330300",
                    "arrived_on": local_day(self.stack.now()).isoformat(),
                    "transport": "train",
                    "proof": True,
                },
            },
        )
        await self.stack.equal()
        officer = self.stack.as_role("hq_officer")

        async def known() -> Any:
            path = f"/v1/returnees/{intake['intake_id']}"
            return (await self.stack.call("GET", "registry", path, headers=officer))["case_id"]

        case = await eventually(known, within=30, what="the registry knows of the case")
        await self.stack.call(
            "POST",
            "observation",
            f"/v1/cases/{case}/decisions",
            headers=officer,
            json={"decision_id": str(uuid4()), "kind": "interrupt", "reason": bird.note},
            expect=(201, 422, 409),
        )

    def _lead(self, bird: Canary, text: str) -> dict[str, Any]:
        return {
            "lead_id": str(uuid4()),
            "request_secret": uuid4().hex,
            "channel": "gate_code",
            "category": "gathering",
            "compound": HERE,
            "place": bird.note,
            "text": text,
            "observed_at": self.stack.now().isoformat(),
        }

    async def told_from_outside(self) -> None:
        """What nobody has to sign in for: a lead, an application, a volunteer; and whom to call."""
        bird = next(self.birds)
        lead = self._lead(bird, f"{bird.name} {bird.number} {bird.phone}")
        lead["reporter"] = {"name": bird.name, "phone": bird.phone}
        await self._post("leads", lead, who="")
        asked = {
            "application_id": str(uuid4()),
            "compound": HERE,
            "name": bird.name,
            "phone": bird.phone,
            "address": bird.room,
            "papers": ["identity_document", "lease"],
            "documents": [{"kind": "passport", "number": bird.number}],
            "suzhou_code": "green",
        }
        await self._post("pass-applications/online", asked, who="")
        entry = {"entry_id": str(uuid4()), "name": bird.name, "phone": bird.phone, "compound": HERE}
        await self._post("call-list", entry | {"present_code": "420100"})

    async def exported(self) -> bytes:
        """The residents as a file, in full."""
        clerk = self.stack.as_role("community_clerk")
        wish = {
            "export_id": str(uuid4()),
            "kind": "residents",
            "format": "csv",
            "reason": next(self.birds).note,
        }
        asked = await self._post("exports", wish)
        if asked["state"] == "asked":  # so many people that a second person is asked
            approval = {"outcome": "approved", "reason": next(self.birds).note}
            await self._post(f"second-person/{wish['export_id']}/decision", approval, who="hq_officer")

        async def done() -> Any:
            told = await self.stack.call("GET", "registry", f"/v1/exports/{wish['export_id']}", headers=clerk)
            return told["state"] == "done"

        await eventually(done, within=60, what="the export is done")
        address = f"{self.stack.base('registry')}/v1/exports/{wish['export_id']}/file"
        return (await self.stack.http.get(address, headers=clerk)).content

    async def everywhere(self) -> dict[str, str]:
        """Every text of every route, once as it may be and once as it may not; what was said where."""
        said: dict[str, str] = {}
        device = await self.house.device()
        for service in SERVICES:
            known = await values_in(await self.stack.onlooker(service))
            known |= {"compound": HERE, "compound_id": HERE}
            asking = Speaking(document=openapi(service), known=known, birds=self.birds, said=said)
            for path, methods in asking.document["paths"].items():
                for method, told in methods.items():
                    roles = [Role(one) for one in told["x-roles"]]
                    staff = sorted(set(roles) & STAFF, key=lambda role: role is not Role.COMMUNITY_CLERK)
                    who = self.stack.as_role(staff[0]) if staff else device if Role.DEVICE in roles else {}
                    if path != "/v1/board/stream":
                        await self._say(service, asking, f"{method.upper()} {path}", who)
        return said

    async def _say(self, service: str, asking: Speaking, cell: str, who: Mapping[str, str]) -> None:
        method, template = cell.split(maxsplit=1)
        told = asking.document["paths"][template][method.lower()].get("parameters", ())
        taken = {one["name"] for one in told if one["in"] == "query"}
        bird = next(self.birds)
        loud = dict(who) | {
            "Referer": f"http://town/?q={bird.number}",
            "User-Agent": bird.number,
            "X-Correlation-Id": bird.number,
            "traceparent": bird.number,
        }
        path, content = asking.of(cell, new=True)
        wrong = {name: {bird.name: bird.number} for name in ("json", "data") if name in content}
        elsewhere = path.replace(FRESH, bird.name)
        texts = {"compound": bird.note, "after": bird.number}
        for address, parts in (
            (path, content),
            (f"{elsewhere}/{bird.name}" if elsewhere == path else elsewhere, content),
            (path, content | wrong | {"params": {name: texts[name] for name in taken & texts.keys()}}),
            (path, content | wrong | {"params": {"q": bird.name, bird.name: bird.number}}),
        ):
            answer = await self.stack.http.request(
                method, f"{self.stack.base(service)}{address}", headers=loud, **parts
            )
            self.statuses.setdefault(cell, []).append(answer.status_code)

    async def failing(self) -> None:
        """Statements that fail and statements that are slow, with somebody's values in them."""
        bird = next(self.birds)
        lead = self._lead(bird, bird.note)
        owner = await self.stack.onlooker("registry")
        address = f"{self.stack.base('registry')}/v1/leads"
        never = "alter table lead add constraint never check (place_sealed is null) not valid"
        for broken, mended in (
            (never, "alter table lead drop constraint never"),
            ("alter table lead rename to lead_away", "alter table lead_away rename to lead"),
        ):
            await owner.execute(broken)
            try:
                assert (await self.stack.http.post(address, json=lead)).status_code == 500
            finally:
                await owner.execute(mended)


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")
