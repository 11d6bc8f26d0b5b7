"""People who come back: registered, declaring or forgetting to, falling ill, cleared or confirmed, and released."""

from collections.abc import Mapping
from datetime import date, timedelta
from http.client import CONFLICT
from itertools import count
from typing import Any

from deploy.live.plan import FIRST_DAY, named
from deploy.live.world import Observed, World, each
from deploy.local.errors import LocalError
from deploy.town import Returnee

FORGETS, MAKES_UP, FALLS_ILL = 0.08, 0.5, 0.012
CARELESS = (0.0, 0.04, 0.25)
CLERK, OFFICER = "community_clerk", "hq_officer"
NORMAL, FEVER = "36.6", "38.1"
CERTAINLY_ILL = 2
"""So many fall ill on the first evening: one of them is confirmed, the other one is not."""


async def register(world: World, day: date) -> None:
    """A clerk takes in who came back; each gets a link of their own for declaring."""
    people = {f"returnee-{day:%m%d}-{nth}": who for nth, who in enumerate(world.plan.back_on(day))}
    await take_in(world, people, str(day))


async def take_in(world: World, people: Mapping[str, Returnee], when: str) -> None:
    """Register people by their keys; observation opens by itself."""

    async def one(named_so: tuple[str, Returnee]) -> Any:
        key, who = named_so
        body = who.intake() | {"intake_id": world.id_of(f"intake/{key}")}
        headers = world.system.as_role(CLERK)
        return await world.system.told("POST", "registry", "/v1/returnees", headers=headers, json=body)

    answers = await each(people.items(), one)
    for (key, who), told in zip(people.items(), answers, strict=True):
        world.ledger.named(f"person/{key}", told["person_ref"])
        world.ledger.note(
            "intake",
            key,
            at=world.now(),
            place=who.compound,
            home=named((who.compound, who.building, who.unit, who.room)),
            origin=who.from_code,
            arrived=who.arrived.isoformat(),
            proof=who.proof,
            answer={name: told[name] for name in ("category", "measure", "anchor_date", "last_day")},
        )
    await world.system.equal()
    luck = world.plan.draw("careless", when)
    known = [
        (key, who, told, luck.choice(CARELESS))
        for (key, who), told in zip(people.items(), answers, strict=True)
    ]
    for observed in await each(known, lambda one: _meet(world, one)):
        world.observed[observed.key] = observed
        world.ledger.named(f"home/{named(observed.home)}", observed.dwelling_id)


async def _meet(world: World, known: tuple[str, Returnee, Any, float]) -> Observed:
    """Observation has opened the case by itself; the link is handed over."""
    key, who, told, careless = known
    path = f"/v1/returnees/{told['intake_id']}"
    seen = await world.system.told("GET", "registry", path, headers=world.system.as_role(CLERK))
    case_id = str(seen["case_id"])
    token = await _link(world, case_id, key)
    opened = {"token": token, "device_key": world.plan.id_of(f"phone/{key}").hex}
    session = await world.system.told("POST", "observation", "/v1/link-sessions", headers={}, json=opened)
    return Observed(
        key=key,
        person_ref=told["person_ref"],
        case_id=case_id,
        compound=told["compound"],
        dwelling_id=told["dwelling_id"],
        home=(who.compound, who.building, who.unit, who.room),
        document=who.document,
        declares_as={"Authorization": f"Link {session['session']}"},
        last_day=date.fromisoformat(told["last_day"]),
        measure=told["measure"],
        careless=careless,
    )


async def _link(world: World, case_id: str, key: str) -> str:
    """A link is shown once: where the answer was lost on its way, another one is made."""
    for attempt in count():
        made = await world.system.ask(
            "POST",
            "observation",
            f"/v1/cases/{case_id}/links",
            headers=world.system.as_role(CLERK),
            json={"link_id": str(world.plan.id_of(f"link/{key}/{attempt}"))},
        )
        if made.status_code in {200, 201}:
            return str(made.json()["token"])
        if made.status_code != CONFLICT:
            break
    raise LocalError("没有得到申报链接。", f"No link for declaring was given: {made.status_code}.")


