"""What a finding rests on, in words: of the page of a finding and of the bulletin (R7.2)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.finding_texts import Words

LABELS: Final[dict[str, Words]] = {
    "assigned": Words("已交办", "Assigned"),
    "began_at": Words("开始", "From"),
    "case_id": Words("个案编号", "Case"),
    "category": Words("类别", "Kind"),
    "cause": Words("原因", "Reason"),
    "check_id": Words("查验编号", "Check"),
    "checkpoint": Words("门岗", "Gate"),
    "day": Words("日期", "Day"),
    "device_id": Words("设备编号", "Device"),
    "due_at": Words("应完成", "Was due by"),
    "due_on": Words("最后一天", "Last day"),
    "dwellings": Words("住户", "Dwellings"),
    "ended_at": Words("失效", "Ended"),
    "flag": Words("原因", "Reason"),
    "heard_at": Words("最近心跳", "Last heard"),
    "inspection_id": Words("检查编号", "Inspection"),
    "item": Words("事项", "Item"),
    "kind": Words("类别", "Kind"),
    "lead_id": Words("线索编号", "Lead"),
    "left_at": Words("外出", "Left"),
    "level": Words("已升级次数", "Times gone up"),
    "list_made_at": Words("名单时间", "List made"),
    "order_id": Words("整改单编号", "Order"),
    "percent_from": Words("应达百分比", "Percent to be reached"),
    "pickup_id": Words("收运编号", "Pickup"),
    "reason": Words("原因", "Reason"),
    "reported_at": Words("上报", "Reported"),
    "round_id": Words("排摸轮次编号", "Survey round"),
    "rounds_missed": Words("缺轮次", "Rounds short"),
    "sites": Words("点位", "Sites"),
    "source": Words("来源", "Came of"),
    "verdict": Words("核验结论", "Verdict"),
    "windows": Words("漏报次数", "Windows missed"),
}
VALUES: Final[dict[str, dict[str, Words]]] = {
    "category": {
        "unregistered_outsider": Words("外来人员未登记", "An outsider not registered"),
        "gathering": Words("聚集", "A gathering"),
        "hidden_travel": Words("隐瞒行程", "Hidden travel"),
        "gate_unattended": Words("卡口无人", "A gate unattended"),
        "other": Words("其他", "Other"),
    },
    "cause": {
        "not_planned": Words("没有排班", "No shift planned"),
        "not_checked_in": Words("没有签到", "Nobody signed in"),
    },
    "flag": {
        "admitted_after_revoked": Words("通行证已吊销", "The pass was revoked"),
        "admitted_after_suspended": Words("通行证已暂停", "The pass was suspended"),
        "admitted_after_replaced": Words("通行证已换发", "The pass was replaced"),
    },
    "kind": {
        "fever": Words("发热", "Fever"),
        "focus_person": Words("重点地区人员", "Somebody from a focus area"),
        "first_return": Words("首次返昆", "First return"),
        "case_contact": Words("自述接触病例", "Contact with a case"),
    },
    "reason": {
        "identity_confirmed": Words("已核实身份", "Identity confirmed"),
        "medical_need": Words("就医需要", "Medical need"),
        "system_fault": Words("系统故障", "Fault of the system"),
        "order_of_headquarters": Words("指挥部指令", "Order of headquarters"),
        "not_done": Words("没有收运", "Not fetched"),
        "nobody_opened": Words("无人应门", "Nobody opened"),
        "refused": Words("住户拒绝", "Refused by the household"),
        "not_handed_over": Words("没有交接", "Not handed over"),
        "other": Words("其他", "Other"),
    },
    "source": {
        "inspection": Words("检查", "An inspection"),
        "spot_check": Words("抽查", "A spot check"),
        "report": Words("群众反映", "A report of residents"),
        "manual": Words("直接开单", "Given by hand"),
    },
    "verdict": {
        "refuse": Words("不予放行", "Refuse"),
        "cannot_verify": Words("无法核验", "Cannot verify"),
    },
}
SITES: Final[dict[str, Words]] = {
    "lift": Words("电梯", "lift"),
    "stairwell": Words("楼道", "stairwell"),
    "gatehouse": Words("门卫室", "gatehouse"),
    "waste_room": Words("垃圾房", "waste room"),
    "bin_point": Words("垃圾桶点", "bin point"),
    "mask_bin": Words("口罩专用桶", "mask bin"),
    "public_area": Words("公共服务区域", "public service area"),
    "other": Words("其他点位", "other site"),
}
"""Kinds of sites, also on the pages."""

Clock = Callable[[datetime], str]


def told(evidence: Mapping[str, Any], *, english: bool, clock: Clock) -> Iterator[tuple[str, str]]:
    """Each part of the evidence as its label and its text; a code that has no words stays as it is.

    Args:
        evidence: as the finding keeps it, instants in ISO 8601.
        english: in English, otherwise in Chinese.
        clock: how an instant is written.
    """

    def of(words: Words | None, code: object) -> str:
        return str(code) if words is None else words.en if english else words.zh

    for name, value in evidence.items():
        if value is None:
            continue
        match name, value:
            case "sites", list():
                kinds = Counter(site["kind"] for site in value)
                text = ("; " if english else "、").join(
                    f"{of(SITES.get(kind), kind)} {number}" for kind, number in kinds.items()
                )
            case _, bool():
                text = of(Words("是", "yes") if value else Words("否", "no"), value)
            case _, str() if name.endswith("_at"):
                text = clock(datetime.fromisoformat(value))
            case _:
                text = of(VALUES.get(name, {}).get(str(value)), value)
        yield of(LABELS.get(name), name), text
