"""At the gates: residents go out and come home, on foot and by car, by the reference device client."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from deploy.live.plan import gate_of
from deploy.live.posts import Post
from deploy.live.world import Resident, World, by_place, each
from services.gate.client.shapes import Shown, Vehicle
from services.gate.domain.rulings import Direction

GOES_OUT, FORGETS_MASK, FORGETS_PASS, LOSES_WAY, HAS_FEVER = 0.7, 0.02, 0.03, 0.01, 0.004
LINE_CUT, BOOT_SHUT, TRIES_TO_LEAVE, STRANGERS, RESTS = 0.06, 0.1, 0.15, 0.3, 0.5
LET_THROUGH = frozenset({"admit", "admit_with_action"})
NORMAL = "36.5"
FEVERS = ("37.3", "37.8", "38.6")
STRANGER = "110101199003070019"
"""A right number that nobody in town has."""


async def open_posts(world: World) -> None:
    """A device at the gate of every lively compound."""

    async def one(compound: str) -> None:
        code = await world.system.told(
            "POST",
            "gate",
            "/v1/enrolment-codes",
            headers=world.system.as_role("ops"),
            json={"request_id": world.id_of(f"code/{compound}"), "checkpoint": gate_of(compound)},
        )
        world.posts[compound] = await Post.enrol(
            world.folder / f"{compound}.sqlite",
            code["code"],
            gate=world.system.urls["gate"],
            now=world.now,
            timeout=60,
        )

    await each(world.plan.compounds, one)


async def go_out(world: World, day: date) -> None:
    """In the morning most residents leave; some who may not leave try."""
    await _pass_all(world, day, "out", Direction.EXIT)


async def come_home(world: World, day: date) -> None:
    """In the evening they come home; strangers and couriers come too."""
    await _pass_all(world, day, "home", Direction.ENTRY)


async def take_lists(world: World) -> None:
    """Lines are mended; what devices held back is handed in, and they take the newest list."""

    async def one(compound: str) -> None:
        post = world.posts[compound]
        post.line.cut = False
        await post.hand_in()

    await each(world.plan.compounds, one)


async def _pass_all(world: World, day: date, what: str, direction: Direction) -> None:
    homes = by_place(world.residents.values())
    luck = world.plan.draw("lines", f"{day}/{what}")
    cut = {
        compound
        for compound in world.plan.compounds
        if luck.random() < LINE_CUT
        and not _somebody_is_ill(world, compound)
        and _clock_is_right(world, compound)
    }
    for compound in world.plan.compounds:
        world.posts[compound].line.cut = compound in cut

    async def at_gate(compound: str) -> list[dict[str, Any]]:
        hour = _Hour(
            world=world,
            compound=compound,
            day=day,
            key=f"{day}/{what}",
            direction=direction,
            luck=world.plan.draw("gates", f"{day}/{what}/{compound}"),
            cut=compound in cut,
        )
        return [*await hour.residents(homes.get(compound, [])), *await hour.others()]

    for compound, acts in zip(world.plan.compounds, await each(world.plan.compounds, at_gate), strict=True):
        for act in acts:
            world.ledger.named(f"{act['kind']}/{act['key']}", act.pop("check_id"))
            world.ledger.note(act.pop("kind"), act.pop("key"), at=world.now(), place=compound, **act)


def _clock_is_right(world: World, compound: str) -> bool:
    """A device with a wrong clock and no answer would not know it: what it says is flagged, by a test of its own."""
    return not world.posts[compound].clock.wrong


def _somebody_is_ill(world: World, compound: str) -> bool:
    """Where somebody is held, the gate has to answer: what the own list says of them is another test's."""
    return any(one.ill_since is not None for one in world.residents.values() if one.who.compound == compound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hour:
    """What goes on at one gate while everybody goes out, or comes home."""

    world: World
    compound: str
    day: date
    key: str
    direction: Direction
    luck: Random
    cut: bool
    """The line is cut for as long as this takes, so the device decides."""

    @property
    def post(self) -> Post:
        """The device there."""
        return self.world.posts[self.compound]

    async def residents(self, people: list[Resident]) -> list[dict[str, Any]]:
        """Those who live there, one after the other."""
        told: list[dict[str, Any]] = []
        out = self.direction is Direction.EXIT
        for one in people:
            goes = self.luck.random() < GOES_OUT
            stays = (not goes or one.outside) if out else not one.outside
            rests = one.ill_since is not None and self.luck.random() < RESTS
            if not stays and not rests:
                told += await self._resident(one)
        return told

    async def _resident(self, one: Resident) -> list[dict[str, Any]]:
        """Perhaps without a mask at first, or with a document in place of the pass; with or without a car."""
        told: list[dict[str, Any]] = []
        entry, luck = self.direction is Direction.ENTRY, self.luck
        shows = {"kind": "pass_token", "token": one.token}
        if luck.random() < FORGETS_PASS:
            shows = {"kind": "document", "number": one.who.document}
        if luck.random() < FORGETS_MASK:
            told.append((await self._check(f"{one.who.key}/bare", one.who.key, shows, mask=False))[0])
        ill = entry and luck.random() < HAS_FEVER
        reading = luck.choice(FEVERS) if ill else NORMAL
        act, shown = await self._check(
            one.who.key, one.who.key, shows, temperature=reading if entry else None
        )
        told.append(act)
        through = act["answer"]["verdict"] in LET_THROUGH
        if one.vehicle_token is not None:
            told += await self._car(one, shown)
            through = through and told[-1]["answer"]["verdict"] == "complete"
        if through:
            one.outside = not entry
        if ill:
            one.ill_since, one.outside = self.day, False  # on the fever path; afterwards at home
        return told

    async def _car(self, one: Resident, driver: Shown) -> list[dict[str, Any]]:
        """The car after its driver; who left the boot shut opens it when told."""
        entry = self.direction is Direction.ENTRY
        shut = entry and self.luck.random() < BOOT_SHUT
        told = []
        for nth, opened in enumerate((False, True) if shut else (True,)):
            boot = opened if entry else None
            vehicle = Vehicle(
                direction=self.direction,
                occupants=1,
                people=((driver, True),),
                pass_token=one.vehicle_token,
                boot_opened=boot,
            )
            device_at = self.post.clock.now()
            shown = await self.post.device.check_vehicle(vehicle)
            told.append(
                {
                    "kind": "vehicle",
                    "key": f"{self.key}/{one.who.key}/car-{nth}",
                    "check_id": str(shown.check_id),
                    "who": one.who.key,
                    "driver": f"{self.key}/{one.who.key}",
                    "direction": self.direction.value,
                    "boot_opened": boot,
                    "device_at": device_at.isoformat(),
                    "line_cut": self.cut,
                    "answer": {
                        "verdict": shown.verdict.value,
                        "reasons": [str(reason) for reason in shown.reasons],
                        "offline": shown.offline,
                    },
                }
            )
        return told

    async def others(self) -> list[dict[str, Any]]:
        """Observed people who try to leave, a courier, somebody nobody knows, and who came to the wrong gate.

        While the line is cut they are told to wait.
        """
        if self.cut:
            return []
        told, luck = [], self.luck
        for one in self.world.observed.values():
            here = one.compound == self.compound and not one.over and one.document
            if here and luck.random() < TRIES_TO_LEAVE:
                shows = {"kind": "document", "number": str(one.document)}
                told.append((await self._check(one.key, one.key, shows))[0])
        if self.direction is Direction.EXIT:
            return told
        courier = {"kind": "visitor", "purpose": "courier"}
        unknown = {"kind": "document", "number": STRANGER}
        for name, subject in (("courier", courier), ("stranger", unknown)):
            if luck.random() < STRANGERS:
                told.append((await self._check(f"{self.compound}/{name}", name, subject))[0])
        for lost in self.world.residents.values():
            elsewhere = lost.who.compound != self.compound and lost.ill_since is None
            if elsewhere and luck.random() < LOSES_WAY / len(self.world.plan.compounds):
                shows = {"kind": "pass_token", "token": lost.token}
                key = f"{self.compound}/lost/{lost.who.key}"
                told.append((await self._check(key, lost.who.key, shows))[0])
        return told

    async def _check(
        self,
        key: str,
        who: str,
        subject: dict[str, str],
        *,
        mask: bool = True,
        temperature: str | None = NORMAL,
    ) -> tuple[dict[str, Any], Shown]:
        shown = await self.post.passes(
            subject,
            direction=self.direction,
            mask=mask,
            temperature_c=Decimal(temperature) if temperature else None,
        )
        act = {
            "kind": "check",
            "key": f"{self.key}/{key}",
            "check_id": str(shown.check_id),
            "who": who,
            "direction": self.direction.value,
            "shows": subject["kind"],
            "mask": mask,
            "temperature": temperature,
            "device_at": shown.made_at.isoformat(),
            "line_cut": self.cut,
            "answer": {
                "verdict": shown.verdict.value,
                "reasons": [str(reason) for reason in shown.reasons],
                "action": shown.action.value if shown.action else None,
                "offline": shown.offline,
            },
        }
        return act, shown
