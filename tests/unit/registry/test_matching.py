"""Whom a line means: documents first, then name and birth date at the dwelling, never a phone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.documents import NO_DOCUMENT, Document, DocumentKind
from services.registry.domain.faults import Outcome
from services.registry.domain.matching import Book, Settled, Stated, settle_lines
from services.registry.domain.people import Relation, ResidentLine, Sex
from services.registry.domain.premises import AddressKey, Home
from shared.kernel.ids import CompoundId, GridId

RIC, PASSPORT = DocumentKind.RESIDENT_ID, DocumentKind.PASSPORT
NEW, SAME, TWICE = Outcome.ACCEPTED, Outcome.UNCHANGED, Outcome.DUPLICATE


def _home(number: int) -> Home:
    key = AddressKey(CompoundId("lj-001"), "1幢", "", str(100 + number))
    return Home(UUID(int=1000 + number), GridId("lj-001-w01"), key)


ONE, TWO = _home(1), _home(2)


def line(
    name: str = "甲",
    *,
    at: Home = ONE,
    born: date = date(1985, 3, 12),
    document: str = "",
    kind: DocumentKind = RIC,
    error: str | None = None,
    guardian: str = "",
    phone: str = "",
    relation: Relation = Relation.OWNER,
) -> Stated:
    paper = Document(kind=kind, number=document, error=error) if document else NO_DOCUMENT
    stated = ResidentLine(
        address=at.key,
        name=name,
        sex=Sex.MALE,
        born=born,
        document=paper,
        phone=phone,
        phone_matches=bool(phone),
        relation=relation,
        resident=True,
        origin_code=None,
        guardian=guardian,
        registered_on=date(2020, 2, 20),
        note="",
    )
    at_home = f"{at.dwelling_id}\n"
    return Stated(
        line=stated,
        home=at,
        document=(paper.kind, paper.number.encode()) if document else None,
        guardian=guardian.encode() if guardian else None,
        identity=(at_home + stated.identity()).encode(),
        content=(at_home + stated.content()).encode(),
    )


def _fresh() -> Iterator[UUID]:
    return (UUID(int=number) for number in range(1, 1000))


def settle(*imports: Sequence[Stated]) -> list[Settled]:
    """Several imports after each other, one book."""
    book, fresh = Book(), _fresh()
    return [settled for lines in imports for settled in settle_lines(lines, book, set(), fresh)]


def told(settled: Sequence[Settled]) -> list[tuple[Outcome, int]]:
    return [(one.outcome, one.person_ref.int) for one in settled]


@pytest.mark.scenario("P3")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([line(document="A"), line(document="A")], [(NEW, 1), (TWICE, 1)], id="same line"),
        pytest.param(
            [line(document="A"), line(document="A", at=TWO)], [(NEW, 1), (NEW, 1)], id="two dwellings"
        ),
        pytest.param(
            [line(document="A"), line("乙", document="A")], [(NEW, 1), (TWICE, 1)], id="document beats name"
        ),
        pytest.param(
            [line(document="A"), line(document="B")], [(NEW, 1), (NEW, 2)], id="two lasting documents"
        ),
        pytest.param(
            [line(document="A", kind=PASSPORT), line(document="B", kind=PASSPORT)],
            [(NEW, 1), (TWICE, 1)],
            id="renewed",
        ),
        pytest.param(
            [line(document="A"), line(document="A", kind=PASSPORT, at=TWO)],
            [(NEW, 1), (NEW, 2)],
            id="other kind",
        ),
        pytest.param([line(document="A"), line()], [(NEW, 1), (TWICE, 1)], id="without document at home"),
        pytest.param([line(document="A"), line(at=TWO)], [(NEW, 1), (NEW, 2)], id="namesake elsewhere"),
        pytest.param(
            [
                line(document="A", error="document_checksum"),
                line(document="A", error="document_checksum", at=TWO),
            ],
            [(NEW, 1), (NEW, 2)],
            id="unverified documents prove nothing",
        ),
        pytest.param(
            [line(document="A", error="document_checksum"), line(document="B")],
            [(NEW, 1), (TWICE, 1)],
            id="mended",
        ),
        pytest.param([line("甲", phone=""), line("乙", phone="")], [(NEW, 1), (NEW, 2)], id="empty phones"),
        pytest.param(
            [line("甲", phone="15412345678"), line("乙", phone="15412345678")],
            [(NEW, 1), (NEW, 2)],
            id="shared phone",
        ),
        pytest.param([line(), line(born=date(1986, 1, 1))], [(NEW, 1), (NEW, 2)], id="other birth date"),
    ],
)
def test_who_is_the_same_person(lines: list[Stated], expected: list[tuple[Outcome, int]]) -> None:
    assert told(settle(lines)) == expected


@pytest.mark.scenario("P6")
def test_a_second_import_changes_nothing() -> None:
    lines = [line("甲", document="A"), line("乙", document="B", at=TWO), line("丙")]
    assert [one.outcome for one in settle(lines, lines)] == [NEW, NEW, NEW, SAME, SAME, SAME]


def test_a_line_that_says_something_else_later_changes_the_person() -> None:
    before, after = line(document="A"), line(document="A", relation=Relation.TENANT)
    first, second = settle([before], [after])
    assert (second.outcome, second.person_ref) == (NEW, first.person_ref)
    assert not second.new_person
    assert not second.new_residence


@pytest.mark.scenario("P2")
def test_a_newborns_later_id_attaches_to_the_same_person() -> None:
    mother = line("母", document="M")
    newborn = line("婴", born=date(2020, 2, 1), guardian="M")
    with_id = line("婴", born=date(2020, 2, 1), document="N")
    settled = settle([mother, newborn, newborn], [with_id])
    assert told(settled) == [(NEW, 1), (NEW, 2), (TWICE, 2), (NEW, 2)]
    assert settled[1].guardian_ref == settled[0].person_ref
    assert settled[3].new_document
    assert not settled[3].new_person


@pytest.mark.scenario("P2")
def test_a_guardian_counts_only_at_the_same_dwelling() -> None:
    elsewhere = settle([line("母", document="M", at=TWO), line("婴", guardian="M")])[1]
    assert elsewhere.guardian_missing
    assert elsewhere.guardian_ref is None


def test_two_newborns_of_different_guardians_are_two() -> None:
    lines = [
        line("母", document="M"),
        line("姨", document="S"),
        line("婴", guardian="M"),
        line("婴", guardian="S"),
    ]
    assert told(settle(lines))[2:] == [(NEW, 3), (NEW, 4)]


def test_nothing_is_taken_from_a_duplicate() -> None:
    first = line(document="A", phone="15412345678")
    other = replace(line(document="A", phone="15487654321"))
    book = Book()
    settled = settle_lines([first, other], book, set(), _fresh())
    assert settled[1].outcome is TWICE
    assert book.residences == {(UUID(int=1), ONE.dwelling_id): first.content}
