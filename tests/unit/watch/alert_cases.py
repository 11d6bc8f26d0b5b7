"""For each alert what makes it fire, and what looks like it and does not: series by the minute, as promtool has it."""

from dataclasses import dataclass

BOTH = frozenset({"critical", "warning"})
CRITICAL, WARNING, NOTHING = frozenset({"critical"}), frozenset({"warning"}), frozenset[str]()
GATE = 'compound="lj-001",checkpoint="lj-001-k1"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Series from minute 0 on, and which degrees of the alert fire at a minute."""

    alert: str
    series: dict[str, str]
    minute: int
    fires: frozenset[str]


def case(alert: str, fires: frozenset[str], minute: int, **series: tuple[str, str] | str) -> Case:
    """`name=(labels, values)`, or `name=values` without labels."""
    told: dict[str, str] = {}
    for name, content in series.items():
        labels, values = ("", content) if isinstance(content, str) else content
        told[f"{name.rstrip('_')}{{{labels}}}"] = values
    return Case(alert=alert, series=told, minute=minute, fires=fires)


def verdicts(quick: str, every: str) -> dict[str, tuple[str, str]]:
    """How many of a minute's verdicts came within two seconds."""
    labels = 'device_class="browser",mode="online"'
    return {
        "gate_client_verdict_duration_seconds_count": (labels, f"0+{every}x300"),
        "gate_client_verdict_duration_seconds_bucket": (f'{labels},le="2.0"', f"0+{quick}x300"),
    }


def requests(service: str, *, failed: str) -> dict[str, str]:
    """A hundred requests a minute, of which some fail."""
    labels = f'service="{service}",route="/v1/x",method="GET"'
    return {
        f'http_server_requests_total{{{labels},code="200"}}': "0+100x300",
        f'http_server_requests_total{{{labels},code="503"}}': f"0+{failed}x300",
    }


def revoked(within_a_minute: str) -> dict[str, str]:
    """Ten revocations a minute, of which some reached the gate within a minute."""
    name = "registry_revocation_propagation_seconds_bucket"
    return {
        f'{name}{{mode="online",le="60.0"}}': f"0+{within_a_minute}x60",
        f'{name}{{mode="online",le="300.0"}}': "0+10x60",
        f'{name}{{mode="online",le="+Inf"}}': "0+10x60",
    }


def silent(*gates: str, on_duty: int = 1, until: str = "0x60") -> dict[str, str]:
    """Gates that have said nothing since minute 0."""
    told: dict[str, str] = {}
    for gate in gates:
        at = f'compound="lj-001",checkpoint="{gate}"'
        told[f"gate_device_last_seen_timestamp_seconds{{{at}}}"] = until
        told[f"gate_people_on_duty{{{at}}}"] = f"{on_duty}x60"
    return told


def queue(seen: str) -> dict[str, tuple[str, str]]:
    """Five checks that wait since minute 0 at a device that was seen so."""
    return {
        "gate_device_queue_length": (GATE, "5x100"),
        "gate_device_oldest_queued_timestamp_seconds": (GATE, "0x100"),
        "gate_device_last_seen_timestamp_seconds": (GATE, seen),
    }


def declared(so_far: int, due: int = 150) -> dict[str, tuple[str, str]]:
    """A morning whose window closes after seventy minutes, where a hundred had usually declared by now."""
    return {
        "observation_declarations_received": ('window="morning"', f"{so_far}x200"),
        "observation_declarations_usual": ('window="morning"', "100x200"),
        "observation_declarations_due": ('window="morning",compound="lj-001"', f"{due}x200"),
        "observation_window_closes_timestamp_seconds": ('window="morning"', "4200x200"),
    }


_MISSED = 'compound="lj-001",streak="2"'
_READ = 'service="gate",producer="registry",channel="town"'
_TARGET = 'job="fangkong",service="{}",instance="x"'


def _outbox(pending: str, oldest: str) -> dict[str, tuple[str, str]]:
    return {
        "eventbus_outbox_pending": ('service="gate"', pending),
        "eventbus_oldest_pending_timestamp_seconds": ('service="gate"', oldest),
    }


def _raw(alert: str, fires: frozenset[str], minute: int, series: dict[str, str]) -> Case:
    return Case(alert=alert, series=series, minute=minute, fires=fires)


