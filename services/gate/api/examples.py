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
