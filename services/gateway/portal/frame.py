"""What every page is made with: who looks, in which language, the templates, and error pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from typing_extensions import override

from libs.events.values import Language
from libs.runtime import trace
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.door import Door, door_of
from services.gateway.portal import figures, formats, outlook, queries, states, statics
from services.gateway.portal.catalogue import Words, chosen
from services.gateway.portal.sentences import worded
from services.gateway.scopes import KEYS_SHEETS

log = structlog.get_logger()

REJECTED_DAYS = 14
"""How long a rejected submission counts as something that needs the practice."""

ENVIRONMENT = Environment(
    loader=PackageLoader("services.gateway.portal"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals.update(
    static=statics.address,
    money=formats.money,
    number=formats.number,
    share=formats.share,
    day=formats.day,
    long_day=formats.long_day,
    short_day=formats.short_day,
    clock=formats.clock,
    instant=formats.instant,
    account_number=formats.account,
    state_of=states.state_of,
    next_short=outlook.short,
    worded=worded,
    LANGUAGES=(("de", "Deutsch"), ("fr", "Français"), ("it", "Italiano"), ("en", "English")),
    NAVIGATION=(
        ("/", "start", "invoices:read"),
        ("/invoices", "invoices", "invoices:read"),
        ("/submissions/new", "hand_in", "submissions:write"),
        ("/finished", "finished", "submissions:write"),
        ("/sheets", "sheets", "submissions:write"),
        ("/records", "records", "submissions:write"),
        ("/submissions", "submissions", "submissions:read"),
        ("/insurers", "insurers", "invoices:read"),
        ("/account", "account", "account:read"),
        ("/webhooks", "webhooks", "webhooks:read"),
        ("/keying", "keying", KEYS_SHEETS),
    ),
)

KINDS: Mapping[int, str] = {
    400: "invalid",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    408: "away",
    413: "too_large",
    422: "invalid",
    429: "away",
    502: "away",
    503: "away",
}
CODES: Mapping[str, str] = {"form_outdated": "stale", "foreign_origin": "stale"}


@dataclass(frozen=True)
class Visit:
    """One request of someone who is logged in."""

    request: Request
    door: Door
    session: sessions.Session
    t: Words
    today: date
    now: datetime
    practice: Any
    """The practice whose pages are shown; None for a clerk who has not chosen one."""

    @property
    def practice_id(self) -> str:
        """Return the practice to which every query is limited."""
        return self.session.practice_id

    @property
    def partial(self) -> bool:
        """Whether htmx asks for a part of a page only."""
        return "hx-request" in self.request.headers

    def may(self, scope: str) -> bool:
        """Say whether the role allows something."""
        return scope in self.session.scopes

    async def read(self, function: Any, *args: Any) -> Any:
        """Run a query for the practice that is shown."""
        return await self.door.read(function, self.practice_id, *args)

    async def ask(self, service: str, method: str, path: str, **more: Any) -> Any:
        """Ask another service on behalf of the practice that is shown."""
        more.setdefault("language", self.t.language)
        return await self.door.ask(service, method, path, practice=self.practice_id, **more)

    async def page(
        self, template: str, here: str, answer_status: int = 200, **values: Any
    ) -> Response:
        """Return a page in the layout; `here` is the entry of the navigation it belongs to."""
        since = self.now.astimezone(UTC) - timedelta(days=REJECTED_DAYS)
        rejected = await self.read(figures.rejected_since, since) if self.practice else 0
        notice = {"notice": None} | values
        return html(template, answer_status, **self.frame(here), rejected=rejected, **notice)

    def frame(self, here: str) -> dict[str, Any]:
        """Return what the layout needs."""
        settings = self.door.parts.settings
        url = self.request.url
        return {
            "t": self.t,
            "session": self.session,
            "practice": self.practice,
            "several": len(self.session.practice_ids) != 1,
            "may": self.may,
            "today": self.today,
            "now": self.now,
            "here": here,
            "back": url.path + (f"?{url.query}" if url.query else ""),
            "demo": settings.demo and not settings.distributed,
        }


def html(template: str, answer_status: int = 200, **values: Any) -> HTMLResponse:
    """Return a rendered template. Pages hold personal data: nobody on the way may keep them."""
    text = ENVIRONMENT.get_template(template).render(values)
    headers = {"Cache-Control": "no-store", "Vary": "HX-Request"}
    return HTMLResponse(text, answer_status, headers)


def language_of(request: Request, session: sessions.Session | None) -> Language:
    """Return the language of a page: the user's, else what the browser asks for."""
    if session is not None:
        return session.language
    wish = request.query_params.get("language")
    return chosen(wish, request.headers.get("accept-language", ""))


