"""The bus's own figures (screens.md section 6.2): kept by the process that leads."""

from functools import partial

from shared.obs import metrics

_counter = partial(metrics.counter, registry=metrics.LED)
_gauge = partial(metrics.gauge, registry=metrics.LED)

BUS_UP = _gauge("eventbus_up", "1 while this process is connected to NATS.")
FORGETFUL = _gauge(
    "eventbus_forgetful",
    "1 while the bus does not say that it syncs before it acknowledges: nothing is handed to it.",
)
BUS_ERRORS = _counter("eventbus_errors_total", "Errors that NATS reported outside of any request.", "kind")
OUTBOX_PENDING = _gauge("eventbus_outbox_pending", "Events committed but not yet stored by JetStream.")
OLDEST_PENDING = _gauge(
    "eventbus_oldest_pending_timestamp_seconds",
    "When the oldest unpublished event was committed; 0 for none.",
)
PUBLISHED = _counter("eventbus_published_total", "Events stored by JetStream.", "channel")
BATCH_REFUSED = _counter(
    "eventbus_batches_refused_total", "Atomic batches that were published one by one instead."
)
HEARTBEAT = _gauge(
    "eventbus_heartbeat_timestamp_seconds", "When a producer's heartbeat was last heard.", "producer"
)
APPLIED = _counter(
    "eventbus_applied_total", "Events applied by a consumer.", "consumer", "producer", "channel"
)
REDELIVERED = _counter(
    "eventbus_redeliveries_total", "Events dropped because they were applied before.", "producer", "channel"
)
POSITION = _gauge("eventbus_position", "Last applied position.", "consumer", "producer", "channel")
LAG = _gauge(
    "eventbus_lag", "Events that the producer has published beyond the position.", "producer", "channel"
)
GAP_OPEN = _gauge(
    "eventbus_gap_open", "1 while positions are missing and not yet replayed.", "producer", "channel"
)
REPLAYED = _counter(
    "eventbus_replayed_total",
    "Events taken from the producer's outbox instead of the stream.",
    "producer",
    "channel",
)
DEAD_LETTERS = _gauge("eventbus_dead_letters", "Events that wait for a person.", "consumer")
BEYOND = _gauge(
    "eventbus_beyond_epoch",
    "Events held of an epoch that its restored producer no longer has, until somebody settled them.",
    "producer",
)
RESUBSCRIBED = _counter(
    "eventbus_resubscribed_total", "Silent subscriptions that were replaced.", "producer", "channel"
)
