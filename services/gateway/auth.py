"""Who asks over REST, and whether it may: bearer tokens, scopes, practices.

Tokens are opaque and looked up at each request together with their holder, so that revoking a
client, shutting out a user, or a new password act at once on every instance.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlowPassword, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes
from sqlalchemy import Connection, Row, select

from libs.events.values import COOPERATIVE, PracticeId
from libs.runtime.admission import claim
from libs.runtime.clock import ZURICH
from libs.runtime.web import Problem
from services.gateway import access, keys
from services.gateway.door import InDoor
from services.gateway.scopes import ROLES, SCOPES
from services.gateway.tables import clients, practices, users

TOKEN_PATH = "/v1/oauth/token"  # noqa: S105 - a path
REALM = 'Bearer realm="quittance"'

BANK = "bank:write"
"""Who may hand in the bank's files is never told to wait for its own sake (P41)."""

OAUTH = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(tokenUrl=TOKEN_PATH, scopes=dict(SCOPES)),
        password=OAuthFlowPassword(tokenUrl=TOKEN_PATH, scopes=dict(SCOPES)),
    ),
    scheme_name="oauth2",
    auto_error=False,
)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks."""

    kind: Literal["client", "user"]
    id: str
    scopes: frozenset[str]
    practices: frozenset[str] | None
    """Whose data it may ask for; None: the cooperative's own, which act for any practice."""

    @property
    def tenant(self) -> str:
        """For whom its requests count: the practice, or itself where it acts for several."""
        one = self.practices is not None and len(self.practices) == 1
        return next(iter(self.practices or ())) if one else self.id

    @property
    def name(self) -> str:
        """How events name it."""
        return f"{self.kind}:{self.id}"


def stamp(credential: str) -> str:
    """Return what ties a token to the credential it was given for."""
    return keys.digest(credential)[:32]


def client_principal(row: Row[Any]) -> Principal:
    """Return an API client as one who asks."""
    everywhere = row.practice_id == COOPERATIVE
    return Principal(
        kind="client",
        id=row.client_id,
        scopes=frozenset(row.scopes.split()),
        practices=None if everywhere else frozenset({row.practice_id}),
    )


def user_principal(row: Row[Any]) -> Principal:
    """Return a portal user as one who asks; what the role may is looked at each time."""
    own = json.loads(row.practice_ids)
    return Principal(
        kind="user",
        id=row.user_id,
        scopes=ROLES.get(row.role, frozenset()),
        practices=frozenset(own) if own else None,
    )


def give_token(
    db: Connection,
    principal: Principal,
    credential: str,
    scopes: frozenset[str],
    now: datetime,
    lasts: timedelta,
) -> str:
    """Return a new token; only its digest is kept."""
    token = keys.new_key(keys.TOKEN)
    access.add_token(
        db,
        now,
        token_hash=keys.digest(token),
        kind=principal.kind,
        holder=principal.id,
        stamp=stamp(credential),
        scopes=" ".join(sorted(scopes)),
        expires_at=now + lasts,
    )
    return token


def principal_of(db: Connection, token: str, now: datetime) -> Principal | None:
    """Return who holds a token; None if it is unknown, has ended, or its holder may no more."""
    row: Any = access.find_token(db, keys.digest(token))
    if row is None or access.aware(row.expires_at, now) <= now:
        return None
    found = (
        _client(db, row.holder, row.stamp, now)
        if row.kind == "client"
        else _user(db, row.holder, row.stamp)
    )
    if found is None:
        return None
    return Principal(
        kind=found.kind,
        id=found.id,
        scopes=found.scopes & frozenset(row.scopes.split()),
        practices=found.practices,
    )


def _client(db: Connection, holder: str, stamped: str, now: datetime) -> Principal | None:
    row = client_by_id(db, holder, now)
    return client_principal(row) if row and stamp(row.secret_hash) == stamped else None


