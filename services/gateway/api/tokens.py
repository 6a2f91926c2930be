"""POST /oauth/token: client credentials and password grant (RFC 6749, practice-upload 1)."""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.gateway import auth, keys
from services.gateway.api.bodies import read
from services.gateway.api.models import PROBLEMS, Answer
from services.gateway.auth import Principal
from services.gateway.door import Door, InDoor
from services.gateway.logins import TryLater, WrongLogin, verified

router = APIRouter(tags=["access"])

FORM_BYTES_MAX = 16_384
CLIENT_LASTS = timedelta(hours=1)
PASSWORD_LASTS = timedelta(hours=8, minutes=30)
"""Practice software keeps a token for eight hours by its own clock, whatever we say."""

FORM = "application/x-www-form-urlencoded"
NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Denied(Exception):
    """An answer of RFC 6749, section 5.2; the sentence is what users of old software get to see."""

    def __init__(
        self, status: int, error: str, sentence: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.sentence = sentence
        self.headers = headers or {}


class TokenAnswer(Answer):
    """A token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class TokenRefusal(Answer):
    """Why there is none (RFC 6749, section 5.2)."""

    error: str
    error_description: str


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a token request says."""

    grant: str
    name: str
    secret: str
    scope: str


def documented() -> dict[str, Any]:
    """Return the form as the OpenAPI document shows it."""
    fields = ("grant_type", "username", "password", "client_id", "client_secret", "scope")
    properties: dict[str, Any] = {name: {"type": "string"} for name in fields}
    properties["grant_type"] = {"type": "string", "enum": ["client_credentials", "password"]}
    schema = {"type": "object", "required": ["grant_type"], "properties": properties}
    example = {"grant_type": "client_credentials", "client_id": "praxis", "client_secret": "qts_…"}
    return {
        "security": [],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": schema, "example": example}},
        },
    }


@router.post("/oauth/token", include_in_schema=False)
@router.post(
    "/v1/oauth/token",
    openapi_extra=documented(),
    responses={
        200: {"model": TokenAnswer},
        400: {"model": TokenRefusal, "description": "The request is none."},
        401: {"model": TokenRefusal, "description": "Id and secret do not fit."},
        429: {"model": TokenRefusal, "description": "Too many tries; see Retry-After."},
        "default": PROBLEMS["default"],
    },
)
async def token(request: Request, door: InDoor) -> Response:
    """Give a token for an API client's id and secret, or for a portal login and its password."""
    try:
        form = parse(await read(request, FORM_BYTES_MAX), request.headers)
        return JSONResponse(await granted(door, request, form), headers=NEVER_KEPT)
    except Denied as no:
        body = {"error": no.error, "error_description": no.sentence}
        return JSONResponse(body, no.status, headers={**NEVER_KEPT, **no.headers})


async def granted(door: Door, request: Request, form: Form) -> dict[str, Any]:
    """Return the token answer; raises Denied."""
    principal, credential = await identified(door, request, form)
    wanted = frozenset(form.scope.split()) or principal.scopes
    if not wanted <= principal.scopes:
        raise Denied(400, "invalid_scope", "A scope was asked for that you do not have.")
    lasts = PASSWORD_LASTS if form.grant == "password" else CLIENT_LASTS
    now = door.parts.clock.now()
    given = await door.write(auth.give_token, principal, credential, wanted, now, lasts)
    return {
        "access_token": given,
        "token_type": "Bearer",
        "expires_in": int(lasts.total_seconds()),
        "scope": " ".join(sorted(wanted)),
    }


async def identified(door: Door, request: Request, form: Form) -> tuple[Principal, str]:
    """Return who asks and the credential it showed. A client's secret needs no slow hash."""
    client = await door.read(auth.client_by_id, form.name, door.parts.clock.now())
    if client is not None and keys.same(keys.digest(form.secret), client.secret_hash):
        return auth.client_principal(client), client.secret_hash
    if form.grant == "client_credentials":
        raise Denied(
            401,
            "invalid_client",
            "The client id or the client secret is wrong, or the client was revoked.",
            {"WWW-Authenticate": 'Basic realm="quittance"'},
        )
    try:
        user = await verified(door, request, form.name, form.secret)
    except WrongLogin:
        sentence = "The user name or the password is wrong."
        raise Denied(401, "invalid_grant", sentence, {"WWW-Authenticate": auth.REALM}) from None
    except TryLater as later:
        sentence = f"Too many failed logins. Try again in {later.seconds} seconds."
        wait = {"Retry-After": str(later.seconds)}
        raise Denied(429, "temporarily_unavailable", sentence, wait) from None
    return auth.user_principal(user), user.password_hash


def parse(body: bytes, headers: Any) -> Form:
    """Return what a token request says; raises Denied for what is none."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Denied(400, "invalid_request", f"Send the fields as {FORM}.")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=50
        )
    except ValueError:
        raise Denied(400, "invalid_request", "The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Denied(400, "invalid_request", "A field stands twice in the form.")
    match fields.get("grant_type"):
        case "password":
            name, secret = fields.get("username", ""), fields.get("password", "")
        case "client_credentials":
            name, secret = basic(headers) or (
                fields.get("client_id", ""),
                fields.get("client_secret", ""),
            )
        case None | "":
            raise Denied(400, "invalid_request", "The field grant_type is missing.")
        case _:
            sentence = "Only grant types password and client_credentials are known here."
            raise Denied(400, "unsupported_grant_type", sentence)
    if not name or not secret or "\x00" in name + secret:
        raise Denied(400, "invalid_request", "The user name or the password is missing.")
    return Form(grant=fields["grant_type"], name=name, secret=secret, scope=fields.get("scope", ""))


def basic(headers: Any) -> tuple[str, str] | None:
    """Return client id and secret of an Authorization header, None without one."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied(400, "invalid_request", "The Authorization header cannot be read.") from None
    return (unquote_plus(name), unquote_plus(secret)) if colon else None
