"""Coming in and going out: login, logout, language, the choice of a practice."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway import logins, sessions
from services.gateway.decider.user import Role
from services.gateway.portal import queries
from services.gateway.portal.catalogue import Words, chosen
from services.gateway.portal.forms import Short
from services.gateway.portal.frame import Entered, Page, Visit, html, language_of, own_path

router = APIRouter(route_class=Page, include_in_schema=False)

SearchText = Annotated[str, Query(max_length=80)]


@router.get("/login")
async def login_form(
    request: Request, back: Annotated[str, Query(max_length=2000)] = "/"
) -> Response:
    """Ask who is there; who is logged in already goes on."""
    if await sessions.current(request) is not None:
        return RedirectResponse(own_path(back), 303)
    return login_page(Words(language_of(request, None)), back)


def login_page(
    t: Words, back: str, login: str = "", error: str = "", status: int = 200
) -> Response:
    """Return the login page; what was typed as a name stays, the password does not."""
    return html("login.html", status, t=t, back_to=own_path(back), login=login, error=error)


@router.post("/login")
async def log_in(
    request: Request,
    sent: Short,
) -> Response:
    """Begin a session and go on to the page that was wanted."""
    login, back = sent.text("login"), sent.text("back", "/")
    words = Words(chosen(sent.text("language"), request.headers.get("accept-language", "")))
    answer = RedirectResponse(own_path(back), 303)
    try:
        await sessions.log_in(request, answer, login, sent.text("password"))
    except logins.WrongLogin:
        return login_page(words, back, login, words("login.wrong"), 401)
    except logins.TryLater as later:
        text = words.count("login.wait", later.seconds)
        refused = login_page(words, back, login, text, 429)
        refused.headers["Retry-After"] = str(later.seconds)
        return refused
    return answer


@router.post("/logout")
async def log_out(request: Request, visit: Entered, sent: Short) -> Response:
    """End the session here; the cookie opens nothing any more."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    answer = RedirectResponse(f"/login?language={visit.t.language}", 303)
    await sessions.log_out(request, answer)
    return answer


@router.post("/language")
async def speak(request: Request, visit: Entered, sent: Short) -> Response:
    """Show the portal in another language from now on."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    await sessions.set_language(request, visit.session, sent.text("language"))
    return RedirectResponse(own_path(sent.text("back", "/")), 303)


@router.get("/practices")
async def choose_form(visit: Entered, q: SearchText = "") -> Response:
    """List the practices among which the user may choose; a clerk searches all."""
    found = await visit.door.read(queries.practices_of, own_practices(visit), q)
    return html(
        "practices.html", **visit.frame("practices"), rejected=0, notice=None, q=q, found=found
    )


def own_practices(visit: Visit) -> tuple[str, ...] | None:
    """Return the practices of a user; None stands for all, which only clerks of all may see."""
    every = visit.session.role == Role.CLERK and not visit.session.practice_ids
    return None if every else visit.session.practice_ids


@router.post("/practices")
async def choose(request: Request, visit: Entered, sent: Short) -> Response:
    """Show another practice."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    await sessions.choose_practice(request, visit.session, sent.text("practice_id"))
    return RedirectResponse("/", 303)
