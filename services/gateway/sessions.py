"""Sessions of the portal: begun at login, ended on our side, bound to a cookie and to the user.

A cookie holds a random name, the table its digest. A session ends after 15 minutes without a
request, after 12 hours in any case, at logout, with a new password, and when its user is shut out
(P31). Pages call `current` or `require`; forms carry `session.csrf` and their handlers call
`check_form`.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from sqlalchemy import Connection, Row, select

from libs.events.values import COOPERATIVE, LANGUAGES, Language, PracticeId
from libs.runtime.admission import claim
from libs.runtime.service import Parts
from libs.runtime.web import Problem
from services.gateway import access, keys, logins
from services.gateway.auth import stamp
from services.gateway.decider.user import ChangeUserLanguage, Role
from services.gateway.door import NAME, Door, door_of
from services.gateway.scopes import ROLES
from services.gateway.tables import practices, users

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written this often at most: reading a page must not cost a commit."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who reads the portal, for which practice, in which language."""

    user_id: str
    login: str = field(repr=False)
    name: str = field(repr=False)
    role: Role
    practice_id: PracticeId
    practice_ids: tuple[PracticeId, ...]
    """The practices that the user may change to; empty for a clerk, who may change to any."""
    language: Language
    csrf: str = field(repr=False)
    """Goes into a hidden field `csrf` of every form."""
    scopes: frozenset[str]
    digest: str = field(repr=False)


async def current(request: Request) -> Session | None:
    """Return the session of a request, None without one."""
    cookie = request.cookies.get(cookie_name(door_of(request).parts))
    if cookie is None or not keys.well_formed(cookie, keys.SESSION):
        return None
    door = door_of(request)
    now = door.parts.clock.now()
    found = await door.read(_load, keys.digest(cookie), now)
    if found is None:
        return None
    session, seen_at = found
    if now - seen_at > SEEN_EVERY:
        await door.write(lambda db: access.change_session(db, session.digest, seen_at=now))
    return session


async def require(request: Request, scope: str = "") -> Session:
    """Return the session of a request; without one the browser is led to the login page.

    With a scope, the user's role must allow it (403).
    """
    session = await current(request)
    if session is None:
        raise _login_required(request)
    if scope and scope not in session.scopes:
        raise Problem(403, "forbidden", "Your role does not allow this.", scope=scope)
    claim(request, session.practice_id if session.practice_ids else session.user_id)
    return session


async def log_in(request: Request, response: Response, login: str, password: str) -> Session:
    """Begin a session and set its cookie. Raises WrongLogin or TryLater of `logins`.

    The session is always a new one; what a browser brought along is ended, so that nobody can be
    given a session prepared by someone else.
    """
    door = door_of(request)
    check_origin(request)
    user = await logins.verified(door, request, login, password)
    now = door.parts.clock.now()
    cookie = keys.new_key(keys.SESSION)
    own = json.loads(user.practice_ids)
    row = {
        "session_hash": keys.digest(cookie),
        "user_id": user.user_id,
        "stamp": stamp(user.password_hash),
        "practice_id": own[0] if own else COOPERATIVE,
        "language": user.language,
        "csrf": keys.new_key(keys.SESSION),
        "began_at": now,
        "seen_at": now,
    }
    old = request.cookies.get(cookie_name(door.parts))
    await door.write(_begin, now, row, keys.digest(old) if old else None)
    _set_cookie(door.parts, response, cookie)
    begun = await door.read(_load, keys.digest(cookie), now)
    assert begun is not None, "a session that has just begun is there"
    return begun[0]


async def log_out(request: Request, response: Response) -> None:
    """End the session on our side and take its cookie back."""
    door = door_of(request)
    session = await current(request)
    if session is not None:
        await door.write(access.end_session, session.digest)
    name = cookie_name(door.parts)
    response.delete_cookie(name, path="/", secure=is_https(door.parts), httponly=True)


def check_form(request: Request, session: Session, csrf: str) -> None:
    """Refuse a form that did not come from a page of this session (403)."""
    check_origin(request)
    if not keys.same(csrf, session.csrf):
        raise Problem(403, "form_outdated", "This form is too old. Load the page again.")


