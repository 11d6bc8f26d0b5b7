"""How observation says no."""

from typing import ClassVar

from shared.kernel.refusal import Refusal


class CaseUnknown(Refusal):
    """There is no such case."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "case_unknown"


class CaseEnded(Refusal):
    """The observation is over."""

    code: ClassVar[str] = "case_ended"


class CaseNotBegun(Refusal):
    """Day 0 is still to come."""

    code: ClassVar[str] = "case_not_begun"


class TemperatureImplausible(Refusal):
    """No body temperature: measure again. Never stored (gate rules)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "temperature_implausible"


class DeclaredInFuture(Refusal):
    """The instant of a declaration is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "declared_in_future"


class DeclaredBeforeOpening(Refusal):
    """The instant of a declaration lies before the observation was opened."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "declared_before_opening"


class ReleaseTooEarly(Refusal):
    """The period is not over (R2.7)."""

    code: ClassVar[str] = "release_too_early"


class NotInterrupted(Refusal):
    """There is nothing to resume."""

    code: ClassVar[str] = "not_interrupted"


class InMedicalHands(Refusal):
    """Nobody is released while the fever path is open (O6)."""

    code: ClassVar[str] = "in_medical_hands"


class LinkUnknown(Refusal):
    """No such link. Says nothing about whether it ever existed."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "link_unknown"


class LinkAlreadyUsed(Refusal):
    """The link was opened elsewhere first."""

    code: ClassVar[str] = "link_already_used"


class LinkEnded(Refusal):
    """The link was withdrawn, or the observation is over."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "link_ended"


class LinkShownOnce(Refusal):
    """A link is shown once, to the one who made it."""

    code: ClassVar[str] = "link_shown_once"


class CaseChanged(Refusal):
    """Something else holds than what somebody decided about."""

    code: ClassVar[str] = "case_changed"


class TermsMissing(Refusal):
    """A decision lacks what its kind needs, or names what does not belong to it."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "terms_missing"


class AnchorInFuture(Refusal):
    """Day 0 or an exposure is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "anchor_in_future"


class OverBeforeOpening(Refusal):
    """By this day 0 nobody would have been observed: nobody is released by a slip of the pen (R2.7)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "over_before_opening"


class NothingChanges(Refusal):
    """What is decided holds already."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "nothing_changes"


class ExtensionTooShort(Refusal):
    """An extension would be over before it begins."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "extension_too_short"


class ApprovalMissing(Refusal):
    """A measure that policy allows only with an approver and technical means (R4.6)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "approval_missing"


class PlaceMissing(Refusal):
    """Centralized observation is somewhere (R4.6)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "place_missing"


class EpisodeUnknown(Refusal):
    """There is no such fever path."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "fever_unknown"


class EpisodeClosed(Refusal):
    """Somebody closed the fever path already."""

    code: ClassVar[str] = "fever_closed"


class PersonUnknown(Refusal):
    """Nothing is known here of where a person lives."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "person_unknown"


class ConfirmationUnknown(Refusal):
    """There is no such confirmed case."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "confirmation_unknown"


class ExposureAfterConfirmation(Refusal):
    """Nobody is exposed by somebody who is in hospital already (O9)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "exposure_after_confirmation"


class ProposalUnknown(Refusal):
    """There is no such proposal."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "proposal_unknown"


class ProposalSettled(Refusal):
    """Somebody decided about the proposal already."""

    code: ClassVar[str] = "proposal_settled"
