"""How a line of each table goes wrong, and what an importer must make of it."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from random import Random

from deploy.town import dirt, documents
from deploy.town.layout import Dwelling
from deploy.town.people import Living
from deploy.town.rows import ADDRESS_HEADER, RESIDENT_HEADER, SITE_HEADER, Hand
from deploy.town.sites import Site
from deploy.town.tables import Blemish, Cell, Encoding, Expect, Line

_ROOM, _BORN, _KIND, _NUMBER, _PHONE, _REGISTERED = (
    RESIDENT_HEADER.index(title)
    for title in ("室号", "出生日期", "证件类型", "证件号码", "手机号", "登记日期")
)
_HOUSE, _HOUSE_ROOM, _WHOLE = (ADDRESS_HEADER.index(title) for title in ("楼栋", "室号", "标准地址"))
_SITE_KIND, _ROUNDS = (SITE_HEADER.index(title) for title in ("点位类型", "每日消杀次数"))


def soil_residents(lines: Sequence[Line], livings: Sequence[Living], hand: Hand, rng: Random) -> None:
    """Put every fault of the residents' list on its share of the lines."""
    spoils: tuple[dirt.Spoil[Living], ...] = (
        _lower_case,  # first: the fewest lines qualify
        partial(_scientific, excel=hand.encoding is Encoding.XLSX),
        _checksum,
        _spaces,
        _impossible,
        partial(_serial, excel=hand.encoding is Encoding.XLSX),
        _wide,
        _no_room,
        _unknown_compound,
    )
    dirt.soil(lines, livings, spoils, rng)


def _spoilable_id(living: Living) -> str:
    """The line's 18-digit resident ID, or nothing where there is none or another line needs it readable."""
    fits = living.person.document_kind == documents.RESIDENT_ID and len(living.written) == 18
    return living.written if fits and not living.protected else ""


def _scientific(cells: list[Cell], living: Living, rng: Random, *, excel: bool) -> Blemish | None:
    number = _spoilable_id(living)
    if not number.isdigit():  # Excel leaves a number that ends in X alone
        return None
    cells[_NUMBER] = dirt.fifteen_left(number) if excel and rng.random() < 0.92 else dirt.scientific(number)
    return Blemish("证件号码", dirt.DOCUMENT_SCIENTIFIC, Expect.REJECT, dirt.DOCUMENT_SCIENTIFIC, None)


def _lower_case(cells: list[Cell], living: Living, _: Random) -> Blemish | None:
    number = _spoilable_id(living)
    if not number.endswith("X"):
        return None
    cells[_NUMBER] = number.lower()
    return Blemish("证件号码", dirt.DOCUMENT_LOWER_CASE, Expect.ACCEPT, None, number)


def _checksum(cells: list[Cell], living: Living, rng: Random) -> Blemish | None:
    number = _spoilable_id(living)
    if not number:
        return None
    wrong = dirt.wrong_digit(number, rng)
    cells[_NUMBER] = wrong
    return Blemish(
        "证件号码", dirt.DOCUMENT_CHECKSUM, Expect.ACCEPT_UNVERIFIED, dirt.DOCUMENT_CHECKSUM, wrong
    )


def _spaces(cells: list[Cell], living: Living, rng: Random) -> Blemish | None:
    number = _spoilable_id(living)
    if not number:
        return None
    cells[_NUMBER] = dirt.spaced(number, rng)
    return Blemish("证件号码", dirt.DOCUMENT_SPACES, Expect.ACCEPT, None, number)


def _date_cell(living: Living, rng: Random, birth_chance: float) -> tuple[int, str, date]:
    """Which of the line's two dates goes wrong: its column, header and right value."""
    if rng.random() < birth_chance:
        return _BORN, "出生日期", living.person.born
    return _REGISTERED, "登记日期", living.registered


def _impossible(cells: list[Cell], living: Living, rng: Random) -> Blemish | None:
    if living.protected:
        return None
    place, column, day = _date_cell(living, rng, 0.7)
    cells[place] = dirt.impossible_day(day, rng)
    return Blemish(column, dirt.DATE_IMPOSSIBLE, Expect.REJECT, dirt.DATE_IMPOSSIBLE, None)


def _serial(cells: list[Cell], living: Living, rng: Random, *, excel: bool) -> Blemish | None:
    place, column, day = _date_cell(living, rng, 0.3)
    number = dirt.serial(day)
    cells[place] = number if excel else str(number)
    return Blemish(column, dirt.DATE_SERIAL, Expect.ACCEPT, None, day.isoformat())


def _wide(cells: list[Cell], living: Living, rng: Random) -> Blemish | None:
    choices = ((_NUMBER, _spoilable_id(living)), (_PHONE, living.person.phone), (_ROOM, living.dwelling.room))
    place, right = rng.choice(choices)
    if not right:
        return None
    cells[place] = dirt.wide(right)
    return Blemish(RESIDENT_HEADER[place], dirt.FULL_WIDTH, Expect.ACCEPT, None, right)


