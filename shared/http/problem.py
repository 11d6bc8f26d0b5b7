"""Refusals and errors as RFC 9457 `application/problem+json`, rendered in this one place.

Clients branch on `code`; `detail` and `remedy` are for people. What the server knows beyond that (stack,
values, SQL) stays in its log under the correlation id that the problem carries.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from shared.kernel.field_faults import place_of, told_of
from shared.kernel.refusal import REMEDIES, Refusal
from shared.kernel.sealed import PersonKeyMissingError
from shared.obs.logging import current_correlation, get_logger

MEDIA_TYPE = "application/problem+json"
log = get_logger(__name__)


class FieldError(BaseModel):
    """What is wrong with one part of the input; never the input itself."""

    field: str
    code: str
    detail: str


class Problem(BaseModel):
    """Every answer of 400 and above."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    remedy: str | None = None
    errors: list[FieldError] | None = None
    correlation_id: str | None = None


class HttpRefusal(Refusal):
    """A refusal that HTTP itself calls for, with the headers it needs."""

    headers: Mapping[str, str] | None = None


class NotFound(HttpRefusal):
    """There is no such thing, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "not_found"


class TooManyRequests(HttpRefusal):
    """The caller is too fast; `retry_after` tells the seconds to wait."""

    status: ClassVar[int] = 429
    code: ClassVar[str] = "too_many_requests"

    def __init__(self, detail: str = "请求过于频繁。Too many requests.", *, retry_after: int) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after)}


class Unavailable(HttpRefusal):
    """Something this service needs is away for the moment; ask again, with the same id."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "unavailable"

    def __init__(
        self, detail: str = "服务暂不可用，请稍后重试。Not available for the moment.", *, retry_after: int = 5
    ) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after)}


class PolicyUnknown(Unavailable):
    """No policy version is in force here yet: nothing can be judged (R1.2)."""

    code: ClassVar[str] = "policy_unknown"

    def __init__(self) -> None:
        super().__init__(
            "现行规则尚未生效或尚未送达，请稍后重试。No policy is in force here yet; try again soon.",
            retry_after=5,
        )


class ProblemResponse(Response):
    """A problem on its way out, still readable for whoever presents it otherwise."""

    media_type = MEDIA_TYPE

    def __init__(self, content: dict[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(to_json(content), content["status"], dict(headers))
        self.problem = content


def refusing(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that refuses in a way that not all routes do."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        one.status: {
            "description": f"`{one.code}`: {(one.__doc__ or '').partition(chr(10))[0]}",
            "content": content,
        }
        for one in refusals
    }


def render(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    remedy: str | None = None,
    errors: list[FieldError] | None = None,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Make the response. Members named by the standard win over `extra`."""
    correlation = current_correlation()
    content: dict[str, Any] = {
        **(extra or {}),
        "type": f"urn:fangkong:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "field": field,
        "remedy": remedy or REMEDIES.get(status),
        "correlation_id": str(correlation) if correlation else None,
    }
    if errors:
        content["errors"] = [error.model_dump() for error in errors]
    return ProblemResponse(content, headers or {})


def presented(request: Request, response: ProblemResponse) -> Response:
    """The problem as the caller reads it: a browser gets a page where the service has pages."""
    faces = getattr(request.app.state, "pages", None) if "app" in request.scope else None
    if faces is None:
        return response
    page: Response = faces.present(request, response.problem, response)
    return page


def of_refusal(refusal: Refusal) -> ProblemResponse:
    """Render a refusal."""
    headers = refusal.headers if isinstance(refusal, HttpRefusal) else None
    return render(
        refusal.status,
        refusal.code,
        refusal.detail,
        field=refusal.field,
        remedy=refusal.remedy,
        extra=refusal.extra,
        headers=headers,
    )


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    if error.status == HTTPStatus.FORBIDDEN:  # who tried what is part of the audit trail (F17)
        who = request.scope.get("fangkong.principal")
        log.warning("access_refused", code=error.code, method=request.method, subject=who and who.subject)
    return presented(request, of_refusal(error))


_HTTP_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_HTTP_DETAILS = {
    400: "请求无法解析。The request cannot be read.",
    404: "没有这个地址。There is nothing at this address.",
    405: "此地址不支持该方法。This address does not take that method.",
}


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = {"Allow": _methods_of(request)}
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)
        error.headers = allowed
    code = _HTTP_CODES.get(status) or HTTPStatus(status).name.lower()
    detail = _HTTP_DETAILS.get(status, str(error.detail))
    return presented(request, render(status, code, detail, headers=error.headers))


def _methods_of(request: Request) -> str:
    """All methods that an address takes; the router names those of the first of its routes."""
    fitting = [
        route.methods or ()
        for route in request.app.router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    found = {method for methods in fitting for method in methods} | {"OPTIONS"}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if isinstance(error.body, bytes) and "json" not in request.headers.get("content-type", ""):
        detail = "请以 application/json 提交。Send the body as application/json."
        return presented(request, render(415, "unsupported_media_type", detail))
    found = [
        FieldError(field=place_of(part, skip=1), code=part["type"], detail=told_of(part))
        for part in error.errors()
    ]
    detail = "提交内容有误，请逐项核对。Some fields are not valid."
    remedy = "按 errors 逐项修改后重新提交。Correct what `errors` names, then send it again."
    problem = render(
        422, "invalid_request", detail, field=found[0].field or None, remedy=remedy, errors=found
    )
    return presented(request, problem)


async def _on_erased(request: Request, error: Exception) -> Response:
    """Whatever asks for what is sealed of somebody erased is told so, and nothing is written."""
    if not isinstance(error, PersonKeyMissingError):
        raise error
    detail = "此人的个人信息已清除。Nothing personal is kept of this person any more."
    return presented(request, render(410, "person_erased", detail))


async def of_error(request: Request, error: Refusal | HTTPException | RequestValidationError) -> Response:
    """Render what a route refuses, where no middleware of the application does."""
    match error:
        case Refusal():
            return await _on_refusal(request, error)
        case HTTPException():
            return await _on_http_exception(request, error)
        case RequestValidationError():
            return await _on_invalid(request, error)


def install(app: FastAPI) -> None:
    """Render every refusal, validation error and HTTP error of the application as a problem."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(PersonKeyMissingError, _on_erased)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
