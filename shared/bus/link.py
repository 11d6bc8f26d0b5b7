"""One connection to NATS: it connects for ever in the background and never stops a service from starting."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from shared.bus import metrics
from shared.bus.credentials import Credentials
from shared.kernel.ids import uuid7
from shared.kernel.tasks import stop, stop_if_cancelled

log = structlog.get_logger(__name__)

_DUPLICATE_IN_BATCH = 10201
_ATTEMPT_SECONDS = 5.0

BusError = (NatsError, OSError, asyncio.TimeoutError)
"""What a bus that is away raises; callers wait and try again."""


class BatchRefusedError(Exception):
    """JetStream refused an atomic batch as a whole; nothing of it was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to publish."""

    subject: str
    body: bytes
    headers: dict[str, str]


class Link:
    """A NATS connection that outlives every outage.

    With a CA file, or an address that begins with `tls://`, TLS comes before anything else is said: nobody on the wire
    can talk the client out of it.
    """

    def __init__(
        self, url: str, *, name: str, credentials: Credentials | None = None, ca_file: Path | None = None
    ) -> None:
        self.url, self.name, self.credentials, self.ca_file = url, name, credentials, ca_file
        self.tls = ca_file is not None or any(urlsplit(part).scheme == "tls" for part in url.split(","))
        self.up = asyncio.Event()
        self.kept = False
        """Whether these servers said that they keep what they acknowledge: `shared.bus.durability`."""
        self._refused = False
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._task = asyncio.create_task(self._connect(), name="bus-connect")

    async def stop(self) -> None:
        """Close without waiting for an absent server."""
        if self._task:
            await stop(self._task)
        if self._client and not self._client.is_closed:
            closing = asyncio.create_task(self._client.close(), name="bus-close")
            await asyncio.wait({closing}, timeout=5)
            await stop(closing)

    @property
    def client(self) -> Client:
        """The connection. Raises `ConnectionError` (an `OSError`) while there is none."""
        if self._client is None or not self._client.is_connected:
            raise ConnectionError("the bus is away")
        return self._client

    @property
    def js(self) -> JetStreamContext:
        """JetStream on this connection."""
        return self.client.jetstream(timeout=_ATTEMPT_SECONDS)

    async def _connect(self) -> None:
        """Until the first success; afterwards the client reconnects by itself, for ever."""
        wait = 0.1
        while True:
            stop_if_cancelled()
            try:
                self._client = Client()  # ours from the start, so that `stop` can close it in any state
                await self._client.connect(
                    self.url.split(","),
                    name=self.name,
                    nkeys_seed_str=self.credentials.seed if self.credentials else None,
                    tls=ssl.create_default_context(cafile=self.ca_file) if self.tls else None,
                    tls_handshake_first=self.tls,
                    connect_timeout=3,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.2,  # type: ignore[arg-type]  # seconds; a fraction is fine
                    ping_interval=5,
                    max_outstanding_pings=2,  # a half-open link is noticed within 15 s
                    pending_size=64 * 1024 * 1024,
                    inbox_prefix=f"_INBOX_{self.credentials.user if self.credentials else self.name}",
                    error_cb=self._on_error,
                    disconnected_cb=self._on_down,
                    reconnected_cb=self._on_up,
                )
            except (*BusError, ConnectionError) as error:
                metrics.BUS_UP.set(0)
                log.info("bus_unreachable", error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
            else:
                await self._on_up()
                return

    async def _on_error(self, error: Exception) -> None:
        # A forbidden publish shows here and as a timeout at the caller, nowhere else.
        metrics.BUS_ERRORS.labels(type(error).__name__).inc()
        if isinstance(error, ssl.SSLError) and not self._refused:
            self._refused = True
            log.error("bus_certificate_refused", detail=str(error)[:200])
        if isinstance(error, OSError):  # every try to reconnect; that the bus is down was said once
            return
        log.warning("bus_error", error=type(error).__name__, detail=str(error)[:200])

    async def _on_down(self) -> None:
        metrics.BUS_UP.set(0)
        self.up.clear()
        self.kept = False
        log.warning("bus_down")

    async def _on_up(self) -> None:
        metrics.BUS_UP.set(1)
        self._refused = False
        self.up.set()
        log.info("bus_up")

    async def publish(self, message: Message) -> None:
        """Store one message; a repeat with the same `Nats-Msg-Id` is a success."""
        await self.js.publish(
            message.subject, message.body, headers=message.headers, timeout=_ATTEMPT_SECONDS
        )

    async def publish_batch(self, messages: Sequence[Message]) -> None:
        """Store up to 1,000 messages of one stream atomically (ADR-50 of NATS).

        Raises:
            BatchRefusedError: refused whole, for instance because one of them is stored already.
        """
        client, batch = self.client, uuid7().hex
        for nth, message in enumerate(messages, start=1):
            headers = message.headers | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(nth)}
            if nth < len(messages):
                await client.publish(message.subject, message.body, headers=headers)
                continue
            headers["Nats-Batch-Commit"] = "1"
            answer = json.loads(
                (
                    await client.request(
                        message.subject, message.body, timeout=_ATTEMPT_SECONDS * 2, headers=headers
                    )
                ).data
            )
        if "error" in answer:
            raise BatchRefusedError(answer["error"].get("err_code"))
        if answer.get("count") != len(messages):
            raise BatchRefusedError(f"stored {answer.get('count')} of {len(messages)}")

    async def tell(self, subject: str, body: bytes) -> None:
        """A message for whoever listens now."""
        await self.client.publish(subject, body)

    async def ask(self, subject: str, body: bytes, *, timeout: float) -> bytes:  # noqa: ASYNC109 -- NATS's own
        """A question with one answer. Raises a `BusError` when nobody answers in time."""
        answer: Msg = await self.client.request(subject, body, timeout=timeout)
        return answer.data

    async def ask_all(
        self,
        subject: str,
        body: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 -- NATS's own
        enough: Callable[[list[bytes]], bool],
    ) -> list[bytes]:
        """A question that several answer: what came until it was enough, or until the time is over."""
        client, answers = self.client, list[bytes]()
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox)
        try:
            await client.publish(subject, body, reply=inbox)
            async with asyncio.timeout(timeout):
                while not answers or not enough(answers):
                    if said := (await subscription.next_msg(timeout=None)).data:  # nobody there: an empty one
                        answers.append(said)
        except TimeoutError:
            return answers
        finally:
            await subscription.unsubscribe()
        return answers

    async def listen(self, subject: str, heard: Callable[[Msg], Awaitable[None]], *, queue: str = "") -> Any:
        """Subscribe; survives reconnections."""
        return await self.client.subscribe(subject, queue=queue, cb=heard)

    async def pull(self, stream: str, durable: str) -> JetStreamContext.PullSubscription:
        """A pull subscription on a durable consumer that the streams' administrator has made (`deploy.nats.streams`).

        Acknowledging a message acknowledges all before it: a batch costs one acknowledgement.

        Raises:
            NotFoundError: it has not been made yet.
        """
        js = self.js
        await js.consumer_info(stream, durable)
        return await js.pull_subscribe_bind(consumer=durable, stream=stream)


__all__ = ["APIError", "BatchRefusedError", "BusError", "Credentials", "Link", "Message", "NotFoundError"]
