"""UUIDv7 and the id types."""

import threading
import time
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.kernel.ids import CompoundId, PersonRef, uuid7


def test_an_id_is_a_version_7_uuid_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_stay_unique_and_ordered_across_threads() -> None:
    batches: list[list[UUID]] = []

    def work() -> None:
        batches.append([uuid7() for _ in range(5_000)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each for batch in batches for each in batch}) == 20_000
    assert all(batch == sorted(batch) for batch in batches)


@pytest.mark.parametrize("code", ["lj-001", "a", "0", "a" * 32])
def test_a_place_code_is_accepted(code: str) -> None:
    assert TypeAdapter(CompoundId).validate_python(code) == code


@pytest.mark.parametrize(
    "code", ["", "-a", "LJ-001", "lj 001", "lj.001", "lj-001\n", "小区", "a" * 33, "*", ">"]
)
def test_what_is_no_place_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CompoundId).validate_python(code)


def test_a_person_ref_is_a_uuid() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PersonRef).validate_python("not-a-uuid")
