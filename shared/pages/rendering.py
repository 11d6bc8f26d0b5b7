"""Makes pages: templates in two languages, the headers that go with them, and problems as pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.context import Context
from shared.http.access import Principal
from shared.http.auth import Authenticator
from shared.http.limits import Rate, RateLimit, RateTable
from shared.http.problem import HttpRefusal
from shared.kernel.refusal import REMEDIES
from shared.pages import figures
from shared.pages.assets import SHARED, Assets
from shared.pages.doors import DOORS, Door
from shared.pages.languages import Language, catalogs, language_of, one_language
from shared.pages.oidc import Provider
from shared.pages.routes import TYPED, own_origin, session_kind, token_for
from shared.pages.said import marked
from shared.pages.sessions import Sessions
from shared.pages.words import WORDS

HERE = Path(__file__).parent
_SLOW = RateLimit(each=Rate(burst=60, per_minute=60), together=Rate(burst=600, per_minute=600))


class LineNotPrivate(HttpRefusal):
    """A sign-in over plain HTTP from another machine."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "https_needed"

    def __init__(self) -> None:
        super().__init__("请用 https 地址打开本系统再登录。Open this system by its https address to sign in.")


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What the pages of one service are made with.

    Attributes:
        public_url: the address under which people reach the service, with the path that an ingress puts before it.
        faces: where people open the pages of the other services.
    """

    service: str
    public_url: str | None
    assets: Assets
    sessions: Sessions
    provider: Provider
    faces: Mapping[str, str]
    environments: Mapping[Language, Environment]
    _form_targets: str = field(default="'self'")

    @classmethod
    def make(
        cls,
        context: Context,
        service: str,
        *,
        folder: Path,
        words: Mapping[str, str] | None = None,
        by_link: Authenticator | None = None,
    ) -> "Pages":
        """The pages of a service, from the settings that all services share.

        Args:
            context: what the service works with.
            service: its name.
            folder: `services/<name>/pages`, with `templates`, `static` and `locale`.
            words: further words for codes, see `shared.pages.words`.
            by_link: tells who holds the session of a personal link.
        """
        settings = context.settings
        public = settings.public_url.rstrip("/") if settings.public_url else None
        issuer = urlsplit(settings.issuer)
        provider = Provider(
            issuer=settings.issuer,
            client_id=settings.oidc_client_id or f"fangkong-{service}",
            clock=context.clock,
            secret_file=settings.oidc_client_secret_file,
            ca_file=settings.issuer_ca_file,
            scope=settings.oidc_scope,
        )
        return cls(
            service=service,
            public_url=public,
            assets=Assets.of(SHARED, folder / "static"),
            sessions=Sessions(
                database=context.database,
                clock=context.clock,
                name=service,
                public_url=public,
                idle=timedelta(minutes=settings.session_idle_minutes),
                longest=timedelta(hours=settings.session_hours),
                provider=provider,
                unproved=timedelta(minutes=settings.session_unproved_minutes),
                by_link=by_link,
            ),
            provider=provider,
            faces={name: url.rstrip("/") for name, url in settings.faces.items()},
            environments=environments(HERE, folder, words=(*WORDS.items(), *(words or {}).items())),
            _form_targets=f"'self' {issuer.scheme}://{issuer.netloc}",
        )

    @property
    def rates(self) -> RateTable:
        """How often a sign-in may be begun and ended."""
        return {"GET /sign-in": _SLOW, "GET /sign-in/callback": _SLOW}

    # ---- addresses

    @property
    def origin(self) -> str | None:
        """Scheme, host and port under which people reach the service; None: as each request says."""
        return own_origin(self.public_url)

    @property
    def prefix(self) -> str:
        """The path that an ingress puts before every address of this service."""
        return urlsplit(self.public_url).path if self.public_url else ""

    def url(self, path: str) -> str:
        """An address of this service for a link."""
        return f"{self.prefix}{path}"

    def elsewhere(self, service: str, path: str) -> str | None:
        """An address of a service for a link; None where this one was not told how people reach it."""
        if service == self.service:
            return self.url(path)
        return f"{self.faces[service]}{path}" if service in self.faces else None

    def doors_of(self, service: str, who: Principal) -> list[Door]:
        """Where somebody's work begins at a service."""
        return [door for door in DOORS if door.service == service and door.opens_to(who)]

    def behind(self, who: Principal | None, service: str, door: str, path: str) -> str | None:
        """An address for a link to a page that those may open to whom a door opens; None: no link.

        Args:
            who: the reader.
            service: whose page it is.
            door: the path of the door whose roles are the page's.
            path: the page's own.
        """
        if who is None or all(one.path != door for one in self.doors_of(service, who)):
            return None
        return self.elsewhere(service, path)

    def absolute(self, request: Request, path: str) -> str:
        """An address of this service for another party."""
        base = self.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{path}"

    def require_private_line(self, request: Request) -> None:
        """Insist on TLS, except on the machine itself.

        Raises:
            LineNotPrivate: the session's cookie would travel in the clear, or not at all.
        """
        if self.sessions.scheme(request) != "https" and self.sessions.secure(request):
            raise LineNotPrivate

    # ---- pages

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Answer with a page in the reader's language."""
        language = language_of(request)
        text = (
            self.environments[language]
            .get_template(template)
            .render(**self._given(request, language), **values)
        )
        return HTMLResponse(text, status, headers=self.page_headers() | dict(headers or {}))

    def say(self, request: Request, text: str, **values: object) -> str:
        """A marked text in the reader's language, with its places filled."""
        said: str = self.environments[language_of(request)].globals["say"](text)  # type: ignore[operator]
        return said % values if values else said

    def page_headers(self) -> dict[str, str]:
        """What a page may load and who may keep it: its own files, and nobody."""
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            f"font-src 'self'; manifest-src 'self'; form-action {self._form_targets}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",  # stricter, and browsers would withhold the origin of our own forms
            "Vary": "Cookie",
        }

    def _given(self, request: Request, language: Language) -> dict[str, Any]:
        who: Principal | None = request.scope.get("fangkong.principal")
        signed_in = who if who is not None and who.kind == "staff" else None
        session = request.cookies.get(self.sessions.cookie(request), "")
        own = request.cookies.get(self.sessions.named(session_kind(request.scope), request), "")
        home = getattr(request.scope.get("route"), "home", None)
        query = f"?{request.url.query}" if request.url.query else ""
        return {
            "lang": language,
            "this_year": self.sessions.clock.today().year,
            "languages": list(Language),
            "url": self.url,
            "asset": lambda name: self.url(self.assets.path(name)),
            "csrf": token_for(own) if own else "",
            "frame_csrf": token_for(session) if session else "",
            "layout": "resident.html" if home else "base.html",
            "home": home or "/",
            "who": signed_in,
            "elsewhere": self.elsewhere,
            "behind": lambda service, door, path: self.behind(signed_in, service, door, path),
            "navigation": self.doors_of(self.service, signed_in) if signed_in else [],
            "here": request.url.path if request.method == "GET" else "/",
            "here_with_query": f"{request.url.path}{query}" if request.method == "GET" else "/",
        }

    # ---- problems

    def present(self, request: Request, problem: Mapping[str, Any], response: Response) -> Response:
        """A problem as a browser shows it; any other caller gets it as it is.

        Whoever is not signed in is led to the sign-in and back, also from inside of a page that refreshes itself.
        """
        by_script = request.headers.get("hx-request") == "true"
        if not by_script and "text/html" not in request.headers.get("accept", ""):
            return response
        status = problem["status"]
        home = getattr(request.scope.get("route"), "home", None)
        if status == HTTPStatus.UNAUTHORIZED and home is not None:
            return RedirectResponse(self.url(home), 303, headers={"Vary": "Accept, Cookie"})
        if status == HTTPStatus.UNAUTHORIZED and by_script:
            here = urlsplit(request.headers.get("hx-current-url", "/"))
            onward = here.path.removeprefix(self.prefix) + (f"?{here.query}" if here.query else "")
            response.headers["HX-Redirect"] = self._sign_in(onward)
            return response
        if status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
            onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(self._sign_in(onward), 303, headers={"Vary": "Accept, Cookie"})
        language = language_of(request)
        kept = {name: value for name, value in response.headers.items() if name in {"retry-after", "allow"}}
        told = {
            name: one_language(problem[name], language) if problem.get(name) else None
            for name in ("detail", "remedy")
        }
        errors: Iterable[Mapping[str, str]] = problem.get("errors") or ()
        if errors:  # the API's sentence names what a page does not have
            told["remedy"] = one_language(REMEDIES[HTTPStatus.UNPROCESSABLE_ENTITY], language)
        errors = [{**one, "detail": one_language(one["detail"], language)} for one in errors]
        return self.render(
            request,
            "error.html",
            status=status,
            headers=kept,
            problem=dict(problem) | told,
            typed=request.scope.get(TYPED) if home is None else None,
            again=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            errors=errors,
        )

    def _sign_in(self, onward: str) -> str:
        return self.url(f"/sign-in?next={quote(onward, safe='')}")


@cache
def environments(*folders: Path, words: tuple[tuple[str, str], ...]) -> Mapping[Language, Environment]:
    """One environment a language over the folders' `templates`, with the filters and words that all templates have.

    Translations are trusted as templates are: nothing that somebody entered is ever handed to `_`. A process has them
    once, however often it puts the service together: nothing in them is of one request, database or time of day.
    """
    known = dict(words)
    made: dict[Language, Environment] = {}
    for language, catalog in catalogs(folder / "locale" for folder in folders).items():
        environment = Environment(
            loader=FileSystemLoader([folder / "templates" for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]  # by the extension

        def word(code: str, gettext: Any = catalog.gettext) -> str:
            return str(gettext(known[code])) if code in known else code.rpartition(".")[2]

        environment.globals["word"] = word
        environment.globals["say"] = catalog.gettext
        environment.globals["marked"] = marked
        figures.install(environment, language, catalog)
        made[language] = environment
    return made
