"""What a policy in force does not say yet, filled in from the one that came with the program. Pure (R1.2).

A new rule of the program reads a number that older versions lack. Nothing that a version says is touched: only what
it is silent about is added, and only where that brings no contradiction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.registry.domain.policy import PolicyVersion, inconsistencies
from shared.events.policy import PolicyDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Versions to put in force in this order, and the sections that could not be completed without contradiction."""

    versions: tuple[PolicyVersion, ...]
    left_out: frozenset[str]


def decide_completion(
    holding: Sequence[PolicyVersion], *, seed: PolicyDocument, latest: int, today: date
) -> Completion:
    """Which versions follow, so that today and every planned day has a complete policy.

    From the first version with a gap on, each is put in force again, in its order: so the highest version of a day
    is also the one that took effect last.

    Args:
        holding: the version in force today, if any, and those planned for later days, in the order of their days.
        seed: what to fill gaps from.
        latest: the highest version number there is.
        today: the business day; days that are over keep their rules.
    """
    completed = [_completed(policy.document, seed) for policy in holding]
    first = next(
        (nth for nth, (document, _) in enumerate(completed) if document != holding[nth].document),
        len(holding),
    )
    return Completion(
        versions=tuple(
            replace(
                policy,
                version=latest + nth,
                effective_from=max(today, policy.effective_from),
                document=document,
            )
            for nth, (policy, (document, _)) in enumerate(
                zip(holding[first:], completed[first:], strict=True), start=1
            )
        ),
        left_out=frozenset(section for _, left_out in completed for section in left_out),
    )


def _completed(document: PolicyDocument, seed: PolicyDocument) -> tuple[PolicyDocument, frozenset[str]]:
    held, known = document.model_dump(mode="json"), seed.model_dump(mode="json")
    whole = PolicyDocument.model_validate(_filled(held, known))
    contradicting = _faulty(whole) - _faulty(document)
    if not contradicting:
        return whole, frozenset()
    partly = {
        name: value if name in contradicting else _filled(value, known.get(name))
        for name, value in held.items()
    }
    document_in_part = PolicyDocument.model_validate(partly)
    if _faulty(document_in_part) - _faulty(document):
        return document, frozenset(known)
    return document_in_part, frozenset(contradicting)


def _faulty(document: PolicyDocument) -> set[str]:
    return {field.partition(".")[0] for field, _ in inconsistencies(document)}


def _filled(held: Any, known: Any) -> Any:
    if held is None:
        return known
    if isinstance(held, Mapping) and isinstance(known, Mapping):
        return {
            name: _filled(held.get(name), known.get(name)) for name in (*held, *(known.keys() - held.keys()))
        }
    return held
