"""Whether people are who they say: passwords, and waiting after failures (B63)."""

import hashlib
import ipaddress
from typing import Any

from fastapi import Request
from sqlalchemy import Connection, Row, select

from services.gateway import access
from services.gateway.door import Door
from services.gateway.tables import users


class WrongLogin(Exception):
    """No such login, a wrong password, or a user who left: nobody learns which."""


class TryLater(Exception):
    """Too many failures from where this request came, for this login."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def verified(door: Door, request: Request, login: str, password: str) -> Row[Any]:
    """Return the user's row, or raise WrongLogin or TryLater.

    A try is counted before the password is looked at, so that many at once do not get one more
    guess each; a right one clears the count. Failures count for one login from one network: who
    guesses from elsewhere makes nobody wait but itself.
    """
    bucket = _bucket(login, network_of(request, behind_proxy=door.parts.settings.behind_proxy))
    now = door.parts.clock.now()
    until = await door.write(access.count_try, bucket, now)
    if until is not None:
        raise TryLater(max(1, int((until - now).total_seconds()) + 1))
    user = await door.read(user_by_login, login)
    kept = user.password_hash if user is not None and user.active else None
    if not await door.passwords.matches(password, kept):
        raise WrongLogin
    await door.write(access.forget_failures, bucket)
    assert user is not None, "nobody's password matches no hash"
    return user


def user_by_login(db: Connection, login: str) -> Row[Any] | None:
    """Return the user with this login, whatever its case."""
    return db.execute(select(users).where(users.c.login == normal(login))).one_or_none()


def normal(login: str) -> str:
    """Return a login as it is kept; what no database takes is in none of them (B38)."""
    return login.replace("\x00", "\ufffd").strip().casefold()


def network_of(request: Request, *, behind_proxy: bool) -> str:
    """Return where a request comes from: the address, of IPv6 the /64 that one customer has.

    What the client says of itself is believed only when a proxy of ours stands before us, and then
    only the last entry, which the proxy wrote (B51).
    """
    address = request.client.host if request.client else ""
    if behind_proxy:
        address = request.headers.get("x-forwarded-for", address).rpartition(",")[2].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _bucket(login: str, network: str) -> str:
    """Return the name under which failures count; no login stands in the table."""
    return hashlib.sha256(
        f"{normal(login)[:500]}\x1f{network}".encode(errors="replace")
    ).hexdigest()
