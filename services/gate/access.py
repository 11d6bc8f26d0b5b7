"""Who may call which route of the gate."""

from shared.http.access import DEVICES, AccessTable, Role

# Whoever answers for a checkpoint's equipment hands out codes; a stolen device is stopped by whoever notices first.
_EQUIPS = frozenset({Role.HQ_OFFICER, Role.OPS, Role.ADMIN})
_LOOKS_AFTER = _EQUIPS | {Role.SHIFT_LEADER, Role.SUPERVISOR}
# What a device that was out of our hands has sent is judged by those who supervise, not by those who stood there.
_JUDGES = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.ADMIN})
_DEVICE = frozenset({Role.DEVICE})

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
}
