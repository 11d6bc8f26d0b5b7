"""Whom to wake, and when: every alert with its query, how long it waits, and where to look (screens.md §6.4).

Critical wakes somebody at any hour, and only where a gate, a window of declarations or the bus is affected; all else
goes to the day's channel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deploy.local.names import SERVICES, TITLES
from deploy.watch.pace import Pace
from deploy.watch.slo import CRITICAL, GATE_VERDICT, REQUESTS, WARNING, Burn, Rule, Share

RUNBOOKS = "deploy/runbooks"
"""Where runbooks are in this tree: what shows alerts puts its own copy's address before it."""
Severity = Literal["critical", "warning", "none"]
Board = Literal["overview", "gates", "events", "declarations", "services"]
_PLACE = "compound, checkpoint"
_AT_NIGHT = frozenset({"gate", "observation"})
"""Services whose absence wakes somebody: people stand before a gate, and a declaration has its hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule. Two may share a name: the same trouble in two degrees."""

    name: str
    query: str
    wait: float
    severity: Severity
    zh: str
    en: str
    board: Board
    labels: tuple[tuple[str, str], ...] = ()

    def rule(self, pace: Pace) -> Rule:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.query,
            "for": pace.wait(self.wait),
            "labels": {"severity": self.severity, **dict(self.labels)},
            "annotations": {
                "summary": self.zh,
                "description": self.en,
                "runbook_url": f"{RUNBOOKS}/{self.name}.md",
                "dashboard_url": f"/d/fangkong-{self.board}",
            },
        }


def gates(pace: Pace) -> Iterator[Alert]:
    """What keeps people standing before a gate, or lets somebody in who must not."""
    for severity, burns in (("critical", CRITICAL), ("warning", WARNING)):
        for burn in burns:
            yield _burning(
                GATE_VERDICT,
                burn,
                pace,
                severity="critical" if severity == "critical" else "warning",
                name="GateVerdictErrorBudgetBurn",
                zh="门岗得出结论太慢",
                en="Verdicts at the gates take longer than 2 s",
                board="gates",
            )
    offline = (
        f"(time() - max by ({_PLACE}) (gate_device_last_seen_timestamp_seconds) > {pace.age(600)}) "
        f"and on ({_PLACE}) max by ({_PLACE}) (gate_people_on_duty) > 0"
    )
    yield Alert(
        name="GateOffline",
        query=offline,
        wait=300,
        severity="warning",
        zh="{{ $labels.checkpoint }} 有人值守，设备 {{ $value | humanizeDuration }} 没有消息",
        en="Somebody is on duty at {{ $labels.checkpoint }} and its device has said nothing for "
        "{{ $value | humanizeDuration }}",
        board="gates",
    )
    yield Alert(
        name="GateOffline",
        query=f"count({offline}) > 3",
        wait=300,
        severity="critical",
        zh="{{ $value }} 个有人值守的门岗失联",
        en="{{ $value }} gates with somebody on duty are silent",
        board="gates",
    )
    yield Alert(
        name="GateListStale",
        query=f"time() - min by ({_PLACE}) (gate_list_updated_timestamp_seconds) > {pace.age(14_400)}",
        wait=300,
        severity="critical",
        zh="{{ $labels.checkpoint }} 的离线名单已过期",
        en="The list by which {{ $labels.checkpoint }} decides offline is older than four hours",
        board="gates",
    )
    yield Alert(
        name="GateQueueStuck",
        query=f"gate_device_queue_length > 0 and on ({_PLACE}) "
        f"time() - gate_device_oldest_queued_timestamp_seconds > {pace.age(1_800)} and on ({_PLACE}) "
        "time() - gate_device_last_seen_timestamp_seconds < 120",
        wait=600,
        severity="warning",
        zh="{{ $labels.checkpoint }} 已联网，但有 {{ $value }} 条记录传不上来",
        en="{{ $labels.checkpoint }} is connected and cannot hand in {{ $value }} checks",
        board="gates",
    )
    yield Alert(
        name="GateClockSkew",
        query="abs(gate_device_clock_skew_seconds) > 120",
        wait=600,
        severity="warning",
        zh="{{ $labels.checkpoint }} 的设备时钟差 {{ $value }} 秒",
        en="A device's clock at {{ $labels.checkpoint }} is off by {{ $value }} s",
        board="gates",
    )
    yield Alert(
        name="RevocationSlow",
        query="histogram_quantile(0.99, sum by (le) "
        f"(rate(registry_revocation_propagation_seconds_bucket[{pace.window(1_800)}]))) > {pace.age(60)}",
        wait=600,
        severity="critical",
        zh="证件注销到达门岗太慢（p99 {{ $value | humanizeDuration }}）",
        en="Revoked passes reach the gate too late (p99 {{ $value | humanizeDuration }})",
        board="gates",
    )


