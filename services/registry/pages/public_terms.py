"""Words for codes that only pages of people of the town show; what a desk shows as well is in `terms`."""

from collections.abc import Mapping

from shared.pages.languages import N_

PUBLIC_WORDS: Mapping[str, str] = {
    "lead.unregistered_outsider": N_("外来人员没有登记"),
    "lead.gathering": N_("聚集"),
    "lead.hidden_travel": N_("隐瞒行程"),
    "lead.gate_unattended": N_("门岗没人值守"),
    "lead.other": N_("其他"),
    "when.now": N_("刚才"),
    "when.today": N_("今天早些时候"),
    "when.yesterday": N_("昨天"),
    "when.before": N_("前天"),
    "paper.identity_document": N_("身份证件"),
    "paper.lease": N_("租房合同"),
    "paper.ownership": N_("房产证或购房合同"),
    "paper.household_confirmation": N_("户主证明"),
    "paper.employer_letter": N_("单位证明"),
    "paper.travel_proof": N_("车票等行程凭证"),
    "paper.spending_proof": N_("消费凭证"),
    "paper.health_certificate": N_("健康证明"),
    "application.open": N_("等社区办理"),
    "application.issued": N_("已发证"),
    "application.refused": N_("没有办成"),
    "application.withdrawn": N_("已撤回"),
    "application_reason.papers_missing": N_("材料不全"),
    "application_reason.papers_false": N_("材料不真实"),
    "application_reason.not_a_resident": N_("不是这个小区的住户"),
    "application_reason.under_observation": N_("还在观察期"),
    "application_reason.code_held": N_("苏城码是黄码或红码"),
    "application_reason.other": N_("其他原因，请到社区问"),
}
