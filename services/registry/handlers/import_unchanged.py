"""Lines that differ from the line before and yet say what the book says: they change nothing (R4.2, P6).

What a list stated of somebody is remembered as one keyed index a dwelling, and most lines of a second import are
known by it. The others are compared with the book itself: somebody's phone may have come with the list of their other
dwelling, and what was exported is imported again.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.registry.domain.documents import NO_DOCUMENT
from services.registry.domain.faults import Outcome
from services.registry.domain.matching import Settled
from services.registry.handlers.export_lists import open_notes
from services.registry.handlers.people_reading import Profile, by_pseudonym
from shared.db.pool import Conn
from shared.kernel.sealed import Vault

_AT_ONCE = 200


async def known_already(conn: Conn, settled: Sequence[Settled], vault: Vault) -> list[Settled]:
    """The lines, with those unchanged that say no more than the book."""
    doubtful = [one for one in settled if _may_be_known(one)]
    same: set[int] = set()
    for start in range(0, len(doubtful), _AT_ONCE):
        some = doubtful[start : start + _AT_ONCE]
        refs = sorted({one.person_ref for one in some})
        people = await by_pseudonym(conn, refs, vault)
        notes = await open_notes(conn, refs, vault)
        for one in some:
            person = people.get(one.person_ref)
            note = notes.get((one.person_ref, one.stated.home.dwelling_id), "")
            if person and _says_the_same(one, person, note):
                same.add(id(one))
    return [replace(one, outcome=Outcome.UNCHANGED) if id(one) in same else one for one in settled]


def _may_be_known(one: Settled) -> bool:
    brings = one.new_person or one.new_residence or one.new_document
    return one.outcome is Outcome.ACCEPTED and not brings


def _says_the_same(one: Settled, person: Profile, note: str) -> bool:
    line, home = one.stated.line, one.stated.home
    living = next((living for living in person.homes if living.home.dwelling_id == home.dwelling_id), None)
    if living is None:
        return False
    held = line.document is NO_DOCUMENT or any(
        (paper.kind, paper.number) == (line.document.kind, line.document.number) for paper in person.documents
    )
    told = (line.name, line.sex, line.born, line.phone, line.origin_code, note)
    known = (person.name, person.sex, person.born, person.phone, person.origin_code, line.note)
    lives = (line.relation, line.resident, line.registered_on)
    same_home = lives == (living.relation, living.resident, living.registered_on)
    return held and told == known and same_home and one.guardian_ref in {None, person.guardian_ref}
