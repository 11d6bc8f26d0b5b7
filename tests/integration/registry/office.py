"""An office that hands its lists to a running registry."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.town.build import Manifest, ManifestFile
from services.registry.handlers.imports import ImportRunner
from tests.conftest import Client

ADMIN = "admin"


@dataclass(slots=True)
class Office:
    """Hands files to the registry and works them off."""

    client: Client
    town: Path
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def runner(self) -> ImportRunner:
        return ImportRunner(vault=self.client.context.vault, cards=self.client.context.cards)

    def files(self) -> list[ManifestFile]:
        return [file for file in Manifest.load(self.town).files if file.service == "registry"]

    async def hand_in(self, file: ManifestFile, **params: Any) -> dict[str, Any]:
        return await self.send(file.kind, file.file, (self.town / file.file).read_bytes(), **params)

    async def send(self, kind: str, name: str, content: bytes, **params: Any) -> dict[str, Any]:
        answer = await self.client.http.post(
            "/v1/imports",
            params={"kind": kind, **params},
            files={"file": (name, content)},
            headers=self.client.as_role(ADMIN),
        )
        assert answer.status_code in {200, 202}, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def import_lines(self, kind: str, *lines: str, **params: Any) -> dict[str, Any]:
        """A CSV of these lines, worked off; the answer has its error sheet as `rows`."""
        begun = await self.send(kind, "list.csv", "\r\n".join(lines).encode(), **params)
        await self.runner.act(self.client.context.database)
        rows = await self.sheet(begun["import_id"])
        return await self.told(begun["import_id"]) | {"rows": rows}

    async def told(self, import_id: str) -> dict[str, Any]:
        answer = await self.client.http.get(f"/v1/imports/{import_id}", headers=self.client.as_role(ADMIN))
        told: dict[str, Any] = answer.json()
        return told

    async def sheet(self, import_id: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            params = {"limit": "200"} | ({"after": after} if after else {})
            answer = await self.client.http.get(
                f"/v1/imports/{import_id}/rows", params=params, headers=self.client.as_role(ADMIN)
            )
            rows += answer.json()["items"]
            after = answer.json()["next"]
            if after is None:
                return rows

    async def import_file(self, file: ManifestFile, **params: Any) -> dict[str, Any]:
        begun = await self.hand_in(file, **params)
        await self.runner.act(self.client.context.database)
        self.outcomes += [{"file": file.file, **row} for row in await self.sheet(begun["import_id"])]
        return await self.told(begun["import_id"])

    async def import_all(self) -> dict[str, dict[str, Any]]:
        return {file.file: await self.import_file(file) for file in self.files()}

    async def value(self, query: str, *args: object) -> Any:
        async with self.client.context.database.read() as conn:
            return await conn.fetchval(query, *args)

    async def rows(self, query: str, *args: object) -> list[Any]:
        async with self.client.context.database.read() as conn:
            return await conn.fetch(query, *args)