CASES = (
    case("GateVerdictErrorBudgetBurn", BOTH, 65, **verdicts("48", "60")),
    case("GateVerdictErrorBudgetBurn", NOTHING, 65, **verdicts("60", "60")),
    case("GateVerdictErrorBudgetBurn", NOTHING, 65, **verdicts("0", "0.1")),  # a handful at night
    _raw("GateOffline", WARNING, 17, silent("k1")),
    _raw("GateOffline", BOTH, 17, silent("k1", "k2", "k3", "k4")),
    _raw("GateOffline", NOTHING, 14, silent("k1")),  # not yet for five minutes
    _raw("GateOffline", NOTHING, 17, silent("k1", on_duty=0)),  # closed for the night
    _raw("GateOffline", NOTHING, 17, silent("k1", until="0+60x60")),
    case("GateListStale", CRITICAL, 14, gate_list_updated_timestamp_seconds=(GATE, "-14000x20")),
    case("GateListStale", NOTHING, 14, gate_list_updated_timestamp_seconds=(GATE, "-13000x20")),
    case("GateQueueStuck", WARNING, 42, **queue("0+60x100")),
    case("GateQueueStuck", NOTHING, 42, **queue("0x100")),  # offline: it cannot hand in
    case("GateClockSkew", WARNING, 12, gate_device_clock_skew_seconds=(GATE, "-300x20")),
    case("GateClockSkew", NOTHING, 12, gate_device_clock_skew_seconds=(GATE, "100x20")),
    _raw("RevocationSlow", CRITICAL, 20, revoked("9")),
    _raw("RevocationSlow", NOTHING, 20, revoked("10")),
    case("ObservationWindowNotClosed", CRITICAL, 7, observation_windows_overdue=('window="morning"', "3x20")),
    case("ObservationWindowNotClosed", NOTHING, 7, observation_windows_overdue=('window="morning"', "0x20")),
    case(
        "ObservationWindowNotClosed",
        CRITICAL,
        22,
        observation_scheduler_last_success_timestamp_seconds=('job="am_close"', "0x30"),
    ),
    case(
        "ObservationWindowNotClosed",
        NOTHING,
        22,
        observation_scheduler_last_success_timestamp_seconds=('job="am_close"', "0+60x30"),
    ),
    case("DeclarationIntakeDrop", CRITICAL, 22, **declared(40)),
    case("DeclarationIntakeDrop", NOTHING, 22, **declared(60)),
    case("DeclarationIntakeDrop", NOTHING, 22, **declared(40, due=90)),  # too few to judge
    case("DeclarationIntakeDrop", NOTHING, 8, **declared(40)),  # time enough
    case("DeclarationIntakeDrop", NOTHING, 75, **declared(40)),  # closed: now it is missed windows
    case("FollowUpBacklogGrowing", WARNING, 125, observation_missed_windows=(_MISSED, "40+1x300")),
    case("FollowUpBacklogGrowing", NOTHING, 125, observation_missed_windows=(_MISSED, "60x300")),
    case("FollowUpBacklogGrowing", NOTHING, 125, observation_missed_windows=(_MISSED, "0+0.1x300")),
    case("ProjectionLagHigh", WARNING, 7, reporting_projection_lag_seconds=('projection="x"', "400x60")),
    case("ProjectionLagHigh", BOTH, 32, reporting_projection_lag_seconds=('projection="x"', "400x60")),
    case("ProjectionLagHigh", NOTHING, 32, reporting_projection_lag_seconds=('projection="x"', "90x60")),
    case("ConsumerStuck", WARNING, 25, eventbus_lag=(_READ, "5x60")),
    case("ConsumerStuck", NOTHING, 25, eventbus_lag=(_READ, " ".join(["5 5 5 0"] * 10))),
    case("DeadLettersPresent", WARNING, 17, eventbus_dead_letters=('service="gate",consumer="x"', "2x20")),
    case("DeadLettersPresent", NOTHING, 17, eventbus_dead_letters=('service="gate",consumer="x"', "0x20")),
    case(
        "EventHeartbeatMissing",
        CRITICAL,
        8,
        eventbus_heartbeat_timestamp_seconds=('service="gate",producer="registry"', "0x20"),
    ),
    case("EventHeartbeatMissing", CRITICAL, 5, eventbus_up=('service="gate"', "0x20")),
    case(
        "EventHeartbeatMissing",
        NOTHING,
        8,
        eventbus_heartbeat_timestamp_seconds=('service="gate",producer="registry"', "0+60x20"),
        eventbus_up=('service="gate"', "1x20"),
    ),
    case("OutboxStuck", CRITICAL, 9, **_outbox("5x20", "1x20")),
    case("OutboxStuck", NOTHING, 9, **_outbox("5x20", "0+60x20")),  # busy: always some, never old
    case("OutboxStuck", NOTHING, 9, **_outbox("0x20", "0x20")),
    case("LeaderMissing", CRITICAL, 4, up=(_TARGET.format("gate"), "1x20")),
    case(
        "LeaderMissing",
        NOTHING,
        4,
        up=(_TARGET.format("gate"), "1x20"),
        eventbus_up=('service="gate"', "0x20"),
    ),
    case("LeaderMissing", NOTHING, 4, up=(_TARGET.format("gate"), "0x20")),  # that is TargetDown
    case("DailyReportLate", WARNING, 12, reporting_daily_reports_overdue="1x20"),
    case("DailyReportLate", NOTHING, 12, reporting_daily_reports_overdue="0x20"),
    case("ReportContinuityMismatch", WARNING, 12, report_continuity_mismatch=('figure="f"', "-1x20")),
    case("ReportContinuityMismatch", NOTHING, 12, report_continuity_mismatch=('figure="f"', "0x20")),
    _raw("ServiceErrorBudgetBurn", BOTH, 65, requests("gate", failed="10")),
    _raw("ServiceErrorBudgetBurn", WARNING, 65, requests("sanitation", failed="10")),  # nobody is woken
    _raw("ServiceErrorBudgetBurn", NOTHING, 65, requests("gate", failed="0")),
    case("TargetDown", CRITICAL, 4, up=(_TARGET.format("gate"), "0x20")),
    case("TargetDown", WARNING, 4, up=(_TARGET.format("reporting"), "0x20")),
    case("TargetDown", NOTHING, 4, up=(_TARGET.format("gate"), "1x20")),
    case("RecordsBrowsed", WARNING, 25, audit_browsing_noticed_total=('service="registry"', "0x20 1x40")),
    case("RecordsBrowsed", NOTHING, 50, audit_browsing_noticed_total=('service="registry"', "3x60")),
    case("Watchdog", frozenset({"none"}), 1, up=(_TARGET.format("gate"), "1x20")),
)
