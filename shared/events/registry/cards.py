"""Sealed cards: the few personal fields that another service needs."""

from typing import Literal

from shared.events.base import Event
from shared.kernel.ids import CompoundId, PersonRef

Recipient = Literal["gate", "observation", "sanitation"]


class SubjectCardSealed(
    Event, type="fangkong.registry.SubjectCardSealed.v1", channel="cards", key="person_ref", place="compound"
):
    """The few personal fields that one service needs of a person, encrypted for it alone (JWE, dir + A256GCM).

    `card` is None when the need has ended: the recipient drops its copy. Each recipient has a channel of its own.
    """

    recipient: Recipient
    person_ref: PersonRef
    compound: CompoundId
    card: str | None

    def channel_name(self) -> str:
        """The recipient's own channel, so that nobody else even receives it."""
        return f"cards_{self.recipient}"

    @classmethod
    def channels(cls) -> tuple[str, ...]:
        """One per recipient."""
        return ("cards_gate", "cards_observation", "cards_sanitation")

    def partition_key(self) -> str:
        """Cards to different recipients are different aggregates."""
        return f"{self.recipient}:{self.person_ref}"
