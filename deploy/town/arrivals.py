"""People who come back to town, from real cities, as often as those cities had confirmed cases (H5)."""

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Literal

from deploy.town import names
from deploy.town.documents import Issuer, born_between
from deploy.town.layout import Dwelling, stream, town_layout

_FILE = Path(__file__).parent / "data" / "city-confirmed.csv.gz"
#: The town's own prefecture: who comes from there has not been elsewhere.
OWN_PREFECTURE = "3205"
#: Returnees' number blocks start after the compounds'; 44 days in a row never share one.
_FIRST_BLOCK, _BLOCKS = 54, 44

Transport = Literal["train", "plane", "coach", "car"]


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city (or county-level place with its own figures) and its confirmed cases by day."""

    code: str
    name: str
    province: str
    confirmed: dict[date, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Returnee:
    """One person who arrives. Nobody of the register: documents and phones are from blocks of their own.

    `proof` tells whether the person can show the trip (a ticket); without it the observation's anchor is the
    day of registration.
    """

    name: str
    sex: Literal["male", "female"]
    born: date
    document_kind: Literal["resident_id"]
    document: str
    phone: str
    from_code: str
    from_city: str
    from_province: str
    arrived: date
    transport: Transport
    trip: str
    proof: bool
    compound: str
    building: str
    unit: str
    room: str

    def intake(self) -> dict[str, Any]:
        """What a clerk enters of them, as the registry's door takes it."""
        return {
            "person": {
                "name": self.name,
                "documents": [{"kind": self.document_kind, "number": self.document}],
                "phone": self.phone,
            },
            "dwelling": {
                "compound": self.compound,
                "building": self.building,
                "unit": self.unit,
                "room": self.room,
            },
            "trip": {
                "origin_code": self.from_code,
                "arrived_on": self.arrived.isoformat(),
                "transport": self.transport,
                "proof": self.proof,
            },
        }


@lru_cache(maxsize=1)
def cities() -> tuple[City, ...]:
    """All cities with figures, by code."""
    text = gzip.decompress(_FILE.read_bytes()).decode()
    head, *body = csv.reader(io.StringIO(text, newline=""))
    days = [date.fromisoformat(day) for day in head[3:]]
    return tuple(
        City(
            code=code,
            name=name,
            province=province,
            confirmed={day: int(figure) for day, figure in zip(days, figures, strict=True) if figure},
        )
        for code, name, province, *figures in body
    )


def city_codes() -> tuple[str, ...]:
    """The codes of all cities with figures."""
    return tuple(city.code for city in cities())


def confirmed_on(day: date) -> dict[str, int]:
    """City code → confirmed cases on that day, as the source has them.

    Raises:
        ValueError: there are no figures for that day.
    """
    found = {city.code: city.confirmed[day] for city in cities() if day in city.confirmed}
    if not found:
        raise ValueError(f"there are no case figures for {day}; they run from 2020-02-01 to 2020-03-12")
    return found


def returnees(day: date, *, seed: int, n: int, scale: float = 1.0) -> list[Returnee]:
    """`n` people who arrive on `day`, their cities drawn in proportion to that day's confirmed cases.

    The stream is reproducible, and a longer one begins with the shorter one. `seed` and `scale` are those of
    the generated town, whose dwellings they go to.

    Raises:
        ValueError: there are no case figures for that day.
    """
    weights = {
        code: cases for code, cases in confirmed_on(day).items() if not code.startswith(OWN_PREFECTURE)
    }
    origins = [city for city in cities() if weights.get(city.code)]
    bounds = list(accumulate(weights[city.code] for city in origins))
    homes = [home for layout in town_layout(seed, scale) for home in layout.dwellings]
    rng = stream(seed, "returnees", day.isoformat())
    issuer = Issuer(_FIRST_BLOCK + day.toordinal() % _BLOCKS, rng)
    return [
        _arrive(rng, issuer, rng.choices(origins, cum_weights=bounds)[0], rng.choice(homes), day)
        for _ in range(n)
    ]


def _arrive(rng: Random, issuer: Issuer, city: City, home: Dwelling, day: date) -> Returnee:
    sex = rng.choice("男女")
    born = born_between(rng, 18, 68, day)
    transport, trip = _trip(rng)
    return Returnee(
        name=names.chinese(rng, sex),
        sex="male" if sex == "男" else "female",
        born=born,
        document_kind="resident_id",
        document=issuer.resident_id(born, sex),
        phone=issuer.phone(),
        from_code=city.code,
        from_city=city.name,
        from_province=city.province,
        arrived=day,
        transport=transport,
        trip=trip,
        proof=rng.random() < (0.92 if trip else 0.35),
        compound=home.compound.code,
        building=home.building,
        unit=home.unit,
        room=home.room,
    )


def _trip(rng: Random) -> tuple[Transport, str]:
    """How somebody came, and the train or flight where there is one (9800 and up: not a real one)."""
    luck = rng.random()
    number = 9800 + rng.randrange(200)
    if luck < 0.42:
        return "train", f"{rng.choice('GDK')}{number}"
    if luck < 0.48:
        return "plane", f"XX{number}"
    return ("coach", "") if luck < 0.6 else ("car", "")
