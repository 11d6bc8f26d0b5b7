"""`deploy/docs/capacity.md`: written from the inputs and the arithmetic."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.capacity.inputs import Input, read, values
from deploy.capacity.model import Installation, Place, installation, largest, place

FILE = Path(__file__).parents[1] / "docs" / "capacity.md"
CITY, PROVINCE = 3_000_000, 80_000_000

_HEAD = """# Capacity · 容量

What a town, a city of 3 million and a province of 80 million need. Written by `python -m deploy.documents` from
`deploy/capacity/inputs.json`; each input stands below with its source and date. Replace a figure there, write the page
again, and everything follows; a test holds the page to its inputs. 更换输入数据后重新生成本页即可。

The costs were measured on two processors alone, with every write synced; what is assumed says so. They tell how cost
grows and where it ends, not what a certain server of yours does: run `./fangkong bench` there and put its figures in.
Peaks are taken as if all towns had theirs in the same minute.
"""

_HOW = """## How it is laid out · 布局

Nothing here is an engine of our own: PostgreSQL, NATS JetStream, Kubernetes or systemd.

- **A district has an installation of its own**, the same five services as a town: its databases, its bus of three
  servers, its keys. It goes on while every line to the outside is cut, a stolen disk holds one district, and one that
  fails takes nobody along. Places are told apart by their codes, so a district is a larger town to the program.
- **In a district only the gate has several processes that work** (`deploy/kubernetes/overlays/city`: six to forty). Of
  every service one process tells and one reads (`shared/leader.py`); how busy they are is in the table.
- **Each service's PostgreSQL is a server of its own** with one synchronous copy (`databases.yaml`). The outbox is
  partitioned by month everywhere (`shared/db/base_migrations`). `entry_check` is one table; where a year of it outgrows
  the memory that its index needs, declarative partitions by hash of `check_id` keep that id unique over all of them, as
  repeats need it: a migration of the gate that is not written, because no district of the size below needs it.
- **The hub of a city or a province is a NATS cluster of its own**; each district's cluster is a *leaf* with its own
  JetStream domain. The hub keeps a copy of the districts' streams by sourcing (`deploy/nats/leaves.py`; the seed of
  the district's nkey stands in its servers' configuration, which only they may read). A cut line costs nothing but
  time: the copy goes on where it stood, within a minute of the line's return
  (`tests/integration/production/test_leaves.py`). What has to cross is what headquarters report upwards,
  `fk_reporting_daily_reports`; all events may cross, for what the table says.
- **Sums of a city** follow from its districts' daily reports, added up by district. Reading the raw events of several
  districts into one set of figures is not built: a reader takes one producer of each name.
"""

_LIMITS = """## Where it ends · 极限

- One installation bears **{largest:,.0f} people** before its one relay or its one reader is busy for {busy:.0%} of a
  rush; beyond that a district is divided. A rush that is longer than a minute is told late, not lost: a check is
  answered by the gate alone.
- The next limit after that is the processor of the gate's PostgreSQL server; then its disk's syncs, which group
  commits share (decision 0016).
- A hub that takes every event of a province needs {province_all:,.0f} of them a second; with reports alone it is
  {province_reports:,.0f} a day. Take reports.
- Memory: {service_mb:,.0f} MB for each process of a service, beside what PostgreSQL is given.
"""


def text() -> str:
    """The whole page."""
    inputs = read()
    given = values(inputs)
    town = installation(round(given["town_people"]), given)
    city, province = place(CITY, given), place(PROVINCE, given)
    limits = _LIMITS.format(
        largest=largest(given),
        busy=given["busy_at_most"],
        province_all=province.hub_events_per_second,
        province_reports=province.reports_per_day,
        service_mb=given["process_mb"],
    )
    parts = (
        _HEAD,
        "## What each needs · 各级需要\n\n" + "\n".join(_table(town, city, province)) + "\n",
        _HOW,
        limits,
        "## Inputs · 输入\n\n" + "\n".join(_inputs(inputs)) + "\n",
    )
    return "\n".join(parts)


def documents() -> Iterator[tuple[Path, str]]:
    """The file and its text."""
    yield FILE, text()


def _table(town: Installation, city: Place, province: Place) -> Iterator[str]:
    yield "| | town | city | province |"
    yield "|---|--:|--:|--:|"
    yield f"| people | {town.people:,} | {city.people:,} | {province.people:,} |"
    yield f"| districts, an installation each | 1 | {city.districts:,} | {province.districts:,} |"
    each = (town, city.district, province.district)
    whole = (1, city.districts, province.districts)
    everything = list(zip(each, whole, strict=True))
    yield _row("checkpoints", (f"{one.checkpoints * times:,}" for one, times in everything))
    yield _row(
        "checks a second, lasting / in a rush",
        (
            f"{one.checks_per_second * times:,.0f} / {one.rush_per_second * times:,.0f}"
            for one, times in everything
        ),
    )
    yield _row("events a day", (f"{one.events_per_day * times:,.0f}" for one, times in everything))
    yield "| **in each installation** | | | |"
    yield _row("people", (f"{one.people:,}" for one in each))
    yield _row("gate processes for a rush", (str(one.gate_processes) for one in each))
    yield _row(
        "p99 of a check behind others, simulated (a lone commit and the wire come on top)",
        (f"{one.gate_p99_seconds * 1e3:.1f} ms" for one in each),
    )
    yield _row(
        "cores in a rush: gate + leader / PostgreSQL / NATS",
        (
            f"{one.gate_cores + one.leader_cores:.1f} / {one.database_cores:.1f} / {one.bus_cores:.1f}"
            for one in each
        ),
    )
    yield _row(
        "relay / reader of headquarters busy, lasting load",
        (f"{one.relay_share:.1%} / {one.reader_share:.1%}" for one in each),
    )
    yield _row(
        "gate's database, a day / a year",
        (f"{one.database_gb_day:.2f} GB / {one.database_gb_year:,.0f} GB" for one in each),
    )
    yield _row("streams, on each of three servers", (f"{one.stream_gb:,.1f} GB" for one in each))
    yield _row(
        "read models built again from a year of events",
        (f"{one.rebuild_hours:.1f} h" for one in each),
    )
    yield "| **at the hub** | | | |"
    yield f"| events a second, if it took all | | {_hub(city)} | {_hub(province)} |"
    yield f"| reports a day, as laid out | | {city.reports_per_day:,.0f} | {province.reports_per_day:,.0f} |"
    yield _row(
        "all events after a cut line: waiting / caught up in",
        (
            "",
            *(f"{one.cut_events:,.0f} / {one.cut_seconds:,.0f} s" for one in (city, province)),
        ),
    )


def _hub(one: Place) -> str:
    return f"{one.hub_events_per_second:,.0f}"


def _row(what: str, cells: Iterator[str] | tuple[str, ...]) -> str:
    return f"| {what} | {' | '.join(cells)} |"


def _inputs(inputs: Mapping[str, Input]) -> Iterator[str]:
    yield "| name | value | what | source | date |"
    yield "|---|--:|---|---|---|"
    for one in inputs.values():
        yield f"| `{one.name}` | {one.value:,.10g} {one.unit} | {one.what} | {one.source} | {one.taken} |"
