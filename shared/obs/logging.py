"""JSON logs on stdout: one line a fact, with the service and the correlation id, and nobody's personal data.

Code logs events by name with plain fields: `log.info("pass_issued", compound=...)`. Personal values do not
belong in a log at all; should one slip through, three guards stand behind: fields with a personal name are
blanked, runs of Chinese characters and long digit runs inside texts are blanked (names, addresses, documents
and phones; our own log texts are English), and exceptions are logged as type, place and blanked message,
without the input that caused them.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from asyncpg import PostgresError
from pydantic import ValidationError
from pydantic_core import to_json

BLANK = "[redacted]"
_PERSONAL = re.compile(
    r"(?:^|_)(?:surname|phone|mobile|document|documents|id_card|id_number|room|address|plate|password|secret)(?:_|$)"
    r"|^(?:name|names|full_name|given_name|(?:person|resident|holder|contact|worker)_name|token|authorization)$"
)
_TEXT = re.compile(r"[\u3400-\u9fff][\u3400-\u9fff·0-9-]*|(?<![\w-])\+?\d{11,19}[xX]?(?![\w-])")
_MAX_FRAMES = 12


@dataclass(slots=True)
class _Line:
    """What `configure` said that lines look like."""

    service: str
    threshold: int


_line = _Line("fangkong", logging.INFO)
_correlation: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Give a module its logger, usually named `log`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def current_correlation() -> UUID | None:
    """Tell the id that ties together everything one request or event sets off."""
    return _correlation.get()


@contextmanager
def use_correlation(correlation: UUID | None) -> Iterator[None]:
    """Work under a correlation id: logs carry it, and what is published inherits it."""
    token = _correlation.set(correlation)
    try:
        yield
    finally:
        _correlation.reset(token)


def write_fact(module: str, event: str, *, correlation: str | None = None, **fields: str | float) -> None:
    """Write an `info` line that every request has, past the chain of processors and its guards.

    Only for values that this program made itself, such as the pattern of a route or a duration: nobody's input, and so
    nothing that a guard could find.
    """
    if _line.threshold > logging.INFO:
        return
    line: dict[str, str | float] = {
        "module": module,
        **fields,
        "event": event,
        "level": "info",
        "timestamp": f"{datetime.now(UTC).isoformat(timespec='microseconds')[:-6]}Z",
        "service": _line.service,
    }
    if correlation or (correlation := str(_correlation.get() or "")):
        line["correlation_id"] = correlation
    _Stdout.msg(to_json(line).decode())


def blanked(text: str) -> str:
    """Blank what looks like a name, an address, a phone or a document inside a text."""
    if len(text) < 11 and text.isascii():  # too short for what the pattern finds; most fields are
        return text
    return _TEXT.sub(BLANK, text)


def describe(error: BaseException) -> dict[str, Any]:
    """Describe an exception for a log line: type, blanked message, innermost frames, cause; never input."""
    match error:
        case ValidationError():  # pydantic's own text quotes the input
            message = "; ".join(
                f"{'.'.join(map(str, part['loc']))}: {part['type']}"
                for part in error.errors(include_input=False, include_url=False, include_context=False)
            )
        case PostgresError():  # the DETAIL line quotes the row
            message = f"{error.sqlstate} {getattr(error, 'message', '')}"
        case _:
            message = str(error)
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    told: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": blanked(message),
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, BaseExceptionGroup):
        told["errors"] = [describe(part) for part in error.exceptions]
    if cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        told["cause"] = describe(cause)
    return told


@lru_cache(maxsize=4096)
def _personal(key: object) -> bool:
    return bool(_PERSONAL.search(str(key).lower()))


def _redact(value: Any) -> Any:
    match value:
        case str():
            return blanked(value)
        case Mapping():
            return {key: BLANK if _personal(key) else _redact(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redact(item) for item in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return blanked(str(value))


def _guard(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Apply the guards to a whole line (a structlog processor)."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    line: dict[str, Any] = _redact(event)
    if isinstance(error, BaseException):
        line["exception"] = describe(error)
    return line


def _correlate(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    correlation = _correlation.get()
    if correlation is not None:
        event.setdefault("correlation_id", str(correlation))
    return event


def _module(logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["module"] = logger.name if logger else event["_record"].name
    return event


_writing = threading.Lock()


class _Stdout:
    """Writes whole lines to whatever stdout is at the moment, so that a test can capture it."""

    @staticmethod
    def msg(line: str) -> None:
        with _writing:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = log = msg


class _Handler(logging.Handler):
    """Lets the lines of libraries leave by the same door."""

    def emit(self, record: logging.LogRecord) -> None:
        _Stdout().msg(self.format(record))


def _arrange(service: str, threshold: int) -> logging.Formatter:
    """Arrange our own lines; return the formatter that makes a library's lines look alike."""
    _line.service, _line.threshold = service, threshold

    def stamp(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("service", service)
        return event

    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),  # real time: a log tells what the machine did
        stamp,
        _correlate,
        _guard,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*common, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: _Stdout(),
        cache_logger_on_first_use=False,  # tests and re-configuration keep working; binding costs 2 µs
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_module, *common],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


def configure(service: str, level: str = "info") -> None:
    """Send all logs of this process, also those of libraries, to stdout as JSON lines.

    uvicorn is started with `log_config=None, access_log=False`: its messages then arrive here through the
    root logger, and the access line is written by `shared.http`.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    handler = _Handler()
    handler.setFormatter(_arrange(service, threshold))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.INFO))
    for noisy in ("httpx", "httpcore"):  # they log whole URLs
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers[:] = []
        logging.getLogger(own).propagate = own != "uvicorn.access"


# structlog's own default prints tracebacks with every local variable: never, not even before `configure`.
_arrange("fangkong", logging.INFO)
