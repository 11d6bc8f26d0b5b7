"""Workers and their posts: work groups, auxiliary police, guards, grid teams (R3.1, R3.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.town import names
from deploy.town.documents import Issuer
from deploy.town.layout import Layout, checkpoint_of
from deploy.town.places import COMPOUNDS, NEIGHBOURHOODS, Compound

AUXILIARY_POLICE = 15
GUARDS = 45
_WORK_GROUP_MEMBERS = 5
_UNITS = (
    "农业农村局",
    "市场监督管理局",
    "城市管理局",
    "教育局",
    "文体站",
    "财政分局",
    "规划建设办",
    "经济发展办",
    "社会事业办",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody who serves."""

    code: str
    name: str
    sex: str
    phone: str
    kind: str
    unit: str
    group: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of the list: a worker and where the worker is posted. A worker may have several lines."""

    worker: Worker
    place_kind: str
    place: str
    since: date


class _Office:
    """Hires workers with running numbers."""

    def __init__(self, issuer: Issuer, rng: Random) -> None:
        self._issuer = issuer
        self._rng = rng
        self._count = 0

    def hire(self, kind: str, unit: str, *, group: str = "", home: str = "") -> Worker:
        self._count += 1
        sex = "男" if self._rng.random() < (0.9 if kind in {"辅警", "保安"} else 0.5) else "女"
        return Worker(
            code=f"W{self._count:04d}",
            name=names.chinese(self._rng, sex),
            sex=sex,
            phone=self._issuer.phone(),
            kind=kind,
            unit=unit,
            group=group,
            home=home,
        )

    def somewhere(self, near: Sequence[Compound], chance: float) -> str:
        """Where a worker lives: in one of these compounds, or (empty) out of town."""
        return self._rng.choice(near).code if self._rng.random() < chance else ""

    def since(self) -> date:
        return date(2020, 1, 28) + timedelta(days=self._rng.randrange(20))


def postings(layouts: Sequence[Layout], issuer: Issuer, rng: Random) -> list[Posting]:
    """Everybody's posts, the town's own first, then compound by compound."""
    office = _Office(issuer, rng)
    lines = [*_work_groups(office), *_checkpoints(office), *_staffed(office)]
    for neighbourhood in NEIGHBOURHOODS:
        near = [layout for layout in layouts if layout.compound.neighbourhood == neighbourhood.code]
        lines += _grid_teams(office, neighbourhood.name, near)
    return lines


def _work_groups(office: _Office) -> Iterator[Posting]:
    for number, neighbourhood in enumerate(NEIGHBOURHOODS, start=1):
        group = f"第{number}驻社区工作组"
        unit = _UNITS[number - 1]
        for index in range(_WORK_GROUP_MEMBERS):
            kind = "工作组成员" if index else "工作组组长"
            home = office.somewhere(COMPOUNDS, 0.6)
            worker = office.hire(kind, unit, group=group, home=home)
            yield Posting(worker=worker, place_kind="社区", place=neighbourhood.code, since=date(2020, 2, 24))


def _checkpoints(office: _Office) -> Iterator[Posting]:
    """Auxiliary police at the largest compounds, guards at the others, property staff everywhere."""
    by_size = sorted(COMPOUNDS, key=lambda compound: (-compound.dwellings, compound.code))
    police = by_size[:AUXILIARY_POLICE]
    guarded = by_size[AUXILIARY_POLICE:] + by_size
    crew = [("辅警", "派出所", compound) for compound in police]
    crew += [("保安", "保安公司", compound) for compound in guarded[:GUARDS]]
    crew += [
        ("物业人员", compound.company, compound)
        for compound in COMPOUNDS
        if compound.company
        for _ in range(2)
    ]
    for kind, unit, compound in crew:
        worker = office.hire(kind, unit, home=office.somewhere(COMPOUNDS, 0.4))
        yield Posting(worker=worker, place_kind="卡口", place=checkpoint_of(compound), since=office.since())


def _staffed(office: _Office) -> Iterator[Posting]:
    """The named persons where a compound cannot be closed (R1.1)."""
    for compound in COMPOUNDS:
        if compound.staffed:
            for _ in range(2):
                worker = office.hire("管控专人", "村民委员会", home=compound.code)
                yield Posting(worker=worker, place_kind="小区", place=compound.code, since=office.since())


def _grid_teams(office: _Office, neighbourhood: str, layouts: Sequence[Layout]) -> Iterator[Posting]:
    """A team per grid; police, health and enforcement staff each serve several grids of a neighbourhood."""
    grids = [grid for layout in layouts for grid in layout.grids]
    compounds = [layout.compound for layout in layouts]
    shared = (
        ("社区民警", "派出所", 6),
        ("卫生服务人员", "社区卫生服务中心", 4),
        ("综合执法人员", "综合执法局", 5),
    )
    serving: dict[str, Worker] = {}
    for index, grid in enumerate(grids):
        team: list[Worker] = []
        for kind, unit, reach in shared:
            if index % reach == 0:
                serving[kind] = office.hire(kind, unit, home=office.somewhere(COMPOUNDS, 0.3))
            team.append(serving[kind])
        own = ("网格长", "专职网格员", "楼道长", "楼道长", "志愿者", "志愿者")
        for kind in own:
            home = grid.compound.code if kind == "楼道长" else office.somewhere(compounds, 0.7)
            team.append(
                office.hire(kind, f"{neighbourhood}居民" if kind == "志愿者" else neighbourhood, home=home)
            )
        if grid.compound.company:
            team.append(office.hire("物业人员", grid.compound.company, home=office.somewhere(COMPOUNDS, 0.3)))
        since = office.since()
        for worker in team:
            yield Posting(worker=worker, place_kind="网格", place=grid.code, since=since)
