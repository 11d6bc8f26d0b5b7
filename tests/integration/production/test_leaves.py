"""A district's bus as a leaf of a city's: it goes on without the hub, and the hub's copy goes on where it stood."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.nats import leaves
from deploy.nats.leaves import District
from deploy.nats.streams import wanted
from shared.bus.credentials import Credentials
from shared.bus.link import BusError, Link, Message
from shared.testing.waiting import eventually
from tests.integration.bus.conftest import close_lost_connections
from tests.integration.runtime.lines import Authority

STREAM, SUBJECT = "fk_reporting_daily_reports", "fk.evt.reporting.daily_reports.X.town"


class Server(NatsServer):
    """A server with a domain of its own and what leaves need."""

    more: dict[str, Any]
    domain: str
    guests: tuple[Any, ...] = ()

    def config(self) -> str:
        told = json.loads(super().config()) | self.more
        told["jetstream"]["domain"] = told["server_name"] = self.domain
        told["accounts"]["FANGKONG"]["users"].extend(self.guests)
        return json.dumps(told)


@dataclass
class City:
    """A hub with one district."""

    hub: Server
    district: Server
    about: District
    seed: Credentials
    links: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def link(self, server: Server, who: Credentials) -> Link:
        made = Link(server.url, name=who.user, credentials=who)
        made.start()
        self.links.push_async_callback(made.stop)
        await made.up.wait()
        return made


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    authority = Authority(folder=tmp_path / "authority")
    authority.issue()
    seed, port = Credentials.new("district-1"), any_free()
    about = District(name="district-1", public=seed.public)
    line = {"cert_file": str(authority.files.cert), "key_file": str(authority.files.key)}
    hub, district = Server(tmp_path / "hub"), Server(tmp_path / "district")
    hub.domain, hub.guests, hub.more = (
        leaves.HUB,
        (about.user(),),
        dict(leaves.hub(port, host="127.0.0.1", tls=line)),
    )
    remote = leaves.leaf([f"tls://127.0.0.1:{port}"], seed.seed, authority.files.ca)
    district.domain, district.more = about.name, dict(remote)
    with hub, district:
        made = City(hub=hub, district=district, about=about, seed=seed)
        yield made
        await made.links.aclose()
        close_lost_connections(hub.port)


async def told(city: City, count: int) -> None:
    """The district's headquarters report so many times; each is kept when this returns."""
    reporting = await city.link(city.district, city.district.credentials("reporting"))
    for _ in range(count):
        headers = {"Nats-Msg-Id": str(uuid4())}
        await reporting.publish(Message(subject=SUBJECT, body=b"{}", headers=headers))


async def copied(hub: Link, count: int) -> None:
    """Wait until the hub has so many."""

    async def there() -> bool:
        try:
            held = await hub.js.stream_info(f"{STREAM}_district_1")
        except BusError:  # it has just been started
            return False
        return bool(held.state.messages == count)

    await eventually(there, within=90, every=0.2, what=f"the hub has {count}")


async def begin(city: City) -> Link:
    """A stream in the district, its copy at the hub, and five reports in both."""
    stream = next(one for one in wanted() if one.config().name == STREAM)
    keeper = await city.link(city.district, city.district.admin)
    await keeper.js.add_stream(stream.config())
    hub = await city.link(city.hub, city.hub.admin)
    await told(city, 5)
    await hub.js.add_stream(leaves.copy(STREAM, city.about, replicas=1))
    await copied(hub, 5)
    return hub


async def test_the_hub_has_a_copy_and_a_districts_key_reads_nothing_there(city: City) -> None:
    await begin(city)
    thief = await city.link(city.hub, city.seed)
    with pytest.raises(BusError):
        await thief.js.account_info()


@pytest.mark.release
async def test_a_district_goes_on_without_the_hub_and_the_hub_catches_up(city: City) -> None:
    """The server looks for a source that was away every half minute or so: the test is slow, not busy."""
    hub = await begin(city)
    city.hub.stop()
    await told(city, 7)
    city.hub.start()
    await copied(hub, 12)
