"""What is said of a check after it was answered: overrides, corrections, and that it came from paper."""

from collections.abc import Mapping
from typing import Any

from services.gate.domain.overrides import AlreadyCorrected, AlreadyOverridden, AlreadyReviewed, KeptCheck
from services.gate.domain.rulings import Verdict
from shared.kernel.ids import PersonRef
from shared.kernel.refusal import Refusal

REJECTIONS: Mapping[str, Refusal] = {
    "check_override_once": AlreadyOverridden(
        "该次查验已由他人放行。It was overridden already.", field="check_id"
    ),
    "override_review_once": AlreadyReviewed("该放行已复核。It was reviewed already.", field="check_id"),
    "check_correction_once": AlreadyCorrected("该次查验已更正。It was corrected already.", field="corrects"),
}

CHECK_FOR_UPDATE = """
select e.check_id, e.compound, e.checkpoint, c.neighbourhood, e.direction, e.person_ref, e.verdict,
  'fever' = any(e.reasons) as fever, e.happened_at, k.check_id as corrected_by
from entry_check e
left join compound c on c.compound = e.compound
left join check_correction k on k.corrects = e.check_id
where e.check_id = $1 for update of e
"""
OVERRIDE = """
select override_id, check_id, reason, overridden_at, content from check_override where override_id = $1
"""
ADD_OVERRIDE = """
insert into check_override
  (override_id, check_id, compound, checkpoint, verdict, reason, note_sealed, overridden_by, overridden_at, content)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
# The check's row is locked by whoever overrides or reviews, so that its events follow each other.
OVERRIDDEN = """
select o.overridden_by, r.review_id, r.reviewed_at, r.content from check_override o
left join override_review r on r.check_id = o.check_id
where o.check_id = $1
"""
REVIEW = """
select check_id, reviewed_at, content from override_review where review_id = $1
"""
ADD_REVIEW = """
insert into override_review (review_id, check_id, outcome, objection, note_sealed, reviewed_by, reviewed_at, content)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
OTHER_FEVERS = """
select count(*)::int from entry_check e
where e.person_ref = $1 and e.check_id <> $2 and 'fever' = any(e.reasons) and e.received_at >= (
    select min(since) from restriction where person_ref = $1 and active and source = 'gate_fever')
  and not exists (select from check_correction k where k.corrects = e.check_id)
"""
END_HOLD = """
update restriction set active = false, version = version + 1
where person_ref = $1 and active and source = 'gate_fever'
"""
ADD_CORRECTION = """
insert into check_correction (check_id, corrects, corrected_at) values ($1, $2, $3) on conflict (check_id) do nothing
"""


def kept_check(row: Any) -> KeptCheck:
    """A row as a kept check."""
    return KeptCheck(
        check_id=row["check_id"],
        compound=row["compound"],
        checkpoint=row["checkpoint"],
        direction=row["direction"],
        person_ref=PersonRef(row["person_ref"]) if row["person_ref"] else None,
        verdict=Verdict(row["verdict"]),
        fever=row["fever"],
        happened_at=row["happened_at"],
    )
