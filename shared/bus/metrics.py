"""The bus's own figures (screens.md section 6.2)."""

from prometheus_client import Counter, Gauge

BUS_UP = Gauge("eventbus_up", "1 while this process is connected to NATS.")
BUS_ERRORS = Counter("eventbus_errors_total", "Errors that NATS reported outside of any request.", ["kind"])
OUTBOX_PENDING = Gauge("eventbus_outbox_pending", "Events committed but not yet stored by JetStream.")
OLDEST_PENDING = Gauge(
    "eventbus_oldest_pending_timestamp_seconds",
    "When the oldest unpublished event was committed; 0 for none.",
)
PUBLISHED = Counter("eventbus_published_total", "Events stored by JetStream.", ["channel"])
BATCH_REFUSED = Counter(
    "eventbus_batches_refused_total", "Atomic batches that were published one by one instead."
)
HEARTBEAT = Gauge(
    "eventbus_heartbeat_timestamp_seconds", "When a producer's heartbeat was last heard.", ["producer"]
)
APPLIED = Counter(
    "eventbus_applied_total", "Events applied by a consumer.", ["consumer", "producer", "channel"]
)
REDELIVERED = Counter(
    "eventbus_redeliveries_total", "Events dropped because they were applied before.", ["producer", "channel"]
)
POSITION = Gauge("eventbus_position", "Last applied position.", ["consumer", "producer", "channel"])
LAG = Gauge(
    "eventbus_lag", "Events that the producer has published beyond the position.", ["producer", "channel"]
)
GAP_OPEN = Gauge(
    "eventbus_gap_open", "1 while positions are missing and not yet replayed.", ["producer", "channel"]
)
REPLAYED = Counter(
    "eventbus_replayed_total",
    "Events taken from the producer's outbox instead of the stream.",
    ["producer", "channel"],
)
DEAD_LETTERS = Gauge("eventbus_dead_letters", "Events that wait for a person.", ["consumer"])
BEYOND = Counter(
    "eventbus_beyond_epoch_total",
    "Events held of an epoch that its restored producer no longer has.",
    ["producer"],
)
RESUBSCRIBED = Counter(
    "eventbus_resubscribed_total", "Silent subscriptions that were replaced.", ["producer", "channel"]
)
