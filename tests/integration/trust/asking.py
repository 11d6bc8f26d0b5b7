"""A request for any route, made from its OpenAPI description and from objects that are there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

FRESH = str(UUID(int=0x018F00000000700080000000000000FE))
PHONE = "19900000000"
_BY_FORMAT = {"date": "2020-02-24", "date-time": "2020-02-24T09:00:00+08:00", "time-local": "09:00:00"}


@dataclass(slots=True, kw_only=True)
class Asking:
    """Makes requests of a service's document.

    `known`: values by name; a path, query or body field of that name gets it.
    `bodies`: what a field of a route must hold beyond what its description says, by cell.
    """

    document: Mapping[str, Any]
    known: Mapping[str, str]
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, cell: str, *, new: bool) -> tuple[str, dict[str, Any]]:
        """Path and content. `new`: the first id of the body is of nothing that is there, as for something made."""
        method, path = cell.split(maxsplit=1)
        told = self.document["paths"].get(path, {}).get(method.lower(), {})
        named = re.sub(r"\{(\w+)\}", lambda found: self.known.get(found[1], FRESH), path)
        query = {
            one["name"]: self._value(one["name"], one["schema"])
            for one in told.get("parameters", ())
            if one["in"] == "query" and (one.get("required") or one["name"] in {"compound", "unit"})
        }
        content: dict[str, Any] = {
            "params": {name: value for name, value in query.items() if value is not None}
        }
        given = told.get("requestBody", {}).get("content", {})
        if "application/json" in given:
            content["json"] = self._body(cell, given["application/json"]["schema"], new=new)
        elif "multipart/form-data" in given:
            content["files"] = {"file": ("list.csv", b"a,b\n1,2\n")}
        elif method == "POST":
            content["data"] = {
                **{name: value for name, value in self.known.items() if len(value) < 100},
                **self.bodies.get(cell, {}),
            }
        return named, content

    def _body(self, cell: str, schema: Mapping[str, Any], *, new: bool) -> Any:
        made = self._value("", schema)
        if new and isinstance(made, dict):
            own = next((name for name in made if name.endswith("_id")), None)
            if own:
                made[own] = str(uuid4())
        return {**made, **self.bodies.get(cell, {})} if isinstance(made, dict) else made

    def _value(self, name: str, schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one way per kind of value
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if ways := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            return self._value(name, next((way for way in ways if way.get("type") != "null"), ways[0]))
        match schema.get("type"):
            case "object":
                fields = schema.get("properties", {})
                return {one: self._value(one, fields[one]) for one in self._asked(schema)}
            case "array":
                one = "compound" if name == "compounds" else name.removesuffix("s")
                return [self._value(one, schema.get("items", {}))]
            case "boolean":
                return True
            case "integer" | "number":
                return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            case _:
                return self._text(name, schema)

    def _asked(self, schema: Mapping[str, Any]) -> Iterator[str]:
        """Which fields of an object are filled: those that must be, and the compound."""
        fields = schema.get("properties", {})
        needed = {*schema.get("required", ()), *({"compound"} & fields.keys())}
        return (one for one in fields if one in needed)

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        form = schema.get("format")
        if form in _BY_FORMAT:
            return _BY_FORMAT[form]
        if name in self.known:
            return self.known[name]
        if form == "uuid":
            return str(uuid4())
        if name == "phone":  # of which no letters are one
            return PHONE
        return "一" * max(int(schema.get("minLength", 0)), 4)
