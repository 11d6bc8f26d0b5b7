"""A service with something of `lj-001` in it, for callers from elsewhere to knock at; made once for all cells."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from asyncpg import Connection, Record

from deploy.local.secrets import Secrets
from services.reporting import tickers
from services.sanitation.imports.job import SiteImports
from shared.db.pool import Conn
from shared.events.registry.places import CompoundRegistered
from shared.http.access import Role
from shared.kernel.cards import CardKeys
from shared.kernel.ids import CompoundId
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.conftest import Client
from tests.integration.gate.town import GateTown
from tests.integration.observation.conftest import COMPOUND, policy_revised, returnee
from tests.integration.observation.conftest import Desk as Observing
from tests.integration.registry.desk import furnish
from tests.integration.registry.surveying import open_round
from tests.integration.registry.test_leads import PLACE, TEXT, lead
from tests.integration.reporting.supervising import answers_for, lead_told, supervised
from tests.integration.reporting.world import COMPOUNDS, Log, compounds, deliver, gap_opened, site, started
from tests.integration.sanitation.supervision import inspection
from tests.integration.sanitation.world import Service, policy
from tests.integration.trust.filled import fill_gate, fill_observation, fill_registry, fill_sanitation

ClientFor = Callable[[str], Awaitable[Client]]
NEXT_DOOR = ("community_clerk", "compound:lj-002")
NAME, PHONE = "欧阳海棠", "19900000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service, who is there beside staff, and the names that no stranger may read."""

    client: Client
    people: Mapping[Role, Mapping[str, str]] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    """Values of parameters that no column of the database is called after."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """What no stranger may read, by what it is."""
    foreign: Callable[[], Awaitable[Mapping[str, str]]] | None = None
    """Makes somebody else who has a personal link of their own, in another compound."""


async def gate(client_for: ClientFor, secrets: Secrets) -> World:
    """A device at a checkpoint, somebody with a pass who came through, and a shift."""
    keys = CardKeys.load(secrets.card_keys_file("registry"))
    town = GateTown(client=await client_for("gate"), card_keys=keys)
    await town.settle()
    town.device = await town.enrol()
    stopped = await town.enrol()
    revoked = await town.client.http.post(
        f"/v1/devices/{stopped.partition('.')[0]}/revoke", headers=town.client.as_role("ops")
    )
    assert revoked.status_code == 200, revoked.text
    checked = await town.check(await town.resident())
    shift = await fill_gate(town)
    return World(
        client=town.client,
        people={
            Role.DEVICE: {"Authorization": f"Device {town.device}"},
            Role.REVOKED_DEVICE: {"Authorization": f"Device {stopped}"},
        },
        named={
            "name": "app.js",
            "corrects": str(checked["check_id"]),
            "device_id": town.device.partition(".")[0],
        },
        secrets={"shift": str(shift), "check": str(checked["check_id"])},
    )


async def observation(client_for: ClientFor, _: Secrets) -> World:
    """A case with a declaration of fever, a link and a door."""
    desk = Observing(client=await client_for("observation"))
    place = CompoundRegistered(
        compound=COMPOUND, name="测试小区", neighbourhood="nb-01", mode="closed", area_m2=90_000
    )
    await desk.hear(policy_revised(), place)
    async with desk.database.begin() as tx:  # any decision about several waits for a second person here
        await tx.execute(
            "update policy_version set document = jsonb_set(document, '{second_person,bulk_cases}', '0')"
        )
    event = returnee(measure="home_quarantine")
    case_id = await desk.open_case(event)
    await desk.card(event, name=NAME, phone=PHONE, room="9-1-301")
    token = await desk.link(case_id)
    secret = (await desk.session(token)).json()["session"]

    async def foreign() -> Mapping[str, str]:
        there = CompoundRegistered(
            compound=CompoundId("lj-002"), name="隔壁", neighbourhood="nb-02", mode="closed", area_m2=90_000
        )
        other = returnee(compound="lj-002", grid="lj-002-w01", measure="home_quarantine")
        await desk.hear(there)
        opened = (await desk.session(await desk.link(await desk.open_case(other), NEXT_DOOR))).json()
        return {"Authorization": f"Link {opened['session']}"}

    door = await desk.post(f"/v1/cases/{case_id}/door-devices", {"device_id": str(uuid4()), "door": 1})
    await fill_observation(desk, door.json()["credential"])
    await desk.declare(case_id, 38.4)
    return World(
        client=desk.client,
        people={
            Role.RESIDENT: {"Authorization": f"Link {secret}"},
            Role.DEVICE: {"Authorization": f"Door {door.json()['credential']}"},
        },
        named={"of": "today", "step": "1", "member_case_id": str(case_id), "compound": COMPOUND},
        secrets={"name": NAME, "phone": PHONE, "case": str(case_id)},
        foreign=foreign,
    )


async def registry(client_for: ClientFor, _: Secrets) -> World:
    """A returnee, a resident with a pass, a lead, and a survey round."""
    desk = await furnish(await client_for("registry"))
    await desk.publish_risk({"330300": "focus"})
    returnee_of = await desk.register()
    resident, other = await desk.resident(), await desk.resident("2幢")
    await desk.ask_pass(resident)
    surveyed = await open_round(desk)
    await fill_registry(desk, resident, surveyed["round_id"])
    told = lead()
    answer = await desk.client.http.post("/v1/leads", json=told)
    assert answer.status_code == 201, answer.text
    return World(
        client=desk.client,
        named={
            "code": "lj-001",
            "kind": "fever",
            "compound": "lj-001",
            "compound_id": "lj-001",
            "nth": "0",
            "person_ref": str(resident),
            "one": str(resident),
            "other": str(other),
            "dwelling_id": str(returnee_of["dwelling_id"]),
        },
        secrets={"name": NAME, "another": "司徒南星", "place": PLACE, "text": TEXT},
    )


async def sanitation(client_for: ClientFor, _: Secrets) -> World:
    """A place with work to do, an order and a venue."""
    service = Service(client=await client_for("sanitation"), imports=SiteImports())
    await service.hear_compounds("lj-001", "lj-002")
    await service.hear_policy(1, NINE.date() - timedelta(days=20), policy())
    body = {
        "code": "lj-001-lift-1",
        "compound": "lj-001",
        "kind": "lift",
        "name": "1幢电梯",
        "since": "2020-02-23",
    }
    assert (await service.post("/v1/sites", body, "community_clerk")).status_code == 201
    venue = {
        "venue_id": str(uuid4()),
        "compound": "lj-001",
        "name": "棋牌室",
        "kind": "cards_room",
        "place": "3幢1层",
    }
    assert (await service.post("/v1/venues", venue, "community_clerk")).status_code == 201
    await fill_sanitation(service, body["code"], venue["venue_id"])
    order = inspection("site", "lj-001-lift-1", "2020-02-24T09:00:00+08:00")
    items = [{"code": "clean", "verdict": "fail", "note": "有污水"}, {"code": "aired", "verdict": "pass"}]
    made = await service.post("/v1/inspections", order | {"items": items}, "supervisor")
    assert made.status_code == 201, made.text
    return World(
        client=service.client,
        secrets={"note": "有污水", "venue": "棋牌室", "approved": "已备案，限流开放", "closed": "曳引机更换"},
    )


async def reporting(client_for: ClientFor, _: Secrets) -> World:
    """Findings, a case and a lead of a compound."""
    client, log = await client_for("reporting"), Log()
    here = COMPOUNDS[0]
    case_id = uuid4()
    log.say(
        *compounds(),
        supervised(),
        answers_for(here, "sanitation", 1),
        site(here),
        started(here, case_id),
        gap_opened(here, NINE - timedelta(hours=1)),
        lead_told(here, NINE - timedelta(hours=30)),
    )
    await deliver(client.context.database, log)
    await tickers.look(client.context.database)
    named = {"name": "gates", "day": "2020-02-24", "unit": "nb-01", "compound": here}
    return World(client=client, named=named, secrets={"case": str(case_id)})


WORLDS: Mapping[str, Callable[[ClientFor, Secrets], Awaitable[World]]] = {
    "gate": gate,
    "observation": observation,
    "registry": registry,
    "sanitation": sanitation,
    "reporting": reporting,
}


async def values_in(conn: "Conn | Connection[Record]") -> dict[str, str]:
    """A value for every column of a database that has one, by its name."""
    found: dict[str, str] = {}
    columns = await conn.fetch(
        "select table_name as t, column_name as c from information_schema.columns"
        " where table_schema = 'public' and data_type in ('uuid', 'text', 'integer') order by 1, 2"
    )
    for column in columns:
        if (name := column["c"]) not in found:
            value = await conn.fetchval(
                f'select "{name}" from "{column["t"]}" where "{name}" is not null limit 1'
            )
            if value is not None:
                found[name] = str(value)
    return found


async def objects(world: World) -> dict[str, str]:
    """What paths and bodies of a world are filled with."""
    async with world.client.context.database.read() as conn:
        return await values_in(conn) | dict(world.named)
