"""Traces: one trace over HTTP, PostgreSQL, NATS and PostgreSQL again, cheap enough to stay on.

Every request gets a trace context, so that `traceparent` travels with its events. Spans are recorded only
where somebody reads them: `FANGKONG_TRACE_FILE` names a file to which they are appended as JSON lines, and
then no more than `PER_SECOND` new traces a second are kept. `FANGKONG_TRACE=off` switches all of it off;
every helper here still works and does nothing.
"""

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opentelemetry import context, trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

PER_SECOND = 50
"""New traces recorded per second and process; a flood of requests does not become a flood of spans."""

_asyncpg: Any = AsyncPGInstrumentor  # the package is not typed
_W3C_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_W3C = TraceContextTextMapPropagator()
_ATTRIBUTES = frozenset(  # an allow-list: paths and query strings of requests stay out of the file
    [
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
        "db.name",
        "db.statement",
        "messaging.system",
        "messaging.destination.name",
        "messaging.batch.message_count",
        "fangkong.event",
        "fangkong.consumer",
        "fangkong.channel",
        "fangkong.position",
        "fangkong.correlation_id",
    ]
)


class BoundedSampler(Sampler):
    """Record a new trace while the second's allowance lasts; later spans in the process follow it."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self._per_second = per_second
        self._second, self._used = 0, 0
        self._lock = threading.Lock()

    def should_sample(  # noqa: PLR0917 - OpenTelemetry's signature
        self,
        parent_context: context.Context | None,
        trace_id: int,  # noqa: ARG002
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Decide about one span. A statement that nobody asked for, such as a poll, starts no trace."""
        if kind is SpanKind.CLIENT and not trace.get_current_span(parent_context).get_span_context().is_valid:
            return SamplingResult(Decision.DROP)
        with self._lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._used = second, 0
            self._used += 1
            keep = self._used <= self._per_second
        state: TraceState = trace.get_current_span(parent_context).get_span_context().trace_state
        return SamplingResult(Decision.RECORD_AND_SAMPLE if keep else Decision.DROP, attributes, state)

    def get_description(self) -> str:
        """Name the sampler in diagnostics."""
        return f"BoundedSampler({self._per_second}/s)"


class JsonLines(SpanExporter):
    """Append finished spans to a file, one JSON object a line; many processes may share the file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write a batch in one append, so that lines of two processes never mix."""
        os.write(self._file, "".join(_line(span) for span in spans).encode())
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._file)


def _line(span: ReadableSpan) -> str:
    own, parent = span.get_span_context(), span.parent
    return (
        json.dumps(
            {
                "trace_id": f"{own.trace_id:032x}" if own else None,
                "span_id": f"{own.span_id:016x}" if own else None,
                "parent_span_id": f"{parent.span_id:016x}" if parent else None,
                "service": span.resource.attributes.get("service.name"),
                "name": span.name,
                "kind": span.kind.name.lower(),
                "start": datetime.fromtimestamp((span.start_time or 0) / 1e9, UTC).isoformat(),
                "seconds": ((span.end_time or 0) - (span.start_time or 0)) / 1e9,
                "status": span.status.status_code.name.lower(),
                "attributes": {k: v for k, v in (span.attributes or {}).items() if k in _ATTRIBUTES},
            }
        )
        + "\n"
    )


# Where nothing records spans, a trace is no more than the text that goes with messages.
_carried: ContextVar[str | None] = ContextVar("traceparent", default=None)


@dataclass(slots=True)
class _State:
    enabled: bool = False
    provider: TracerProvider | None = None
    exporter: SpanProcessor | None = None


_state = _State()


def configure(service: str, version: str, environ: Mapping[str, str] = os.environ) -> TracerProvider | None:
    """Set tracing up for this process as the environment says; safe to call twice.

    Environment:
        FANGKONG_TRACE: `on` (default) or `off`.
        FANGKONG_TRACE_FILE: where to append spans; without it contexts are made and nothing is recorded.

    Returns:
        the provider that records, for `make_app`; None when nothing is recorded.
    """
    shutdown()
    _state.enabled = environ.get("FANGKONG_TRACE", "on").lower() != "off"
    file = environ.get("FANGKONG_TRACE_FILE")
    if not _state.enabled or not file:
        return None
    sampler = BoundedSampler()
    provider = TracerProvider(
        sampler=ParentBased(root=sampler, remote_parent_sampled=sampler),  # a stranger cannot force recording
        resource=Resource({"service.name": service, "service.version": version}),
        shutdown_on_exit=False,
    )
    exporter = BatchSpanProcessor(JsonLines(Path(file)))
    provider.add_span_processor(exporter)
    _asyncpg().instrument(tracer_provider=provider)  # statements, never their arguments
    _state.provider, _state.exporter = provider, exporter
    return provider


def shutdown() -> None:
    """Write what is left and switch tracing off; the last act of a draining process."""
    if _state.exporter is not None:
        _asyncpg().uninstrument()
        _state.exporter.shutdown()
    _state.enabled, _state.provider, _state.exporter = False, None, None


def current_traceparent() -> str | None:
    """Tell the W3C `traceparent` of what is going on, to be sent with a message; None without a trace."""
    if _state.provider is None:
        return _carried.get()
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"


@contextmanager
def use_traceparent(traceparent: str | None) -> Iterator[None]:
    """Continue the trace that a message carries; None or nonsense starts afresh."""
    if _state.provider is None:
        carried = _carried.set(traceparent if traceparent and _W3C_FORM.fullmatch(traceparent) else None)
        try:
            yield
        finally:
            _carried.reset(carried)
        return
    carrier = {"traceparent": traceparent} if traceparent else {}
    token = context.attach(_W3C.extract(carrier, context.Context()))
    try:
        yield
    finally:
        context.detach(token)


def origin(incoming: str | None) -> str | None:
    """The `traceparent` of a request that begins where nothing is recorded: the caller's, or a fresh one."""
    if not _state.enabled:
        return None
    if incoming and _W3C_FORM.fullmatch(incoming):
        return incoming
    fresh = os.urandom(24).hex()
    return f"00-{fresh[:32]}-{fresh[32:]}-00"


@contextmanager
def begin(incoming: str | None, *, correlation: str) -> Iterator[None]:
    """Make sure that a request has a trace: the one under way, the caller's, or a fresh unrecorded one.

    A recorded one names the request's correlation id.
    """
    if _state.provider is None:
        with use_traceparent(_carried.get() or origin(incoming)):
            yield
        return
    under_way = trace.get_current_span()
    if under_way.get_span_context().is_valid:
        under_way.set_attribute("fangkong.correlation_id", correlation)
        yield
        return
    with use_traceparent(origin(incoming)):
        yield


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | float) -> Iterator[trace.Span]:
    """Trace a piece of work. Attributes are named with `__` for `.`: `fangkong__event="EntryChecked"`."""
    if _state.provider is None:
        yield trace.INVALID_SPAN
        return
    dotted = {key.replace("__", "."): value for key, value in attributes.items()}
    tracer = _state.provider.get_tracer("fangkong")
    with tracer.start_as_current_span(
        name, kind=kind, attributes=dotted, record_exception=False
    ) as started:  # no exception events: their messages may quote personal values
        yield started
