"""Who may do what here (architecture §7). Scope is checked against the case: town, neighbourhood, compound or grid."""

from services.observation.settings import Settings
from shared.http.access import AccessTable, Role
from shared.http.limits import Rate, RateLimit, RateTable

_CARERS = frozenset({Role.GRID_WORKER, Role.COMMUNITY_CLERK})
_READERS = _CARERS | {Role.HQ_OFFICER, Role.SUPERVISOR}

ACCESS: AccessTable = {
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
    "GET /v1/declaration-imports/{import_id}": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports/{import_id}/rows": _CARERS | {Role.HQ_OFFICER},
    "GET /v1/declaration-imports/{import_id}/rejected": _CARERS | {Role.HQ_OFFICER},
    "PUT /v1/cases/{case_id}/links/{link_id}/members/{member_case_id}": _CARERS,
    "DELETE /v1/cases/{case_id}/links/{link_id}/members/{member_case_id}": _CARERS,
    "GET /v1/cases/{case_id}/links": _CARERS,
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
}


def rate_limits(settings: Settings) -> RateTable:
    """How often those may call who sign in with nothing, or with a device's key.

    A link's token must not be guessed; receipts and signals must not fill the database.
    """
    receipts = Rate(burst=settings.receipt_burst, per_minute=settings.receipt_per_minute)
    return {
        "POST /v1/door-signals": RateLimit(
            each=Rate(burst=settings.door_burst_each, per_minute=settings.door_per_minute_each),
            together=Rate(burst=settings.door_burst_together, per_minute=settings.door_per_minute_together),
        ),
        "POST /v1/message-receipts": RateLimit(each=receipts, together=receipts),
        "POST /v1/link-sessions": RateLimit(
            each=Rate(burst=settings.session_burst_each, per_minute=settings.session_per_minute_each),
            together=Rate(
                burst=settings.session_burst_together, per_minute=settings.session_per_minute_together
            ),
        ),
    }
