"""What the guard reads: Chinese first, then English. One sentence each, in words that can be said to the person.

None of them tells a diagnosis, an origin or a category; why somebody is held is not the guard's to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gate.domain.rulings import Action, ArrivalReason, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


VERDICTS: Mapping[Verdict, Words] = {
    Verdict.ADMIT: Words("放行", "Let through"),
    Verdict.ADMIT_WITH_ACTION: Words("放行，请按提示办理", "Let through, and do as told below"),
    Verdict.CANNOT_VERIFY: Words("暂不能核验，请勿放行", "Cannot be verified: do not let through yet"),
    Verdict.REFUSE: Words("不予放行", "Do not let through"),
}

REASONS: Mapping[Reason, Words] = {
    Reason.FEVER: Words("体温达到发热标准", "The reading is a fever"),
    Reason.UNDER_QUARANTINE: Words("此人处于管控措施中", "This person is under a measure"),
    Reason.SELF_MONITORING: Words("此人在居家自律健康观察期内", "This person is in home self-monitoring"),
    Reason.PASS_FORGED: Words("出入证签名不符", "The pass is not genuine"),
    Reason.PASS_REVOKED: Words("出入证已作废", "The pass is void"),
    Reason.PASS_REPLACED: Words("此证已补办新证，旧证失效", "A newer print replaced this pass"),
    Reason.PASS_SUSPENDED: Words("出入证已暂停使用", "The pass is suspended"),
    Reason.WRONG_COMPOUND: Words("不是本小区的出入证", "A pass of another compound"),
    Reason.PASS_EXPIRED: Words("出入证已过期", "The pass has expired"),
    Reason.PASS_NOT_YET_VALID: Words("出入证尚未生效", "The pass is not valid yet"),
    Reason.OUTSIDE_HOURS: Words("不在出入证的准入时段内", "Outside the hours of the pass"),
    Reason.NO_PASS: Words("没有出入证", "No entry pass"),
    Reason.PASS_UNKNOWN: Words("查不到此出入证", "This pass is not known"),
    Reason.PASS_UNVERIFIABLE: Words(
        "暂时无法核对出入证签名", "The pass's signature cannot be checked for now"
    ),
    Reason.LIST_TOO_OLD: Words("本机名单已过期", "This device's list is too old"),
    Reason.NOT_CHECKABLE_OFFLINE: Words("离线时无法核对", "This cannot be checked offline"),
    Reason.SUBJECT_UNKNOWN: Words("查无此人", "Nobody of that kind is known"),
    Reason.SUBJECT_AMBIGUOUS: Words("同户有同姓多人", "Several people of that name live there"),
    Reason.NO_MASK: Words("未戴口罩", "No mask"),
    Reason.INCOMPLETE: Words("查验未完成", "The check is not complete"),
    Reason.PASS_NOT_SHOWN: Words("未出示出入证", "The pass was not shown"),
    Reason.PASS_NOT_SCANNED: Words("出入证未扫码", "The pass was not scanned"),
    Reason.LIST_AGED: Words("本机名单不是最新", "This device's list is not the newest"),
    Reason.FOLLOW_UP: Words("询问情况需社区跟进", "The answers call for a follow-up"),
}

ARRIVALS: Mapping[ArrivalReason, Words] = {
    ArrivalReason.TO_BE_TRANSFERRED: Words("需统一安排接送", "They are taken by a car that is arranged"),
    ArrivalReason.CODE_NOT_GREEN: Words("苏城码非绿码", "The Suzhou code is not green"),
    ArrivalReason.NEWCOMER: Words("新来人员，尚未办理登记", "A newcomer who is not registered yet"),
    ArrivalReason.FIRST_RETURN: Words("首次返回，已登记上报", "A first return, recorded and reported"),
}

ACTIONS: Mapping[Action, Words] = {
    Action.FEVER_PATH: Words(
        "请到旁边等候区单独等候，联系社区安排发热门诊，不要让其自行离开。",
        "Ask them to wait apart in the waiting area and call the community to arrange the fever clinic; "
        "do not send them away.",
    ),
    Action.TURN_BACK: Words(
        "请劝返，并建议到发热门诊就诊。", "Ask them to turn back and to see a fever clinic."
    ),
    Action.HOLD_FOR_TRANSFER: Words(
        "请在等候区等候，联系社区，等待专车接送。",
        "Ask them to wait in the waiting area; call the community, a car will come.",
    ),
    Action.HOLD_AND_REPORT: Words(
        "请在等候区等候，立即联系社区。",
        "Ask them to wait in the waiting area and call the community at once.",
    ),
    Action.GO_STRAIGHT_HOME: Words("请直接回家，途中不停留。", "They go straight home without stopping."),
    Action.STAY_HOME: Words(
        "请回家，生活物资由社区配送。", "Ask them to go back home; supplies are delivered by the community."
    ),
    Action.STAY_HOME_AND_REPORT: Words(
        "请立即回家，并联系社区上报。", "Ask them to go back home at once, and report it to the community."
    ),
    Action.REPORT_FORGERY: Words("请留意此证，联系班长处理。", "Call the shift leader about this pass."),
    Action.APPLY_AT_COMMUNITY: Words(
        "请联系本小区所属社区登记、办理出入证。",
        "Ask them to register with the community and to apply for a pass.",
    ),
    Action.CALL_COMMUNITY: Words("请联系社区核实。", "Call the community to clear it up."),
    Action.USE_NEWEST_PASS: Words("请出示最新补办的出入证。", "Ask for the newest print of the pass."),
    Action.GO_TO_OWN_COMPOUND: Words(
        "请从本人所住小区出入。", "Ask them to use their own compound's entrance."
    ),
    Action.WAIT_FOR_VALIDITY: Words("请在出入证有效时间内再来。", "Ask them to come when the pass is valid."),
    Action.HANDOVER_POINT: Words(
        "请在门口交接点等候或交接，不得入内。", "Ask them to wait or hand over at the handover point outside."
    ),
    Action.NOTE_DEPARTURE: Words("放行并登记离开。", "Let them leave and note it."),
    Action.LOG_AND_LET_THROUGH: Words("立即放行，已登记。", "Let them through at once; it is logged."),
    Action.CALL_SHIFT_LEADER: Words(
        "暂时无法联网核对，请联系值班长核实。",
        "This cannot be looked up for now: call the shift leader to clear it up.",
    ),
    Action.MATCH_DOCUMENT: Words("请查验身份证件核对本人。", "Match the person with an identity document."),
    Action.CHECK_TYPING: Words(
        "请核对输入；新来人员请联系社区登记。",
        "Check what was typed; newcomers register with the community first.",
    ),
    Action.OFFER_REPRINT: Words(
        "核对本人，提醒补办出入证。", "Match the person; offer a reprint of the pass."
    ),
    Action.PUT_ON_MASK: Words("请戴好口罩后重新查验。", "Ask them to put a mask on, then check again."),
    Action.COMPLETE_CHECK: Words("请完成查验后再放行。", "Complete the check first."),
    Action.MEASURE_TEMPERATURE: Words("请测量体温。", "Take the temperature."),
    Action.MEASURE_AGAIN: Words("读数异常，请重新测量体温。", "The reading is not plausible: measure again."),
    Action.LOOK_AT_MASK: Words("请确认是否戴口罩。", "Say whether a mask is worn."),
    Action.ASK_QUESTIONS: Words(
        "请询问今日身体状况、近期去向和接触情况，并录入回答。",
        "Ask how they are today, where they have been and whom they met, and enter the answers.",
    ),
    Action.REPORT_TO_COMMUNITY: Words("放行，并告知社区跟进。", "Let them through and tell the community."),
}
