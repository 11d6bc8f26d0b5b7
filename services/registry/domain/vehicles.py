"""Number plates and vehicle passes. Pure (R2.3, R2.4).

A plate is read loosely: what looks like none of the known kinds is kept with a flag, never refused, because the car
stands at the gate whatever a pattern thinks of its plate.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal

from services.registry.domain.passes import Validity
from shared.events.policy import PassRules
from shared.kernel.days import end_of
from shared.kernel.plates import spell_plate
from shared.kernel.refusal import Refusal

PlateKind = Literal["ordinary", "new_energy", "police", "military", "special", "unusual"]
VehicleRevocation = Literal["lost", "sold", "moved_away", "misused", "issued_in_error", "replaced", "other"]

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_TAIL = "[A-HJ-NP-Z0-9]"  # neither I nor O
_KINDS: tuple[tuple[PlateKind, re.Pattern[str]], ...] = (
    ("ordinary", re.compile(f"[{_PROVINCES}][A-Z]{_TAIL}{{5}}")),
    ("new_energy", re.compile(f"[{_PROVINCES}][A-Z](?:[A-HJK]{_TAIL}[0-9]{{4}}|[0-9]{{5}}[A-HJK])")),
    ("police", re.compile(f"[{_PROVINCES}][A-Z]{_TAIL}{{4}}警")),
    ("military", re.compile(f"[A-Z]{{2}}[0-9]{{5}}|WJ[{_PROVINCES}]?[0-9]{{4}}[A-Z0-9]")),
    (
        "special",  # trailers, learners, Hong Kong and Macau, missions, rescue services, aerodromes, farm machines
        re.compile(
            f"[{_PROVINCES}][A-Z]{_TAIL}{{4}}[学挂领港澳]|[{_PROVINCES}]X{_TAIL}{{4}}应急|民航[A-Z0-9]{{5}}"
            f"|使[0-9]{{6}}|[0-9]{{6}}使|[{_PROVINCES}][0-9]{{7}}"
        ),
    ),
)


class PlateEmpty(Refusal):
    """There is nothing on the plate."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "plate_empty"


class PlateMalformed(Refusal):
    """What is written has signs that are on no plate."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "plate_malformed"


class VehicleUnknown(Refusal):
    """There is no such vehicle."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "vehicle_unknown"


class VehicleRemoved(Refusal):
    """The vehicle was taken out of the book: sold, or scrapped."""

    code: ClassVar[str] = "vehicle_removed"
    usual_remedy: ClassVar[str | None] = (
        "车辆仍在使用的，重新登记。Register it again where it is still in use."
    )


class PlateRegistered(Refusal):
    """A vehicle with this plate is in the book."""

    code: ClassVar[str] = "plate_registered"


class VehiclePassUnknown(Refusal):
    """There is no such vehicle pass."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "vehicle_pass_unknown"


class VehiclePassVoid(Refusal):
    """The vehicle pass is void or its time is over."""

    code: ClassVar[str] = "vehicle_pass_void"


class NotTheOwnersDwelling(Refusal):
    """The owner does not live in that dwelling; who only owns it keeps no car there."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_the_owners_dwelling"
    usual_remedy: ClassVar[str | None] = (
        "先更正车主的居住登记或车辆所属房屋。Correct where the owner lives, or the vehicle's dwelling, first."
    )


class VehicleElsewhere(Refusal):
    """The vehicle belongs to a dwelling of another compound."""

    code: ClassVar[str] = "vehicle_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A plate in its one spelling and the kind it looks like."""

    text: str
    kind: PlateKind


def read_plate(written: str) -> Plate:
    """Bring a plate into one spelling: full width, blanks, dots and small letters do not matter.

    Raises:
        PlateEmpty: nothing is left.
    """
    text = spell_plate(written)
    if not text:
        raise PlateEmpty("车牌为空。The plate is empty.", field="plate")
    fitting = [kind for kind, pattern in _KINDS if pattern.fullmatch(text)]
    return Plate(text=text, kind=fitting[0] if fitting else "unusual")


def decide_plate(written: str) -> Plate:
    """The plate under which a vehicle is entered in the book; whatever kind it looks like.

    Raises:
        PlateEmpty: nothing is left.
        PlateMalformed: it has what is on no plate.
    """
    plate = read_plate(written)
    if not plate.text.isalnum():
        raise PlateMalformed(
            "车牌中有不该有的符号。The plate has signs that are on no plate.",
            field="plate",
            remedy="逐位核对，只用汉字、字母和数字。Check each character: only letters and digits are on a plate.",
        )
    return plate


def masked_plate(text: str) -> str:
    """What lists show: the first two and the last two characters."""
    return f"{text[:2]}{'*' * max(0, len(text) - 4)}{text[-2:]}" if len(text) > 4 else f"{text[:1]}***"


def decide_vehicle_pass(
    *, lives_there: bool, same_compound: bool, rules: PassRules, now: datetime, today: date
) -> Validity:
    """A pass for a vehicle of somebody who lives in the compound. It never speaks for the people in it (R2.3, G7).

    Raises:
        VehicleElsewhere, NotTheOwnersDwelling: the vehicle is not at home there.
    """
    if not same_compound:
        raise VehicleElsewhere(
            "该车登记在其他小区。The vehicle is at home in another compound.", field="compound"
        )
    if not lives_there:
        raise NotTheOwnersDwelling(
            "车主不在该房屋居住。The owner does not live in the vehicle's dwelling.", field="vehicle_ref"
        )
    return Validity(starts=now, ends=end_of(today + timedelta(days=rules.valid_days)))