async def entered(request: Request, scope: str = "") -> Visit:
    """Return the visit of someone who is logged in; others are led to the login page."""
    session = await sessions.require(request, scope)
    return await visit_of(request, session)


async def visit_of(request: Request, session: sessions.Session) -> Visit:
    """Return what pages are made with, for a session."""
    door = door_of(request)
    clock = door.parts.clock
    practice = await door.read(queries.practice, session.practice_id)
    return Visit(
        request,
        door,
        session,
        Words(session.language),
        clock.today(),
        clock.now(),
        practice,
    )


def seeing(scope: str) -> Any:
    """Return the dependency of a page of one practice; a clerk without one chooses it first."""

    async def visit(request: Request) -> Visit:
        here = await entered(request, scope)
        if here.practice is None:
            raise Problem(303, "choose", "Choose a practice.", {"Location": "/practices"})
        return here

    return Depends(visit)


SeesInvoices = Annotated[Visit, seeing("invoices:read")]
ActsOnCases = Annotated[Visit, seeing("cases:write")]
SeesSubmissions = Annotated[Visit, seeing("submissions:read")]
HandsIn = Annotated[Visit, seeing("submissions:write")]
SeesWebhooks = Annotated[Visit, seeing("webhooks:read")]
ChangesSettings = Annotated[Visit, seeing("settings:write")]
ChangesWebhooks = Annotated[Visit, seeing("webhooks:write")]
SeesAccount = Annotated[Visit, seeing("account:read")]
Entered = Annotated[Visit, Depends(entered)]


def own_path(back: str) -> str:
    """Return a path of ours to go on to; an address of another host leads to the start page."""
    parts = urlsplit(back)
    if parts.scheme or parts.netloc or not back.startswith("/") or back.startswith(("//", "/\\")):
        return "/"
    return back if back.isprintable() else "/"


class Page(APIRoute):
    """A route whose refusals and failures are pages of the portal, with the right status."""

    @override
    def get_route_handler(self) -> Any:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                answer: Response = await inner(request)
            except Problem as problem:
                if problem.status < 400:  # noqa: PLR2004 a redirect is no error
                    return Response(status_code=problem.status, headers=problem.headers)
                kind = CODES.get(problem.code) or KINDS.get(problem.status, "failed")
                return await error_page(request, problem.status, kind, problem.headers)
            except RequestValidationError:
                return await error_page(request, 422, "invalid")
            except HTTPException as error:
                kind = KINDS.get(error.status_code, "failed")
                return await error_page(request, error.status_code, kind)
            except Exception:
                # The page must say that it failed, in the reader's language; the log says why.
                log.exception("page_failed", route=self.path)
                return await error_page(request, 500, "failed")
            return answer

        return handle


async def error_page(
    request: Request, status: int, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error as a page: in the layout for who is logged in, alone for others."""
    session = await session_if_any(request)
    values: dict[str, Any] = {
        "kind": kind,
        "status": status,
        "request_id": trace.correlation() if status >= 500 else "",  # noqa: PLR2004
    }
    answer: Response
    if session is None or (visit := await visit_of(request, session)).practice is None:
        words = Words(language_of(request, session))
        answer = html("error.html", status, t=words, **values)
    else:
        answer = await visit.page("error_within.html", "", answer_status=status, **values)
    answer.headers.update(headers or {})
    return answer


async def session_if_any(request: Request) -> sessions.Session | None:
    """Return the session; an error page must come also when the database does not answer."""
    try:
        return await sessions.current(request)
    except Exception:
        log.exception("session_unknown")
        return None
