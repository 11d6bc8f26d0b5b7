"""What is promised (screens.md §6.3): each with the query that tells how it was kept.

Where failures come as a share of many, there are rules as well that warn while the budget burns.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local.names import SERVICES
from deploy.watch.pace import Pace

Rule = dict[str, object]

WINDOWS: dict[str, int] = {
    "5m": 300,
    "30m": 1_800,
    "1h": 3_600,
    "2h": 7_200,
    "6h": 21_600,
    "1d": 86_400,
    "3d": 259_200,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """So many times too fast over the long window and still over the short one: tell somebody after a while."""

    factor: float
    long: str
    short: str
    wait: int


# 2 %, 5 %, 10 % and 10 % of a month's budget.
CRITICAL = (
    Burn(factor=14.4, long="1h", short="5m", wait=120),
    Burn(factor=6, long="6h", short="30m", wait=900),
)
WARNING = (
    Burn(factor=3, long="1d", short="2h", wait=3_600),
    Burn(factor=1, long="3d", short="6h", wait=10_800),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A promise about the share of many that went well."""

    name: str
    objective: float
    failed: str
    """How many failed in a window: a query with `{w}` for it."""
    all: str
    least: int
    """Fewer than this in the long window prove nothing: at night a single one would be a tenth."""

    def recorded(self, window: str) -> str:
        """The name of the share that failed."""
        return f"slo:{self.name}:error_ratio_{window}"

    def records(self, pace: Pace) -> Iterator[Rule]:
        """Recording rules, one for each window, and how many there were."""
        for window, seconds in WINDOWS.items():
            span = pace.window(seconds)
            failed, everything = self.failed.format(w=span), self.all.format(w=span)
            yield {"record": self.recorded(window), "expr": f"({failed}) / ({everything} > 0)"}
            yield {"record": f"slo:{self.name}:events_{window}", "expr": everything}

    def burns(self, burn: Burn, pace: Pace) -> str:
        """The query that is true while the budget burns too fast."""
        limit = f"{burn.factor:g} * {1 - self.objective:g}"
        return (
            f"{self.recorded(burn.long)} > {limit} and {self.recorded(burn.short)} > {limit} "
            f"and slo:{self.name}:events_{burn.long} >= {pace.crowd(self.least)}"
        )


def _verdicts(more: str) -> str:
    return f"sum(increase(gate_client_verdict_duration_seconds_{more}[{{w}}]))"


_IN_TIME = _verdicts('bucket{{le="2.0"}}')


GATE_VERDICT = Share(
    name="gate_verdict",
    objective=0.995,
    failed=f"{_verdicts('count')} - {_IN_TIME}",
    all=_verdicts("count"),
    least=50,
)
_OBJECTIVES = {"gate": 0.999, "observation": 0.9995}
"""Checks at a gate and declarations are promised more than pages."""


def _requests(service: str) -> Share:
    labels = f'service="{service}"'
    return Share(
        name=f"{service}_requests",
        objective=_OBJECTIVES.get(service, 0.995),
        failed=f'sum(increase(http_server_requests_total{{{{{labels},code=~"5.."}}}}[{{w}}])) or vector(0)',
        all=f"sum(increase(http_server_requests_total{{{{{labels}}}}}[{{w}}]))",
        least=20,
    )


