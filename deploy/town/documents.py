"""Documents and phones that cannot belong to anyone, with the right shape and checksum.

Chinese IDs begin with `3288`: no revision of GB/T 2260 ever had a division there. Residence permits put `88`
where real ones have `00`. Phones begin with `154`, a range that was never opened. Everything else
counts inside a number block per issuer, so that two issuers never meet.
"""

from datetime import date, timedelta
from random import Random

ID_PREFIX = "3288"
PHONE_PREFIX = "154"
RESIDENT_ID = "居民身份证"
HKM_RESIDENCE = "港澳居民居住证"
TW_RESIDENCE = "台湾居民居住证"
HKM_TRAVEL = "港澳居民来往内地通行证"
TW_TRAVEL = "台湾居民来往大陆通行证"
PASSPORT = "护照"
NO_DOCUMENT = "无"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def check_digit(body: str) -> str:
    """The eighteenth character of a GB 11643 number with these 17 digits."""
    total = 0
    for digit, weight in zip(body, _WEIGHTS, strict=True):
        total += int(digit) * weight
    return _CHECK[total % 11]


def born_between(rng: Random, youngest: int, oldest: int, today: date) -> date:
    """A birthday of somebody whose age is between the two, on `today`."""
    days = int((youngest + rng.random() * (oldest + 1 - youngest)) * 365.2425) + 1
    return today - timedelta(days=days)


class Issuer:
    """Issues documents and phones of one block (a compound, the workers, one day's returnees), none twice.

    `block` is 1..99 and stands in every number, so different blocks cannot collide.
    """

    def __init__(self, block: int, rng: Random) -> None:
        self._block = f"{block:02d}"
        self._rng = rng
        self._used: set[str] = set()
        self._count = 0
        self._phones = 0
        self._phone_start = rng.randrange(1_000_000)

    def _numbered(self, division: str, born: date, sex: str) -> str:
        stem = f"{division}{born:%Y%m%d}"
        while True:
            order = int(self._rng.random() * 500) * 2 + (sex == "男")  # odd for men, even for women
            body = f"{stem}{order:03d}"
            if body not in self._used:
                self._used.add(body)
                return body + check_digit(body)

    def resident_id(self, born: date, sex: str) -> str:
        """An 18-digit resident ID."""
        return self._numbered(ID_PREFIX + self._block, born, sex)

    def residence_permit(self, region: str, born: date, sex: str) -> str:
        """A residence permit of Hong Kong (`81`), Macau (`82`) or Taiwan (`83`)."""
        return self._numbered(f"{region}88{self._block}", born, sex)

    def travel_permit(self, letter: str) -> str:
        """A travel permit: `H` or `M` and 8 digits, or 8 digits alone (Taiwan)."""
        self._count += 1
        return f"{letter}99{self._block}{self._count:04d}"

    def passport(self) -> str:
        """A passport number of nine characters that follows no real country's series."""
        self._count += 1
        return f"ZX{self._block}{self._count:05d}"

    def phone(self) -> str:
        """A mobile number of the unopened range."""
        self._phones += 1
        # 7919 is coprime to the block's million: numbers look unordered and never repeat
        return f"{PHONE_PREFIX}{self._block}{(self._phone_start + self._phones * 7919) % 1_000_000:06d}"


def fifteen_digits(number: str) -> str:
    """The old 15-digit form of an 18-digit ID of somebody born in the twentieth century."""
    if not number[6:8] == "19":
        raise ValueError("only people born before 2000 had a 15-digit number")
    return number[:6] + number[8:17]