def _user(db: Connection, holder: str, stamped: str) -> Principal | None:
    row = db.execute(select(users).where(users.c.user_id == holder)).one_or_none()
    good = row is not None and row.active and stamp(row.password_hash) == stamped
    return user_principal(row) if row is not None and good else None


def client_by_id(db: Connection, client_id: str, now: datetime) -> Row[Any] | None:
    """Return an API client that may ask."""
    row = db.execute(select(clients).where(clients.c.client_id == client_id)).one_or_none()
    if row is None or row.revoked:
        return None
    today = now.astimezone(ZURICH).date()
    return None if row.expires_on and row.expires_on < today else row


async def admitted(
    request: Request,
    door: InDoor,
    needed: SecurityScopes,
    header: Annotated[str | None, Security(OAUTH)],
) -> Principal:
    """Return who asks; 401 and 403 are answered before anything of the body is read (B1)."""
    kind, _, token = (header or "").partition(" ")
    now = door.parts.clock.now()
    principal = None
    if kind.lower() == "bearer" and keys.well_formed(token, keys.TOKEN):
        principal = await door.read(principal_of, token, now)
    if principal is None:
        why = f'{REALM}, error="invalid_token"' if header else REALM
        detail = "Ask for a token at /v1/oauth/token and send it as Authorization: Bearer …"
        raise Problem(401, "unauthorized", detail, {"WWW-Authenticate": why})
    if not set(needed.scopes) <= principal.scopes:
        scope = " ".join(needed.scopes)
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
        detail = "The token does not allow this."
        raise Problem(403, "forbidden", detail, {"WWW-Authenticate": challenge}, scope=scope)
    if BANK not in principal.scopes:
        claim(request, principal.tenant)
    request.state.principal = principal
    return principal


def needs(scope: str) -> Any:
    """State what a route asks of its caller: `dependencies=[needs("invoices:read")]`."""
    assert scope in SCOPES, scope
    return Security(admitted, scopes=[scope])


def asking(request: Request) -> Principal:
    """Return who was admitted; a route that forgot to say what it needs does not answer."""
    principal: Principal | None = getattr(request.state, "principal", None)
    assert principal is not None, "the route states no scope"
    return principal


Account = Annotated[
    str | None,
    Header(
        alias="Quittance-Account",
        max_length=50,
        description="Account number of the practice; needed where a token is for several.",
        examples=["40112"],
    ),
]


async def practice_of(request: Request, door: InDoor, account: Account = None) -> PracticeId:
    """Return the practice that a request is for: the only one, or the one of the account header."""
    principal = asking(request)
    if account is None:
        if principal.practices is not None and len(principal.practices) == 1:
            return PracticeId(next(iter(principal.practices)))
        detail = "Name the practice: header Quittance-Account with its account number."
        raise Problem(400, "account_required", detail)
    found = await door.read(practice_by_account, account, principal)
    if found is None:
        raise Problem(403, "account_not_yours", "This account does not belong to your token.")
    return found


def practice_by_account(db: Connection, account: str, principal: Principal) -> PracticeId | None:
    """Return the practice with an account number, if the caller may act for it."""
    digits = account.replace(" ", "").replace(".", "").replace("'", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):  # noqa: PLR2004
        return None
    wanted = select(practices.c.practice_id).where(practices.c.account_no == int(digits))
    found = db.execute(wanted).scalar()
    if found is None or (principal.practices is not None and found not in principal.practices):
        return None
    return PracticeId(found)


def not_here() -> Problem:
    """Return the one answer for what is unknown, malformed or another practice's (B54)."""
    return Problem(404, "not_found", "There is nothing with this id.")


async def _asking(request: Request) -> Principal:
    return asking(request)  # a coroutine, so that FastAPI sends it to no thread


Asking = Annotated[Principal, Depends(_asking)]
Practice = Annotated[PracticeId, Depends(practice_of)]
Rows = Sequence[Row[Any]]
