"""A temperature as people type it."""

import re
import unicodedata
from decimal import Decimal

_UNIT = re.compile(r"\s*(°C|度)$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?", re.ASCII)


def read_degrees(text: str) -> Decimal | None:
    """Degrees Celsius of "36.6", "36,6" or full-width digits with their unit; None: no number of at most two places."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", ".").replace("。", ".")
    plain = _UNIT.sub("", plain)
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None
