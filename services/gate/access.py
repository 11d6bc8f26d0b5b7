"""Who may call which route of the gate."""

from services.gate.settings import Settings
from shared.audit import api as audit_api
from shared.http.access import DEVICES, AccessTable, Role
from shared.http.limits import CallerTable, Rate, RateLimit, RateTable

# Whoever answers for a checkpoint's equipment hands out codes; a stolen device is stopped by whoever notices first.
_EQUIPS = frozenset({Role.HQ_OFFICER, Role.OPS, Role.ADMIN})
_LOOKS_AFTER = _EQUIPS | {Role.SHIFT_LEADER, Role.SUPERVISOR}
# What a device that was out of our hands has sent is judged by those who supervise, not by those who stood there.
_JUDGES = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.ADMIN})
_REVIEWS = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR})
_DEVICE = frozenset({Role.DEVICE})
# Who plans duty answers for the post; a shift leader swaps and fills in at their own.
_PLANS = frozenset(
    {Role.PROPERTY_MANAGER, Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.ADMIN, Role.SHIFT_LEADER}
)
_LOOKS_AT_DUTY = _PLANS | {Role.GUARD, Role.SUPERVISOR, Role.AUDITOR}

ACCESS: AccessTable = {
    "POST /v1/enrolment-codes": _EQUIPS,
    "POST /v1/devices": frozenset({Role.PUBLIC}),
    "GET /v1/devices": _LOOKS_AFTER,
    "GET /v1/devices/{device_id}": _LOOKS_AFTER,
    "POST /v1/devices/{device_id}/revoke": _EQUIPS | {Role.SHIFT_LEADER},
    "POST /v1/devices/me/heartbeat": _DEVICE,
    "POST /v1/devices/me/credential": _DEVICE,
    "GET /v1/checkpoints/me": _DEVICE,
    "GET /v1/checkpoints/me/snapshot": _DEVICE,
    "POST /v1/entry-checks": _DEVICE,
    "POST /v1/entry-checks/batch": DEVICES,
    "GET /v1/quarantine": _JUDGES,
    "POST /v1/quarantine/release": _JUDGES,
    "POST /v1/quarantine/discard": _JUDGES,
    "POST /v1/entry-checks/{check_id}/override": frozenset({Role.SHIFT_LEADER}),
    "POST /v1/entry-checks/{check_id}/override/review": _REVIEWS,
    "POST /v1/entry-checks/{corrects}/corrections": _DEVICE,
    "GET /v1/checkpoints/{checkpoint}/paper-sheet": _LOOKS_AT_DUTY,
    "POST /v1/paper-checks": _DEVICE,
    "POST /v1/vehicle-checks": _DEVICE,
    "POST /v1/vehicle-checks/batch": DEVICES,
    "POST /v1/arrivals": _DEVICE,
    "POST /v1/arrivals/batch": DEVICES,
    "GET /v1/reports/open": _LOOKS_AFTER | {Role.COMMUNITY_CLERK},
    "POST /v1/duty/badges": _PLANS,
    "POST /v1/duty/shifts": _PLANS,
    "POST /v1/duty/shifts/{shift_id}/cancel": _PLANS,
    "POST /v1/duty/patterns": _PLANS,
    "POST /v1/duty/rosters": _PLANS,
    "POST /v1/duty/swaps": _PLANS,
    "GET /v1/duty/shifts": _LOOKS_AT_DUTY,
    "POST /v1/duty/check-ins": _DEVICE,
    "POST /v1/duty/check-outs": _DEVICE,
    "POST /v1/duty/handovers": _DEVICE,
    "GET /v1/duty/post": _DEVICE,
    "GET /v1/duty/coverage": _LOOKS_AT_DUTY,
    "GET /v1/duty/gaps": _LOOKS_AT_DUTY - {Role.GUARD},
    "GET /v1/duty/service-record": _LOOKS_AT_DUTY - {Role.GUARD},
    **audit_api.ACCESS,
    "GET /guard": frozenset({Role.PUBLIC}),
    "GET /guard/{name}": frozenset({Role.PUBLIC}),
}

EVERYWHERE: frozenset[str] = frozenset()
"""Cells that no place narrows: the same answer wherever the grant holds. All others ask for the place."""


def rate_limits(settings: Settings) -> RateTable:
    """How often strangers may try an enrolment code, which must not be guessed."""
    together = Rate(
        burst=settings.enrolment_burst_together, per_minute=settings.enrolments_per_minute_together
    )
    limit = RateLimit(
        each=Rate(burst=settings.enrolment_burst_each, per_minute=settings.enrolments_per_minute_each),
        together=together,
    )
    return {"POST /v1/devices": limit.times(settings.caller_rate_scale)}


def caller_rates(settings: Settings) -> CallerTable:
    """How often one device may call; a batch is 200 checks, and what it does for itself is rare."""
    checks = Rate(burst=settings.check_burst, per_minute=settings.checks_per_minute)
    uploads = Rate(burst=settings.upload_burst, per_minute=settings.uploads_per_minute)
    errands = Rate(burst=settings.errand_burst, per_minute=settings.errands_per_minute)
    return {
        "POST /v1/entry-checks": checks,
        "POST /v1/entry-checks/batch": uploads,
        "POST /v1/vehicle-checks/batch": uploads,
        "POST /v1/arrivals/batch": uploads,
        "POST /v1/devices/me/heartbeat": errands,
        "POST /v1/devices/me/credential": errands,
        "GET /v1/checkpoints/me": errands,
        "GET /v1/checkpoints/me/snapshot": errands,
    }
