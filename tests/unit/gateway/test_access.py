"""Secrets, passwords, tokens, and waiting after failures."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import Request
from sqlalchemy import Connection, select

from libs.runtime import rows
from services.gateway import access, auth, keys, passwords, registration
from services.gateway.decider.client import ClientAdded, ClientRevoked
from services.gateway.decider.user import PasswordChanged, Role, UserAdded, UserDeactivated
from services.gateway.logins import network_of
from services.gateway.projections import project_access, users
from services.gateway.tables import clients, practices
from tests.unit.gateway.facts import DAY, PRACTICE, said

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_secret_is_of_its_kind_and_mistyped_ones_are_told_apart() -> None:
    key = keys.new_key(keys.SECRET)
    assert keys.well_formed(key, keys.SECRET)
    assert not keys.well_formed(key, keys.TOKEN)
    assert not keys.well_formed(key[:-1] + ("0" if key[-1] != "0" else "1"), keys.SECRET)
    assert not keys.well_formed(key.replace(key[10], "~", 1), keys.SECRET)
    assert not any(keys.well_formed(bad, keys.SECRET) for bad in ("", "qts_", "qts_é", "Bearer"))
    assert len(key) > 43, "256 bits do not fit less"
    assert keys.new_key(keys.SECRET) != key


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elf zeichen", "short"),
        ("x" * 201, "long"),
        ("PasswordPassword", "common"),
        ("annaannaannaanna", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("Regen am Lindenhof", None),
    ],
)
def test_weak_passwords_are_refused_without_rules_on_signs(password: str, why: str | None) -> None:
    assert passwords.weak(password, "anna@praxis.example") == why


def test_passwords_are_compared_with_argon2id_and_without_one_nothing_is_right() -> None:
    async def matches(password: str, kept: str | None) -> bool:
        return await passwords.Verifier().matches(password, kept)

    kept = passwords.hashed("Regen am Lindenhof")
    assert kept.startswith("$argon2id$")
    assert asyncio.run(matches("Regen am Lindenhof", kept))
    assert not asyncio.run(matches("Regen am lindenhof", kept))
    assert not asyncio.run(matches("Regen am Lindenhof", None))
    assert not asyncio.run(matches("Regen am Lindenhof", "no hash"))


def test_waiting_begins_late_doubles_and_ends_somewhere() -> None:
    waits = [access.wait_after(failures).total_seconds() for failures in range(30)]
    assert waits[:10] == [0] * 10
    assert waits[10:16] == [30, 60, 120, 240, 480, 900]
    assert set(waits[16:]) == {900}


def test_failures_of_one_network_make_nobody_else_wait(db: Connection) -> None:
    for _ in range(access.FAILURES_FREE):
        assert access.count_try(db, "anna from here", NOW) is None
    until = access.count_try(db, "anna from here", NOW)
    assert until == NOW + access.WAIT_FIRST
    assert access.count_try(db, "anna from elsewhere", NOW) is None
    assert access.count_try(db, "anna from here", NOW + access.WAIT_FIRST) is None


def test_a_try_refused_while_waiting_does_not_make_the_wait_longer(db: Connection) -> None:
    for _ in range(access.FAILURES_FREE):
        access.count_try(db, "b", NOW)
    assert access.count_try(db, "b", NOW) == access.count_try(db, "b", NOW + timedelta(seconds=9))


def test_success_clears_the_count_and_a_day_forgets_it(db: Connection) -> None:
    for _ in range(access.FAILURES_FREE):
        access.count_try(db, "b", NOW)
    access.forget_failures(db, "b")
    assert access.count_try(db, "b", NOW) is None
    access.count_try(db, "c", NOW + access.FORGOTTEN_AFTER + HOUR)
    buckets = db.execute(select(access.login_failures.c.bucket)).scalars().all()
    assert buckets == ["c"]


def from_address(address: str, forwarded: str = "") -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return Request({"type": "http", "client": (address, 1), "headers": headers})


def test_a_network_is_an_address_or_a_customers_64_and_headers_are_not_believed_b51() -> None:
    assert network_of(from_address("192.0.2.1", "6.6.6.6"), behind_proxy=False) == "192.0.2.1"
    proxied = from_address("10.0.0.1", "6.6.6.6, 192.0.2.7")
    assert network_of(proxied, behind_proxy=True) == "192.0.2.7"
    assert network_of(from_address("2001:db8::1"), behind_proxy=False) == "2001:db8::/64"
    assert network_of(from_address("nonsense"), behind_proxy=False) == "unknown"


def write(db: Connection, *events: Any) -> None:
    for position, event in enumerate(events, 1):
        rows.write(db, project_access(event, said(event, position)))


def client(practice_id: Any = PRACTICE, **other: Any) -> ClientAdded:
    known: dict[str, Any] = {
        "client_id": "software",
        "name": "Software",
        "secret_hash": keys.digest("secret"),
        "scopes": ("invoices:read", "submissions:write"),
    }
    return ClientAdded(practice_id=practice_id, **(known | other))


def user(**other: Any) -> UserAdded:
    known: dict[str, Any] = {
        "practice_id": PRACTICE,
        "user_id": "u",
        "login": "anna@praxis.example",
        "name": "Anna",
        "password_hash": "hash",
        "role": Role.PRACTICE_USER,
        "practice_ids": (PRACTICE,),
        "language": "de",
    }
    return UserAdded(**(known | other))


def client_token(db: Connection, scopes: set[str] | None = None) -> str:
    row = auth.client_by_id(db, "software", NOW)
    assert row is not None
    who = auth.client_principal(row)
    given = frozenset(scopes or who.scopes)
    return auth.give_token(db, who, row.secret_hash, given, NOW, HOUR)


def user_token(db: Connection) -> str:
    row = db.execute(select(users)).one()
    who = auth.user_principal(row)
    return auth.give_token(db, who, row.password_hash, who.scopes, NOW, HOUR)


def test_a_token_opens_what_its_client_may_and_only_its_digest_is_kept(db: Connection) -> None:
    write(db, client())
    token = client_token(db, {"invoices:read"})
    who = auth.principal_of(db, token, NOW)
    assert who is not None
    assert (who.name, set(who.scopes)) == ("client:software", {"invoices:read"})
    assert who.practices == frozenset({PRACTICE})
    assert token not in str(db.execute(select(access.tokens)).all())
    assert auth.principal_of(db, keys.new_key(keys.TOKEN), NOW) is None


def test_a_token_ends_by_itself(db: Connection) -> None:
    write(db, client())
    token = client_token(db)
    assert auth.principal_of(db, token, NOW + HOUR - timedelta(seconds=1)) is not None
    assert auth.principal_of(db, token, NOW + HOUR) is None
    auth.give_token(db, who_is(db), "x", frozenset(), NOW + 2 * HOUR, HOUR)
    assert len(db.execute(select(access.tokens)).all()) == 1, "ended ones are forgotten"


def who_is(db: Connection) -> auth.Principal:
    return auth.client_principal(db.execute(select(clients)).one())


def test_a_revoked_client_is_out_at_once(db: Connection) -> None:
    write(db, client())
    token = client_token(db)
    write(db, ClientRevoked(practice_id=PRACTICE, client_id="software", on=DAY))
    assert auth.principal_of(db, token, NOW) is None
    assert auth.client_by_id(db, "software", NOW) is None


def test_a_client_ends_with_its_last_day_in_zurich(db: Connection) -> None:
    write(db, client(expires_on=DAY))
    token = client_token(db)
    db.execute(access.tokens.update().values(expires_at=NOW + 48 * HOUR))
    assert auth.principal_of(db, token, datetime(2026, 3, 2, 22, 59, tzinfo=UTC)) is not None
    assert auth.principal_of(db, token, datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "out",
    [
        UserDeactivated(practice_id=PRACTICE, user_id="u", on=DAY),
        PasswordChanged(practice_id=PRACTICE, user_id="u", password_hash="new"),  # noqa: S106
    ],
)
def test_a_token_of_a_user_ends_with_access_or_password(db: Connection, out: Any) -> None:
    write(db, user())
    token = user_token(db)
    who = auth.principal_of(db, token, NOW)
    assert who is not None
    assert "cases:write" not in who.scopes
    write(db, out)
    assert auth.principal_of(db, token, NOW) is None


def test_an_account_number_is_found_for_those_who_may_act_for_it(db: Connection) -> None:
    write(db, client())
    db.execute(
        practices.insert().values(
            practice_id=PRACTICE,
            account_no=40112,
            joined_on=DAY,
            **{
                column.name: ""
                for column in practices.columns
                if column.name not in {"practice_id", "account_no", "joined_on"}
            },
        )
    )
    own = who_is(db)
    for text in ("40112", "40 112", "0040112", "40'112"):
        assert auth.practice_by_account(db, text, own) == PRACTICE
    stranger = replace(own, practices=frozenset({"another"}))
    assert auth.practice_by_account(db, "40112", stranger) is None
    operator = replace(own, practices=None)
    assert auth.practice_by_account(db, "40112", operator) == PRACTICE
    for text in ("", "40113", "-40112", "٤٠١١٢", "9" * 30, "1; drop"):
        assert auth.practice_by_account(db, text, own) is None


def test_a_login_gives_one_id_whatever_its_case() -> None:
    command, password = registration.new_user(
        login=" Anna@Praxis.example ",
        name="Anna",
        role="practice_admin",
        practice_ids=[PRACTICE],
    )
    assert command.login == "anna@praxis.example"
    assert command.user_id == registration.user_id_of("ANNA@praxis.EXAMPLE")
    assert len(password) >= passwords.LENGTH_MIN
    assert password not in json.dumps(command.__dict__, default=str)


def test_a_weak_password_is_not_registered() -> None:
    with pytest.raises(ValueError, match="too weak"):
        registration.new_user(
            login="a",
            name="A",
            role="clerk",
            practice_ids=[],
            password="kurz",  # noqa: S106
        )


def test_a_clients_secret_is_not_in_its_command() -> None:
    command, secret = registration.new_client(practice_id=PRACTICE, name="software")
    assert command.secret_hash == keys.digest(secret)
    assert secret not in str(command)
    assert registration.practice_id_of(7) == registration.practice_id_of(7)
    assert registration.practice_id_of(7) != registration.practice_id_of(8)
