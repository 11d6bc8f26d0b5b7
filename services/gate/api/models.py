"""What devices and staff send to the gate, and what they are answered."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from services.gate.api.examples import ANSWERS
from services.gate.domain import words
from services.gate.domain.entry import Answers, Purpose
from services.gate.domain.possession import read_key
from services.gate.domain.rulings import Action, Direction, Verdict
from services.gate.domain.subjects import document_key, room_key
from services.gate.store.checks import FirstAnswer
from shared.http.models import Answer, Body
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.pass_token import MAX_LENGTH

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_WORDS = {reason.value: text for reason, text in (*words.REASONS.items(), *words.ARRIVALS.items())}
RETRY_SECONDS = 5
_MAX_SEQ = 2**53 - 1  # the largest integer that every JSON reader keeps exact


def _storable(instant: datetime) -> datetime:
    """An instant that a clock can show, however wrong: 1970 is kept and flagged, the year 1 is no time."""
    if not _FIRST <= instant < _LAST:
        raise ValueError("时间应在 1970 年至 2200 年之间。A time between 1970 and 2200 is expected.")
    return instant.astimezone(UTC)


DeviceTime = Annotated[AwareDatetime, AfterValidator(_storable)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PassToken(Body):
    """The text in a pass's QR code, as scanned."""

    kind: Literal["pass_token"]
    token: str = Field(min_length=1, max_length=MAX_LENGTH, repr=False)

    def spell(self, compound: CompoundId) -> str:  # noqa: ARG002 -- one shape for all subjects
        """One spelling of the subject, for telling a repeat from another check."""
        return self.token


class PassNumber(Body):
    """The digits printed on a pass, typed because the code cannot be read."""

    kind: Literal["pass_number"]
    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")]

    def spell(self, compound: CompoundId) -> str:  # noqa: ARG002 -- one shape for all subjects
        """One spelling of the subject, for telling a repeat from another check."""
        return self.number


class Document(Body):
    """An identity document, typed or read."""

    kind: Literal["document"]
    number: Short = Field(repr=False)

    def spell(self, compound: CompoundId) -> str:  # noqa: ARG002 -- one shape for all subjects
        """One spelling of the subject, for telling a repeat from another check."""
        return document_key(self.number)


class DwellingSurname(Body):
    """Where somebody says to live here, and their surname."""

    kind: Literal["dwelling_surname"]
    room: Short = Field(repr=False, description="Building, unit and room: `3-1-502` or `3幢1单元502室`.")
    surname: Short = Field(repr=False)

    def spell(self, compound: CompoundId) -> str:
        """One spelling of the subject, for telling a repeat from another check."""
        return room_key(compound, self.room, self.surname)


class Visitor(Body):
    """Somebody without any tie to the compound. Who they are is not recorded."""

    kind: Literal["visitor"]
    purpose: Purpose = Purpose.VISIT

    def spell(self, compound: CompoundId) -> str:  # noqa: ARG002 -- one shape for all subjects
        """One spelling of the subject, for telling a repeat from another check."""
        return self.purpose


Subject = Annotated[
    PassToken | PassNumber | Document | DwellingSurname | Visitor, Field(discriminator="kind")
]
Yes = Annotated[bool, Field(strict=True)] | None


class AskedBody(Body):
    """The answers to *ask* (R2.5); leave out what was not asked."""

    been_to_focus_area: Yes = None
    contact_with_case: Yes = None
    unwell: Yes = None

    def answers(self) -> Answers:
        """As the rules take them."""
        return Answers(
            been_to_focus_area=self.been_to_focus_area,
            contact_with_case=self.contact_with_case,
            unwell=self.unwell,
        )


@lru_cache(maxsize=27)
def _asked(answers: AskedBody) -> str:
    return json.dumps(answers.model_dump(), sort_keys=True)


_NOT_ASKED = _asked(AskedBody())
_YES = {None: "null", True: "true", False: "false"}
_quoted = encode_basestring_ascii