def check_origin(request: Request) -> None:
    """Refuse what another site made the browser send (403).

    The host is compared, not the scheme: behind a proxy we do not see it.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = request.headers.get("host", "")
    foreign = origin is not None and urlsplit(origin).netloc != own
    if foreign or site not in {"same-origin", "none"}:
        raise Problem(403, "foreign_origin", "This form comes from another site.")


async def set_language(request: Request, session: Session, language: str) -> None:
    """Show the portal in another language, in this session and from now on."""
    if language not in LANGUAGES:
        raise Problem(422, "invalid", "The portal does not speak this language.")
    door = door_of(request)
    home = session.practice_ids[0] if session.practice_ids else COOPERATIVE
    command = ChangeUserLanguage(practice_id=home, user_id=session.user_id, language=language)
    await door.parts.handle(NAME, command)
    await door.write(lambda db: access.change_session(db, session.digest, language=language))


async def choose_practice(request: Request, session: Session, practice_id: str) -> None:
    """Show another practice of the user; for a clerk, any."""
    door = door_of(request)
    there = await door.read(_is_practice, practice_id)
    own = session.practice_ids
    if not there or (practice_id not in own and (own or session.role != Role.CLERK)):
        raise Problem(404, "not_found", "There is nothing with this id.")
    await door.write(lambda db: access.change_session(db, session.digest, practice_id=practice_id))


def is_https(parts: Parts) -> bool:
    """Whether browsers reach us by TLS, ours or the proxy's."""
    return parts.settings.tls_certificate is not None or parts.settings.behind_proxy


def cookie_name(parts: Parts) -> str:
    """Return the cookie's name; the prefix makes browsers refuse it from anybody but this host."""
    return "__Host-session" if is_https(parts) else "session"


def _set_cookie(parts: Parts, response: Response, cookie: str) -> None:
    response.set_cookie(
        cookie_name(parts),
        cookie,
        path="/",
        secure=is_https(parts),
        httponly=True,
        samesite="lax",
    )


def _login_required(request: Request) -> Problem:
    """Lead a browser to the login page and back afterwards; htmx must load it as a whole."""
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = "/login" if request.method != "GET" or back == "/" else f"/login?back={quote(back)}"
    if "hx-request" in request.headers:
        return Problem(401, "login_required", "Please log in.", {"HX-Redirect": to})
    return Problem(303, "login_required", "Please log in.", {"Location": to})


def _begin(db: Connection, now: datetime, row: dict[str, Any], old: str | None) -> None:
    if old is not None:
        access.end_session(db, old)
    access.add_session(db, now - IDLE, **row)


def _load(db: Connection, digest: str, now: datetime) -> tuple[Session, datetime] | None:
    row: Any = access.find_session(db, digest)
    if row is None:
        return None
    seen_at, began_at = access.aware(row.seen_at, now), access.aware(row.began_at, now)
    user = db.execute(select(users).where(users.c.user_id == row.user_id)).one_or_none()
    if now - seen_at > IDLE or now - began_at > ABSOLUTE or user is None:
        return None
    if not user.active or stamp(user.password_hash) != row.stamp:
        return None
    own = tuple(PracticeId(one) for one in json.loads(user.practice_ids))
    if own and row.practice_id not in own:
        return None
    return _session(row, user, own, digest), seen_at


def _session(row: Any, user: Row[Any], own: tuple[PracticeId, ...], digest: str) -> Session:
    role = Role(user.role)
    return Session(
        user_id=user.user_id,
        login=user.login,
        name=user.name,
        role=role,
        practice_id=PracticeId(row.practice_id),
        practice_ids=own,
        language=row.language,
        csrf=row.csrf,
        scopes=ROLES[role],
        digest=digest,
    )


def _is_practice(db: Connection, practice_id: str) -> bool:
    wanted = select(practices.c.practice_id).where(practices.c.practice_id == practice_id)
    return db.execute(wanted).first() is not None


__all__ = [
    "Door",
    "Session",
    "check_form",
    "check_origin",
    "choose_practice",
    "cookie_name",
    "current",
    "log_in",
    "log_out",
    "require",
    "set_language",
]
