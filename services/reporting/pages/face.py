"""Puts the pages together, with words of their own."""

from collections.abc import Mapping
from pathlib import Path

from shared.context import Context
from shared.pages.languages import N_
from shared.pages.rendering import Pages

WORDS: Mapping[str, str] = {
    "source.gate.alerts": N_("门岗警报"),
    "source.gate.checks": N_("门岗查验"),
    "source.gate.devices": N_("门岗设备"),
    "source.gate.duty": N_("值守"),
    "source.observation.cases": N_("观察个案"),
    "source.observation.declarations": N_("早晚申报"),
    "source.registry.leads": N_("线索"),
    "source.registry.merges": N_("人员合并"),
    "source.registry.notices": N_("通告"),
    "source.registry.passes": N_("出入证"),
    "source.registry.people": N_("人员"),
    "source.registry.policy": N_("规则"),
    "source.registry.surveys": N_("排摸"),
    "source.registry.town": N_("小区与地址"),
    "source.registry.watch_lists": N_("协查名单"),
    "source.sanitation.inspections": N_("检查与整改"),
    "source.sanitation.rounds": N_("消毒"),
    "source.sanitation.ventilation": N_("通风"),
    "source.sanitation.venues": N_("场所"),
    "source.sanitation.waste": N_("隔离垃圾"),
    "export.running": N_("制作中"),
    "export.done": N_("已做好"),
    "export.failed": N_("没有做成"),
    "export.expired": N_("已过保存期"),
    "report.collecting": N_("统计中"),
    "report.confirming": N_("确认中"),
    "report.sent": N_("已报送"),
    "report.corrected": N_("已更正"),
    "unit.open": N_("未报"),
    "unit.confirmed": N_("已确认"),
    "unit.zero": N_("零报告"),
    "unit.corrected": N_("已更正"),
    "act.opened": N_("发现"),
    "act.changed": N_("情况变化"),
    "act.closed": N_("办结"),
    "act.reopened": N_("重新打开"),
    "act.owner_changed": N_("责任人变更"),
    "act.replied": N_("申辩"),
    "act.settled": N_("报整改完成"),
    "act.sent_back": N_("退回整改"),
    "act.rectified": N_("复核：已整改"),
    "act.criticised": N_("复核：通报"),
    "act.handed_to_discipline": N_("移交纪检"),
    "case.active": N_("观察中"),
    "case.interrupted": N_("中断"),
    "case.awaiting_closure": N_("期满待核"),
    "case.completed": N_("已解除"),
    "window.submitted": N_("已报"),
    "window.late": N_("补报"),
    "window.missed": N_("未报"),
    "worker.work_group_leader": N_("工作组组长"),
    "worker.work_group_member": N_("工作组成员"),
    "worker.auxiliary_police": N_("辅警"),
    "worker.guard": N_("保安"),
    "worker.grid_leader": N_("网格长"),
    "worker.community_police": N_("社区民警"),
    "worker.grid_worker": N_("网格员"),
    "worker.health_worker": N_("医务人员"),
    "worker.enforcement_officer": N_("执法人员"),
    "worker.property_staff": N_("物业人员"),
    "worker.stair_leader": N_("楼道长"),
    "worker.volunteer": N_("志愿者"),
    "worker.named_person": N_("加强管控责任人"),
}


def pages_of(context: Context) -> Pages:
    """Reporting's pages."""
    return Pages.make(context, "reporting", folder=Path(__file__).parent, words=WORDS)
