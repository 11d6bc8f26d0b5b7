"""The adapter to a message service: signed calls to the configured addresses and nowhere else.

What is sent is JSON: `message_id`, `channel`, `to`, `text`. Each call carries the message's id as `Idempotency-Key`
and a signature (see `domain.signatures`), so that the receiver knows who calls and takes each message once, however
often it comes. Redirects are not followed, proxies of the environment are not used, answers are not read.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self
from uuid import UUID

import httpx

from services.observation.domain import signatures
from services.observation.domain.messages import Channel, Patience
from services.observation.settings import Settings
from shared.kernel.clock import Clock
from shared.kernel.secrets import KeyRing, read_key_file

AT_ONCE = 32
"""Calls under way at the same time."""
RECEIPTS = "receipts"
"""What a signature on receipts names instead of a message."""


@cache
def signing_keys(path: Path | None) -> KeyRing | None:
    """Read the keys that sign what goes out and check what comes back, once a process; None where none are named.

    Raises:
        KeyFileError: the file is missing or malformed.
    """
    return None if path is None else KeyRing.parse(read_key_file(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in the clear, for as long as it is being sent."""

    message_id: UUID
    channel: Channel
    to: str = field(repr=False)
    text: str = field(repr=False)

    def body(self) -> bytes:
        """What the receiver gets: the same bytes at every attempt."""
        said = {"message_id": str(self.message_id), "channel": self.channel, "to": self.to, "text": self.text}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where each channel leads; a channel without an address leads nowhere.

    Attributes:
        addresses: the receiver of each configured channel.
        keys: sign what goes out and check the receipts; None where nothing is configured.
        timeout_seconds: for a whole call.
        lease_seconds: for how long a message that was taken up is left alone, should its process die.
    """

    addresses: Mapping[Channel, str] = field(repr=False)
    keys: KeyRing | None = field(repr=False)
    patience: Patience
    timeout_seconds: float
    lease_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings name them.

        Raises:
            KeyFileError: the key file is missing or malformed.
        """
        addresses: dict[Channel, str] = {}
        if settings.sms_webhook:
            addresses["sms"] = settings.sms_webhook
        if settings.work_group_webhook:
            addresses["work_group"] = settings.work_group_webhook
        return cls(
            addresses=addresses,
            keys=signing_keys(settings.webhook_key_file),
            patience=Patience(
                attempts=settings.webhook_attempts,
                first_delay=settings.webhook_first_delay_seconds,
                longest_delay=settings.webhook_longest_delay_seconds,
            ),
            timeout_seconds=settings.webhook_timeout_seconds,
            lease_seconds=settings.webhook_lease_seconds,
        )

    def lead_somewhere(self, channel: Channel) -> bool:
        """Say whether a channel is configured."""
        return channel in self.addresses

    async def send(self, letters: Sequence[Letter], clock: Clock) -> list[int | None]:
        """Call the receivers, a few at a time; tells the status of each answer, None where none came in time."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with self._client() as client:

            async def one(letter: Letter) -> int | None:
                async with gate:
                    return await self._call(client, letter, clock)

            return await asyncio.gather(*(one(letter) for letter in letters))

    async def _call(self, client: httpx.AsyncClient, letter: Letter, clock: Clock) -> int | None:
        address = self.addresses.get(letter.channel)
        if address is None or self.keys is None:  # its configuration was taken away while it waited
            return None
        body, kid = letter.body(), self.keys.current
        at = int(clock.real_now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(letter.message_id),
            signatures.HEADER: signatures.sign(
                kid, self.keys.keys[kid], at=at, of=str(letter.message_id), body=body
            ),
        }
        try:
            async with asyncio.timeout(self.timeout_seconds):
                async with client.stream("POST", address, content=body, headers=headers) as answer:
                    return answer.status_code
        except (TimeoutError, httpx.HTTPError, OSError):
            return None

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            timeout=self.timeout_seconds, follow_redirects=False, trust_env=False, limits=limits
        ) as client:
            yield client


_PATIENCE = Patience(attempts=1, first_delay=1, longest_delay=1)
NOWHERE = Outlets(addresses={}, keys=None, patience=_PATIENCE, timeout_seconds=5, lease_seconds=60)
"""What a service without a message service has."""
