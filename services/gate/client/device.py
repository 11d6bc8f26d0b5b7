"""A checkpoint device: stores, asks, decides by itself when nobody answers, hands in what it decided."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from services.gate.client import wire as gate
from services.gate.client.box import Box
from services.gate.client.clock import DeviceClock
from services.gate.client.keys import DeviceKey
from services.gate.client.own_list import ListKeeper, ListRefusedError
from services.gate.client.queue import Item, Kind, Queue, State
from services.gate.client.shapes import (
    SOON,
    Arrival,
    Entry,
    Shown,
    ShownVehicle,
    Vehicle,
    arrival_body,
    entry_body,
    sendable,
    shown_of,
    sorted_out,
    vehicle_body,
    vehicle_of,
)
from services.gate.client.verdicts import OwnVerdicts
from services.gate.client.wire import DeviceStoppedError, NoAnswerError, RefusedError, Wire
from services.gate.domain import offline
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.vehicles import VehicleVerdict
from shared.kernel import pass_token
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, uuid7
from shared.obs.logging import get_logger

log = get_logger(__name__)
T = TypeVar("T")

APP_VERSION = "reference-1"
DEVICE_CLASS = "handset"
EVERY_SECONDS = 60.0
"""How often a device says how it is and asks for changes of its list."""
_LONGEST_PAUSE = 60.0
_MOST_VERDICTS = 500
INTERRUPTED = "device_interrupted"


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
        self._wire = self._wired(me["credential"])
        keys = {key["kid"]: pass_token.read_public(key) for key in me["list_keys"]}
        self.list = ListKeeper(queue, clock, self.compound, keys)
        self.stopped = bool(queue.kept("stopped"))
        self._own = OwnVerdicts(self.list, self.compound)
        self._own.skew, self._own.held = queue.kept("skew"), queue.kept("held") or {}
        self._store, self._uploading = asyncio.Lock(), asyncio.Lock()
        self._verdicts: deque[dict[str, str | float]] = deque(maxlen=_MOST_VERDICTS)
        self._errors: Counter[str] = Counter()
        for item in queue.items("asking"):  # the device died before anything was shown
            queue.wait(item.seq, item.body | {"offline": self._interrupted(item.kind)})

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
            own = DeviceKey.read(kept) if (kept := queue.kept("key")) else DeviceKey.make()
            queue.keep(device_id=str(device_id), key=own.keep())
            queue.keep(me=await gate.enrol(http, code, device_id, own))
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
        began = self._clock.monotonic()
        item, answer = await self._ask("entry", entry_body(entry, at := self._clock.now()), at)
        if answer is None:
            shown = await self._decide(entry, item)
        else:
            shown = shown_of(item, entry, self._own.who(entry), answer)
            entered = self._own.entered(entry, shown.verdict, item.made_at)
            await self._on_disk(self._queue.settle, [item.seq], (), entered)
        mode = "offline" if shown.offline else "online"
        self._verdicts.append({"mode": mode, "seconds": self._clock.monotonic() - began})
        return shown

    async def arrive(self, arrival: Arrival) -> Shown:
        """The same for somebody who comes from elsewhere. Without an answer nobody is let in: the list says too little.

        Raises:
            DeviceStoppedError, RefusedError: as for a check.
        """
        at = self._clock.now()
        item, answer = await self._ask("arrival", arrival_body(arrival, at), at)
        if answer is None:
            return await self._decide(arrival.person, item)
        await self._on_disk(self._queue.settle, [item.seq], ())
        return shown_of(item, arrival.person, self._own.who(arrival.person), answer)

    async def check_vehicle(self, vehicle: Vehicle) -> ShownVehicle:
        """The same for a vehicle, after the checks of the people in it.

        Raises:
            DeviceStoppedError, RefusedError: as for a check.
        """
        at = self._clock.now()
        item, answer = await self._ask("vehicle", vehicle_body(vehicle, at), at)
        if answer is not None:
            await self._on_disk(self._queue.settle, [item.seq], ())
            return vehicle_of(item, answer)
        decided = self._own.of_vehicle(vehicle, item.made_at)
        reasons = tuple(reason.value for reason in decided.reasons)
        offline_body = self._decided(decided.verdict, reasons)
        await self._on_disk(self._queue.wait, item.seq, item.body | {"offline": offline_body})
        return ShownVehicle(
            check_id=item.check_id,
            seq=item.seq,
            verdict=decided.verdict,
            reasons=reasons,
            plate=None,
            offline=True,
        )

    async def _ask(
        self, kind: Kind, body: dict[str, Any], at: datetime
    ) -> tuple[Item, dict[str, Any] | None]:
        """Keep it, then ask; None where no answer came and the device has to decide."""
        if self.stopped:
            raise DeviceStoppedError
        item = await self._on_disk(self._queue.add, uuid7(), sendable(body), at, kind)
        try:
            async with asyncio.timeout(self.list.rules.answer_within_ms / 1000):
                return item, await self._wire.ask(kind, item.body)
        except (NoAnswerError, TimeoutError):
            return item, None
        except RefusedError as refused:
            if refused.status == httpx.codes.UNAUTHORIZED:
                return item, None
            await self._on_disk(self._queue.settle, (), [(item.seq, "rejected", refused.code)])
            raise
        except DeviceStoppedError:
            await self._stop()
            stopped = item.body | {"offline": self._interrupted(kind)}
            await self._on_disk(self._queue.wait, item.seq, stopped)
            raise

    async def _decide(self, entry: Entry, item: Item) -> Shown:
        """By the own list; on the disk before it is shown."""
        known, number = self._own.facts(entry, item.made_at)
        day = local_day(self._own.corrected(item.made_at))
        before = await self._on_disk(self._queue.entries, day, number) if number else 0
        decision = self._own.of_entry(entry, item.made_at, known, number, before=before)
        action = decision.action.value if decision.action else None
        decided = self._decided(decision.verdict, tuple(decision.reasons)) | {"action": action}
        entered = self._own.entered(entry, decision.verdict, item.made_at)
        await self._on_disk(self._queue.wait, item.seq, item.body | {"offline": decided}, entered)
        if decision.holds and number is not None:
            self._own.held[number] = item.seq
            await self._on_disk(partial(self._queue.keep, held=self._own.held))
        return Shown(
            check_id=item.check_id,
            seq=item.seq,
            verdict=decision.verdict,
            reasons=tuple(decision.reasons),
            action=decision.action,
            display=offline.display_of(self.list.own, number),
            offline=True,
            nth_today=before + 1 if number is not None and entry.direction is Direction.ENTRY else None,
            direction=entry.direction,
            made_at=item.made_at,
            who=self._own.who(entry),
        )

    def _decided(self, verdict: Verdict | VehicleVerdict, reasons: tuple[str, ...]) -> dict[str, Any]:
        return {
            "verdict": verdict.value,
            "reasons": [str(reason) for reason in reasons],
            "policy_version": self.list.rules.rules.version,
            "clock_skew_seconds": self._own.skew,
        }

    def _interrupted(self, kind: Kind) -> dict[str, Any]:
        """What is handed in of something that was never shown."""
        verdict = VehicleVerdict.HELD if kind == "vehicle" else Verdict.CANNOT_VERIFY
        return self._decided(verdict, (INTERRUPTED,))

    async def sync(self) -> Synced:
        """Hand in what waits, in the order of its numbers, until nothing waits or nobody takes it."""
        async with self._uploading:
            handed_in, size = 0, gate.BATCH_SIZE
            while items := await self._on_disk(self._queue.run, size):
                try:
                    answers = await self._wire.batch(items[0].kind, [item.body for item in items])
                except NoAnswerError as error:
                    return self._synced(handed_in, error.retry_after or SOON)
                except RefusedError as refused:
                    if refused.status in gate.UNREADABLE:
                        # One of them spoils the batch: look for it in halves.
                        if len(items) == 1:
                            spoilt = [(items[0].seq, "rejected", refused.code)]
                            await self._on_disk(self._queue.settle, (), spoilt)
                        size = max(1, len(items) // 2)
                        continue
                    # A credential that does not hold: everything waits.
                    log.warning("batch_refused", code=refused.code)
                    return self._synced(handed_in, _LONGEST_PAUSE)
                gone, marked, pause = sorted_out(items, answers)
                await self._on_disk(self._queue.settle, gone, marked)
                handed_in, size = handed_in + len(gone), gate.BATCH_SIZE
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
            held = {number: seq for number, seq in self._own.held.items() if self._queue.holds(seq)}
            if held != self._own.held:  # handed in before this list was made: the server's own hold is in it
                self._own.held = held
                self._queue.keep(held=held)

    async def heartbeat(self) -> int:
        """Say how the device is; tells by how many seconds its clock is ahead, measured in the middle of the call."""
        counts = self._queue.counts()
        sent, began = self._clock.now(), self._clock.monotonic()
        oldest, made_at = self._queue.oldest(), self.list.made_at
        verdicts, errors = list(self._verdicts), dict(self._errors)
        told = await self._wire.heartbeat(
            {
                "device_time": sent.isoformat(),
                "app_version": APP_VERSION,
                "queue_length": counts.get("waiting", 0) + counts.get("asking", 0),
                "oldest_queued_at": oldest.isoformat() if oldest else None,
                "quarantined": counts.get("quarantined", 0),
                "rejected": counts.get("rejected", 0),
                "list_made_at": made_at.isoformat() if made_at else None,
                "device_class": DEVICE_CLASS,
                "verdicts": verdicts,
                "errors": errors,
            }
        )
        for _ in verdicts:  # told; what was measured meanwhile is for the next time
            self._verdicts.popleft()
        self._errors.subtract(errors)
        middle = sent + timedelta(seconds=(self._clock.monotonic() - began) / 2)
        self._own.skew = round((middle - datetime.fromisoformat(told["now"])).total_seconds())
        await self._on_disk(partial(self._queue.keep, skew=self._own.skew))
        return self._own.skew

    async def rotate(self) -> None:
        """Change the credential: the next one is on the disk before it is used, and its first use ends this one."""
        if self._queue.kept("key") is None:  # of a time without keys: it gives itself one
            await self._on_disk(partial(self._queue.keep, key=DeviceKey.make().keep()))
            self._wire = self._wired(self._wire.credential)
        credential = await self._wire.rotate(uuid7())
        await self._on_disk(partial(self._queue.keep, me=self._queue.kept("me") | {"credential": credential}))
        self._wire = self._wired(credential)
        await self.heartbeat()

    def _wired(self, credential: str) -> Wire:
        kept = self._queue.kept("key")
        return Wire(self._http, credential, DeviceKey.read(kept) if kept else None, self._clock.monotonic)

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
                self._errors["list" if isinstance(error, ListRefusedError) else "network"] += 1
                wished = error.retry_after if isinstance(error, NoAnswerError) else None
                pause = max(wished or 0.0, backoff(failures))
                log.info("gate_not_reached", error=type(error).__name__, pause=round(pause, 1))
            except DeviceStoppedError:
                await self._stop()
                pause = SOON
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
    longest = min(_LONGEST_PAUSE, SOON * 2.0 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 -- a pause is no secret
