"""Who may call what."""

from shared.http.access import AccessTable, Role

_KEEPERS = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.ADMIN})
_READERS = frozenset(
    {
        Role.SANITATION_WORKER,
        Role.PROPERTY_MANAGER,
        Role.COMMUNITY_CLERK,
        Role.HQ_OFFICER,
        Role.SUPERVISOR,
        Role.AUDITOR,
        Role.ADMIN,
    }
)

ACCESS: AccessTable = {
    "POST /v1/imports": _KEEPERS,
    "GET /v1/imports/{import_id}": _KEEPERS,
    "GET /v1/imports/{import_id}/rows": _KEEPERS,
    "POST /v1/sites": _KEEPERS | {Role.PROPERTY_MANAGER},
    "GET /v1/sites": _READERS,
    "PUT /v1/sites/{code}": _KEEPERS | {Role.PROPERTY_MANAGER},
    "POST /v1/sites/{code}/closures": _KEEPERS | {Role.PROPERTY_MANAGER},
    "PUT /v1/sites/{code}/closures/{closure_id}/end": _KEEPERS | {Role.PROPERTY_MANAGER},
    "GET /v1/site-closures": _READERS,
    "GET /v1/site-sheets": _KEEPERS | {Role.PROPERTY_MANAGER},
    "POST /v1/rounds": frozenset({Role.SANITATION_WORKER}),
    "GET /v1/rounds": _READERS,
    "GET /v1/day-sheets": _READERS,
    "GET /v1/day-figures": _READERS,
    "GET /v1/figures-history": _READERS,
}
