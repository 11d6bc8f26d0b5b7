"""What the OpenAPI document says beyond FastAPI's own: the problems of every route, and who may call it."""

from collections.abc import Collection
from typing import Any

from shared.http.access import DEVICES, STAFF, AccessTable, Role
from shared.http.problem import MEDIA_TYPE, Problem

_ALWAYS = {
    "400": "The request cannot be read: malformed JSON, a NUL character, a cursor that is not ours.",
    "410": "What was there is gone: erased, over, withdrawn, kept no longer, or all of it (`closed_down`).",
    "503": "Something this service needs is away. Retry-After tells when to ask again, with the same id.",
}
_CALLED = {"401": "No credential, or one that does not hold; also where none is asked for."}
_SIGNED_IN = {
    "403": "The role does not allow it (`role_not_allowed`), or not at this place (`out_of_scope`).",
}
_ACTING = {"409": "The state of things does not allow it; `code` tells why."}
_WITH_BODY = {
    "413": "The body is too long.",
    "415": "The body is not of the media type that this route takes.",
}
_WITH_INPUT = {
    "404": "There is no such thing: what is meant may be named in the path, the query or the body.",
    "422": "Some fields are not valid; `errors` lists them.",
}
_AGAIN = {"200": "Sent before: the first answer.", "201": "It was not there and was made."}
_LIMITED = {"429": "Too many requests. Retry-After tells when to ask again."}


def document(schema: dict[str, Any], table: AccessTable, varying: Collection[str]) -> dict[str, Any]:
    """Complete a generated OpenAPI document in place and return it.

    Args:
        schema: as FastAPI makes it.
        table: who may call what.
        varying: cells of routes that choose their status: what is sent again is answered by another one.
    """
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.pop("$defs"))
    schemas["Problem"] = own
    components["securitySchemes"] = {
        "staff": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "device": {"type": "http", "scheme": "Device"},
        "resident": {"type": "http", "scheme": "Link"},
    }
    _local_times(schema)
    for path, methods in schema.get("paths", {}).items():
        for method, operation in methods.items():
            cell = f"{method.upper()} {path}"
            if cell in varying:
                _vary(operation["responses"])
            _complete(operation, method, table.get(cell, frozenset({Role.PUBLIC})))
    return schema


def _local_times(told: Any) -> None:
    """Call times of the day what they are: `time` would be one with an offset (RFC 3339), and ours have none."""
    match told:
        case {"type": "string", "format": "time"}:
            told["format"] = "time-local"
        case dict():
            for part in told.values():
                _local_times(part)
        case list():
            for part in told:
                _local_times(part)


def _vary(responses: dict[str, Any]) -> None:
    """Name the other status of a route that may be asked the same again."""
    [told] = [status for status in responses if status in {"200", "201", "202"}][:1]
    other = "201" if told == "200" else "200"
    responses.setdefault(other, {**responses[told], "description": _AGAIN[other]})


def _complete(operation: dict[str, Any], method: str, roles: frozenset[Role]) -> None:
    takes_body = "requestBody" in operation
    problems = {
        **_ALWAYS,
        **_CALLED,
        **(_SIGNED_IN if roles != {Role.PUBLIC} else {}),
        **(_ACTING if method != "get" else {}),
        **(_WITH_BODY if takes_body else {}),
        **(_WITH_INPUT if takes_body or operation.get("parameters") else {}),
        **_LIMITED,
    }
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)  # FastAPI's own shape, which this service never sends
    for status, description in problems.items():
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault(status, {"description": description, "content": content})
    operation["x-roles"] = sorted(roles)
    operation["security"] = _security(roles)


def _security(roles: frozenset[Role]) -> list[dict[str, list[str]]]:
    schemes = (("device", DEVICES), ("resident", frozenset({Role.RESIDENT})), ("staff", STAFF))
    ways: list[dict[str, list[str]]] = [{name: []} for name, those in schemes if those & roles]
    return [*ways, {}] if Role.PUBLIC in roles else ways
