"""What the desk's pages share: whose scope an act has, forms that name the field, when people are looked for."""

from datetime import date, datetime
from uuid import uuid4

import pytest

from services.observation.api.desk import FollowUpBody
from services.observation.api.models import StaffDeclarationBody
from services.observation.domain.calendar import Calendar, PolicyVersion
from services.observation.pages.case_forms import FormMisfilled, acting, body_of, identifier, may
from shared.http.access import TOWN, Grant, Principal, Role, RoleNotAllowed, Scope, ScopeKind
from shared.kernel.refusal import Refusal
from tests.unit.observation.given import policy

GRID = Scope(kind=ScopeKind.GRID, id="lj-001-w01")
BOTH = Principal(
    kind="staff",
    subject="both",
    grants=(Grant(role=Role.GRID_WORKER, scope=GRID), Grant(role=Role.SUPERVISOR, scope=TOWN)),
)


@pytest.mark.requirement("F17")
def test_a_role_that_opens_a_page_lends_its_scope_to_no_act() -> None:
    declaring = may(BOTH, "POST /v1/cases/{case_id}/declarations")
    assert declaring is not None
    assert declaring.scopes_for() == (GRID,)
    assert may(BOTH, "POST /v1/confirmations") is None
    with pytest.raises(RoleNotAllowed):
        acting(BOTH, "POST /v1/cases/{case_id}/decisions")


def test_a_form_that_is_not_in_order_names_the_field() -> None:
    with pytest.raises(FormMisfilled) as missing:
        body_of(FollowUpBody, {"follow_up_id": str(uuid4()), "kind": "call"})
    assert (missing.value.field, missing.value.kind) == ("assigned_to", "missing")
    with pytest.raises(FormMisfilled) as unusable:
        body_of(FollowUpBody, {"follow_up_id": "x", "kind": "call", "assigned_to": "a"})
    assert (unusable.value.field, unusable.value.kind) == ("follow_up_id", "unusable")
    with pytest.raises(Refusal, match="二选一"):
        body_of(StaffDeclarationBody, {"declaration_id": str(uuid4()), "via": "phone"})
    assert identifier("no id") is None


@pytest.mark.parametrize(
    ("now", "then"),
    [("00:30", "2020-02-24T10:00"), ("10:00", "2020-02-24T21:00"), ("21:00", "2020-02-25T10:00")],
)
def test_people_are_looked_for_when_the_next_window_closes(now: str, then: str) -> None:
    calendar = Calendar([PolicyVersion(version=1, effective_from=date(2020, 2, 1), document=policy())])
    closes = calendar.next_close(datetime.fromisoformat(f"2020-02-24T{now}:00+08:00"))
    assert closes == datetime.fromisoformat(f"{then}:00+08:00")
