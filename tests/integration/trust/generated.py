"""Requests that schemathesis makes from a service's OpenAPI document, led to the objects that are there.

A generated id is nobody's, and every answer would be 404. So most cases get the ids of the service's world, and what an
answer names can be asked for by the next case.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case as AnyCase
from schemathesis import GenerationMode
from schemathesis.config import SanitizationConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.prepare import prepare_request

from shared.http.access import Role
from shared.http.problem import MEDIA_TYPE

Case = AnyCase[Any]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
AS_IT_IS = SanitizationConfig(enabled=False)
ID = re.compile(r"(_id|_ref|^code|^compound|^site|^unit|^one|^other|^kept|^merged)$")
"""Names of fields that point at something which is there."""
_MOST = 8
"""Values that are remembered of a name; the latest are the most telling."""

_NEAR = st.dates(date(2020, 2, 1), date(2020, 3, 20))
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8))])
schemathesis.openapi.format("date", (_NEAR | _NEAR | st.dates()).map(date.isoformat))
schemathesis.openapi.format(
    "date-time",
    st.one_of(st.builds(datetime.combine, _NEAR, st.times(), _ZONES), st.datetimes(timezones=_ZONES)).map(
        datetime.isoformat
    ),
)
schemathesis.openapi.format("time-local", st.times().map(time.isoformat))


def collected(strategy: st.SearchStrategy[Case], count: int, seed: int) -> list[Case]:
    """So many cases, the same ones in every run; fewer where the description allows no more."""
    found: list[Case] = []

    @seeded(seed)
    @settings(
        max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(case: Case) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:  # nothing can be wrong with a route that takes nothing
        return []
    return found


@dataclass(slots=True)
class Remembered:
    """Values by the name of the field that holds them: of the world first, then of what was answered."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, content: Any) -> None:
        """Keep the ids of an answer."""
        match content:
            case dict():
                for name, value in content.items():
                    if isinstance(value, str) and ID.search(name) and len(value) <= 64:
                        self.add(name, value)
                    else:
                        self.learn(value)
            case list():
                for one in content[:3]:
                    self.learn(one)

    def add(self, name: str, value: str) -> None:
        """Keep one value, and let the oldest but one go: the first is the world's."""
        known = self.values.setdefault(name, [])
        if value not in known:
            known.append(value)
            del known[1 : max(1, len(known) - _MOST + 1)]

    def pick(self, name: str, nth: int) -> str | None:
        """One of the values of a name."""
        known = self.values.get(name)
        return known[nth % len(known)] if known else None

    def put_into(self, content: Any, nth: int) -> Any:
        """The same content with ids of what is there."""
        match content:
            case dict():
                return {
                    name: (self.pick(name, nth) or value)
                    if isinstance(value, str) and isinstance(name, str) and ID.search(name)
                    else self.put_into(value, nth)
                    for name, value in content.items()
                }
            case list():
                return [self.put_into(one, nth) for one in content]
            case _:
                return content


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was asked and answered."""

    service: str
    routes: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    roles: Counter[Role] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    """The first case of every kind of fault."""

    @property
    def cases(self) -> int:
        return sum(self.statuses.values())

    def __str__(self) -> str:
        told = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        return f"{self.service:<12} routes {len(self.routes):>3}  cases {self.cases:>5}  {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Cases of a service, and calls with them."""

    http: httpx.AsyncClient
    document: Mapping[str, Any]
    remembered: Remembered
    operations: Sequence[Any] = ()

    @classmethod
    def of(
        cls, http: httpx.AsyncClient, document: Mapping[str, Any], known: Mapping[str, str]
    ) -> "Generator":
        """Read the document, without who may call: credentials are real ones here."""
        open_to_all = json.loads(json.dumps(document))
        open_to_all["components"].pop("securitySchemes", None)
        for methods in open_to_all["paths"].values():
            for operation in methods.values():
                operation.pop("security", None)
        schema = schemathesis.openapi.from_dict(open_to_all)
        found = [operation.ok() for operation in schema.get_all_operations() if isinstance(operation, Ok)]
        remembered = Remembered({name: [value] for name, value in known.items()})
        return cls(http=http, document=open_to_all, remembered=remembered, operations=found)

    def cases(self, operation: Any, count: int, seed: int) -> Iterator[Case]:
        """As many cases as asked for, right ones and wrong ones in turn; of few, each again."""
        half = (count + 1) // 2
        right, wrong = (
            collected(operation.as_strategy(generation_mode=mode), half, seed) for mode in GenerationMode
        )
        mixed = [case for pair in zip(right, wrong, strict=False) for case in pair]
        mixed += right[len(wrong) :] + wrong[len(right) :]
        for nth in range(count):
            yield mixed[nth % len(mixed)]

    def embed(self, case: Case, made: Any, nth: int) -> None:
        """Put one field of a case into a body that would be taken: what is wrong alone is not seen beside more."""
        if isinstance(case.body, dict) and isinstance(made, dict) and case.body:
            fields = sorted(case.body, key=str)
            one = fields[nth % len(fields)]
            case.body = {**made, one: case.body[one]}

    async def call(self, case: Case, who: Mapping[str, str], nth: int) -> httpx.Response:
        """Send a case as it would go over the wire; three of four know where things are."""
        if nth % 4 != 3:
            for name in case.path_parameters:
                if known := self.remembered.pick(name, nth):
                    case.path_parameters[name] = known
            if nth % 2 == 0:
                case.query = self.remembered.put_into(case.query, nth)
                case.body = self.remembered.put_into(case.body, nth)
        prepared = prepare_request(case, None, config=AS_IT_IS, base_url=str(self.http.base_url))
        headers: dict[str, Any] = {**prepared.headers, **who}
        sent: Any = prepared.body
        return await self.http.request(
            prepared.method or "GET", prepared.url or "", headers=headers, content=sent
        )

    def faults(self, case: Case, answer: httpx.Response) -> Iterator[tuple[str, str]]:
        """What is wrong with an answer: its kind, and what there is to say about it."""
        status = answer.status_code
        if status in {500, 502, 504}:
            yield f"{status}", ""
        if status >= 400:
            if answer.headers.get("Content-Type") != MEDIA_TYPE:
                yield f"an error that is no problem+json ({status})", ""
            elif not answer.json().get("code"):
                yield f"a problem without a code ({status})", ""
        try:
            case.validate_response(Response.from_httpx(answer, verify=False), checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                kind = failure.title if isinstance(failure, Failure) else repr(failure)
                yield f"{kind} ({status})", str(getattr(failure, "message", ""))[:400]