async def declare(world: World, day: date, window: str) -> None:
    """In the window most declare, some forget, and a few have a fever."""
    luck = world.plan.draw("declare", f"{day}/{window}")
    saying: list[tuple[Observed, str]] = []
    for one in _asked(world, day):
        forgets, ill = luck.random() < FORGETS + one.careless, luck.random() < FALLS_ILL
        one.missed = forgets
        if not forgets:
            first = day == FIRST_DAY and window == "evening" and len(saying) < CERTAINLY_ILL
            saying.append((one, FEVER if ill or first else NORMAL))
    await _say(world, day, window, saying)
    for one, reading in saying:
        if reading == FEVER:
            one.medical_since = day


async def make_up(world: World, day: date, window: str) -> None:
    """After the window some of those who forgot remember, or are called."""
    luck = world.plan.draw("make up", f"{day}/{window}")
    late = [one for one in _asked(world, day) if one.missed and luck.random() < MAKES_UP]
    for one in late:
        one.missed = False
    await _say(world, day, f"{window}-late", [(one, NORMAL) for one in late])


def _asked(world: World, day: date) -> list[Observed]:
    return [
        one
        for one in world.observed.values()
        if not one.over and one.medical_since is None and day <= one.last_day
    ]


async def _say(world: World, day: date, when: str, saying: list[tuple[Observed, str]]) -> None:
    async def one(what: tuple[Observed, str]) -> Any:
        observed, reading = what
        body = {
            "declaration_id": world.id_of(f"declaration/{day}/{when}/{observed.key}"),
            "temperature_c": reading,
            "symptoms": [],
        }
        if observed.declares_as is not None:
            return await world.system.told(
                "POST", "observation", "/v1/me/declarations", headers=observed.declares_as, json=body
            )
        return await world.system.told(
            "POST",
            "observation",
            f"/v1/cases/{observed.case_id}/declarations",
            headers=world.system.as_role(CLERK),
            json=body | {"via": "phone"},
        )

    for (observed, reading), told in zip(saying, await each(saying, one), strict=True):
        world.ledger.note(
            "declaration",
            f"{day}/{when}/{observed.key}",
            at=world.now(),
            place=observed.compound,
            who=observed.key,
            temperature=reading,
            answer={name: told[name] for name in ("day", "window", "standing", "alarming")},
        )


async def visit_clinic(world: World, day: date) -> None:
    """The next day a clinic has cleared who fell ill, and the observation goes on; one of them all is confirmed."""
    ill = [one for one in world.observed.values() if _ill_before(one, day)]
    alone = [one for one in ill if one.declares_as and not _others_observed_with(world, one)]
    if alone and not world.confirmed:
        world.confirmed = True
        ill.remove(alone[0])
        await _confirm(world, day, alone[0])
    for one in ill:
        await _clear(world, one.key, one.person_ref, one.compound)
        told = await _decide(world, day, one, "resume")
        one.last_day, one.medical_since = date.fromisoformat(told["last_day"]), None
    for resident in world.residents.values():
        if resident.ill_since is not None and resident.ill_since < day:
            await _clear(world, resident.who.key, resident.person_ref, resident.who.compound)
            resident.ill_since = None
    await world.system.equal()


async def _clear(world: World, key: str, person_ref: str, compound: str) -> None:
    officer = world.system.as_role(OFFICER)
    query = {"limit": 200}
    items = (await world.system.told("GET", "observation", "/v1/fevers", headers=officer, params=query))[
        "items"
    ]
    for nth, episode in enumerate(one for one in items if one["person_ref"] == person_ref):
        name = f"{world.now().date()}/{key}/{nth}"
        await world.system.told(
            "POST",
            "observation",
            f"/v1/fevers/{episode['episode_id']}/results",
            headers=officer,
            json={"result_id": world.id_of(f"result/{name}"), "result": "cleared", "reason": "发热门诊排除"},
        )
        world.ledger.note("cleared", name, at=world.now(), place=compound, who=key, source=episode["source"])