def observation(pace: Pace) -> Iterator[Alert]:
    """What loses somebody between two declarations."""
    closes = "max by (window) (observation_window_closes_timestamp_seconds) - time()"
    yield Alert(
        name="ObservationWindowNotClosed",
        query="max by (window) (observation_windows_overdue) > 0",
        wait=300,
        severity="critical",
        zh="{{ $value }} 人的 {{ $labels.window }} 时段已结束而没有处理",
        en="{{ $labels.window }} is over for {{ $value }} people and nobody has acted on it",
        board="declarations",
        labels=(("cause", "overdue"),),
    )
    yield Alert(
        name="ObservationWindowNotClosed",
        query=f"time() - max by (job) (observation_scheduler_last_success_timestamp_seconds) > {pace.age(900)}",
        wait=300,
        severity="critical",
        zh="健康观察的定时处理停了 {{ $value | humanizeDuration }}",
        en="Observation has not come to the end of what is due for {{ $value | humanizeDuration }}",
        board="declarations",
        labels=(("cause", "standstill"),),
    )
    yield Alert(
        name="DeclarationIntakeDrop",
        query="max by (window) (observation_declarations_received) < 0.5 * max by (window) "
        "(observation_declarations_usual) and sum by (window) (observation_declarations_due) > "
        f"{pace.crowd(100)} and ({closes} > 0) and ({closes} < 3600)",
        wait=600,
        severity="critical",
        zh="{{ $labels.window }} 时段即将结束，申报数只有平日的一半以下",
        en="The {{ $labels.window }} window closes within the hour and fewer than half as many as usual declared",
        board="declarations",
    )
    yield Alert(
        name="FollowUpBacklogGrowing",
        query=f"deriv(observation:missed_twice:people[{pace.window(7_200)}]) > 0 and "
        f"observation:missed_twice:people > {pace.crowd(30)}",
        wait=7_200,
        severity="warning",
        zh="连续两次以上未申报的人数在增加",
        en="More and more people have missed two windows or more in a row",
        board="declarations",
    )


def bus(pace: Pace) -> Iterator[Alert]:
    """What keeps facts from those who need them."""
    for severity, wait in (("warning", 300), ("critical", 1_800)):
        yield Alert(
            name="ProjectionLagHigh",
            query=f"max by (projection) (reporting_projection_lag_seconds) > {pace.age(300)}",
            wait=wait,
            severity="critical" if severity == "critical" else "warning",
            zh="看板的 {{ $labels.projection }} 落后 {{ $value | humanizeDuration }}",
            en="Headquarters' {{ $labels.projection }} is {{ $value | humanizeDuration }} late",
            board="events",
        )
    yield Alert(
        name="ConsumerStuck",
        query=f"min by (service, producer, channel) (min_over_time(eventbus_lag[{pace.window(900)}])) > 0",
        wait=300,
        severity="warning",
        zh="{{ $labels.service }} 一直没有读完 {{ $labels.producer }} 的 {{ $labels.channel }}",
        en="{{ $labels.service }} has been behind in {{ $labels.producer }}'s {{ $labels.channel }} for a quarter of "
        "an hour",
        board="events",
    )
    yield Alert(
        name="DeadLettersPresent",
        query="sum by (service, consumer) (eventbus_dead_letters) > 0",
        wait=900,
        severity="warning",
        zh="{{ $labels.service }} 的 {{ $labels.consumer }} 有 {{ $value }} 条死信",
        en="{{ $value }} events wait for a person at {{ $labels.consumer }} of {{ $labels.service }}",
        board="events",
    )
    yield Alert(
        name="EventHeartbeatMissing",
        query=f"time() - max by (service, producer) (eventbus_heartbeat_timestamp_seconds) > {pace.age(180)}",
        wait=180,
        severity="critical",
        zh="{{ $labels.service }} 听不到 {{ $labels.producer }} 的心跳",
        en="{{ $labels.service }} has not heard from {{ $labels.producer }} for {{ $value | humanizeDuration }}",
        board="events",
        labels=(("cause", "silent"),),
    )
    yield Alert(
        name="EventHeartbeatMissing",
        query="max by (service) (eventbus_up) == 0",
        wait=180,
        severity="critical",
        zh="{{ $labels.service }} 连不上事件总线",
        en="{{ $labels.service }} is not connected to the bus",
        board="events",
        labels=(("cause", "disconnected"),),
    )
    yield Alert(
        name="OutboxStuck",
        query="max by (service) (eventbus_outbox_pending) > 0 and on (service) "
        f"time() - max by (service) (eventbus_oldest_pending_timestamp_seconds > 0) > {pace.age(300)}",
        wait=120,
        severity="critical",
        zh="{{ $labels.service }} 有 {{ $value }} 条事件发不出去",
        en="{{ $labels.service }} has committed {{ $value }} events that the bus does not take",
        board="events",
    )
    yield Alert(
        name="LeaderMissing",
        query='count by (service) (up{job="fangkong"} == 1) unless on (service) count by (service) (eventbus_up)',
        wait=120,
        severity="critical",
        zh="{{ $labels.service }} 没有主进程：不发事件，不读事件，不到点办事",
        en="No process of {{ $labels.service }} leads: it publishes, reads and does nothing that falls due",
        board="services",
    )