REQUESTS = {service: _requests(service) for service in SERVICES}
SHARES = (GATE_VERDICT, *REQUESTS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One line of the table of promises."""

    zh: str
    en: str
    objective: str
    query: str
    alert: str


_ENTRY = 'service="gate",route="/v1/entry-checks"'
PROMISES = (
    Promise(
        zh="门岗 2 秒内得出结论（设备实测，联网或离线）",
        en="A verdict at the gate within 2 s of the capture, as the device measured it",
        objective="99.5 %",
        query='sum(increase(gate_client_verdict_duration_seconds_bucket{le="2.0"}[30d])) '
        "/ sum(increase(gate_client_verdict_duration_seconds_count[30d]))",
        alert="GateVerdictErrorBudgetBurn",
    ),
    Promise(
        zh="联网查验请求成功",
        en="Online checks answered without an error of ours",
        objective="99.9 %",
        query=f'1 - (sum(increase(http_server_requests_total{{{_ENTRY},code=~"5.."}}[30d])) or vector(0)) '
        f"/ sum(increase(http_server_requests_total{{{_ENTRY}}}[30d]))",
        alert="ServiceErrorBudgetBurn",
    ),
    Promise(
        zh="联网查验服务端 p99 小于 800 毫秒",
        en="Server part of an online check: p99 below 800 ms",
        objective="99 %",
        query="histogram_quantile(0.99, sum by (le) "
        '(increase(gate_check_duration_seconds_bucket{mode="online"}[30d])))',
        alert="GateVerdictErrorBudgetBurn",
    ),
    Promise(
        zh="证件注销 60 秒内在联网门岗生效",
        en="A revocation in force at the gate within 60 s",
        objective="99 %",
        query='sum(increase(registry_revocation_propagation_seconds_bucket{le="60.0"}[30d])) '
        "/ sum(increase(registry_revocation_propagation_seconds_count[30d]))",
        alert="RevocationSlow",
    ),
    Promise(
        zh="已连接门岗的名单不旧于 15 分钟",
        en="Lists of connected devices no older than 15 min, by which a revocation holds offline too",
        objective="100 %",
        query="avg_over_time((avg((time() - gate_list_updated_timestamp_seconds <= bool 900) "
        "and on (compound, checkpoint) (time() - gate_device_last_seen_timestamp_seconds < 120)))[30d:5m])",
        alert="GateListStale",
    ),
    Promise(
        zh="申报可靠入库",
        en="Declarations accepted: requests to observation without an error of ours",
        objective="99.95 %",
        query='1 - (sum(increase(http_server_requests_total{service="observation",code=~"5.."}[30d])) or vector(0)) '
        '/ sum(increase(http_server_requests_total{service="observation"}[30d]))',
        alert="ServiceErrorBudgetBurn",
    ),
    Promise(
        zh="未申报在关窗 5 分钟内发现",
        en="Missed windows found within 5 min of their close: minutes without anything overdue",
        objective="99.9 %",
        query="avg_over_time((sum(max by (window) (observation_windows_overdue)) == bool 0)[30d:1m])",
        alert="ObservationWindowNotClosed",
    ),
    Promise(
        zh="事件 60 秒内上看板",
        en="An event on headquarters' board within 60 s: minutes in which every read model was as fresh",
        objective="99 %",
        query="avg_over_time((max(reporting_projection_lag_seconds) <= bool 60)[30d:1m])",
        alert="ProjectionLagHigh",
    ),
    Promise(
        zh="恢复连接后离线记录 15 分钟内传完；丢失为零",
        en="Offline checks handed in within 15 min of the connection coming back; none lost",
        objective="99 %; 0",
        query="avg_over_time((count(gate_device_queue_length > 0 and on (compound, checkpoint) "
        "(time() - gate_device_oldest_queued_timestamp_seconds > 900) and on (compound, checkpoint) "
        "(time() - gate_device_last_seen_timestamp_seconds < 120)) or vector(0))[30d:5m])",
        alert="GateQueueStuck",
    ),
    Promise(
        zh="日报每天按时报出（保底每日一报，不连续缺报）",
        en="The daily report out ten minutes after its hour: days without one overdue",
        objective="29 of 30 days",
        query="avg_over_time((max(reporting_daily_reports_overdue) == bool 0)[30d:10m])",
        alert="DailyReportLate",
    ),
    Promise(
        zh="看板数与事件之和相等",
        en="Figures that add up: reports that contradict themselves",
        objective="100 %",
        query="max_over_time((count(report_continuity_mismatch != 0) or vector(0))[30d:10m])",
        alert="ReportContinuityMismatch",
    ),
)