async def _decide(world: World, day: date, one: Observed, kind: str) -> Any:
    key = f"{day}/{one.key}/{kind}"
    told = await world.system.told(
        "POST",
        "observation",
        f"/v1/cases/{one.case_id}/decisions",
        headers=world.system.as_role(OFFICER),
        json={"decision_id": world.id_of(f"decision/{key}"), "kind": kind, "reason": "已核实"},
    )
    world.ledger.note(
        "decision",
        key,
        at=world.now(),
        place=one.compound,
        who=one.key,
        decided=kind,
        answer={name: told[name] for name in ("state", "last_day")},
    )
    return told


def _ill_before(one: Observed, day: date) -> bool:
    return not one.over and one.medical_since is not None and one.medical_since < day


def _others_observed_with(world: World, ill: Observed) -> bool:
    """Or somebody of whom a gate has told already, and no clerk knows."""
    return any(
        one is not ill and one.dwelling_id == ill.dwelling_id for one in world.observed.values()
    ) or any(one.home == ill.home for one in world.comers.values())


async def _household(world: World, ill: Observed) -> list[str]:
    """Who lives there, by the register and in its order: to be observed as close contacts."""
    found: dict[str, None] = {}
    for name in world.plan.names_at.get(ill.home, ()):
        told = await world.system.told(
            "POST",
            "registry",
            "/v1/people/lookup",
            headers=world.system.as_role(CLERK),
            json={"name": name, "reason": "流调"},
        )
        for one in told["people"]:
            if any(home["resident"] and home["dwelling_id"] == ill.dwelling_id for home in one["homes"]):
                found[str(one["person_ref"])] = None
    return list(found)


async def _confirm(world: World, day: date, ill: Observed) -> None:
    """Confirmed: handed over to a hospital; the household is observed as close contacts from now on."""
    known = {one.person_ref: one.who.key for one in world.residents.values()}
    household = [
        (known.get(ref, f"contact-{nth}"), ref) for nth, ref in enumerate(await _household(world, ill))
    ]
    told = await world.system.told(
        "POST",
        "observation",
        "/v1/confirmations",
        headers=world.system.as_role(OFFICER),
        json={
            "confirmation_id": world.id_of(f"confirmation/{ill.key}"),
            "person_ref": ill.person_ref,
            "confirmed_on": day.isoformat(),
            "last_exposure": day.isoformat(),
            "reason": "疾控通报确诊",
        },
    )
    cases = {one["person_ref"]: one["case_id"] for one in told["contacts"]}
    for name, ref in household:
        world.ledger.named(f"person/{name}", ref)
        world.observed[name] = Observed(
            key=name,
            person_ref=ref,
            case_id=str(cases.get(ref)),
            compound=ill.compound,
            dwelling_id=ill.dwelling_id,
            home=ill.home,
            document=None,
            declares_as=None,
            last_day=day + timedelta(days=14),
            measure="centralized_observation",
            careless=0.0,
        )
    world.ledger.note(
        "confirmation",
        ill.key,
        at=world.now(),
        place=ill.compound,
        who=ill.key,
        household=[name for name, _ in household],
        answer={"outcomes": sorted(one["outcome"] for one in told["contacts"])},
    )
    await _decide(world, day, ill, "transferred")
    ill.over = True


async def release(world: World, day: date) -> None:
    """At midnight observations end by themselves; an officer closes those with an evening missing on the last day."""
    for one in list(world.observed.values()):
        if one.over or one.medical_since is not None or one.last_day >= day:
            continue
        path = f"/v1/cases/{one.case_id}"
        seen = await world.system.told("GET", "observation", path, headers=world.system.as_role(CLERK))
        if seen["state"] == "awaiting_closure":
            await _decide(world, day, one, "close")
        one.over = True
    await world.system.equal()