def headquarters(_pace: Pace) -> Iterator[Alert]:
    """What headquarters would report wrongly, or not at all."""
    yield Alert(
        name="DailyReportLate",
        query="max(reporting_daily_reports_overdue) > 0",
        wait=600,
        severity="warning",
        zh="日报到时间没有报出",
        en="A daily report is due and was not sent",
        board="overview",
    )
    yield Alert(
        name="ReportContinuityMismatch",
        query="max by (figure) (report_continuity_mismatch) != 0",
        wait=600,
        severity="warning",
        zh="日报前后不衔接：{{ $labels.figure }} 差 {{ $value }}",
        en="A report contradicts itself: {{ $labels.figure }} is off by {{ $value }}",
        board="overview",
    )


def services(pace: Pace) -> Iterator[Alert]:
    """What is wrong with the programs themselves."""
    for service in SERVICES:
        title, english = TITLES[service]
        night: Severity = "critical" if service in _AT_NIGHT else "warning"
        for severity, burns in ((night, CRITICAL), ("warning", WARNING)):
            for burn in burns:
                yield _burning(
                    REQUESTS[service],
                    burn,
                    pace,
                    severity="critical" if severity == "critical" else "warning",
                    name="ServiceErrorBudgetBurn",
                    zh=f"{title}服务出错过多",
                    en=f"Too many requests to {english} fail",
                    board="services",
                    service=service,
                )
    for severity, matches in (("critical", "=~"), ("warning", "!~")):
        yield Alert(
            name="TargetDown",
            query=f'up{{job="fangkong",service{matches}"{"|".join(sorted(_AT_NIGHT))}"}} == 0',
            wait=120,
            severity="critical" if severity == "critical" else "warning",
            zh="{{ $labels.service }} 服务没有响应（{{ $labels.instance }}）",
            en="{{ $labels.service }} does not answer at {{ $labels.instance }}",
            board="services",
        )
    yield Alert(
        name="RecordsBrowsed",
        query=f"sum by (service) (increase(audit_browsing_noticed_total[{pace.window(3_600)}])) > 0",
        wait=0,
        severity="warning",
        zh="{{ $labels.service }} 有账号一小时内查阅的人数异常，请审计员查看",
        en="An account opened unusually many people's records at {{ $labels.service }}; auditors see which",
        board="services",
    )
    yield Alert(
        name="Watchdog",
        query="vector(1)",
        wait=0,
        severity="none",
        zh="监控本身在工作：这条告警应当一直存在",
        en="Alerting works: this one always fires, and whoever stops hearing it looks at the monitoring",
        board="overview",
    )


GROUPS = {
    "gates": gates,
    "observation": observation,
    "bus": bus,
    "headquarters": headquarters,
    "services": services,
}


def all_alerts(pace: Pace) -> list[Alert]:
    """Every alerting rule at a pace."""
    return [alert for group in GROUPS.values() for alert in group(pace)]


def _burning(
    share: Share,
    burn: Burn,
    pace: Pace,
    *,
    severity: Severity,
    name: str,
    zh: str,
    en: str,
    board: Board,
    service: str | None = None,
) -> Alert:
    return Alert(
        name=name,
        query=share.burns(burn, pace),
        wait=burn.wait,
        severity=severity,
        zh=f"{zh}（{burn.long} 内失败 {{{{ $value | humanizePercentage }}}}）",
        en=f"{en}: {{{{ $value | humanizePercentage }}}} within {burn.long}, {burn.factor:g} times the budget",
        board=board,
        labels=(("burn", burn.long), *((("service", service),) if service else ())),
    )
