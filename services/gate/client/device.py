"""A checkpoint device: stores, asks, decides by itself when nobody answers, hands in what it decided."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from services.gate.client import wire as gate
from services.gate.client.box import Box
from services.gate.client.clock import DeviceClock
from services.gate.client.own_list import ListKeeper, ListRefusedError
from services.gate.client.queue import Entered, Item, Queue, State
from services.gate.client.wire import DeviceStoppedError, NoAnswerError, RefusedError, Wire
from services.gate.domain import offline
from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    EntryDecision,
    GateRecords,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
)
from services.gate.domain.flags import LETS_THROUGH
from services.gate.domain.rulings import Action, Direction, Verdict
from services.gate.domain.subjects import Display
from shared.kernel import pass_token
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, uuid7
from shared.obs.logging import get_logger

log = get_logger(__name__)
T = TypeVar("T")

APP_VERSION = "reference-1"
EVERY_SECONDS = 60.0
"""How often a device says how it is and asks for changes of its list."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
INTERRUPTED = "device_interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody at the gate, as the guard entered it. `subject` is as on the wire: `{"kind": "pass_token", ...}`."""

    direction: Direction
    subject: dict[str, str]
    mask: bool | None
    temperature_c: Decimal | None
    answers: Answers = field(default_factory=Answers)

    @property
    def kind(self) -> SubjectKind:
        """How they say who they are."""
        return SubjectKind(self.subject["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the guard's screen shows. `offline`: the device decided, and says so. `nth_today`: from 2 on nobody asks."""

    check_id: UUID
    seq: int
    verdict: Verdict
    reasons: tuple[str, ...]
    action: Action | None
    display: Display | None
    offline: bool
    nth_today: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What became of the queue. `retry_after`: seconds until it makes sense to try again; None: nothing waits."""

    handed_in: int
    left: int
    retry_after: float | None


class Device:
    """One device. `open` it with its store; `enrol` a new one."""

    def __init__(self, queue: Queue, http: httpx.AsyncClient, clock: DeviceClock) -> None:
        self._queue, self._http, self._clock = queue, http, clock
        me = queue.kept("me")
        self.device_id, self.checkpoint = UUID(me["device_id"]), me["checkpoint"]
        self.compound = CompoundId(me["compound"])
        self._wire = Wire(http, me["credential"])
        keys = {key["kid"]: pass_token.read_public(key) for key in me["list_keys"]}
        self.list = ListKeeper(queue, clock, self.compound, keys)
        self.stopped = bool(queue.kept("stopped"))
        self._skew: int | None = queue.kept("skew")
        self._held: dict[str, int] = (
            queue.kept("held") or {}
        )  # number of a pass -> check whose fever holds it
        self._store, self._uploading = asyncio.Lock(), asyncio.Lock()
        for item in queue.items("asking"):  # the device died before anything was shown
            queue.wait(
                item.seq, item.body | {"offline": self._decided(Verdict.CANNOT_VERIFY, (INTERRUPTED,), None)}
            )

    @classmethod
    def open(
        cls, path: Path, key: bytes, http: httpx.AsyncClient, clock: DeviceClock | None = None
    ) -> "Device":
        """A device that was enrolled before.

        Raises:
            StoreUnreadableError: the store belongs to another key.
        """
        return cls(Queue(path, Box(key)), http, clock or DeviceClock())

    @classmethod
    async def enrol(
        cls, path: Path, key: bytes, http: httpx.AsyncClient, code: str, clock: DeviceClock | None = None
    ) -> "Device":
        """Take a new device into service; it is ready once it has its first list. Repeat it when no answer came.

        Raises:
            NoAnswerError, RefusedError: see `wire`.
            ListRefusedError: the first list does not verify.
        """
        queue = Queue(path, Box(key))
        if queue.kept("me") is None:
            device_id = UUID(queue.kept("device_id") or str(uuid7()))
            queue.keep(device_id=str(device_id))
            queue.keep(me=await gate.enrol(http, code, device_id))
        device = cls(queue, http, clock or DeviceClock())
        await device.refresh()
        return device

    def close(self) -> None:
        """Let go of the store; nothing is lost."""
        self._queue.close()

    async def check(self, entry: Entry) -> Shown:
        """Keep the check, ask for a verdict, and decide here where none comes in time.

        Raises:
            DeviceStoppedError: the device was revoked: nothing is shown.
            RefusedError: the server never takes such a check; it is kept for a person to look at.
        """
        if self.stopped:
            raise DeviceStoppedError
        at = self._clock.now()
        item = await self._on_disk(self._queue.add, uuid7(), _body(entry, at), at)
        try:
            async with asyncio.timeout(self.list.rules.answer_within_ms / 1000):
                answer = await self._wire.check(item.body)
        except (NoAnswerError, TimeoutError):
            return await self._decide(entry, item)
        except RefusedError as refused:
            if refused.status == httpx.codes.UNAUTHORIZED:
                return await self._decide(entry, item)
            await self._on_disk(self._queue.settle, (), [(item.seq, "rejected", refused.code)])
            raise
        except DeviceStoppedError:
            await self._stop()
            decided = self._decided(Verdict.CANNOT_VERIFY, (INTERRUPTED,), None)
            await self._on_disk(self._queue.wait, item.seq, item.body | {"offline": decided})
            raise
        shown = _shown(item, answer)
        entered = self._entered(entry, shown.verdict, item.made_at)
        await self._on_disk(self._queue.settle, [item.seq], (), entered)
        return shown

    async def _decide(self, entry: Entry, item: Item) -> Shown:
        """By the own list; on the disk before it is shown."""
        decision, number, before = await self._judged(entry, item.made_at)
        decided = self._decided(decision.verdict, tuple(decision.reasons), decision.action)
        entered = self._entered(entry, decision.verdict, item.made_at)
        await self._on_disk(self._queue.wait, item.seq, item.body | {"offline": decided}, entered)
        if decision.holds and number is not None:
            self._held[number] = item.seq
            await self._on_disk(partial(self._queue.keep, held=self._held))
        return Shown(
            check_id=item.check_id,
            seq=item.seq,
            verdict=decision.verdict,
            reasons=tuple(decision.reasons),
            action=decision.action,
            display=offline.display_of(self.list.own, number),
            offline=True,
            nth_today=before + 1 if number is not None and entry.direction is Direction.ENTRY else None,
        )

    async def _judged(self, entry: Entry, made_at: datetime) -> tuple[EntryDecision, str | None, int]:
        """The decision, the number of the pass, and how often its holder was let in here before on that day."""
        at = self._corrected(made_at)
        known, number = self._facts(entry, at)
        before = await self._on_disk(self._queue.entries, local_day(at), number) if number else 0
        known = replace(known, entries_today=before)
        if number in self._held:
            fever = Restriction(measure="medical", compound=self.compound)
            known = replace(known, restrictions=(*known.restrictions, fever))
        attempt = EntryAttempt(
            here=self.compound,
            direction=entry.direction,
            kind=entry.kind,
            purpose=Purpose(entry.subject.get("purpose", "visit"))
            if entry.kind is SubjectKind.VISITOR
            else None,
            mask=entry.mask,
            temperature_c=entry.temperature_c,
            answers=entry.answers,
            at=at,
        )
        return offline.decide_offline(attempt, known, self.list.rules), number, before

    def _entered(self, entry: Entry, verdict: Verdict, made_at: datetime) -> Entered | None:
        """For the log of the day: the holder of a pass was let in."""
        if entry.direction is not Direction.ENTRY or verdict not in LETS_THROUGH:
            return None
        number = entry.subject.get("number") if entry.kind is SubjectKind.PASS_NUMBER else None
        if entry.kind is SubjectKind.PASS_TOKEN:
            claims = read_token(entry.subject["token"], self.list)[1]
            number = claims.number if claims else None
        return Entered(day=local_day(self._corrected(made_at)), number=number) if number else None

    def _corrected(self, made_at: datetime) -> datetime:
        """The device's time, by what is known of its clock."""
        return made_at - timedelta(seconds=self._skew or 0)

    def _facts(self, entry: Entry, at: datetime) -> tuple[GateRecords, str | None]:
        own, age, subject = self.list.own, self.list.age_seconds(), entry.subject
        match entry.kind:
            case SubjectKind.PASS_TOKEN:
                proof, claims = read_token(subject["token"], self.list)
                facts = offline.of_token(own, proof, claims, at=at, age=age)
                return facts, claims.number if claims else None
            case SubjectKind.PASS_NUMBER:
                return offline.of_number(own, subject["number"], age=age), subject["number"]
            case SubjectKind.DWELLING_SURNAME:
                return offline.of_dwelling(own, subject["room"], subject["surname"], age=age), None
            case SubjectKind.DOCUMENT | SubjectKind.VISITOR:
                return offline.of_others(age=age), None

    def _decided(self, verdict: Verdict, reasons: tuple[str, ...], action: Action | None) -> dict[str, Any]:
        return {
            "verdict": verdict.value,
            "reasons": [str(reason) for reason in reasons],
            "action": action.value if action else None,
            "policy_version": self.list.rules.rules.version,
            "clock_skew_seconds": self._skew,
        }

    async def sync(self) -> Synced:
        """Hand in what waits, in the order of its numbers, until nothing waits or nobody takes it."""
        async with self._uploading:
            handed_in = 0
            while items := await self._on_disk(self._queue.items, "waiting", gate.BATCH_SIZE):
                try:
                    answers = await self._wire.batch([item.body for item in items])
                except NoAnswerError as error:
                    return self._synced(handed_in, error.retry_after or _FIRST_PAUSE)
                except RefusedError as refused:  # a credential that does not hold: everything waits
                    log.warning("batch_refused", code=refused.code)
                    return self._synced(handed_in, _LONGEST_PAUSE)
                gone, marked, pause = _sorted(items, answers)
                await self._on_disk(self._queue.settle, gone, marked)
                handed_in += len(gone)
                if any(code == "device_revoked" for _, _, code in marked):
                    await self._stop()
                if pause is not None:
                    return self._synced(handed_in, pause)
            return self._synced(handed_in, None)

    async def refresh(self) -> None:
        """Ask for the list, or what changed in it.

        Raises:
            NoAnswerError, RefusedError, DeviceStoppedError: see `wire`; the list stays as it is, and as old.
            ListRefusedError: what came is no list of ours; likewise.
        """
        document, now = await self._wire.snapshot(self.list.version)
        async with self._store:
            await asyncio.to_thread(self.list.take, document, datetime.fromisoformat(now))
            held = {number: seq for number, seq in self._held.items() if self._queue.holds(seq)}
            if held != self._held:  # handed in before this list was made: the server's own hold is in it
                self._held = held
                self._queue.keep(held=held)

    async def heartbeat(self) -> int:
        """Say how the device is; tells by how many seconds its clock is ahead, measured in the middle of the call."""
        counts = self._queue.counts()
        sent, began = self._clock.now(), self._clock.monotonic()
        oldest, made_at = self._queue.oldest(), self.list.made_at
        told = await self._wire.heartbeat(
            {
                "device_time": sent.isoformat(),
                "app_version": APP_VERSION,
                "queue_length": counts.get("waiting", 0) + counts.get("asking", 0),
                "oldest_queued_at": oldest.isoformat() if oldest else None,
                "quarantined": counts.get("quarantined", 0),
                "rejected": counts.get("rejected", 0),
                "list_made_at": made_at.isoformat() if made_at else None,
            }
        )
        middle = sent + timedelta(seconds=(self._clock.monotonic() - began) / 2)
        self._skew = round((middle - datetime.fromisoformat(told["now"])).total_seconds())
        await self._on_disk(partial(self._queue.keep, skew=self._skew))
        return self._skew

    async def rotate(self) -> None:
        """Change the credential: the next one is on the disk before it is used, and its first use ends this one."""
        credential = await self._wire.rotate(uuid7())
        await self._on_disk(partial(self._queue.keep, me=self._queue.kept("me") | {"credential": credential}))
        self._wire = Wire(self._http, credential)
        await self.heartbeat()

    def waiting(self) -> dict[State, int]:
        """How many checks are in each state: what the screen's status line shows."""
        return self._queue.counts()

    def set_aside(self, state: State) -> list[Item]:
        """The checks that the server did not take, for a person to look at."""
        return self._queue.items(state)

    async def run(self) -> None:
        """Hand in, refresh and report for ever; whatever fails is tried again."""
        failures = 0
        while not self.stopped or self._queue.counts().get("waiting"):
            pause = EVERY_SECONDS
            try:
                synced = await self.sync()
                if not self.stopped:
                    await self.refresh()
                    await self.heartbeat()
                failures, pause = 0, synced.retry_after or EVERY_SECONDS
            except (NoAnswerError, RefusedError, ListRefusedError) as error:
                failures += 1
                wished = error.retry_after if isinstance(error, NoAnswerError) else None
                pause = max(wished or 0.0, backoff(failures))
                log.info("gate_not_reached", error=type(error).__name__, pause=round(pause, 1))
            except DeviceStoppedError:
                await self._stop()
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)

    def _synced(self, handed_in: int, retry_after: float | None) -> Synced:
        return Synced(
            handed_in=handed_in, left=self._queue.counts().get("waiting", 0), retry_after=retry_after
        )

    async def _stop(self) -> None:
        self.stopped = True
        await self._on_disk(partial(self._queue.keep, stopped=True))

    async def _on_disk(self, write: Callable[..., T], *args: object) -> T:
        """One write at a time, away from the event loop: a disk takes its milliseconds."""
        async with self._store:
            return await asyncio.to_thread(write, *args)


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row; spread, so that three hundred devices do not come at once."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 -- a pause is no secret


def read_token(token: str, held: ListKeeper) -> tuple[Proof, pass_token.PassClaims | None]:
    """What a scanned text is worth by the keys that came with the list."""
    try:
        return Proof.VERIFIED, pass_token.verify(token, held.pass_keys)
    except pass_token.Malformed:
        return Proof.UNREADABLE, None
    except pass_token.UnknownKey:
        return Proof.UNKNOWN_KEY, None
    except pass_token.InvalidSignature:
        return Proof.FORGED, None


def _body(entry: Entry, at: datetime) -> dict[str, Any]:
    answers = entry.answers
    asked = {
        "been_to_focus_area": answers.been_to_focus_area,
        "contact_with_case": answers.contact_with_case,
        "unwell": answers.unwell,
    }
    return {
        "direction": entry.direction.value,
        "subject": entry.subject,
        "mask": entry.mask,
        "temperature_c": str(entry.temperature_c) if entry.temperature_c is not None else None,
        "checked_at": at.isoformat(),
        "answers": asked if answers != Answers() else None,
    }


def _shown(item: Item, answer: dict[str, Any]) -> Shown:
    display = answer["display"]
    return Shown(
        check_id=item.check_id,
        seq=item.seq,
        verdict=Verdict(answer["verdict"]),
        reasons=tuple(reason["code"] for reason in answer["reasons"]),
        action=Action(answer["action"]) if answer["action"] else None,
        display=Display(surname=display["surname"], room=display["room"]) if display else None,
        offline=False,
        nth_today=answer.get("nth_today"),
    )


def _sorted(
    items: list[Item], answers: list[dict[str, Any]]
) -> tuple[list[int], list[tuple[int, State, str | None]], float | None]:
    """What may be deleted, what is marked, and how long to wait before the rest; one answer for each item, in order."""
    gone: list[int] = []
    marked: list[tuple[int, State, str | None]] = []
    pause: float | None = None
    for item, answer in zip(items, answers, strict=True):
        match answer["status"]:
            case "created" | "exists":
                gone.append(item.seq)
            case "rejected":
                marked.append((item.seq, "rejected", answer["code"]))
            case "quarantined":
                marked.append((item.seq, "quarantined", answer["code"]))
            case _:  # `retry`, and whatever a later server may say: it stays where it is
                pause = max(pause or 0.0, float(answer.get("retry_after") or _FIRST_PAUSE))
    return gone, marked, pause