class DecidedAloneBody(Body):
    """What the device decided by itself, because it had no answer in time."""

    reasons: Annotated[tuple[Code, ...], Field(max_length=20)]
    policy_version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    clock_skew_seconds: Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)] | None = Field(
        default=None,
        description="By how much the device's clock was ahead of the server's, as it knew then; null: unknown.",
    )


class DecidedBody(DecidedAloneBody):
    """What the device decided by itself about a person."""

    verdict: Verdict
    action: Action | None = None


class QueuedBody(Body):
    """What a device makes, keeps and hands in: under an id and a number of its own."""

    check_id: UUID = Field(description="Made by the device (UUIDv7), kept until the answer is stored.")
    seq: Annotated[int, Field(strict=True, ge=1, le=_MAX_SEQ, description="Gapless, per device.")]
    checked_at: DeviceTime = Field(description="The device's own time.")
    offline: DecidedAloneBody | None = None


class EntryCheckBody(Body):
    """One attempt to enter or leave. The checkpoint is the one that the device serves."""

    check_id: UUID = Field(description="Made by the device (UUIDv7), kept until the answer is stored.")
    seq: Annotated[int, Field(strict=True, ge=1, le=_MAX_SEQ, description="Gapless, per device.")]
    direction: Direction
    subject: Subject
    mask: Yes = Field(default=None, description="Worn or not; null: not looked at.")
    temperature_c: Annotated[Decimal, Field(max_digits=7, decimal_places=2)] | None = Field(
        default=None, description="The thermometer's reading in degrees Celsius, also an impossible one."
    )
    checked_at: DeviceTime = Field(description="The device's own time.")
    answers: AskedBody | None = None
    offline: DecidedBody | None = Field(
        default=None, description="Only for a check that the device had to decide itself."
    )

    def content(self, compound: CompoundId, checkpoint: CheckpointId) -> str:
        """All that makes a repeat a repeat: subject, checkpoint, direction, readings, answers (device contract).

        JSON in one spelling. It must never change: what is kept of a check is a keyed hash of it.
        """
        reading = None if self.temperature_c is None else format(self.temperature_c.normalize(), "f")
        subject = _quoted(self.subject.spell(compound))
        asked = _asked(self.answers) if self.answers else _NOT_ASKED
        return (
            f'["{checkpoint}", "{self.direction}", ["{self.subject.kind}", {subject}], '
            f"{_YES[self.mask]}, {_quoted(reading) if reading else 'null'}, {asked}]"
        )


class Text(Answer):
    """One text in both languages."""

    zh_cn: str
    en: str

    @classmethod
    @cache
    def of(cls, text: words.Words) -> "Text":
        """From the list of words, each made once."""
        return cls(zh_cn=text.zh, en=text.en)


class ReasonAnswer(Answer):
    """One reason: a code to branch on, a text to show."""

    code: str
    text: Text | None


class DisplayAnswer(Answer):
    """What may be shown of a person, and nothing else."""

    surname: str = Field(description="The surname and a star.")
    room: str | None = Field(description="Building-unit-room; null for who does not live here.")


class EntryCheckAnswer(Answer):
    """The first answer to a check; a repeat gets the same."""

    model_config = ConfigDict(json_schema_extra={"examples": list[Any](ANSWERS)})

    check_id: UUID
    verdict: Verdict
    reasons: list[ReasonAnswer] = Field(description="All of them, gravest first.")
    action: Action | None
    instruction: Text = Field(description="What the guard does, in the guard's words.")
    display: DisplayAnswer | None
    checked_at: datetime = Field(description="The device's time.")
    received_at: datetime = Field(description="When it was recorded here.")
    offline: bool
    policy_version: int
    nth_today: int | None = Field(
        default=None,
        description="Which entry of this person here on this local day it is, or would be; from 2 on *ask* and "
        "*record* may be left out, nothing else. Counted to 10. Null: not an entry, or not certain who it is.",
    )

    @classmethod
    def of(cls, check_id: UUID, first: FirstAnswer, display: DisplayAnswer | None) -> "EntryCheckAnswer":
        """With the texts to the codes."""
        instruction = words.ACTIONS[first.action] if first.action else words.VERDICTS[first.verdict]
        return cls(
            check_id=check_id,
            verdict=first.verdict,
            reasons=[reason_of(code) for code in first.reasons],
            action=first.action,
            instruction=Text.of(instruction),
            display=display,
            checked_at=first.checked_at,
            received_at=first.received_at,
            offline=first.offline,
            policy_version=first.policy_version,
            nth_today=first.nth_today,
        )


