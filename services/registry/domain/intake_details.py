"""The rest of an intake: places on the way, how somebody came, what they answered. Pure (R2.7, R4.6, R2.8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal

from shared.events.policy_observation import Category
from shared.kernel.refusal import Refusal

ProofKind = Literal["ticket", "toll_receipt", "payment_record", "carrier_record", "other"]
SuzhouCode = Literal["green", "yellow", "red", "green_pending", "none"]
Symptom = Literal["fever", "cough", "fatigue", "short_of_breath", "diarrhoea", "other"]

_GRAVEST_FIRST: tuple[Category, ...] = ("focus", "higher_risk", "concern", "other")


class ViaOutsideWindow(Refusal):
    """A place on the way counts when somebody was there in the days before the arrival; `from_day` is the first."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "via_outside_window"
    usual_remedy: ClassVar[str | None] = (
        "核对日期；更早的途经地不必填写。Check the day; a place left earlier is not stated."
    )


class ProofContradicts(Refusal):
    """A kind of proof goes with a proof that was shown."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "proof_contradicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """A place (GB/T 2260) where somebody was on the way, and the last day there."""

    code: str
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What somebody answered about their health and contacts."""

    symptoms: tuple[Symptom, ...] = ()
    contact_with_case: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an intake keeps besides the trip. The Suzhou code is for reference only (R2.8)."""

    via: tuple[Via, ...] = ()
    transport_number: str | None = None
    proof_kind: ProofKind | None = None
    suzhou_code: SuzhouCode | None = None
    health: Health | None = None


def decide_details(details: Details, *, arrived_on: date, proof: bool, days: int) -> None:
    """May this be stated? `days` is the period of observation: who was somewhere longer ago brings nothing from there.

    Raises:
        ViaOutsideWindow, ProofContradicts: as their names say.
    """
    earliest = arrived_on - timedelta(days=days)
    for nth, via in enumerate(details.via):
        if not earliest <= via.last_day <= arrived_on:
            raise ViaOutsideWindow(
                f"途经日期应在 {earliest} 至 {arrived_on} 之间。"
                f"A place on the way was left between {earliest} and {arrived_on}.",
                field=f"trip.via.{nth}.last_day",
                from_day=earliest.isoformat(),
            )
    if details.proof_kind is not None and not proof:
        raise ProofContradicts(
            "未出示凭证时不填凭证种类。A kind of proof goes with a proof.", field="trip.proof_kind"
        )


def gravest(categories: Iterable[Category]) -> Category:
    """The category that decides: of all the places where somebody has been, the gravest (R4.6)."""
    return min(categories, key=_rank)


def _rank(category: Category) -> int:
    order: Sequence[Category] = _GRAVEST_FIRST
    return order.index(category) if category in order else 0
