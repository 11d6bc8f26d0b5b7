"""Examples for the gate's OpenAPI document. Nobody real is in them."""

from typing import Any

_COMMON: dict[str, Any] = {
    "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e01",
    "seq": 1041,
    "direction": "entry",
    "mask": True,
    "temperature_c": 36.5,
    "checked_at": "2020-02-24T09:00:00+08:00",
}

CHECKS: Any = {
    "scanned": {
        "summary": "A pass is scanned",
        "value": _COMMON | {"subject": {"kind": "pass_token", "token": "EP1:6BF/8CTKRDY1Q"}},
    },
    "typed": {
        "summary": "The pass's number is typed",
        "value": _COMMON | {"subject": {"kind": "pass_number", "number": "10203040"}},
    },
    "forgotten": {
        "summary": "The pass was left at home",
        "value": _COMMON | {"subject": {"kind": "dwelling_surname", "room": "3-1-502", "surname": "王"}},
    },
    "courier": {
        "summary": "A courier with a fever",
        "value": _COMMON | {"temperature_c": 37.6, "subject": {"kind": "visitor", "purpose": "courier"}},
    },
    "asked": {
        "summary": "With the answers to *ask*",
        "value": _COMMON
        | {
            "subject": {"kind": "document", "number": "000000200001010000"},
            "answers": {"been_to_focus_area": False, "contact_with_case": False, "unwell": False},
        },
    },
    "offline": {
        "summary": "Decided by the device while it was offline",
        "value": _COMMON
        | {
            "subject": {"kind": "pass_token", "token": "EP1:6BF/8CTKRDY1Q"},
            "offline": {"verdict": "admit", "reasons": [], "policy_version": 1},
        },
    },
}

_ANSWER: dict[str, Any] = {
    "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e01",
    "verdict": "admit",
    "reasons": [],
    "action": None,
    "instruction": {"zh_cn": "放行", "en": "Let through"},
    "display": {"surname": "王*", "room": "3-1-502"},
    "checked_at": "2020-02-24T01:00:00Z",
    "received_at": "2020-02-24T01:00:00Z",
    "offline": False,
    "policy_version": 1,
    "nth_today": 1,
}

ANSWERS: list[dict[str, Any]] = [
    _ANSWER,
    _ANSWER
    | {
        "verdict": "admit_with_action",
        "nth_today": 2,
        "reasons": [
            {"code": "pass_not_shown", "text": {"zh_cn": "未出示出入证", "en": "The pass was not shown"}}
        ],
        "action": "offer_reprint",
        "instruction": {
            "zh_cn": "核对本人，提醒补办出入证。",
            "en": "Match the person; offer a reprint of the pass.",
        },
    },
    _ANSWER
    | {
        "verdict": "cannot_verify",
        "nth_today": 3,
        "reasons": [
            {"code": "incomplete", "text": {"zh_cn": "查验未完成", "en": "The check is not complete"}}
        ],
        "action": "measure_temperature",
        "instruction": {"zh_cn": "请测量体温。", "en": "Take the temperature."},
    },
    _ANSWER
    | {
        "verdict": "refuse",
        "nth_today": 3,
        "reasons": [{"code": "no_mask", "text": {"zh_cn": "未戴口罩", "en": "No mask"}}],
        "action": "put_on_mask",
        "instruction": {
            "zh_cn": "请戴好口罩后重新查验。",
            "en": "Ask them to put a mask on, then check again.",
        },
    },
]
"""One for each verdict."""

_VEHICLE: dict[str, Any] = {
    "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e02",
    "seq": 1042,
    "direction": "entry",
    "plate": "苏E·12345",
    "occupants": 1,
    "occupant_checks": [{"check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e01", "driver": True}],
    "boot_opened": True,
    "checked_at": "2020-02-24T09:00:00+08:00",
}

VEHICLE_CHECKS: Any = {
    "scanned": {
        "summary": "The vehicle pass is scanned",
        "value": _VEHICLE | {"pass_token": "VP1:6BF/8CTKRDY1Q"},
    },
    "plate": {"summary": "The plate alone", "value": _VEHICLE},
    "ambulance": {
        "summary": "An ambulance",
        "value": _VEHICLE
        | {
            "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e03",
            "emergency": True,
            "occupant_checks": [],
            "boot_opened": None,
        },
    },
    "offline": {
        "summary": "Decided by the device while it was offline",
        "value": _VEHICLE
        | {
            "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e04",
            "offline": {
                "verdict": "held",
                "reasons": ["vehicle_pass_unverifiable"],
                "policy_version": 1,
                "clock_skew_seconds": 2,
            },
        },
    },
}

_VEHICLE_ANSWER: dict[str, Any] = {
    "check_id": "0190a2c4-7b1e-7c3a-9f4e-2d1b6a5c8e02",
    "verdict": "complete",
    "reasons": [],
    "instruction": {
        "zh_cn": "车辆查验完成，放行。",
        "en": "The vehicle's check is complete: let it through.",
    },
    "plate": "苏E·12345",
    "checked_at": "2020-02-24T01:00:00Z",
    "received_at": "2020-02-24T01:00:00Z",
    "offline": False,
    "policy_version": 1,
}

VEHICLE_ANSWERS: list[dict[str, Any]] = [
    _VEHICLE_ANSWER,
    _VEHICLE_ANSWER
    | {
        "verdict": "held",
        "reasons": [
            {"code": "boot_not_checked", "text": {"zh_cn": "后备箱未检查", "en": "The boot was not opened"}}
        ],
        "instruction": {
            "zh_cn": "请靠边等候，补齐查验后再放行。",
            "en": "Ask the vehicle to wait aside until the check is complete.",
        },
    },
    _VEHICLE_ANSWER
    | {
        "verdict": "refuse",
        "reasons": [
            {"code": "driver_refused", "text": {"zh_cn": "驾驶人未获放行", "en": "The driver may not pass"}}
        ],
        "instruction": {"zh_cn": "车辆不得驶入。", "en": "The vehicle does not go in."},
    },
]
"""Likewise."""
