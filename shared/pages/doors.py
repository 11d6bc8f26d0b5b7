"""The pages where work begins, of all services, in one place: navigation and start page are made of them."""

from dataclasses import dataclass

from shared.http.access import Principal, Role
from shared.pages.languages import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A page where work begins, shown to those who may open it.

    Attributes:
        service: whose page it is.
        path: where it is there.
        label: its name in the navigation, marked by `N_`.
        note: what is done there, in one sentence.
        roles: who may open it, as the service's own access table says; a test compares the two.
    """

    service: str
    path: str
    label: str
    note: str
    roles: frozenset[Role]

    def opens_to(self, who: Principal) -> bool:
        """Say whether somebody may open it."""
        return who.has(*self.roles)


_BOARD = frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.COMMUNITY_CLERK, Role.AUDITOR})
_CUSTODY = frozenset(
    {
        Role.SANITATION_WORKER,
        Role.COMMUNITY_CLERK,
        Role.HQ_OFFICER,
        Role.SUPERVISOR,
        Role.AUDITOR,
        Role.ADMIN,
    }
)
_KEEPING = (_CUSTODY - {Role.SANITATION_WORKER}) | {Role.PROPERTY_MANAGER}

_CARERS = frozenset({Role.GRID_WORKER, Role.COMMUNITY_CLERK})

_CLERKS = frozenset({Role.COMMUNITY_CLERK})
_REGISTRARS = frozenset({Role.COMMUNITY_CLERK, Role.GRID_WORKER})
_REGISTRY = (
    Door(
        service="registry",
        path="/intake",
        label=N_("返昆登记"),
        note=N_("登记返昆人员，当场看到建议措施和期满日。"),
        roles=_REGISTRARS,
    ),
    Door(
        service="registry",
        path="/applications",
        label=N_("办证"),
        note=N_("办理申请、发证、打印、停用和恢复。"),
        roles=_CLERKS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="registry",
        path="/leads",
        label=N_("线索"),
        note=N_("居民反映的情况，按期限先后。"),
        roles=_CLERKS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="registry",
        path="/surveys",
        label=N_("排摸"),
        note=N_("每幢每户的排摸结果，矛盾在这里定。"),
        roles=_REGISTRARS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="registry",
        path="/duplicates",
        label=N_("查重"),
        note=N_("可能是同一人的记录，并排看、合并或撤销。"),
        roles=_CLERKS,
    ),
    Door(
        service="registry",
        path="/watch-lists",
        label=N_("协查名单"),
        note=N_("上级发来要找的人，逐人处理。"),
        roles=_REGISTRARS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="registry",
        path="/calls",
        label=N_("电话名单"),
        note=N_("还没回来的人，按日子打电话。"),
        roles=_REGISTRARS,
    ),
    Door(
        service="registry",
        path="/people",
        label=N_("查人"),
        note=N_("按证件、电话或姓名查一人一档。"),
        roles=_REGISTRARS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="registry",
        path="/imports",
        label=N_("导入"),
        note=N_("上传名单，看进度，取回退回的行。"),
        roles=_CLERKS | {Role.ADMIN},
    ),
    Door(
        service="registry",
        path="/exports",
        label=N_("导出"),
        note=N_("写明理由导出名单。"),
        roles=_CLERKS | {Role.ADMIN, Role.HQ_OFFICER},
    ),
    Door(
        service="registry",
        path="/closing",
        label=N_("全镇关停"),
        note=N_("防控结束后，两人批准，销毁全部个人信息并出证。"),
        roles=frozenset({Role.HQ_OFFICER, Role.AUDITOR}),
    ),
)

_AUDITED = ("registry", "observation", "sanitation", "reporting")
_AUDIT = tuple(
    Door(
        service=service,
        path="/audit",
        label=N_("查阅记录"),
        note=N_("谁在什么时候、因为什么看了谁的信息。"),
        roles=frozenset({Role.AUDITOR}),
    )
    for service in _AUDITED
)

_SECOND = tuple(
    Door(
        service=service,
        path="/second-person",
        label=N_("待第二人审批"),
        note=N_("别人申请的批量导出和批量变更，同意后才执行。"),
        roles=frozenset({Role.HQ_OFFICER}),
    )
    for service in ("registry", "observation")
)

DOORS = (
    *_REGISTRY,
    *_SECOND,
    Door(
        service="observation",
        path="/worklist",
        label=N_("今日工作"),
        note=N_("谁没有申报、谁在发烧、谁要打电话或上门。"),
        roles=_CARERS | {Role.HQ_OFFICER},
    ),
    Door(
        service="observation",
        path="/days",
        label=N_("申报格"),
        note=N_("每个人每天早晚申报的情况。"),
        roles=_CARERS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="observation",
        path="/matters",
        label=N_("待办事项"),
        note=N_("发热、漏报跟进、门磁、可疑申报和风险地区调整。"),
        roles=_CARERS | {Role.HQ_OFFICER, Role.SUPERVISOR},
    ),
    Door(
        service="observation",
        path="/exchange",
        label=N_("申报导入导出"),
        note=N_("导入问卷、导出明细、打印申报链接。"),
        roles=_CARERS | {Role.HQ_OFFICER},
    ),
    Door(
        service="sanitation",
        path="/sheet",
        label=N_("消杀日单"),
        note=N_("今天要做的点位，扫码登记，没有网络也能用。"),
        roles=frozenset({Role.SANITATION_WORKER}),
    ),
    Door(
        service="sanitation",
        path="/pickups",
        label=N_("隔离户垃圾"),
        note=N_("挨户收运，一步一步有交接。"),
        roles=_CUSTODY,
    ),
    Door(
        service="sanitation",
        path="/inspect",
        label=N_("现场检查"),
        note=N_("按检查表逐项检查，不合格自动开整改单。"),
        roles=frozenset({Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.SUPERVISOR}),
    ),
    Door(
        service="sanitation",
        path="/orders",
        label=N_("整改单"),
        note=N_("整改、申辩和复核，谁整改谁不复核。"),
        roles=_CUSTODY | {Role.PROPERTY_MANAGER},
    ),
    Door(
        service="sanitation",
        path="/sites",
        label=N_("消杀点位"),
        note=N_("点位今天的情况，登记、停用和打印点位码。"),
        roles=_KEEPING,
    ),
    Door(
        service="sanitation",
        path="/site-reports",
        label=N_("群众反映"),
        note=N_("扫点位码反映的问题，到现场核实。"),
        roles=_KEEPING - {Role.ADMIN},
    ),
    Door(
        service="sanitation",
        path="/figures",
        label=N_("消杀情况"),
        note=N_("每天应做、已做和缺的轮次。"),
        roles=_KEEPING,
    ),
    Door(
        service="sanitation",
        path="/venues",
        label=N_("室内场所"),
        note=N_("未经批准一律关闭，批准和检查都在这里。"),
        roles=_KEEPING,
    ),
    Door(
        service="reporting",
        path="/board",
        label=N_("实时板"),
        note=N_("各小区此刻的情况，谁最需要支援。"),
        roles=_BOARD,
    ),
    Door(
        service="reporting",
        path="/findings",
        label=N_("督查"),
        note=N_("发现的问题、责任人和整改期限。"),
        roles=_BOARD | {Role.PROPERTY_MANAGER},
    ),
    Door(
        service="reporting",
        path="/reports",
        label=N_("日报"),
        note=N_("确认、零报告、更正和报送。"),
        roles=_BOARD,
    ),
    Door(
        service="reporting",
        path="/service-record",
        label=N_("工作记录"),
        note=N_("一线人员做了什么，用于表彰。"),
        roles=frozenset({Role.HQ_OFFICER, Role.SUPERVISOR, Role.AUDITOR}),
    ),
    Door(
        service="reporting",
        path="/exports",
        label=N_("清单导出"),
        note=N_("把清单做成表格带走，写明用途。"),
        roles=_BOARD,
    ),
    *_AUDIT,
)

SERVICE_NAMES = {
    "registry": N_("社区工作台"),
    "observation": N_("健康观察"),
    "sanitation": N_("消杀"),
    "reporting": N_("指挥部"),
}
"""How people call a service's pages, in the order of the start page."""
