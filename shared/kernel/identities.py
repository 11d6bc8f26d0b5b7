"""Names, document and phone numbers in their one spelling, by which services find people (Identity, P3, P6). Pure."""

import re
import unicodedata
from datetime import date

import phonenumbers
from stdnum.cn.ric import calc_check_digit

from shared.kernel.cells import Cell, compact

_OLD_CITIZEN = re.compile(r"[1-9][0-9]{14}")
_ISSUED = re.compile(r"([HM][0-9]{8}|[0-9]{8})[0-9]{2}")
"""A travel permit of Hong Kong, Macau or Taiwan, with how often it was issued behind the person's number."""
_UNSEEN = frozenset({"Cc", "Cf"})
_HAN = "[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_STRETCH = re.compile(f"(?<={_HAN}) (?={_HAN})")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[0-9]{10})")
_DIALLED = re.compile(r"\+?[0-9(][0-9 ()./-]{5,30}")
_EXTENSION = re.compile(r"(.*[0-9)]) *(?:转|分机|ext\.?|x|#) *([0-9]{1,6})", re.IGNORECASE)
_DASHED_EXTENSION = re.compile(r"(\(?0[0-9]{2,3}\)?[ -]*[0-9]{7,8})-([0-9]{1,6})")
_MAINLAND = 86


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


def normalise_name(text: str) -> str:
    """A name as it is seen: without letters that nobody sees, nor the blanks by which lists stretch `张 三`."""
    seen = "".join(
        letter for letter in text if letter.isspace() or unicodedata.category(letter) not in _UNSEEN
    )
    return _STRETCH.sub("", " ".join(seen.split()))


def normalise_phone(text: str) -> str | None:
    """A phone in its one spelling, or None when nobody can be called there.

    A mobile number of the mainland is its 11 digits, whichever range they are of: new ones are opened. Every other
    number has to be one that its country's plan knows: a landline with its area code (`0512-57601234`), with an
    extension behind it, a number of the 400 kind, or one of another country with its code (`+85291234567`).
    """
    written = " ".join(unicodedata.normalize("NFKC", text).split())
    if mobile := _MOBILE.fullmatch(re.sub(r"[ ()-]", "", written)):
        return mobile[1]
    with_extension = _EXTENSION.fullmatch(written) or _DASHED_EXTENSION.fullmatch(written)
    dialled, extension = with_extension.groups() if with_extension else (written, "")
    if not _DIALLED.fullmatch(dialled):
        return None
    try:
        number = phonenumbers.parse(dialled, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    digits = phonenumbers.national_significant_number(number)
    area = phonenumbers.length_of_geographical_area_code(number)
    if number.country_code != _MAINLAND:
        spelled = f"+{number.country_code}{digits}"
    else:
        spelled = f"0{digits[:area]}-{digits[area:]}" if area else digits
    return f"{spelled}-{extension}" if extension else spelled


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
