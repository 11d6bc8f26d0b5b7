"""The two documents about figures: every figure with its meaning, and every promise with the query that tells it."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import Metric

from deploy.local.names import SERVICES
from deploy.watch.pace import REAL
from deploy.watch.slo import CRITICAL, PROMISES, SHARES, WARNING
from shared.obs import metrics

DOCS = Path(__file__).parents[1] / "docs"
_MADE = "Written by `python -m deploy.documents`; change it in {}."
_KINDS: dict[type, str] = {Counter: "counter", Gauge: "gauge", Histogram: "histogram", Info: "info"}
_OTHERWISE = (
    (
        '`registry_revocation_propagation_seconds{mode="offline"}`',
        "A revocation holds offline from the device's next list on, whose age bounds it.",
    ),
    (
        "`build_info{rules_version}`",
        "Versions of policy come into force while a process runs, so they are a gauge of their own: `rules_version`.",
    ),
    (
        "`service` on `eventbus_*`",
        "Put there by the scrape (`honor_labels`): a process tells of itself alone.",
    ),
    (
        "person, pass, phone, plate in a label",
        "Never: the constructors in `shared/obs/metrics.py` refuse them.",
    ),
)

_WHO_TELLS = """\
Every process answers `GET /metrics`. What is counted where it happens is told by every process, and summed. What is
counted in a database, and what one process does for all, is told by the process that leads, and only while it leads:
never twice, and never by one that stopped counting. The gate leads in a process of its own, whose figures come with
the door's. Instants are the machine's (`…_timestamp_seconds`): business instants are moved there, so that `time() - x`
is an age also where business time is stepped.
"""
_LABELS = """\
Labels are places, kinds and outcomes of fixed lists. At most: 53 compounds with two checkpoints each, five services,
some forty consumers; names of devices' programs end in `other` after twenty.
"""
_TWO_WINDOWS = """\
Two windows each: the long one says that it matters, the short one that it still goes on. Fewer events in the long
window than the least number prove nothing, so that one slow verdict at night wakes nobody.
"""


def documents() -> Iterator[tuple[Path, str]]:
    """What is committed."""
    yield DOCS / "metrics.md", metrics_paper()
    yield DOCS / "slo.md", slo_paper()


def metrics_paper() -> str:
    """Every figure of every service."""
    parts = [
        "# Figures for Prometheus\n",
        _MADE.format("the modules `metrics.py`") + "\n",
        _WHO_TELLS,
        _LABELS,
    ]
    for title, module in _modules():
        parts += [f"## {title}\n", *_table(module), ""]
    parts += [
        "## Otherwise than planned\n",
        "| planned | what there is |",
        "|---|---|",
        *(f"| {planned} | {there} |" for planned, there in _OTHERWISE),
        "",
    ]
    return "\n".join(parts)


def slo_paper() -> str:
    """Every promise with its query."""
    parts = [
        "# What is promised\n",
        _MADE.format("`deploy/watch/slo.py`") + " Each over 30 days unless the query says otherwise.\n",
        "| promise | | objective | told by |",
        "|---|---|---|---|",
        *(
            f"| {one.zh} | {one.en} | {one.objective} | [{one.alert}](../runbooks/{one.alert}.md) |"
            for one in PROMISES
        ),
        "\n## How it was kept\n",
    ]
    for one in PROMISES:
        parts += [f"{one.zh} · {one.en}\n", "```promql", one.query, "```", ""]
    parts += [
        "## While the budget burns\n",
        _TWO_WINDOWS,
        "| budget | over | and over | burnt so many times too fast | for | |",
        "|---|---|---|---|---|---|",
    ]
    for severity, burns in (("critical", CRITICAL), ("warning", WARNING)):
        parts += [
            f"| {burn.factor * _hours(burn.long) / 720:.0%} of a month | {burn.long} | {burn.short} | {burn.factor:g} "
            f"| {REAL.wait(burn.wait)} | {severity} |"
            for burn in burns
        ]
    parts += ["", "| promise | objective | least number |", "|---|---|---|"]
    parts += [f"| `{share.name}` | {share.objective:.2%} | {share.least} |" for share in SHARES]
    return "\n".join(parts) + "\n"


def _hours(window: str) -> int:
    return int(window[:-1]) * {"h": 1, "d": 24}[window[-1]]


def _modules() -> Iterator[tuple[str, ModuleType]]:
    yield "All services", metrics
    yield "The bus, in all services", importlib.import_module("shared.bus.metrics")
    for service in SERVICES:
        yield service, importlib.import_module(f"services.{service}.metrics")


def _table(module: ModuleType) -> Iterator[str]:
    yield "| figure | kind | labels | told by | meaning |"
    yield "|---|---|---|---|---|"
    led = {family.name for family in _led()}
    seen: set[str] = set()
    for figure in vars(module).values():
        kind = _KINDS.get(type(figure))
        if kind is None:
            continue
        [family] = figure.describe()
        name = {"counter": f"{family.name}_total", "info": f"{family.name}_info"}.get(kind, family.name)
        if name in seen:
            continue
        seen.add(name)
        labels = ", ".join(figure._labelnames)  # noqa: SLF001 -- the package tells them nowhere else
        teller = "who leads" if family.name in led else "every process"
        yield f"| `{name}` | {kind} | {labels} | {teller} | {family.documentation} |"


def _led() -> Iterator[Metric]:
    with metrics.LED.leading():
        yield from metrics.LED.collect()
