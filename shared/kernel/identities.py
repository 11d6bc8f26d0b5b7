"""Document and phone numbers in their one spelling, by which services find people (Identity, P3, P6). Pure."""

import re
from datetime import date

from stdnum.cn.ric import calc_check_digit

from shared.kernel.cells import Cell, compact

_OLD_CITIZEN = re.compile(r"[1-9][0-9]{14}")
_ISSUED = re.compile(r"([HM][0-9]{8}|[0-9]{8})[0-9]{2}")
"""A travel permit of Hong Kong, Macau or Taiwan, with how often it was issued behind the person's number."""
_NOT_A_DIGIT = re.compile(r"[\s()-]+")
_MOBILE = re.compile(r"1[0-9]{10}")
_COUNTRY = ("+86", "0086")


def normalise_number(cell: Cell) -> str:
    """A document number in its one spelling whatever its kind: half-width, without blanks, in capitals.

    A 15-digit resident ID becomes the 18-digit one of the same person: it dates from before 2000, so the century
    is known, and the last character is computed.
    """
    number = compact(cell).upper()
    if _OLD_CITIZEN.fullmatch(number) and day_exists("19" + number[6:12]):
        body = f"{number[:6]}19{number[6:]}"
        return body + check_character(body)
    return number


def sought_numbers(text: str) -> tuple[str, ...]:
    """The spellings under which the book may hold the document whose number somebody reads off it.

    Travel permits are kept without their count of issues; who looks one up does not say what kind it is.
    """
    number = normalise_number(text)
    issued = _ISSUED.fullmatch(number)
    return (number, issued[1]) if issued else (number,)


def normalise_phone(text: str) -> str | None:
    """A mobile number as 11 digits, or None when it has another shape."""
    digits = _NOT_A_DIGIT.sub("", text)
    for prefix in _COUNTRY:
        digits = digits.removeprefix(prefix)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits if _MOBILE.fullmatch(digits) else None


def check_character(body: str) -> str:
    """The eighteenth character to these 17 digits; the library wants a place for it."""
    return str(calc_check_digit(body + "0"))


def day_exists(digits: str) -> bool:
    """Say whether eight digits are a day that a calendar has."""
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
