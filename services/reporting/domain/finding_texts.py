"""What findings are called when people read them."""

from typing import Final, NamedTuple

from services.reporting.domain.finding_custody import Outcome
from services.reporting.domain.findings import State
from shared.events.policy_supervision import EscalatedTo, FindingRule, LiveReason


class Words(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


RULES: Final[dict[FindingRule, Words]] = {
    "duty_gap": Words("卡口缺岗", "Nobody at the post"),
    "gate_offline": Words("门岗离线", "Gate offline"),
    "gate_list_stale": Words("门岗名单过旧", "Gate's list too old"),
    "admitted_after_end": Words("失效通行证放行", "Admitted by a pass that had ended"),
    "quarantine_left": Words("居家隔离人员外出放行", "Let out from home quarantine"),
    "override_unreviewed": Words("人工放行逾期未复核", "Override not reviewed in time"),
    "declarations_missed": Words("连续未申报", "Declarations missed in a row"),
    "report_unanswered": Words("卡口上报无结果", "Report from a gate without an outcome"),
    "rounds_missed": Words("消毒缺轮", "Disinfection rounds missed"),
    "pickup_missed": Words("隔离垃圾未收", "Isolation waste not fetched"),
    "order_overdue": Words("整改逾期", "Rectification overdue"),
    "lead_overdue": Words("线索逾期未办", "Lead overdue"),
    "survey_behind": Words("排摸滞后", "Survey behind its days"),
    "no_named_person": Words("无法封闭且无专人", "Not closed, and nobody named"),
    "unit_report_late": Words("日报未按时确认", "Daily numbers not confirmed in time"),
    "daily_report_late": Words("日报未按时上报", "Daily report not sent in time"),
    "inspection": Words("现场督查", "Found by an inspector"),
}
LIVE: Final[dict[LiveReason, Words]] = {
    "fever": Words("今日发热", "Fevers today"),
    "gate_away": Words("门岗失联", "Gate not heard"),
    "missed_twice": Words("连续两次未申报", "Two declarations missed in a row"),
    "awaiting_closure": Words("期满待核", "Waits for an officer's closure"),
    "lead_open": Words("线索待办", "Open leads"),
    "venue_open": Words("室内场所违规开放", "Venues found open"),
}
STATES: Final[dict[State, Words]] = {
    "open": Words("待整改", "Open"),
    "to_review": Words("待复核", "Waits for review"),
    "closed": Words("已办结", "Closed"),
}
OUTCOMES: Final[dict[Outcome, Words]] = {
    "rectified": Words("整改", "Rectified"),
    "criticised": Words("通报", "Made known in a bulletin"),
    "handed_to_discipline": Words("移交纪检", "Handed to discipline"),
}
ESCALATED_TO: Final[dict[EscalatedTo, Words]] = {
    "community": Words("社区（村）", "Community"),
    "town_leader": Words("包片领导", "Leader who answers for the area"),
    "headquarters": Words("指挥部", "Headquarters"),
    "discipline": Words("纪检", "Discipline"),
}
