"""How the registry says no about policy, risk areas, returnees and passes."""

from typing import ClassVar

from shared.kernel.refusal import Refusal

# ---- policy and risk areas


class PolicyInconsistent(Refusal):
    """A policy document whose numbers contradict each other or leave a case open."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "policy_inconsistent"


class NotTheNextVersion(Refusal):
    """Somebody else revised it meanwhile: look at theirs first."""

    code: ClassVar[str] = "not_the_next_version"
    usual_remedy: ClassVar[str | None] = (
        "按 next 所列的编号重新提交。Send it again with the number that `next` names."
    )


class EffectiveTooEarly(Refusal):
    """Rules are not changed for days on which they were already applied (R1.2)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "effective_too_early"


class VersionUnknown(Refusal):
    """There is no such version, or none yet."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "version_unknown"


class DivisionUnknown(Refusal):
    """A code that is in no list of administrative divisions known here."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "division_unknown"


class AreasInconsistent(Refusal):
    """One place, under two of its codes, with two categories."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "areas_inconsistent"


class NoCaseCounts(Refusal):
    """There are no case counts for that day."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "no_case_counts"


class RiskAreasUnpublished(Refusal):
    """Nobody has published a risk list for that day; without one nobody's category can be told (R4.8)."""

    code: ClassVar[str] = "risk_areas_unpublished"


# ---- people who came back


class ArrivalInFuture(Refusal):
    """The day of arrival is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "arrival_in_future"
    usual_remedy: ClassVar[str | None] = (
        "核对日期；人到之后再登记。Check the day; register them once they are here."
    )


class PeriodOver(Refusal):
    """The days since the proven arrival are over: there is nothing left to observe from it."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "period_over"


class RegisteredBeforeRules(Refusal):
    """On the day of registration no policy was in force yet, so nothing can be decided by it (R1.2)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "registered_before_rules"


class RegisteredInFuture(Refusal):
    """The instant of registration is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "registered_in_future"
    usual_remedy: ClassVar[str | None] = "填写纸上的时间，或留空。State the time on paper, or leave it out."


class MeasureNotAllowed(Refusal):
    """Milder than policy allows for this category, whoever approves it (R4.6 to R4.9)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "measure_not_allowed"
    usual_remedy: ClassVar[str | None] = "采用 proposed 所列措施。Take the measure that `proposed` names."


class ApprovalRequired(Refusal):
    """Policy allows this only with a reason, and for a milder measure with an approver (R4.6, R4.7)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "approval_required"
    usual_remedy: ClassVar[str | None] = (
        "填写理由；从宽的另填批准人的岗位和单位。"
        "State the reason; of a milder one also who approved it, by role and unit."
    )


class AlreadyObserved(Refusal):
    """The person is under observation, or about to be (R2.7)."""

    code: ClassVar[str] = "already_observed"
    usual_remedy: ClassVar[str | None] = (
        "行程或措施有变的，更正原登记。Where trip or measure changed, correct the intake that is open."
    )


class DwellingUnknown(Refusal):
    """There is no such dwelling in the address list."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "dwelling_unknown"
    usual_remedy: ClassVar[str | None] = (
        "核对楼栋、单元、室号；确无此址的，先在小区页面录入。"
        "Check building, unit and room; what is really missing is entered on the compound's page first."
    )


class CompoundUnknown(Refusal):
    """There is no such compound in the book."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "compound_unknown"
    usual_remedy: ClassVar[str | None] = (
        "按小区表填写编号：GET /v1/compounds。Give a number of the compounds list: GET /v1/compounds."
    )


class BirthContradicts(Refusal):
    """The birth date is not the one in the resident ID: one of the two is wrong, or somebody else's."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "birth_contradicts"
    usual_remedy: ClassVar[str | None] = (
        "对照证件更正其中之一；身份证写明的，可以不填出生日期。"
        "Compare with the document and correct one of them; where an ID tells the birth date, it may be left out."
    )


class PersonIncomplete(Refusal):
    """Sex or birth date is missing, and no resident ID tells it; or a document cannot be read."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "person_incomplete"
    usual_remedy: ClassVar[str | None] = (
        "按证件补全后重新提交。Complete it from the document, then send it again."
    )


class DocumentOfAnother(Refusal):
    """The documents stated together belong to two people of the book."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "document_of_another"
    usual_remedy: ClassVar[str | None] = (
        "核对证件；同一人有两份记录的，先合并。"
        "Compare the documents; two records of one person are merged first."
    )


class IntakeUnknown(Refusal):
    """There is no such intake."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "intake_unknown"


# ---- entry passes


class PersonUnknown(Refusal):
    """Nobody in the book fits."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "person_unknown"


class NotAResident(Refusal):
    """The person does not live in the compound; an owner who lives elsewhere does not either (P4)."""

    code: ClassVar[str] = "not_a_resident"


class PassNotYet(Refusal):
    """Observation comes first. `first_possible` names the day, where it is known (R2.7, P5)."""

    code: ClassVar[str] = "pass_not_yet"
    usual_remedy: ClassVar[str | None] = (
        "期满解除之后再办理。Ask again once the observation is over and released."
    )


class PassSuspended(Refusal):
    """The person's pass is suspended, and what suspended it is not settled (gate rules)."""

    code: ClassVar[str] = "pass_suspended"
    usual_remedy: ClassVar[str | None] = (
        "停用原因核销、证件恢复之后再办理。Ask again once what suspends it is settled."
    )


class PassUnknown(Refusal):
    """There is no such pass."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "pass_unknown"


class PassActiveAlready(Refusal):
    """The person has an active pass of this compound."""

    code: ClassVar[str] = "pass_active_already"
