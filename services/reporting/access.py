"""Who may call what. Scopes narrow every answer: a clerk of one neighbourhood sees its compounds only."""

from shared.http.access import AccessTable, Role
from shared.pages import audit, sign_in, start

_BOARD = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK, Role.AUDITOR})
_FLAGS = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR})
_ROLL = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK})
_UNITS = frozenset({Role.COMMUNITY_CLERK})
"""Each unit gives its own word; nobody above gives it in its place."""
_TASK_FORCE = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR})
_MENDERS = frozenset({Role.COMMUNITY_CLERK, Role.PROPERTY_MANAGER})
"""Who mends and has the right of reply. Who does it never reviews it."""
_INSPECTORS = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR})

ACCESS: AccessTable = {
    **sign_in.ACCESS,
    **start.ACCESS,
    **audit.ACCESS,
    "GET /board": _BOARD,
    "GET /figures/{name}": _BOARD,
    "GET /compounds/{compound}": _BOARD,
    "GET /findings": _BOARD | _MENDERS,
    "GET /findings/new": _INSPECTORS,
    "POST /findings": _INSPECTORS,
    "GET /findings/{finding_id}": _BOARD | _MENDERS,
    "POST /findings/{finding_id}": _MENDERS | _INSPECTORS,
    "GET /service-record": _FLAGS,
    "GET /exports": _BOARD,
    "POST /exports": _BOARD,
    "GET /reports": _BOARD,
    "GET /reports/{day}": _BOARD,
    "POST /reports/{day}/send": frozenset({Role.HQ_OFFICER}),
    "GET /reports/{day}/units/{unit}": _BOARD,
    "POST /reports/{day}/units/{unit}": _UNITS,
    "GET /v1/board": _BOARD,
    "GET /v1/board/stream": _BOARD,
    "GET /v1/board/series": _BOARD,
    "GET /v1/board/{compound}": _BOARD,
    "GET /v1/census": _BOARD,
    "GET /v1/check-flags": _FLAGS,
    "GET /v1/daily-reports": _BOARD,
    "GET /v1/daily-reports/{day}": _BOARD,
    "GET /v1/daily-reports/{day}/versions": _BOARD,
    "GET /v1/daily-reports/{day}/file": _BOARD,
    "GET /v1/daily-reports/{day}/upward": _TASK_FORCE,
    "POST /v1/daily-reports/{day}/units/{unit}/confirm": _UNITS,
    "POST /v1/daily-reports/{day}/units/{unit}/zero": _UNITS,
    "POST /v1/daily-reports/{day}/units/{unit}/correct": _UNITS,
    "POST /v1/daily-reports/{day}/send": frozenset({Role.HQ_OFFICER}),
    "GET /v1/findings": _BOARD | _MENDERS,
    "POST /v1/findings": _INSPECTORS,
    "GET /v1/findings/{finding_id}": _BOARD | _MENDERS,
    "POST /v1/findings/{finding_id}/reply": _MENDERS,
    "POST /v1/findings/{finding_id}/close": _MENDERS | _INSPECTORS,
    "POST /v1/findings/{finding_id}/review": _INSPECTORS,
    "GET /v1/finding-exports": _BOARD,
    "GET /v1/finding-bulletin": _BOARD,
    "POST /v1/exports": _BOARD,
    "GET /v1/exports/{export_id}": _BOARD,
    "GET /v1/exports/{export_id}/file": _BOARD,
    "GET /v1/responsibility": _BOARD,
    "GET /v1/overrides": frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR}),
    "GET /v1/observation-roll": _ROLL,
    "GET /v1/observation-roll/{case_id}": _ROLL,
    "GET /v1/leads": _ROLL,
    "GET /v1/notices": _BOARD,
    "GET /v1/rounds-missed": _BOARD,
    "GET /v1/service-record": _FLAGS,
    "GET /v1/service-record-exports": _FLAGS,
    "GET /v1/supervision": _BOARD,
    "GET /v1/waste": _BOARD,
    "GET /v1/watch-lists": _TASK_FORCE,
}

AFTER_CLOSING: frozenset[str] = frozenset(
    {
        *(*sign_in.ACCESS, *start.ACCESS, *audit.ACCESS),
        *(cell for cell in ACCESS if cell.startswith("GET ") and "exports" not in cell),
    }
)
"""Cells that answer still where the measures are over: figures stay, and nothing is taken or made into a file."""

EVERYWHERE: frozenset[str] = frozenset(
    {
        "GET /",
    }
)
"""Cells that no place narrows: the same answer wherever the grant holds. All others ask for the place."""
