"""Routes that are documented by FastAPI and answered without its machinery, for the few that are asked all day.

FastAPI resolves parameters, opens exit stacks and serialises for every request; on a route that takes one JSON body and
answers with bytes that is most of the time spent. A `DirectRoute` looks the same from outside: the same document, the
same order of refusals (unreadable body, caller, content), the same problems.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, get_type_hints

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.access import identify
from shared.http.bodies import DEFAULT_LIMIT, PARSED, read_guarded
from shared.http.express import FAILED, AtOnce, Express, Recogniser, at_once_of
from shared.http.problem import of_error
from shared.kernel.refusal import Refusal

JSON = "application/json"
_RAW = "fangkong.raw"
"""Scope key of a direct route's body as it was sent: it is read before there is an endpoint."""
_ABSENT = object()


class DirectRoute(APIRoute):
    """A route whose endpoint is `async def endpoint(body: Model, request: Request) -> Response`, and nothing else.

    The access table holds as everywhere; the endpoint finds the caller by `shared.http.access.caller_of`. What it
    answers is declared by `response_model`, which only documents.
    """

    identifies: ClassVar[bool] = True
    """It asks who calls by itself, see `shared.http.access.match_table`."""
    respond: Callable[[Request, bytes], Awaitable[Response]]
    adapter: TypeAdapter[Any]
    """Reads the body."""
    at_once: AtOnce | None
    """How plain requests are answered without ASGI, if they are."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The handler, made once when the application is built.

        Raises:
            TypeError: the endpoint asks for more than a body and the request.
        """
        endpoint = self.endpoint
        if list(inspect.signature(endpoint).parameters) != ["body", "request"]:
            raise TypeError(f"{self.path}: a direct route takes a body and the request, nothing else")
        adapter: TypeAdapter[Any] = TypeAdapter(get_type_hints(endpoint)["body"])

        async def respond(request: Request, raw: bytes) -> Response:
            request.scope[_RAW] = raw
            await identify(request.scope)
            given = request.scope.get(PARSED, _ABSENT)
            if given is _ABSENT or not _is_json(request):
                raise _not_json(raw)
            try:
                body = adapter.validate_python(given)
            except ValidationError as error:
                raise _invalid(error, given) from None
            response: Response = await endpoint(body=body, request=request)
            return response

        async def handle(request: Request) -> Response:
            return await respond(request, await request.body())

        self.respond, self.adapter, self.at_once = respond, adapter, at_once_of(endpoint)
        return handle

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without FastAPI's exit stacks: nothing here depends on one, and the application renders refusals."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        response = await self.respond(request, await request.body())
        await response(scope, receive, send)


class Direct:
    """One direct route as an ASGI application of its own, for requests that need no middleware and no router.

    What the middleware does for other routes is done here in the same order: the body's guard, the access table, the
    problems. Only `shared.http.shell.Shell` belongs around it.
    """

    def __init__(self, app: FastAPI, route: DirectRoute, *, limit: int) -> None:
        self._app = app
        self._route = route
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, also what is refused; anything else is raised."""
        scope["app"], scope["route"] = self._app, self._route
        request = Request(scope, receive, send)
        try:
            if failed := scope.get(FAILED):
                raise failed
            # Guarded: what is no JSON, too long or not storable ends here.
            response = await self._route.respond(request, await read_guarded(scope, receive, self._limit))
        except (Refusal, HTTPException, RequestValidationError) as error:
            response = await of_error(request, error)
        await response(scope, receive, send)


def direct_routes(
    app: FastAPI, routes: Mapping[str, BaseRoute], limits: Mapping[int, int]
) -> dict[tuple[str, str], Direct]:
    """Method and path -> what answers, for every direct route whose path is fixed.

    Args:
        app: whose state the routes use.
        routes: `"METHOD /path"` -> route.
        limits: id of a route -> bytes that its body may have.
    """
    found = {}
    for name, route in routes.items():
        method, _, path = name.partition(" ")
        if isinstance(route, DirectRoute) and "{" not in path:
            found[method, path] = Direct(app, route, limit=limits.get(id(route), DEFAULT_LIMIT))
    return found


def express_routes(
    app: FastAPI,
    routes: Mapping[str, BaseRoute],
    direct: Mapping[tuple[str, str], ASGIApp],
    recognisers: Mapping[str, Recogniser],
) -> dict[bytes, Express]:
    """Path -> what answers plain requests, for every direct route that answers at once and is not for strangers.

    Args:
        app: whose state the routes use; cells and limits are known.
        routes: `"METHOD /path"` -> route.
        direct: the usual way of direct routes, by method and path.
        recognisers: by Authorization scheme.
    """
    found = {}
    for (method, path), usual in direct.items():
        route = routes[f"{method} {path}"]
        if not isinstance(route, DirectRoute) or route.at_once is None or method != "POST":
            continue
        cell = (id(route), method)
        if cell not in app.state.limiters:
            found[path.encode()] = Express(
                app,
                usual,
                path=path,
                adapter=route.adapter,
                at_once=route.at_once,
                allowed=app.state.cells[cell],
                calls=app.state.calls.get(cell),
                recognisers=recognisers,
            )
    return found


async def body_of(request: Request) -> bytes:
    """The body of a request as it was sent, whichever way the request took."""
    raw: bytes | None = request.scope.get(_RAW)
    return await request.body() if raw is None else raw


def _is_json(request: Request) -> bool:
    """`application/json` or a `+json` type, as FastAPI takes them."""
    kind = request.headers["content-type"]
    if kind == JSON:
        return True
    main, _, sub = kind.partition(";")[0].strip().lower().partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))


def _not_json(raw: bytes) -> RequestValidationError:
    if not raw:
        missing = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}
        return RequestValidationError([missing], body=None)
    kind = {"type": "model_attributes_type", "loc": ("body",), "msg": "Input should be a JSON object"}
    return RequestValidationError([kind], body=raw)


def _invalid(error: ValidationError, given: Any) -> RequestValidationError:
    found = [{**part, "loc": ("body", *part["loc"])} for part in error.errors(include_url=False)]
    return RequestValidationError(found, body=given)
