"""What is wrong with a policy before anybody puts it in force, and the musts it names. Pure (R1.2, R2.6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from services.registry.domain.errors import EffectiveTooEarly
from services.registry.domain.policy import PolicyVersion, decide_effect, inconsistencies
from services.registry.domain.versions import Difference, differences
from shared.events.policy import PolicyDocument
from shared.kernel.field_faults import told_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """One of the ten musts (十个一律)."""

    code: str
    text: str


MUSTS_OF_THE_PLAN = (
    Must(code="mask", text="一律佩戴口罩。Everybody wears a mask."),
    Must(code="temperature", text="一律测量体温。Everybody's temperature is taken."),
    Must(code="pass", text="一律查验出入证。Everybody shows an entry pass."),
    Must(code="vehicle_pass", text="车辆一律查验通行证。Every vehicle shows a vehicle pass."),
    Must(code="occupants", text="车内人员一律逐一查验。Everybody in a vehicle is checked."),
    Must(code="boot", text="一律查验后备箱。Every boot is inspected."),
)
"""Those that the plan's text states; gates check exactly these. The list of ten itself is not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document as it would be version `version`: every fault as field and text, and what it would change.

    `until` is the last day before a version that is planned takes over; None: until another follows.
    """

    version: int
    until: date | None
    faults: tuple[tuple[str, str], ...]
    changes: tuple[Difference, ...]


def check_draft(
    given: Mapping[str, Any],
    *,
    effective_from: date,
    latest: PolicyVersion | None,
    holding: Sequence[PolicyVersion],
    today: date,
) -> Draft:
    """Say everything that would be refused, all at once; nothing is put in force.

    Args:
        given: the document.
        effective_from: from when it would hold.
        latest: the newest version.
        holding: the version that holds on that day, if any, and those planned for later, in the order of their days.
        today: the business day.
    """
    document, faults = read_document(given)
    if document:
        faults += [(f"document.{field}", fault) for field, fault in inconsistencies(document)]
    try:
        decide_effect(effective_from, first=latest is None, today=today)
    except EffectiveTooEarly as refusal:
        faults.append((refusal.field or "", refusal.detail))
    replaced = next((one for one in holding if one.effective_from <= effective_from), latest)
    following = next((one for one in holding if one.effective_from > effective_from), None)
    before = replaced.document.model_dump(mode="json") if replaced else {}
    after = document.model_dump(mode="json") if document else before
    return Draft(
        version=latest.version + 1 if latest else 1,
        until=following.effective_from - timedelta(days=1) if following else None,
        faults=tuple(faults),
        changes=tuple(differences(before, after)),
    )


def read_document(given: Mapping[str, Any]) -> tuple[PolicyDocument | None, list[tuple[str, str]]]:
    """A document, and everything about its form that is wrong; None where it cannot be read at all."""
    try:
        document = PolicyDocument.model_validate(given)
    except ValidationError as error:
        return None, [
            (".".join(str(part) for part in ("document", *fault["loc"])), told_of(fault))
            for fault in error.errors(include_input=False, include_url=False)
        ]
    known = document.model_dump(mode="json")
    unknown = sorted(unknown_fields(given, known))
    return document, [(f"document.{name}", "没有这个字段。There is no such field.") for name in unknown]


def unknown_fields(given: object, kept: object, at: str = "") -> Iterator[str]:
    """Fields that the document's readers would silently leave out."""
    if isinstance(given, Mapping) and isinstance(kept, Mapping):
        for name, value in given.items():
            if name not in kept:
                yield f"{at}{name}"
            else:
                yield from unknown_fields(value, kept[name], f"{at}{name}.")
    elif isinstance(given, list) and isinstance(kept, list):
        for number, (value, twin) in enumerate(zip(given, kept, strict=False)):
            yield from unknown_fields(value, twin, f"{at}{number}.")


def with_musts(document: PolicyDocument, musts: tuple[str, ...]) -> PolicyDocument:
    """The same policy with another list of musts."""
    return document.model_copy(update={"gate": document.gate.model_copy(update={"musts": musts})})
