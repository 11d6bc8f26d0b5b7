"""Six people of one compound under observation until the 24th of February, in a place whose time is its own."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from tests.acceptance.watched import HERE, THERE, Watch, instant
from tests.browser.place import Place

FEB22, FEB23, FEB24 = date(2020, 2, 22), date(2020, 2, 23), date(2020, 2, 24)


@dataclass
class Observed:
    """The desk's services, and the people by what became of them.

    Attributes:
        cases: who it is -> their case, as it was when they were registered.
    """

    place: Place
    watch: Watch
    cases: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def begun(cls, place: Place, databases: Databases) -> "Observed":
        """Half past ten on the 24th: the morning's window has closed."""
        write_control(place.stack.clock_file, instant(FEB22, "16:00"), 0.0)
        await place.start(databases, "registry", "observation")
        made = cls(place=place, watch=Watch(place.stack))
        await made.watch.begin()
        for who, arrived in (
            ("silent", date(2020, 2, 15)),
            ("missed once", date(2020, 2, 14)),
            ("well", date(2020, 2, 13)),
            ("ill", date(2020, 2, 16)),
            ("ending", date(2020, 2, 11)),
            ("with a phone", date(2020, 2, 17)),
        ):
            made.cases[who] = await made.watch.case_of(await made.watch.back(arrived))
        session = await made.phone("with a phone")
        for day, clock in ((FEB22, "18:00"), (FEB23, "07:00"), (FEB23, "18:00"), (FEB24, "07:00")):
            await made.watch.to(day, clock)
            last = (day, clock) == (FEB24, "07:00")
            for who in ("missed once", "well", "ill", "ending"):
                if not (last and who == "missed once"):
                    ill = last and who == "ill"
                    await made.watch.declare(made.case_id(who), "38.4" if ill else "36.5")
            await made.by_phone(session)
        await made.watch.to(FEB24, "10:30")
        return made

    def case_id(self, who: str) -> str:
        """Whose case."""
        return str(self.cases[who]["case_id"])

    async def phone(self, who: str) -> dict[str, str]:
        """Headers of somebody's own phone, that opened their link."""
        clerk = self.place.stack.as_role("community_clerk")
        path = f"/v1/cases/{self.case_id(who)}/links"
        body = {"link_id": str(uuid4())}
        link = await self.place.stack.call("POST", "observation", path, headers=clerk, json=body)
        opened = await self.place.stack.call(
            "POST", "observation", "/v1/link-sessions", headers={}, json={"token": link["token"]}
        )
        return {"Authorization": f"Link {opened['session']}"}

    async def by_phone(self, session: dict[str, str]) -> None:
        """Somebody declares by their own phone."""
        body = {"declaration_id": str(uuid4()), "temperature_c": "36.4"}
        await self.place.stack.call("POST", "observation", "/v1/me/declarations", headers=session, json=body)

    async def somebody(self, arrived: date = date(2020, 2, 18), *, dwelling: str | None = None) -> str:
        """Somebody else, who is back today, in the other compound: what becomes of them changes no other test."""
        back = await self.watch.back(arrived, dwelling=dwelling or await self.watch.dwelling(THERE))
        return str((await self.watch.case_of(back))["case_id"])


__all__ = ["HERE", "THERE", "Observed"]
