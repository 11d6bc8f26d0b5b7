"""Who may call which route of the gate."""

from shared.http.access import AccessTable, Role

# Whoever answers for a checkpoint's equipment hands out codes; a stolen device is stopped by whoever notices first.
_EQUIPS = frozenset({Role.HQ_OFFICER, Role.OPS, Role.ADMIN})
_DEVICE = frozenset({Role.DEVICE})

ACCESS: AccessTable = {
    "POST /v1/enrolment-codes": _EQUIPS,
    "POST /v1/devices": frozenset({Role.PUBLIC}),
    "POST /v1/devices/{device_id}/revoke": _EQUIPS | {Role.SHIFT_LEADER},
    "GET /v1/checkpoints/me": _DEVICE,
    "POST /v1/entry-checks": _DEVICE,
    "POST /v1/entry-checks/batch": _DEVICE,
}
