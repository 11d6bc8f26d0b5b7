"""Who may call what."""

from shared.http.access import STAFF, AccessTable, Role

_RULE_MAKERS = frozenset({Role.HQ_OFFICER, Role.ADMIN})
_INTAKE = frozenset({Role.COMMUNITY_CLERK, Role.GRID_WORKER})
_IMPORTERS = frozenset({Role.COMMUNITY_CLERK, Role.ADMIN})
_PEOPLE_READERS = _INTAKE | {Role.SHIFT_LEADER, Role.HQ_OFFICER, Role.SUPERVISOR}
_RETURNEE_READERS = _INTAKE | {Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR}
_LEAD_HANDLERS = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER})
_LEAD_READERS = _LEAD_HANDLERS | {Role.SUPERVISOR}
_POSTERS = _INTAKE | {Role.PROPERTY_MANAGER, Role.SANITATION_WORKER, Role.SHIFT_LEADER}
_WATCH_READERS = _INTAKE | {Role.HQ_OFFICER, Role.SUPERVISOR}
_SURVEY_READERS = _INTAKE | {Role.HQ_OFFICER, Role.SUPERVISOR}
_CALL_FIGURES = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.SUPERVISOR})
_PASS_DESK = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER})
_PASS_READERS = _PASS_DESK | {Role.GRID_WORKER}

ACCESS: AccessTable = {
    "POST /v1/policies": _RULE_MAKERS,
    "GET /v1/policies": STAFF,
    "POST /v1/policies/drafts": _RULE_MAKERS,
    "GET /v1/policies/{version}/changes": STAFF,
    "GET /v1/musts": STAFF,
    "POST /v1/musts": _RULE_MAKERS,
    "GET /v1/policies/current": STAFF,
    "GET /v1/policies/{version}": STAFF,
    "GET /v1/divisions": frozenset({Role.PUBLIC}),
    "GET /v1/case-counts": STAFF,
    "POST /v1/risk-areas/proposals": _RULE_MAKERS,
    "POST /v1/risk-areas": _RULE_MAKERS,
    "GET /v1/risk-areas/current": STAFF,
    "GET /v1/risk-areas": STAFF,
    "GET /v1/risk-areas/place": STAFF,
    "GET /v1/risk-areas/{revision}": STAFF,
    "GET /v1/risk-areas/{revision}/changes": STAFF,
    "POST /v1/returnees": _INTAKE,
    "GET /v1/returnees": _RETURNEE_READERS,
    "GET /v1/returnees/{intake_id}": _RETURNEE_READERS,
    "GET /v1/intake-tasks": _INTAKE | {Role.HQ_OFFICER, Role.SUPERVISOR},
    "GET /v1/intake-tasks/{task_id}": _INTAKE,
    "POST /v1/intake-tasks/{task_id}/completion": _INTAKE,
    "POST /v1/intake-tasks/{task_id}/closure": _INTAKE,
    "POST /v1/passes": frozenset({Role.COMMUNITY_CLERK}),
    "GET /v1/passes/{pass_id}": _PASS_READERS,
    "POST /v1/temporary-passes": _PASS_DESK | {Role.SHIFT_LEADER},
    "GET /v1/passes": _PASS_READERS,
    "GET /v1/passes/{pass_id}/steps": _PASS_DESK | {Role.SUPERVISOR, Role.AUDITOR},
    "GET /v1/passes/{pass_id}/code.svg": _PASS_DESK,
    "GET /v1/passes/{pass_id}/code.png": _PASS_DESK,
    "POST /v1/pass-sheets": _PASS_DESK,
    "POST /v1/passes/{pass_id}/prints": frozenset({Role.COMMUNITY_CLERK}),
    "POST /v1/passes/{pass_id}/suspend": _PASS_DESK,
    "POST /v1/passes/{pass_id}/reinstate": _PASS_DESK,
    "POST /v1/passes/{pass_id}/revoke": _PASS_DESK,
    "POST /v1/imports": _IMPORTERS,
    "GET /v1/imports/{import_id}": _IMPORTERS | {Role.HQ_OFFICER},
    "GET /v1/imports/{import_id}/rows": _IMPORTERS | {Role.HQ_OFFICER},
    "GET /v1/imports/{import_id}/rejected": _IMPORTERS,
    "GET /v1/imports/templates/{kind}": STAFF,
    "GET /v1/compounds": STAFF,
    "GET /v1/compounds/{compound_id}": STAFF,
    "POST /v1/compounds/{compound_id}/checkpoints": _RULE_MAKERS | {Role.COMMUNITY_CLERK},
    "GET /v1/compounds/{compound_id}/dwellings": STAFF,
    "POST /v1/people/lookup": _PEOPLE_READERS,
    "GET /v1/people/{person_ref}": _PEOPLE_READERS,
    "POST /v1/leads": frozenset({Role.PUBLIC}),
    "POST /v1/leads/receipts": frozenset({Role.PUBLIC}),
    "GET /v1/leads": _LEAD_READERS,
    "GET /v1/leads/{lead_id}": _LEAD_READERS,
    "POST /v1/leads/{lead_id}/assignment": _LEAD_HANDLERS,
    "POST /v1/leads/{lead_id}/closure": _LEAD_HANDLERS,
    "POST /v1/leads/{lead_id}/merge": _LEAD_HANDLERS,
    "DELETE /v1/leads/{lead_id}/merge": _LEAD_HANDLERS,
    "POST /v1/leads/{lead_id}/reward": frozenset({Role.HQ_OFFICER}),
    "POST /v1/leads/{lead_id}/reporter": frozenset({Role.HQ_OFFICER}),
    "POST /v1/notices": frozenset({Role.HQ_OFFICER}),
    "GET /v1/notices": STAFF,
    "GET /v1/notices/{notice_id}": STAFF,
    "POST /v1/notices/{notice_id}/postings": _POSTERS,
    "POST /v1/watch-lists": frozenset({Role.COMMUNITY_CLERK}),
    "GET /v1/watch-lists": _WATCH_READERS,
    "GET /v1/watch-lists/{list_id}": _WATCH_READERS,
    "POST /v1/watch-lists/{list_id}/files": frozenset({Role.COMMUNITY_CLERK}),
    "GET /v1/watch-lists/{list_id}/files": _WATCH_READERS,
    "GET /v1/watch-lists/{list_id}/files/{file_id}/rejected": frozenset({Role.COMMUNITY_CLERK}),
    "GET /v1/watch-lists/{list_id}/lines": _INTAKE,
    "POST /v1/watch-lists/{list_id}/lines/{line_id}/disposition": _INTAKE,
    "POST /v1/watch-lists/{list_id}/close": frozenset({Role.COMMUNITY_CLERK}),
    "POST /v1/survey-rounds": frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER}),
    "GET /v1/survey-rounds": _SURVEY_READERS,
    "GET /v1/survey-rounds/{round_id}": _SURVEY_READERS,
    "GET /v1/survey-rounds/{round_id}/coverage": _SURVEY_READERS,
    "GET /v1/survey-rounds/{round_id}/dwellings": _SURVEY_READERS,
    "POST /v1/survey-rounds/{round_id}/closure": frozenset({Role.HQ_OFFICER}),
    "POST /v1/call-list": _INTAKE,
    "GET /v1/call-list": _INTAKE,
    "GET /v1/call-list/figures": _CALL_FIGURES,
    "GET /v1/call-list/{entry_id}": _INTAKE,
    "POST /v1/call-list/{entry_id}/calls": _INTAKE,
    "POST /v1/call-list/{entry_id}/arrival": _INTAKE,
}
