"""Words for codes, in one place: a status is called the same on every page."""

from collections.abc import Mapping

from shared.pages.languages import N_

WORDS: Mapping[str, str] = {
    "role.guard": N_("门岗值守"),
    "role.shift_leader": N_("卡口班长"),
    "role.grid_worker": N_("网格员"),
    "role.community_clerk": N_("社区干部"),
    "role.sanitation_worker": N_("消杀员"),
    "role.property_manager": N_("物业经理"),
    "role.hq_officer": N_("指挥部值班"),
    "role.supervisor": N_("督查员"),
    "role.auditor": N_("审计员"),
    "role.ops": N_("运维"),
    "role.admin": N_("系统管理员"),
    "lang.zh-CN": "中文",
    "lang.en": "English",
    "error.400": N_("请求无法处理"),
    "error.403": N_("没有权限"),
    "error.404": N_("没有这个页面"),
    "error.405": N_("此地址不支持这种操作"),
    "error.409": N_("当前状态不允许"),
    "error.413": N_("提交的内容过长"),
    "error.422": N_("填写内容有误"),
    "error.429": N_("操作过于频繁"),
    "error.500": N_("系统内部错误"),
    "error.503": N_("服务暂不可用"),
    "error.401": N_("登录已失效"),
    "measure.home_self_monitoring": N_("居家自律健康观察"),
    "measure.home_quarantine": N_("居家隔离"),
    "measure.centralized_observation": N_("集中观察"),
    "measure.medical": N_("集中医学观察"),
    "second.export": N_("批量导出个人信息"),
    "second.bulk_decision": N_("批量变更观察状态"),
    "fact.list": N_("清单"),
    "fact.compound": N_("小区"),
    "fact.people": N_("人数"),
    "fact.decision": N_("决定"),
    "fact.cases": N_("个案数"),
    "mode.closed": N_("封闭"),
    "mode.staffed": N_("专人加强管控"),
}
"""`kind.code` -> source text. A service adds its own by `Pages.make(words=...)`."""
