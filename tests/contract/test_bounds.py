"""Every list that a service answers with ends somewhere, and so does everything that it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deploy.documents import openapi
from shared.events.catalogue import PUBLISHERS
from shared.http.paging import MAX_LIMIT

pytestmark = pytest.mark.requirement("F19")
AS_LONG_AS_THE_TOWN = {
    "GET /v1/compounds": "a town has dozens",
    "GET /v1/compounds/{compound_id}/grids": "a compound has a handful",
    "GET /v1/neighbourhoods": "a town has a dozen",
    "GET /v1/work-groups": "one for each kind of work",
    "GET /v1/policies": "versions that headquarters put in force, one by one",
    "GET /v1/risk-areas": "lists that headquarters published, one a day",
    "GET /v1/responsibilities": "one for each measure, unit and day",
    "GET /v1/second-person": "what lapses first of what waits",
    "GET /v1/surplus": "posts of one place",
    "GET /v1/declaration-imports": "the latest ones of the caller",
    "GET /v1/compounds/{compound}/property-record": "the days of a range that is bounded",
    "GET /v1/inspections/{inspection_id}": "the points of one checklist",
}
"""Lists without pages: what bounds them."""
POLICY = "POST /v1/policies"
"""Headquarters' own document, bounded by the length of its body."""
Schema = Mapping[str, Any]


class Document:
    """A service's document, with what its references lead to."""

    def __init__(self, service: str) -> None:
        self.told: dict[str, Any] = openapi(service)

    def operations(self) -> Iterator[tuple[str, Schema]]:
        for path, methods in self.told["paths"].items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation

    def read(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def parts(
        self, schema: Schema, path: str = "", seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, Schema]]:
        """A schema and everything in it, each with its place."""
        if (name := schema.get("$ref", "")) in seen:
            return
        seen, schema = seen | ({name} if name else set()), self.read(schema)
        yield path, schema
        for way in ("anyOf", "oneOf", "allOf"):
            for one in schema.get(way, ()):
                yield from self.parts(one, path, seen)
        for field, inner in schema.get("properties", {}).items():
            yield from self.parts(inner, f"{path}.{field}", seen)
        for inner in (schema.get("items"), schema.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from self.parts(inner, f"{path}[]", seen)


def largest(parameters: Mapping[str, Schema]) -> int | None:
    """How many items a caller may ask for at once."""
    limit = parameters.get("limit", {})
    found = [one["maximum"] for one in (limit, *limit.get("anyOf", ())) if "maximum" in one]
    return found[0] if found else None


@pytest.mark.parametrize("service", PUBLISHERS)
def test_a_list_comes_in_pages_or_says_what_bounds_it(service: str) -> None:
    document = Document(service)
    for cell, operation in document.operations():
        parameters = {
            one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"
        }
        for status, answer in operation["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if schema is None or not status.startswith("2"):
                continue
            told = document.read(schema)
            is_list = told.get("type") == "array" or "items" in told.get("properties", {})
            if not is_list or cell.startswith("POST "):  # what is answered to a batch is as long as the batch
                continue
            most = largest(parameters)
            assert cell in AS_LONG_AS_THE_TOWN or (most is not None and most <= 5 * MAX_LIMIT), cell


@pytest.mark.parametrize("service", PUBLISHERS)
def test_what_is_taken_has_a_length(service: str) -> None:
    document = Document(service)
    bounds = {"maxLength", "format", "enum", "pattern", "const"}
    for cell, operation in document.operations():
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            for path, part in document.parts(content.get("schema", {})):
                if cell == POLICY or media.startswith("multipart/"):
                    continue
                assert part.get("type") != "array" or "maxItems" in part, f"{cell} {path}"
                endless = part.get("type") == "string" and not bounds & part.keys()
                assert not endless or path.endswith("_c"), f"{cell} {path}"  # degrees, read as numbers
        for parameter in operation.get("parameters", ()):
            for path, part in document.parts(parameter["schema"]):
                endless = part.get("type") == "string" and not bounds & part.keys()
                assert not endless, f"{cell} {parameter['name']}{path}"
