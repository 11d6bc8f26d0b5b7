"""Who may do what here (architecture §7). Scope is checked against the case: town, neighbourhood, compound or grid."""

from services.observation.handlers.bulk import DECIDERS
from services.observation.settings import Settings
from shared.http.access import AccessTable, Role
from shared.http.limits import Rate, RateLimit, RateTable
from shared.pages import audit, second_person, sign_in, start

_CARERS = frozenset({Role.GRID_WORKER, Role.COMMUNITY_CLERK})
_READERS = _CARERS | {Role.HQ_OFFICER, Role.SUPERVISOR}

_API: AccessTable = {
    "GET /v1/cases": _READERS,
    "GET /v1/cases/{case_id}": _READERS,
    "POST /v1/cases/{case_id}/declarations": _CARERS,
    "POST /v1/cases/{case_id}/decisions": frozenset({Role.HQ_OFFICER, Role.COMMUNITY_CLERK}),
    "GET /v1/risk-proposals": _READERS,
    "POST /v1/risk-proposals/decisions": frozenset({Role.HQ_OFFICER, Role.COMMUNITY_CLERK}),
    "GET /v1/escalations": _READERS,
    "GET /v1/messages": _READERS,
    "GET /v1/message-counts": _READERS,
    "POST /v1/message-receipts": frozenset({Role.PUBLIC}),
    "POST /v1/cases/{case_id}/door-devices": _CARERS,
    "GET /v1/cases/{case_id}/door-devices": _CARERS | {Role.HQ_OFFICER},
    "DELETE /v1/cases/{case_id}/door-devices/{device_id}": _CARERS,
    "POST /v1/door-signals": frozenset({Role.DEVICE}),
    "GET /v1/door-tasks": _READERS,
    "POST /v1/door-tasks/{task_id}/results": _CARERS,
    "GET /v1/pattern-flags": _READERS,
    "POST /v1/pattern-flags/{flag_id}/reviews": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/fevers": _READERS,
    "POST /v1/fevers/{episode_id}/results": frozenset({Role.HQ_OFFICER, Role.COMMUNITY_CLERK}),
    "POST /v1/confirmations": frozenset({Role.HQ_OFFICER}),
    "GET /v1/confirmations/{confirmation_id}": frozenset({Role.HQ_OFFICER, Role.SUPERVISOR}),
    "POST /v1/cases/{case_id}/links": _CARERS,
    "DELETE /v1/cases/{case_id}/links/{link_id}": _CARERS,
    "GET /v1/cases/{case_id}/declarations": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/cases/{case_id}/declarations/{declaration_id}/corrections": _CARERS,
    "POST /v1/declarations/batch": _CARERS,
    "GET /v1/declaration-imports/template": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/declaration-imports": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports/{import_id}": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports/{import_id}/rows": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports/{import_id}/rejected": _CARERS | {Role.HQ_OFFICER},
    "PUT /v1/cases/{case_id}/links/{link_id}/members/{member_case_id}": _CARERS,
    "DELETE /v1/cases/{case_id}/links/{link_id}/members/{member_case_id}": _CARERS,
    "GET /v1/cases/{case_id}/links": _CARERS,
    "GET /v1/cases/{case_id}/housemates": _CARERS,
    "POST /v1/cases/{case_id}/links/{link_id}/unbinding": _CARERS,
    "POST /v1/link-sheets": _CARERS,
    "GET /v1/worklists": _READERS,
    "GET /v1/worklists/{of}": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/case-days": _READERS,
    "POST /v1/cases/{case_id}/attempts": _CARERS,
    "GET /v1/cases/{case_id}/follow-ups": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/cases/{case_id}/follow-ups": _CARERS,
    "POST /v1/cases/{case_id}/sheet": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/declaration-tables": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/compounds/{compound}/observation-group": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/cases/{case_id}/group-changes": _CARERS,
    "POST /v1/cases/{case_id}/contact-readings": _CARERS,
    "POST /v1/bulk-follow-ups": _CARERS,
    "POST /v1/bulk-decisions": frozenset({Role.HQ_OFFICER, Role.COMMUNITY_CLERK}),
    "GET /v1/bulk-actions/{bulk_id}": _CARERS | {Role.HQ_OFFICER},
    "POST /v1/bulk-actions/{bulk_id}/cancellation": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/released-model": frozenset({Role.HQ_OFFICER}),
    "POST /v1/link-sessions": frozenset({Role.PUBLIC}),
    "GET /v1/me/case": frozenset({Role.RESIDENT}),
    "POST /v1/me/declarations": frozenset({Role.RESIDENT}),
    "POST /v1/me/declarations/{declaration_id}/corrections": frozenset({Role.RESIDENT}),
    "GET /v1/me/family": frozenset({Role.RESIDENT}),
    "POST /v1/me/family/declarations": frozenset({Role.RESIDENT}),
    "GET /declare/open": frozenset({Role.PUBLIC}),
    "POST /declare/open": frozenset({Role.PUBLIC}),
    "GET /declare/offline": frozenset({Role.PUBLIC}),
    "GET /declare/worker.js": frozenset({Role.PUBLIC}),
    "GET /declare": frozenset({Role.RESIDENT}),
    "GET /declare/answers/{step}": frozenset({Role.RESIDENT}),
    "POST /declare/answers/{step}": frozenset({Role.RESIDENT}),
    "POST /declare/kept": frozenset({Role.RESIDENT}),
    "GET /declare/correction": frozenset({Role.RESIDENT}),
    "POST /declare/correction": frozenset({Role.RESIDENT}),
}
_BULK = _API["POST /v1/bulk-follow-ups"] | _API["POST /v1/bulk-decisions"]
_DESK: AccessTable = {
    "GET /worklist": _API["GET /v1/worklists/{of}"],
    "GET /days": _API["GET /v1/case-days"],
    "GET /cases": _API["GET /v1/cases"],
    "GET /cases/{case_id}": _API["GET /v1/cases/{case_id}"],
    "POST /cases/{case_id}/declarations": _API["POST /v1/cases/{case_id}/declarations"],
    "GET /cases/{case_id}/declarations/{declaration_id}": _CARERS,
    "POST /cases/{case_id}/declarations/{declaration_id}": _CARERS,
    "POST /cases/{case_id}/attempts": _API["POST /v1/cases/{case_id}/attempts"],
    "POST /cases/{case_id}/follow-ups": _API["POST /v1/cases/{case_id}/follow-ups"],
    "POST /cases/{case_id}/decisions": _API["POST /v1/cases/{case_id}/decisions"],
    "POST /cases/{case_id}/fevers/{episode_id}/results": _API["POST /v1/fevers/{episode_id}/results"],
    "POST /cases/{case_id}/group-changes": _API["POST /v1/cases/{case_id}/group-changes"],
    "POST /cases/{case_id}/sheet": _API["POST /v1/cases/{case_id}/sheet"],
    "POST /cases/{case_id}/links": _API["POST /v1/cases/{case_id}/links"],
    "POST /cases/{case_id}/links/{link_id}/revocation": _API["DELETE /v1/cases/{case_id}/links/{link_id}"],
    "POST /cases/{case_id}/links/{link_id}/unbinding": _API[
        "POST /v1/cases/{case_id}/links/{link_id}/unbinding"
    ],
    "POST /cases/{case_id}/links/{link_id}/members": _API[
        "PUT /v1/cases/{case_id}/links/{link_id}/members/{member_case_id}"
    ],
    "POST /cases/{case_id}/door-devices": _API["POST /v1/cases/{case_id}/door-devices"],
    "POST /cases/{case_id}/door-devices/{device_id}/end": _API[
        "DELETE /v1/cases/{case_id}/door-devices/{device_id}"
    ],
    "POST /cases/{case_id}/door-tasks/{task_id}/results": _API["POST /v1/door-tasks/{task_id}/results"],
    "POST /cases/{case_id}/contact": _API["POST /v1/cases/{case_id}/contact-readings"],
    "GET /matters": _API["GET /v1/fevers"],
    "POST /matters/fevers/{episode_id}/results": _API["POST /v1/fevers/{episode_id}/results"],
    "GET /matters/escalations": _API["GET /v1/escalations"],
    "GET /matters/door-tasks": _API["GET /v1/door-tasks"],
    "POST /matters/door-tasks/{task_id}/results": _API["POST /v1/door-tasks/{task_id}/results"],
    "GET /matters/pattern-flags": _API["GET /v1/pattern-flags"],
    "POST /matters/pattern-flags/{flag_id}/reviews": _API["POST /v1/pattern-flags/{flag_id}/reviews"],
    "GET /matters/risk-proposals": _API["GET /v1/risk-proposals"],
    "POST /matters/risk-proposals": _API["POST /v1/risk-proposals/decisions"],
    "GET /matters/messages": _API["GET /v1/messages"],
    "GET /matters/groups": _API["GET /v1/compounds/{compound}/observation-group"],
    "POST /matters/groups": _API["POST /v1/cases/{case_id}/group-changes"],
    "GET /confirmations/new": _API["POST /v1/confirmations"],
    "POST /confirmations": _API["POST /v1/confirmations"],
    "GET /confirmations/{confirmation_id}": _API["GET /v1/confirmations/{confirmation_id}"],
    "GET /exchange": _API["POST /v1/declaration-imports"],
    "POST /exchange/imports": _API["POST /v1/declaration-imports"],
    "GET /exchange/imports/{import_id}": _API["GET /v1/declaration-imports/{import_id}"],
    "POST /exchange/table": _API["POST /v1/declaration-tables"],
    "POST /exchange/link-sheets": _API["POST /v1/link-sheets"],
    "GET /exchange/released": _API["GET /v1/released-model"],
    "POST /worklist/bulk/new": _BULK,
    "POST /worklist/bulk": _BULK,
    "GET /worklist/bulk/{bulk_id}": _API["GET /v1/bulk-actions/{bulk_id}"],
    "POST /worklist/bulk/{bulk_id}/cancel": _API["POST /v1/bulk-actions/{bulk_id}/cancellation"],
}
"""The pages of the desk: each is opened by what it asks of the API."""

