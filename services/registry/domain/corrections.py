"""Entering and correcting what the book says of a place: nobody overwrites what they did not see. Pure (R4.3)."""

from enum import StrEnum
from typing import ClassVar

from shared.kernel.refusal import Refusal


class PlaceKind(StrEnum):
    """What has a history in the book of places."""

    NEIGHBOURHOOD = "neighbourhood"
    COMPOUND = "compound"
    CHECKPOINT = "checkpoint"
    GRID = "grid"
    DWELLING = "dwelling"
    BUSINESS = "business"


class BusinessKind(StrEnum):
    """What a unit (单位) does."""

    SHOP = "shop"
    RESTAURANT = "restaurant"
    HOTEL = "hotel"
    FACTORY = "factory"
    OFFICE = "office"
    SCHOOL = "school"
    CLINIC = "clinic"
    OTHER = "other"


class ChangedMeanwhile(Refusal):
    """The entry is another than the one that the caller saw. `version` is the one to look at."""

    code: ClassVar[str] = "changed_meanwhile"
    usual_remedy: ClassVar[str | None] = (
        "查看最新内容后，按 version 重新提交。Look at it again, then send yours with `version`."
    )


class NeighbourhoodUnknown(Refusal):
    """There is no such neighbourhood in the book."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "neighbourhood_unknown"


class GridUnknown(Refusal):
    """The compound has no such grid."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "grid_unknown"
    usual_remedy: ClassVar[str | None] = (
        "按该小区的网格填写编号：GET /v1/compounds/{compound_id}/grids。"
        "Give a number of the compound's grids."
    )


class GridOfAnother(Refusal):
    """A grid lies in one compound for good: another compound gets a grid of its own."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "grid_of_another"


class AddressTaken(Refusal):
    """The address list has this building, unit and room already."""

    code: ClassVar[str] = "address_taken"


class DwellingInhabited(Refusal):
    """Somebody lives there: cards, passes and cases name the room as it is."""

    code: ClassVar[str] = "dwelling_inhabited"


class BusinessUnknown(Refusal):
    """There is no such business in the compound."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "business_unknown"


def decide_correction(held: object | None, new: object, *, version: int, seen: int) -> bool:
    """Does the new entry change anything, and may it?

    Args:
        held: the entry as it is, None for a new one.
        new: the entry as it would be.
        version: the version of `held`, 0 where there is none.
        seen: the version that the caller looked at, 0 for a new entry.

    Raises:
        ChangedMeanwhile: somebody else changed it after the caller looked.
    """
    if held == new:
        return False
    if seen != version:
        raise ChangedMeanwhile(
            "该条目已被他人修改，请先查看最新内容。Somebody changed this entry meanwhile; look at it first.",
            field="version",
            version=version,
        )
    return True
