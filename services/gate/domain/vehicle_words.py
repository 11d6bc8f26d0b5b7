"""What the guard reads about a vehicle: Chinese first, then English; one sentence each."""

from collections.abc import Mapping

from services.gate.domain.vehicles import VehicleReason, VehicleVerdict
from services.gate.domain.words import Words

VEHICLE_VERDICTS: Mapping[VehicleVerdict, Words] = {
    VehicleVerdict.COMPLETE: Words(
        "车辆查验完成，放行。", "The vehicle's check is complete: let it through."
    ),
    VehicleVerdict.HELD: Words(
        "请靠边等候，补齐查验后再放行。", "Ask the vehicle to wait aside until the check is complete."
    ),
    VehicleVerdict.REFUSE: Words("车辆不得驶入。", "The vehicle does not go in."),
}
EMERGENCY = Words("立即放行，已登记。", "Let it through at once; it is logged.")

VEHICLE_REASONS: Mapping[VehicleReason, Words] = {
    VehicleReason.DRIVER_REFUSED: Words("驾驶人未获放行", "The driver may not pass"),
    VehicleReason.PASS_FORGED: Words("车证签名不符", "The vehicle pass is not genuine"),
    VehicleReason.PASS_REVOKED: Words("车证已作废", "The vehicle pass is void"),
    VehicleReason.PASS_REPLACED: Words(
        "此车证已补办新证，旧证失效", "A newer print replaced this vehicle pass"
    ),
    VehicleReason.WRONG_COMPOUND: Words("不是本小区的车证", "A vehicle pass of another compound"),
    VehicleReason.PASS_EXPIRED: Words("车证已过期", "The vehicle pass has expired"),
    VehicleReason.PASS_NOT_YET_VALID: Words("车证尚未生效", "The vehicle pass is not valid yet"),
    VehicleReason.NO_PASS: Words("没有车证", "No vehicle pass"),
    VehicleReason.OCCUPANT_REFUSED: Words(
        "有乘客未获放行，请其下车", "A passenger may not pass: they get out"
    ),
    VehicleReason.PASS_UNVERIFIABLE: Words(
        "暂时无法核对车证签名", "The vehicle pass's signature cannot be checked for now"
    ),
    VehicleReason.PASS_UNKNOWN: Words("查不到此车证", "This vehicle pass is not known"),
    VehicleReason.PLATE_MISMATCH: Words("车牌与车证不符", "The plate is not that of the vehicle pass"),
    VehicleReason.OCCUPANT_UNCHECKED: Words("有车内人员尚未查验", "Somebody in it was not checked"),
    VehicleReason.OCCUPANT_NOT_CLEARED: Words("有车内人员尚未核验通过", "Somebody in it is not cleared yet"),
    VehicleReason.OCCUPANTS_MISCOUNTED: Words(
        "查验人数多于车内人数，请重新清点", "More checks than people: count again"
    ),
    VehicleReason.BOOT_NOT_CHECKED: Words("后备箱未检查", "The boot was not opened"),
}
