"""Prometheus' rule files and configuration, from the promises and alerts; YAML as people write it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.local.names import SERVICES
from deploy.production.workloads import CA, PORT
from deploy.watch.alerts import GROUPS
from deploy.watch.pace import REAL, Pace
from deploy.watch.slo import SHARES, Rule

FOLDER = Path(__file__).parents[1] / "prometheus"
MADE = "# Written by `python -m deploy.documents` from deploy/watch; change it there.\n"
_BESIDE: Mapping[str, Sequence[Rule]] = {
    "observation": (
        {
            "record": "observation:missed_twice:people",
            "expr": 'sum(observation_missed_windows{streak=~"2|3|gt3"})',
        },
    )
}
"""What the alerts of a group ask for, recorded just before."""


def files(pace: Pace = REAL) -> Iterator[tuple[str, str]]:
    """Names below the folder of rules, and contents."""
    records: list[Rule] = [rule for share in SHARES for rule in share.records(pace)]
    yield (
        "promises.yml",
        spell(
            {
                "groups": [
                    {
                        "name": "fangkong-promises",
                        "interval": _seconds(4 * pace.evaluate_seconds),
                        "rules": records,
                    }
                ]
            }
        ),
    )
    alerts = [
        {
            "name": f"fangkong-{name}",
            "rules": [*_BESIDE.get(name, ()), *(alert.rule(pace) for alert in alerts(pace))],
        }
        for name, alerts in GROUPS.items()
    ]
    yield "alerts.yml", spell({"groups": alerts})


def configuration(
    targets: Mapping[str, str],
    pace: Pace = REAL,
    *,
    alertmanager: str | None = "alertmanager:9093",
    ca_file: str | None = None,
) -> str:
    """`prometheus.yml`: service -> host and port of each of its processes; `ca_file`: who signs their certificates."""
    wire = {"scheme": "https", "tls_config": {"ca_file": ca_file}} if ca_file else {}
    scrapes = [
        {
            "job_name": "fangkong",
            # What a figure says of itself (`service`, `job`) goes before what we say of its target.
            "honor_labels": True,
            **wire,
            "static_configs": [
                {"targets": [targets[service]], "labels": {"service": service}}
                for service in SERVICES
                if service in targets
            ],
        },
        {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]},
    ]
    settings: dict[str, Any] = {
        "global": {
            "scrape_interval": _seconds(pace.scrape_seconds),
            "scrape_timeout": _seconds(min(10, pace.scrape_seconds)),
            "evaluation_interval": _seconds(pace.evaluate_seconds),
        },
        "rule_files": ["rules/*.yml"],
        "scrape_configs": scrapes if alertmanager else scrapes[:1],
    }
    if alertmanager:
        settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return spell(settings)


def alerting() -> str:
    """`alertmanager.yml`: who is told. Addresses of receivers are the operator's, in files beside it."""
    receivers = [
        {
            "name": name,
            "webhook_configs": [{"url_file": f"/etc/alertmanager/{name}.url", "send_resolved": True}],
        }
        for name in ("phone", "day", "dead-man")
    ]
    return spell(
        {
            "route": {
                "receiver": "day",
                "group_by": ["alertname", "service"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
                "routes": [
                    {
                        "matchers": ['alertname="Watchdog"'],
                        "receiver": "dead-man",
                        "group_wait": "0s",
                        "group_interval": "1m",
                        "repeat_interval": "1m",
                    },
                    {"matchers": ['severity="critical"'], "receiver": "phone", "repeat_interval": "1h"},
                ],
            },
            "inhibit_rules": [
                # One trouble, one call.
                {
                    "source_matchers": ['severity="critical"'],
                    "target_matchers": ['severity="warning"'],
                    "equal": ["alertname", "service", "compound", "checkpoint", "projection"],
                },
                {
                    "source_matchers": ['alertname="TargetDown"', 'service="gate"'],
                    "target_matchers": ['alertname=~"GateOffline|GateListStale|GateQueueStuck"'],
                },
                {
                    "source_matchers": ['alertname="EventHeartbeatMissing"'],
                    "target_matchers": [
                        'alertname=~"GateOffline|ProjectionLagHigh|ConsumerStuck|OutboxStuck|RevocationSlow"'
                    ],
                },
            ],
            "receivers": receivers,
        }
    )


def spell(content: Mapping[str, Any]) -> str:
    """YAML for people: in the order that was written, Chinese as Chinese."""
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
    return MADE + text


def documents() -> Iterator[tuple[Path, str]]:
    """What is committed."""
    for name, text in files():
        yield FOLDER / "rules" / name, text
    targets = {service: f"{service}:{PORT}" for service in SERVICES}
    yield FOLDER / "prometheus.yml", configuration(targets, ca_file=str(CA / "services.crt"))
    yield FOLDER / "alertmanager.yml", alerting()


def _seconds(number: float) -> str:
    return f"{number:g}s" if number == int(number) else f"{round(number * 1000)}ms"
