"""What the test policy says about venues, inspections and orders, and how tests inspect and order."""

from typing import Any
from uuid import uuid4

from shared.events.policy_inspections import Checklist, Finding, Inspected, InspectionRules, VenueRules


def item(code: str, hours: int) -> Finding:
    return Finding(code=code, title=f"事项 {code}", basis="五.4", mend_within_hours=hours)


LISTS: dict[Inspected, tuple[Finding, ...]] = {
    "site": (item("clean", 4), item("aired", 4)),
    "venue": (item("guests_checked", 4),),
    "property_company": (item("supplies", 48),),
    "post": (item("manned", 2),),
}
INSPECTIONS = InspectionRules(
    checklists=tuple(Checklist(inspected=kind, items=items) for kind, items in LISTS.items()),
    findings=(item("venue_open", 2), item("round_contradicted", 4), item("reported", 12), item("other", 24)),
    record_within_hours=24,
    escalate_after_hours=(0, 24, 48),
    longest_deadline_hours=72,
    spot_check_percent=10,
    report_within_hours=12,
)
VENUES = VenueRules(kinds=("cards_room", "gym"), approval_days=14)


def inspection(inspected: str, subject: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "inspection_id": str(uuid4()),
        "inspected": inspected,
        "subject": subject,
        "inspected_at": at,
        **more,
    }


def act(**more: Any) -> dict[str, Any]:
    return {"act_id": str(uuid4()), **more}
