"""Who may call what. Scopes narrow every answer: a clerk of one neighbourhood sees its compounds only."""

from shared.http.access import AccessTable, Role

_BOARD = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK, Role.AUDITOR})
_FLAGS = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR})
_ROLL = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK})
_TASK_FORCE = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR})

ACCESS: AccessTable = {
    "GET /v1/board": _BOARD,
    "GET /v1/board/{compound}": _BOARD,
    "GET /v1/check-flags": _FLAGS,
    "GET /v1/responsibility": _BOARD,
    "GET /v1/overrides": frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR}),
    "GET /v1/observation-roll": _ROLL,
    "GET /v1/observation-roll/{case_id}": _ROLL,
    "GET /v1/leads": _ROLL,
    "GET /v1/notices": _BOARD,
    "GET /v1/rounds-missed": _BOARD,
    "GET /v1/supervision": _BOARD,
    "GET /v1/waste": _BOARD,
    "GET /v1/watch-lists": _TASK_FORCE,
}