ACCESS: AccessTable = {
    **sign_in.ACCESS,
    **start.ACCESS,
    **audit.ACCESS,
    **second_person.access_of(DECIDERS),
    **_API,
    **_DESK,
}

EVERYWHERE: frozenset[str] = frozenset(
    {
        "GET /",
        "GET /v1/declaration-imports/template",
    }
)
"""Cells that no place narrows: the same answer wherever the grant holds. All others ask for the place."""


def rate_limits(settings: Settings) -> RateTable:
    """How often those may call who sign in with nothing, or with a device's key.

    A link's token must not be guessed; receipts and signals must not fill the database.
    """
    sessions = RateLimit(
        each=Rate(burst=settings.session_burst_each, per_minute=settings.session_per_minute_each),
        together=Rate(burst=settings.session_burst_together, per_minute=settings.session_per_minute_together),
    )
    receipts = Rate(burst=settings.receipt_burst, per_minute=settings.receipt_per_minute)
    return {
        "POST /v1/door-signals": RateLimit(
            each=Rate(burst=settings.door_burst_each, per_minute=settings.door_per_minute_each),
            together=Rate(burst=settings.door_burst_together, per_minute=settings.door_per_minute_together),
        ),
        "POST /v1/message-receipts": RateLimit(each=receipts, together=receipts),
        "POST /v1/link-sessions": sessions,
        "POST /declare/open": sessions,
    }
