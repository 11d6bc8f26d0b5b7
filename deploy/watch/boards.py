"""The five screens of operators (screens.md §6.5), and the files by which Grafana finds them."""

import json
from collections.abc import Iterator
from pathlib import Path

from deploy.watch.grafana import Board, Line, Panel, document
from deploy.watch.rules import spell

FOLDER = Path(__file__).parents[1] / "grafana"
_RED, _AMBER = "red", "orange"
_PLACE = "compound, checkpoint"
_OF = 'compound=~"$compound"'
_BY = 'service=~"$service"'
_COMPOUNDS = ("compound", "label_values(gate_device_last_seen_timestamp_seconds, compound)")
_SERVICES = ("service", 'label_values(up{job="fangkong"}, service)')


def _stat(
    title: str, query: str, unit: str, *limits: tuple[float, str], link: str, decimals: int | None = None
) -> Panel:
    return Panel(
        title=title,
        lines=[Line(query=query)],
        kind="stat",
        unit=unit,
        width=4,
        height=5,
        limits=limits,
        link=link,
        decimals=decimals,
    )


def _backwards(query: str) -> str:
    """A share that failed as the share that went well."""
    return f"1 - {query}"


OVERVIEW = Board(
    uid="overview",
    title="1 值班总览 On duty",
    panels=[
        _stat(
            "门岗 2 秒内 Verdicts in time",
            f"{_backwards('slo:gate_verdict:error_ratio_1d')} or vector(1)",
            "percentunit",
            *((0, _RED), (0.99, _AMBER), (0.995, "green")),
            link="gates",
            decimals=2,
        ),
        _stat(
            "联网门岗 Gates heard within 10 min",
            "sum(time() - max by (compound, checkpoint) (gate_device_last_seen_timestamp_seconds) < bool 600)",
            "short",
            link="gates",
        ),
        _stat(
            "未处理时段 Windows overdue",
            "sum(max by (window) (observation_windows_overdue))",
            "short",
            (1, _RED),
            link="declarations",
        ),
        _stat(
            "看板延迟 Board late",
            "max(reporting_projection_lag_seconds)",
            "s",
            *((60, _AMBER), (300, _RED)),
            link="events",
        ),
        _stat("死信 Dead letters", "sum(eventbus_dead_letters)", "short", (1, _AMBER), link="events"),
        _stat(
            "日报缺报 Reports overdue",
            "max(reporting_daily_reports_overdue)",
            "short",
            (1, _RED),
            link="services",
        ),
        Panel(
            title="现行告警 Alerts",
            kind="table",
            lines=[
                Line(
                    query='count by (alertname, severity, service, compound, checkpoint) (ALERTS{alertstate="firing"})',
                    name="现行 firing",
                )
            ],
            width=12,
            height=12,
            empty=True,
        ),
        Panel(
            title="在观人员 Under observation",
            lines=[
                Line(
                    query="sum by (kind) (max by (compound, kind, state) (observation_people))",
                    name="{{kind}}",
                )
            ],
            width=12,
            height=6,
        ),
        Panel(
            title="每分钟查验 Checks a minute",
            lines=[
                Line(
                    query="60 * sum by (verdict) (rate(gate_checks_total[$__rate_interval]))",
                    name="{{verdict}}",
                )
            ],
            width=12,
            height=6,
        ),
    ],
)
GATES = Board(
    uid="gates",
    title="2 门岗机群 Gates",
    variables=[_COMPOUNDS],
    panels=[
        Panel(
            title="门岗 Gates",
            kind="table",
            lines=[
                Line(
                    query=f"time() - max by ({_PLACE}) (gate_device_last_seen_timestamp_seconds{{{_OF}}})",
                    name="失联秒 silent s",
                ),
                Line(
                    query=f"time() - min by ({_PLACE}) (gate_list_updated_timestamp_seconds{{{_OF}}})",
                    name="名单龄秒 list age s",
                ),
                Line(query=f"max by ({_PLACE}) (gate_device_queue_length{{{_OF}}})", name="待传 queued"),
                Line(
                    query=f"max by ({_PLACE}) (gate_device_clock_skew_seconds{{{_OF}}})", name="时钟差 skew s"
                ),
                Line(query=f"max by ({_PLACE}) (gate_people_on_duty{{{_OF}}})", name="在岗 on duty"),
                Line(
                    query=f"sum by ({_PLACE}) (increase(gate_checks_total{{{_OF}}}[1h]))",
                    name="查验/时 checks an hour",
                ),
                Line(
                    query=f'sum by ({_PLACE}) (increase(gate_checks_total{{{_OF},verdict!~"admit.*"}}[1h]))',
                    name="未放行/时 not admitted an hour",
                ),
            ],
            width=24,
            height=14,
        ),
        Panel(
            title="结论用时 Verdicts, as felt (p50, p99)",
            lines=[
                Line(
                    query=f"histogram_quantile({share}, sum by (le, mode) "
                    "(rate(gate_client_verdict_duration_seconds_bucket[$__rate_interval])))",
                    name=f"p{share * 100:g} {{{{mode}}}}",
                )
                for share in (0.5, 0.99)
            ],
            unit="s",
            width=6,
        ),
        Panel(
            title="服务端用时 Server part (p99)",
            lines=[
                Line(
                    query="histogram_quantile(0.99, sum by (le, mode) "
                    "(rate(gate_check_duration_seconds_bucket[$__rate_interval])))",
                    name="{{mode}}",
                )
            ],
            unit="s",
            width=6,
        ),
        Panel(
            title="未扫码放行 Let in without a code",
            lines=[
                Line(
                    query=f"sum by (reason) (increase(gate_manual_admissions_total{{{_OF}}}[1h])) "
                    f"/ ignoring (reason) group_left sum(increase(gate_checks_total{{{_OF}}}[1h]))",
                    name="{{reason}}",
                )
            ],
            unit="percentunit",
            width=6,
        ),
        Panel(
            title="注销生效 Revocations in force (p99)",
            lines=[
                Line(
                    query="histogram_quantile(0.99, sum by (le, mode) "
                    "(rate(registry_revocation_propagation_seconds_bucket[30m])))",
                    name="{{mode}}",
                )
            ],
            unit="s",
            width=6,
        ),
    ],
)
EVENTS = Board(
    uid="events",
    title="3 事件管线 Events",
    variables=[_SERVICES],
    panels=[
        Panel(
            title="发布 Published",
            lines=[
                Line(
                    query=f"sum by (service, channel) (rate(eventbus_published_total{{{_BY}}}[$__rate_interval]))",
                    name="{{service}} {{channel}}",
                )
            ],
            unit="ops",
        ),
        Panel(
            title="处理 Applied",
            lines=[
                Line(
                    query=f"sum by (service) (rate(eventbus_applied_total{{{_BY}}}[$__rate_interval]))",
                    name="{{service}}",
                )
            ],
            unit="ops",
        ),
        Panel(
            title="看板延迟 Read models late",
            lines=[
                Line(query="max by (projection) (reporting_projection_lag_seconds)", name="{{projection}}")
            ],
            unit="s",
            limits=[(60, _AMBER), (300, _RED)],
        ),
        Panel(
            title="未读 Behind",
            lines=[
                Line(
                    query=f"max by (service, producer, channel) (eventbus_lag{{{_BY}}})",
                    name="{{service}} ← {{producer}} {{channel}}",
                )
            ],
        ),
        Panel(
            title="待发 Outbox pending",
            lines=[Line(query=f"max by (service) (eventbus_outbox_pending{{{_BY}}})", name="{{service}}")],
        ),
        Panel(
            title="最久待发 Oldest pending",
            lines=[
                Line(
                    query=f"max by (service) ((time() - eventbus_oldest_pending_timestamp_seconds{{{_BY}}}) "
                    f"* (eventbus_outbox_pending{{{_BY}}} > bool 0))",
                    name="{{service}}",
                )
            ],
            unit="s",
            limits=[(60, _AMBER), (300, _RED)],
        ),
        Panel(
            title="心跳 Heartbeats heard ago",
            lines=[
                Line(
                    query=f"time() - max by (service, producer) (eventbus_heartbeat_timestamp_seconds{{{_BY}}})",
                    name="{{service}} ← {{producer}}",
                )
            ],
            unit="s",
            limits=[(30, _AMBER), (180, _RED)],
        ),
        Panel(
            title="重复与补读 Repeated, replayed",
            lines=[
                Line(
                    query=f"sum by (service) (increase(eventbus_redeliveries_total{{{_BY}}}[1h])) or "
                    f"sum by (service) (0 * eventbus_up{{{_BY}}})",
                    name="重复 repeated {{service}}",
                ),
                Line(
                    query=f"sum by (service) (increase(eventbus_replayed_total{{{_BY}}}[1h])) or "
                    f"sum by (service) (0 * eventbus_up{{{_BY}}})",
                    name="补读 replayed {{service}}",
                ),
            ],
        ),
        Panel(
            title="死信 Dead letters",
            lines=[
                Line(
                    query=f"sum by (service, consumer) (eventbus_dead_letters{{{_BY}}})",
                    name="{{service}} {{consumer}}",
                )
            ],
            limits=[(1, _RED)],
        ),
    ],
)
_TODAY = "max by (window) (observation_declarations_{})"
DECLARATIONS = Board(
    uid="declarations",
    title="4 申报窗口 Declarations",
    variables=[_COMPOUNDS],
    panels=[
        Panel(
            title="今日申报 Declared, due, usual by now",
            lines=[
                Line(query=_TODAY.format("received"), name="已报 declared {{window}}"),
                Line(query=_TODAY.format("usual"), name="平日 usual {{window}}"),
                Line(
                    query="sum by (window) (max by (compound, window) (observation_declarations_due))",
                    name="应报 due {{window}}",
                ),
            ],
            width=16,
            height=9,
        ),
        Panel(
            title="距关窗 Until the window closes",
            kind="stat",
            lines=[
                Line(
                    query="max by (window) (observation_window_closes_timestamp_seconds) - time()",
                    name="{{window}}",
                )
            ],
            unit="s",
            width=8,
            height=9,
        ),
        Panel(
            title="渠道 By channel",
            lines=[
                Line(
                    query="sum by (channel) (increase(observation_declarations_total[1h])) or vector(0)",
                    name="{{channel}}",
                )
            ],
        ),
        Panel(
            title="连续未报 Missed in a row",
            lines=[
                Line(
                    query=f"sum by (streak) (max by (compound, streak) (observation_missed_windows{{{_OF}}})) "
                    "or vector(0)",
                    name="{{streak}}",
                )
            ],
        ),
        Panel(
            title="首次联系 First contact after a miss (p90)",
            lines=[
                Line(
                    query="histogram_quantile(0.9, sum by (le, step) "
                    "(rate(observation_followup_delay_seconds_bucket[6h]))) or vector(0)",
                    name="{{step}}",
                )
            ],
            unit="s",
        ),
    ],
)
RESOURCES = Board(
    uid="services",
    title="5 服务与资源 Services",
    variables=[_SERVICES],
    panels=[
        Panel(
            title="请求 Requests",
            lines=[
                Line(
                    query=f"sum by (service) (rate(http_server_requests_total{{{_BY}}}[$__rate_interval]))",
                    name="{{service}}",
                )
            ],
            unit="reqps",
        ),
        Panel(
            title="出错 Errors",
            lines=[
                Line(
                    query=f'sum by (service) (rate(http_server_requests_total{{{_BY},code=~"5.."}}[$__rate_interval])) '
                    f'or 0 * sum by (service) (up{{job="fangkong",{_BY}}})',
                    name="{{service}}",
                )
            ],
            unit="reqps",
        ),
        Panel(
            title="用时 Duration (p99)",
            lines=[
                Line(
                    query="histogram_quantile(0.99, sum by (le, service) "
                    f"(rate(http_server_request_duration_seconds_bucket{{{_BY}}}[$__rate_interval])))",
                    name="{{service}}",
                )
            ],
            unit="s",
        ),
        Panel(
            title="处理器 Processor",
            lines=[
                Line(
                    query=f'rate(process_cpu_seconds_total{{job="fangkong",{_BY}}}[$__rate_interval])',
                    name="{{service}} {{instance}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            title="内存 Memory",
            lines=[
                Line(
                    query=f'process_resident_memory_bytes{{job="fangkong",{_BY}}}',
                    name="{{service}} {{instance}}",
                )
            ],
            unit="bytes",
        ),
        Panel(
            title="文件 Open files",
            lines=[
                Line(
                    query=f'process_open_fds{{job="fangkong",{_BY}}} / process_max_fds{{job="fangkong",{_BY}}}',
                    name="{{service}} {{instance}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            title="版本 Versions",
            kind="table",
            lines=[
                Line(query=f"count by (service, version) (build_info{{{_BY}}})", name="进程 processes"),
                Line(query=f"max by (service) (rules_version{{{_BY}}})", name="规则 rules"),
            ],
            width=24,
        ),
    ],
)
BOARDS = (OVERVIEW, GATES, EVENTS, DECLARATIONS, RESOURCES)


def documents() -> Iterator[tuple[Path, str]]:
    """What is committed."""
    for board in BOARDS:
        text = json.dumps(document(board), ensure_ascii=False, indent=1) + "\n"
        yield FOLDER / "dashboards" / f"{board.uid}.json", text
    source = {"name": "Prometheus", "type": "prometheus", "url": "http://prometheus:9090", "isDefault": True}
    yield (
        FOLDER / "provisioning" / "datasources" / "prometheus.yml",
        spell({"apiVersion": 1, "datasources": [source | {"uid": "prometheus", "access": "proxy"}]}),
    )
    provider = {
        "name": "fangkong",
        "folder": "防控",
        "type": "file",
        "options": {"path": "/etc/grafana/dashboards"},
    }
    yield (
        FOLDER / "provisioning" / "dashboards" / "fangkong.yml",
        spell({"apiVersion": 1, "providers": [provider]}),
    )