@lru_cache(maxsize=1_000)
def reason_of(code: str) -> ReasonAnswer:
    """A device of another version may have decided by a reason that is not known here: its code is kept."""
    known = _WORDS.get(code)
    return ReasonAnswer(code=code, text=Text.of(known) if known else None)


class BatchBody(Body):
    """What was queued. Each is judged by itself: a bad one does not hold up the others."""

    checks: Annotated[list[Any], Field(min_length=1, max_length=200)]


class BatchStatus(Answer):
    """What became of one item of a batch, in the batch's order.

    `created`, `exists`: it is kept, delete it from the queue. `rejected`: it never will be, keep it for a person to
    look at. `quarantined`: a supervisor has to look at it; mark it and do not send it again. `retry`: send it again,
    not before `retry_after` seconds.
    """

    check_id: UUID | None
    status: Literal["created", "exists", "rejected", "quarantined", "retry"]
    code: str | None = None
    field: str | None = None
    detail: str | None = Field(
        default=None, description="Why it is rejected, for people, in both languages; never its content."
    )
    remedy: str | None = Field(default=None, description="What to do next with what is rejected.")
    retry_after: int | None = None


class BatchItem(BatchStatus):
    """What became of an entry check, or of the one in an arrival."""

    answer: EntryCheckAnswer | None = None


class BatchAnswer(Answer):
    """One item for each check, in order."""

    items: list[BatchItem]


class CodeBody(Body):
    """Ask for a code that enrols one device at one checkpoint."""

    request_id: UUID = Field(
        description="Made by the caller; asked again, a fresh code replaces the unused one."
    )
    checkpoint: CheckpointId


class CodeAnswer(Answer):
    """The code, told this once."""

    request_id: UUID
    code: str
    checkpoint: CheckpointId
    compound: CompoundId
    expires_at: datetime = Field(description="Real time, ten minutes from now.")


Coordinate = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class DeviceKey(Body):
    """The public part (JWK) of the key pair that the device made for itself; the private part never leaves it."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate

    def spelled(self) -> str:
        """As it is kept.

        Raises:
            DeviceKeyInvalid: it is no point of the curve.
        """
        read_key(spelled := f"{self.x}.{self.y}")
        return spelled


class DeviceBody(Body):
    """Take a device into service."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(repr=False)
    device_id: UUID | None = Field(
        default=None, description="Made by the device; with it a lost answer can be asked for again."
    )
    public_key: DeviceKey | None = Field(
        default=None, description="The device's own; from then on it signs its requests."
    )


class DeviceAnswer(Answer):
    """The device's own credential: `Authorization: Device <credential>`."""

    device_id: UUID
    credential: str = Field(description="Keep it secret; it is not told again once the code has run out.")
    checkpoint: CheckpointId
    compound: CompoundId
    list_keys: list[dict[str, str]] = Field(
        description="The keys (JWK, ES256) that sign the device's lists. Keep them: a list by no other key is taken."
    )


class RevokedAnswer(Answer):
    """A device that may no longer call."""

    device_id: UUID
    revoked_at: datetime


class CheckpointAnswer(Answer):
    """Where the calling device serves."""

    checkpoint: CheckpointId
    checkpoint_name: str
    compound: CompoundId
    compound_name: str | None
    policy_version: int | None = Field(description="Of the rules in force today; null before any is known.")
    now: datetime = Field(description="The server's business time.")
