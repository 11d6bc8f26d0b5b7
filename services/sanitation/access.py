"""Who may call what."""

from services.sanitation.settings import Settings
from shared.http.access import STAFF, AccessTable, Role
from shared.http.limits import Rate, RateLimit, RateTable
from shared.pages import audit, sign_in, start

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
_WORKERS = frozenset({Role.SANITATION_WORKER})
_CUSTODY = _READERS - {Role.PROPERTY_MANAGER}
"""Where isolating households live is not for the property company to read."""
_OVERSEERS = frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.SUPERVISOR})
"""Who looks at places and units, orders, and reviews what others mended."""
_MENDERS = frozenset({Role.PROPERTY_MANAGER, Role.COMMUNITY_CLERK, Role.SANITATION_WORKER})
"""The unit that puts it right, and has its right of reply. Who does it never reviews it."""

_WITNESSES = _READERS - {Role.AUDITOR}
"""Who may hand in proof; who reads it is another matter: a worker sees no photos of others."""

ACCESS: AccessTable = {
    **sign_in.ACCESS,
    **start.ACCESS,
    **audit.ACCESS,
    "GET /field-worker.js": frozenset({Role.PUBLIC}),
    "GET /field/offline": frozenset({Role.PUBLIC}),
    "GET /field/session": STAFF,
    "GET /sheet": _WORKERS,
    "GET /sheet/history": _WORKERS,
    "POST /sheet/rounds": _WORKERS,
    "POST /sheet/airings": _WORKERS,
    "POST /sheet/bins": _WORKERS,
    "GET /pickups": _CUSTODY,
    "POST /pickups/{pickup_id}": _WORKERS | {Role.COMMUNITY_CLERK},
    "GET /inspect": _OVERSEERS,
    "POST /inspect": _OVERSEERS,
    "GET /inspections": _READERS,
    "GET /inspections/{inspection_id}": _READERS,
    "GET /spot-checks": _OVERSEERS | {Role.AUDITOR},
    "POST /spot-checks/{round_id}": _OVERSEERS,
    "GET /orders": _READERS,
    "GET /orders/new": _OVERSEERS,
    "POST /orders": _OVERSEERS,
    "GET /orders/{order_id}": _READERS,
    "POST /orders/{order_id}": _MENDERS | _OVERSEERS,
    "GET /sites": _READERS - _WORKERS,
    "POST /sites": _KEEPERS | {Role.PROPERTY_MANAGER},
    "GET /sites/{code}": _KEEPERS | {Role.PROPERTY_MANAGER},
    "POST /sites/{code}": _KEEPERS | {Role.PROPERTY_MANAGER},
    "POST /sites/{code}/closures": _KEEPERS | {Role.PROPERTY_MANAGER},
    "GET /venues": _READERS - _WORKERS,
    "POST /venues": _KEEPERS,
    "GET /venues/{venue_id}": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "POST /venues/{venue_id}": frozenset({Role.HQ_OFFICER}),
    "GET /book": _READERS - _WORKERS,
    "GET /site-reports": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "POST /site-reports/{report_id}": _OVERSEERS,
    "GET /figures": _READERS - _WORKERS,
    "GET /property": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "POST /property": _KEEPERS,
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
    "POST /v1/rounds": _WORKERS,
    "GET /v1/rounds": _READERS,
    "POST /v1/ventilations": _WORKERS,
    "POST /v1/logs/batch": _WORKERS,
    "GET /v1/work-sheets": _WORKERS,
    "GET /v1/work-history": _WORKERS,
    "GET /v1/pickups": _CUSTODY,
    "POST /v1/pickups/{pickup_id}/steps": _WORKERS,
    "POST /v1/pickups/{pickup_id}/skips": _WORKERS,
    "POST /v1/pickups/{pickup_id}/reschedulings": _WORKERS | {Role.COMMUNITY_CLERK},
    "PUT /v1/households/{dwelling_id}/pickup-hour": _WORKERS | {Role.COMMUNITY_CLERK},
    "POST /v1/mask-bin-collections": _WORKERS,
    "GET /v1/mask-bins": _READERS,
    "POST /v1/photos": _WITNESSES,
    "GET /v1/photos/{photo_id}": _READERS - _WORKERS,
    "POST /v1/venues": _KEEPERS,
    "GET /v1/venues": _READERS,
    "POST /v1/venues/{venue_id}/approvals": frozenset({Role.HQ_OFFICER}),
    "GET /v1/venues/{venue_id}/approvals": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "POST /v1/venues/{venue_id}/approvals/{approval_id}/revocation": frozenset({Role.HQ_OFFICER}),
    "GET /v1/checklists": _OVERSEERS | {Role.PROPERTY_MANAGER},
    "POST /v1/inspections": _OVERSEERS,
    "GET /v1/inspections": _READERS,
    "GET /v1/inspections/{inspection_id}": _READERS,
    "POST /v1/orders": _OVERSEERS,
    "GET /v1/orders": _READERS,
    "GET /v1/orders/{order_id}": _READERS,
    "POST /v1/orders/{order_id}/mendings": _MENDERS,
    "POST /v1/orders/{order_id}/replies": _MENDERS,
    "POST /v1/orders/{order_id}/reviews": _OVERSEERS,
    "POST /v1/orders/{order_id}/settlements": frozenset({Role.HQ_OFFICER, Role.SUPERVISOR}),
    "POST /v1/rounds/{round_id}/spot-checks": _OVERSEERS,
    "GET /v1/spot-checks": _OVERSEERS | {Role.AUDITOR},
    "GET /place": frozenset({Role.PUBLIC}),
    "POST /v1/site-reports": frozenset({Role.PUBLIC}),
    "GET /v1/site-reports": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "POST /v1/site-reports/{report_id}/decision": _OVERSEERS,
    "PUT /v1/compounds/{compound}/property-company": _KEEPERS,
    "GET /v1/compounds/{compound}/property-record": _OVERSEERS | {Role.PROPERTY_MANAGER, Role.AUDITOR},
    "GET /v1/order-exports": _OVERSEERS | {Role.AUDITOR},
    "GET /v1/day-sheets": _READERS,
    "GET /v1/day-figures": _READERS,
    "GET /v1/figures-history": _READERS,
}

EVERYWHERE: frozenset[str] = frozenset(
    {
        "GET /",
        "GET /v1/checklists",
        "GET /field/session",
    }
)
"""Cells that no place narrows: the same answer wherever the grant holds. All others ask for the place."""


def rate_limits(settings: Settings) -> RateTable:
    """How often anybody may report a problem at a place."""
    return {
        "POST /v1/site-reports": RateLimit(
            each=Rate(burst=settings.report_burst_each, per_minute=settings.report_per_minute_each),
            together=Rate(
                burst=settings.report_burst_together, per_minute=settings.report_per_minute_together
            ),
        )
    }
