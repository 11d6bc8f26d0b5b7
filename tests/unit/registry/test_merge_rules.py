"""Which records may be one person's, who stands for whom, and which pass goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.documents import Document, DocumentKind
from services.registry.domain.merges import (
    MergedAlready,
    MergeImpossible,
    PassOfTwo,
    Side,
    decide_merge,
    surplus,
)
from shared.kernel.merges import roots

A, B, C = (UUID(int=n) for n in (1, 2, 3))
NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)


def side(ref: UUID) -> Side:
    return Side(person_ref=ref, root=ref, guardian_ref=None, died_on=None, documents=())


def paper(kind: DocumentKind, number: str, error: str | None = None) -> Document:
    return Document(kind=kind, number=number, error=error)


ID = paper(DocumentKind.RESIDENT_ID, "11010519491231002X")
OTHER_ID = paper(DocumentKind.RESIDENT_ID, "440524188001010014")


@pytest.mark.scenario("P10")
@pytest.mark.parametrize(
    ("merged", "cause"),
    [
        (side(B), None),
        (replace(side(B), documents=(ID,)), None),
        (replace(side(B), documents=(paper(DocumentKind.PASSPORT, "ZX0100001"),)), None),
        (replace(side(B), documents=(replace(OTHER_ID, error="document_checksum"),)), None),
        (replace(side(B), documents=(OTHER_ID,)), "documents"),
        (replace(side(B), guardian_ref=A), "guardian"),
        (replace(side(B), died_on=NOON.date()), "deceased"),
    ],
)
def test_two_records_may_be_one_persons_unless_something_says_that_they_are_two(
    merged: Side, cause: str | None
) -> None:
    kept = replace(side(A), documents=(ID,))
    if cause is None:
        decide_merge(kept, merged)
        return
    with pytest.raises(MergeImpossible) as refused:
        decide_merge(kept, merged)
    assert refused.value.extra["cause"] == cause


@pytest.mark.parametrize(
    ("kept", "merged", "into"),
    [(side(A), side(A), A), (side(A), replace(side(B), root=A), A), (replace(side(A), root=C), side(B), C)],
)
def test_who_belongs_to_a_record_already_is_not_merged_again(kept: Side, merged: Side, into: UUID) -> None:
    with pytest.raises(MergedAlready) as refused:
        decide_merge(kept, merged)
    assert refused.value.extra["into"] == str(into)


def test_one_pass_of_a_compound_goes_on_and_it_is_the_one_that_admits_longest() -> None:
    def one(nth: int, compound: str, *, active: bool, days: int) -> PassOfTwo:
        return PassOfTwo(
            pass_id=UUID(int=nth), compound=compound, active=active, ends=NOON + timedelta(days=days)
        )

    ended = surplus(
        [
            one(1, "lj-001", active=False, days=90),
            one(2, "lj-001", active=True, days=10),
            one(3, "lj-001", active=True, days=30),
            one(4, "lj-002", active=False, days=1),
        ]
    )
    assert [pass_id.int for pass_id in ended] == [1, 2]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=20))
def test_everybody_has_one_root_and_a_root_stands_for_itself(pairs: list[tuple[int, int]]) -> None:
    merges = [(UUID(int=kept), UUID(int=merged)) for kept, merged in pairs]
    found = roots(merges)
    for ref, root in found.items():
        assert found[root] == root, ref
    assert roots(reversed(merges)).keys() == found.keys()


@given(st.lists(st.integers(1, 12), min_size=2, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_of_a_chain_of_merges_the_last_that_was_kept_stands_for_all(order: list[int], random: object) -> None:
    chain = [(UUID(int=kept), UUID(int=merged)) for merged, kept in pairwise(order)]
    random.shuffle(chain)  # type: ignore[attr-defined]
    found = roots(chain)
    assert set(found.values()) == {UUID(int=order[-1])}
    assert roots(chain[1:]).keys() <= found.keys()
