"""Three nats-servers that hold every stream three times; each hears the others over wires of its own."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import httpx

from deploy.faults.wires import Proxy, Wire
from deploy.local.nats import Cluster, NatsServer
from deploy.local.ports import any_free

NODES = 3
START_SECONDS = 60.0
STORE = "store"


class BusCluster:
    """The servers, the wires between them, and the wires on which clients come."""

    def __init__(self, home: Path) -> None:
        self.servers = [NatsServer(home / f"n{nth}", any_free(), trial=True) for nth in range(NODES)]
        self.routes: dict[tuple[int, int], Proxy] = {}
        self.doors: list[Proxy] = []

    async def start(self) -> None:
        """All three, with one set of users."""
        ports = [any_free() for _ in range(NODES)]
        for one in range(NODES):
            for other in range(NODES):
                if one != other:
                    self.routes[one, other] = await Proxy(ports[other]).start()
        for nth, server in enumerate(self.servers):
            server.files = self.servers[0].files
            routes = [self.routes[nth, other].port for other in range(NODES) if other != nth]
            server.cluster = Cluster(name=f"n{nth}", port=ports[nth], routes=tuple(routes))
        for nth in range(NODES):
            self.spawn(nth)
        for nth, server in enumerate(self.servers):
            await self.ready(nth)
            self.doors.append(await Proxy(server.port).start())

    def spawn(self, node: int) -> None:
        """Start a server, at first or after it died."""
        self.servers[node].prepare()
        self.servers[node].spawn()

    async def ready(self, node: int) -> None:
        """Wait until a server's JetStream is usable."""
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(self.servers[node].ready):  # noqa: ASYNC110  # it raises no events
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """All of it."""
        for server in self.servers:
            server.stop()
        for proxy in (*self.routes.values(), *self.doors):
            await proxy.stop()

    @property
    def urls(self) -> str:
        """Where services find the servers: over the doors."""
        return ",".join(f"nats://127.0.0.1:{door.port}" for door in self.doors)

    def cut_off(self, node: int) -> None:
        """Nobody hears this server, and it hears nobody; its clients still do."""
        self._wires(node, Wire.CUT)

    def join(self, node: int) -> None:
        """The wires are mended."""
        self._wires(node, Wire.OPEN)

    def _wires(self, node: int, wire: Wire) -> None:
        for pair, route in self.routes.items():
            if node in pair:
                route.set(wire)

    # ---- what their disks hold

    def copy_stores(self, folder: Path, then: signal.Signals) -> None:
        """Copy every server's store as it is at one instant at which none of them does anything; any thread.

        Args:
            folder: for the copies.
            then: what every server gets afterwards: go on, or die.
        """
        shutil.rmtree(folder, ignore_errors=True)
        pids = [server.process.pid for server in self.servers if server.process]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            for server in self.servers:
                shutil.copytree(server.home / STORE, folder / server.home.name)
        finally:
            for pid in pids:
                os.kill(pid, then)

    def put_back(self, folder: Path) -> None:
        """The copies in place of the stores, of servers that are dead. Any thread."""
        for server in self.servers:
            shutil.rmtree(server.home / STORE)
            shutil.copytree(folder / server.home.name, server.home / STORE)
        shutil.rmtree(folder)

    async def leader(self) -> int:
        """The server that leads JetStream; any where none does just now."""
        async with httpx.AsyncClient(timeout=2) as http:
            for server in self.servers:
                try:
                    told: dict[str, Any] = (await http.get(f"{server.monitor_url}/jsz")).json()
                except (httpx.HTTPError, ValueError):
                    continue
                name = told.get("meta_cluster", {}).get("leader", "")
                if name in {f"n{one}" for one in range(NODES)}:
                    return int(name[1:])
        return 0
