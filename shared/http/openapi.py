"""What the OpenAPI document says beyond FastAPI's own: the problems of every route, and who may call it."""

from typing import Any

from shared.http.access import DEVICES, STAFF, AccessTable, Role
from shared.http.problem import MEDIA_TYPE, Problem

_ALWAYS = {
    "400": "The request cannot be read: malformed JSON, a NUL character, a cursor that is not ours.",
    "503": "Something this service needs is away; nothing was changed. Retry-After tells when to ask again.",
}
_SIGNED_IN = {
    "401": "No credential, or one that does not hold.",
    "403": "The role does not allow it (`role_not_allowed`), or not at this place (`out_of_scope`).",
}
_WITH_BODY = {
    "409": "The state of things does not allow it; `code` tells why.",
    "413": "The body is too long.",
    "415": "The body is not of the media type that this route takes.",
}
_WITH_INPUT = {"422": "Some fields are not valid; `errors` lists them."}
_WITH_PATH = {"404": "There is no such thing."}
_LIMITED = {"429": "Too many requests. Retry-After tells when to ask again."}


def document(schema: dict[str, Any], table: AccessTable) -> dict[str, Any]:
    """Complete a generated OpenAPI document in place and return it."""
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
    for path, methods in schema.get("paths", {}).items():
        for method, operation in methods.items():
            roles = table.get(f"{method.upper()} {path}", frozenset({Role.PUBLIC}))
            _complete(operation, path, roles)
    return schema


def _complete(operation: dict[str, Any], path: str, roles: frozenset[Role]) -> None:
    takes_body = "requestBody" in operation
    problems = {
        **_ALWAYS,
        **(_SIGNED_IN if roles != {Role.PUBLIC} else {}),
        **(_WITH_PATH if "{" in path else {}),
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