def _no_room(cells: list[Cell], living: Living, _: Random) -> Blemish | None:
    if living.protected:
        return None
    cells[_ROOM] = ""
    return Blemish("室号", dirt.ROOM_MISSING, Expect.REJECT, dirt.ROOM_MISSING, None)


def _unknown_compound(cells: list[Cell], living: Living, rng: Random) -> Blemish | None:
    return None if living.protected else dirt.unknown_compound(cells, 0, rng)


def repeat_residents(lines: list[Line], rng: Random) -> list[Line]:
    """The lines with one in a hundred entered twice (P2: people are counted once)."""
    return dirt.repeat(lines, _respell_resident, rng)


def _respell_resident(cells: list[Cell], rng: Random) -> list[Cell]:
    """The same person at the same dwelling, as another clerk writes it."""
    number, phone = str(cells[_NUMBER]), str(cells[_PHONE])
    if number and (not phone or rng.random() < 0.5):
        cells[_NUMBER] = dirt.respell_document(str(cells[_KIND]), number, rng)
    elif phone:
        cells[_PHONE] = dirt.respell_phone(phone, rng)
    else:
        cells[_ROOM] = dirt.wide(str(cells[_ROOM]))
    return cells


def respell_address(cells: list[Cell], _: Random) -> list[Cell]:
    """The same address in full-width digits."""
    cells[3], cells[5] = dirt.wide(str(cells[3])), dirt.wide(str(cells[5]))
    return cells


def respell_site(cells: list[Cell], rng: Random) -> list[Cell]:
    """The same site with its number in capitals or full-width digits."""
    code = str(cells[0])
    cells[0] = code.upper() if rng.random() < 0.5 else dirt.wide(code)
    return cells


def soil_addresses(lines: list[Line], homes: Sequence[Dwelling], rng: Random) -> list[Line]:
    """One sheet of addresses with its faults; what is wrong beyond repair is an extra line."""
    dirt.soil(lines, homes, (_wide_room,), rng)
    return dirt.repeat(dirt.intrude(lines, (_room_lost, partial(_moved, at=0)), rng), _respell_address, rng)


def soil_sites(lines: list[Line], sites: Sequence[Site], rng: Random) -> list[Line]:
    """The list of sites with its faults; what is wrong beyond repair is an extra line."""
    dirt.soil(lines, sites, (_wide_rounds,), rng)
    return dirt.repeat(dirt.intrude(lines, (_odd_kind, _strange_site), rng), _respell_site, rng)


def _respell_address(cells: list[Cell], _: Random) -> list[Cell]:
    cells[_HOUSE], cells[_HOUSE_ROOM] = dirt.wide(str(cells[_HOUSE])), dirt.wide(str(cells[_HOUSE_ROOM]))
    return cells


def _respell_site(cells: list[Cell], rng: Random) -> list[Cell]:
    code = str(cells[0])
    cells[0] = code.upper() if rng.random() < 0.5 else dirt.wide(code)
    return cells


def _wide_room(cells: list[Cell], home: Dwelling, _: Random) -> Blemish:
    cells[_HOUSE_ROOM] = dirt.wide(home.room)
    return Blemish("室号", dirt.FULL_WIDTH, Expect.ACCEPT, None, home.room)


def _room_lost(cells: list[Cell], _: Random) -> Blemish:
    room, whole = dirt.narrow(str(cells[_HOUSE_ROOM])), str(cells[_WHOLE])
    cells[_HOUSE_ROOM], cells[_WHOLE] = "", whole.removesuffix(f"{room}室")
    return Blemish("室号", dirt.ROOM_MISSING, Expect.REJECT, dirt.ROOM_MISSING, None)


def _moved(cells: list[Cell], rng: Random, *, at: int) -> Blemish:
    return dirt.unknown_compound(cells, at, rng)


def _wide_rounds(cells: list[Cell], site: Site, _: Random) -> Blemish | None:
    if not site.rounds:
        return None
    cells[_ROUNDS] = dirt.wide(str(site.rounds))
    return Blemish("每日消杀次数", dirt.FULL_WIDTH, Expect.ACCEPT, None, str(site.rounds))


def _new_code(cells: list[Cell], rng: Random) -> None:
    """A wrong line about a site is about a site of its own, not about the copied one."""
    cells[0] = f"{cells[1]}-s{900 + rng.randrange(100)}"


def _odd_kind(cells: list[Cell], rng: Random) -> Blemish:
    _new_code(cells, rng)
    cells[_SITE_KIND] = dirt.odd_site_kind(rng)
    return Blemish("点位类型", dirt.SITE_KIND_UNKNOWN, Expect.REJECT, dirt.SITE_KIND_UNKNOWN, None)


def _strange_site(cells: list[Cell], rng: Random) -> Blemish:
    _new_code(cells, rng)
    return _moved(cells, rng, at=1)
