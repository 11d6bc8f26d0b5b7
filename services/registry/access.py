"""Who may call what."""

from shared.http.access import STAFF, AccessTable, Role

_RULE_MAKERS = frozenset({Role.HQ_OFFICER, Role.ADMIN})
_INTAKE = frozenset({Role.COMMUNITY_CLERK, Role.GRID_WORKER})
_IMPORTERS = frozenset({Role.COMMUNITY_CLERK, Role.ADMIN})
_PEOPLE_READERS = _INTAKE | {Role.SHIFT_LEADER, Role.HQ_OFFICER, Role.SUPERVISOR}
_RETURNEE_READERS = _INTAKE | {Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR}

ACCESS: AccessTable = {
    "POST /v1/policies": _RULE_MAKERS,
    "GET /v1/policies/current": STAFF,
    "GET /v1/policies/{version}": STAFF,
    "GET /v1/divisions": frozenset({Role.PUBLIC}),
    "GET /v1/case-counts": STAFF,
    "POST /v1/risk-areas/proposals": _RULE_MAKERS,
    "POST /v1/risk-areas": _RULE_MAKERS,
    "GET /v1/risk-areas/current": STAFF,
    "POST /v1/returnees": _INTAKE,
    "GET /v1/returnees": _RETURNEE_READERS,
    "GET /v1/returnees/{intake_id}": _RETURNEE_READERS,
    "POST /v1/passes": frozenset({Role.COMMUNITY_CLERK}),
    "GET /v1/passes/{pass_id}": frozenset({Role.COMMUNITY_CLERK, Role.GRID_WORKER, Role.HQ_OFFICER}),
    "POST /v1/passes/{pass_id}/revoke": frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER}),
    "POST /v1/imports": _IMPORTERS,
    "GET /v1/imports/{import_id}": _IMPORTERS | {Role.HQ_OFFICER},
    "GET /v1/imports/{import_id}/rows": _IMPORTERS | {Role.HQ_OFFICER},
    "GET /v1/compounds": STAFF,
    "GET /v1/compounds/{compound_id}": STAFF,
    "POST /v1/compounds/{compound_id}/checkpoints": _RULE_MAKERS | {Role.COMMUNITY_CLERK},
    "GET /v1/compounds/{compound_id}/dwellings": STAFF,
    "POST /v1/people/lookup": _PEOPLE_READERS,
    "GET /v1/people/{person_ref}": _PEOPLE_READERS,
}
