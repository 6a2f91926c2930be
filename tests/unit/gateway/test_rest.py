"""The REST interface: what it asks of callers, what it says of itself, its small parts."""

import asyncio
import base64
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request

from libs.events import Refused
from libs.events.terms import Terms
from libs.runtime import problems
from libs.runtime.clock import Clock
from libs.runtime.cursors import cursor, place
from libs.runtime.engines import open_engine
from libs.runtime.problems import code_of
from libs.runtime.service import Parts
from libs.runtime.settings import Settings
from libs.runtime.system import parts_of
from libs.runtime.vault import Vault
from libs.runtime.web import Problem
from services.gateway.api import router, tokens
from services.gateway.api.ids import is_document, is_id
from services.gateway.api.practice import typed
from services.gateway.api.tokens import Denied
from services.gateway.api.versions import etag, expected
from services.gateway.decider import practice, subject, user
from services.gateway.door import Door, language_of
from services.gateway.scopes import KEYS_SHEETS, ROLES, SCOPES

KEY = b"k" * 32
OPEN_TO_ALL = {"/oauth/token", "/v1/oauth/token"}


def document() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(router)
    return app.openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_no_route_is_without_a_stated_scope_p26() -> None:
    stated = {(path, method): operation.get("security") for path, method, operation in operations()}
    assert len(stated) >= 18
    for (path, method), security in stated.items():
        if path in OPEN_TO_ALL:
            assert security == []
            continue
        assert security, f"{method} {path} states no scope"
        (scopes,) = (one["oauth2"] for one in security)
        assert len(scopes) == 1
        assert scopes[0] in SCOPES


def test_who_is_not_admitted_is_told_before_the_body_is_read_b1(tmp_path: Path) -> None:
    app = FastAPI(dependencies=[Depends(Door(parts(tmp_path)).open)])
    app.include_router(router)
    problems.install(app)

    async def never() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def asked(method: str, path: str, *headers: tuple[bytes, bytes]) -> tuple[int, Any]:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
        scope |= {"query_string": b"limit=x", "headers": list(headers), "client": ("192.0.2.1", 1)}
        await app(scope, never, send)
        return said[0]["status"], dict(said[0]["headers"])

    async def all_of_them() -> None:
        for path, method, _ in operations():
            if path in OPEN_TO_ALL:
                continue
            target = re.sub(r"\{\w+\}", "x", path)
            for header in ((), ((b"authorization", b"Bearer qta_nonsense"),)):
                status, headers = await asked(method.upper(), target, *header)
                assert (status, target) == (401, target)
                assert headers[b"www-authenticate"].startswith(b"Bearer realm=")

    asyncio.run(all_of_them())


def parts(folder: Path) -> Parts:
    clock = Clock()
    return parts_of(Settings(data=folder), clock, Vault(open_engine("sqlite://"), KEY, clock.now))


def test_the_interface_describes_itself() -> None:
    made = document()
    assert made["openapi"].startswith("3.1")
    flows = made["components"]["securitySchemes"]["oauth2"]["flows"]
    assert set(flows) == {"password", "clientCredentials"}
    assert set(flows["password"]["scopes"]) == set(SCOPES)
    for path, method, operation in operations():
        assert operation["description"] or operation["summary"], path
        if "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                assert "example" in content, f"{method} {path} has a body without an example"


def test_roles_have_scopes_that_exist_and_none_of_the_operators() -> None:
    for role in user.Role:
        assert ROLES[role] <= set(SCOPES) | {KEYS_SHEETS}
        assert not ROLES[role] & {"bank:write", "admin"}
    assert "cases:write" not in ROLES[user.Role.PRACTICE_USER]
    assert {role for role in user.Role if KEYS_SHEETS in ROLES[role]} == {user.Role.CLERK}
    assert KEYS_SHEETS not in SCOPES, "no program keys sheets"


def test_refusals_have_sentences_and_stable_codes() -> None:
    for module in (practice, user, subject):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Refused) and kind is not Refused:
                assert kind.__doc__
    assert code_of(practice.ChangedMeanwhile) == "changed_meanwhile"


def test_a_cursor_leads_back_to_its_place() -> None:
    where = (date(2026, 3, 2), "0c52b7a2")
    assert place(cursor(where), tuple[date, str]) == where
    assert place(cursor(7), int) == 7


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "%",
        "AAAA",
        "=" * 8,
        cursor("text"),
        cursor(["2026-03-02"]),
        cursor(["2026-02-30", "x"]),
        base64.urlsafe_b64encode(b"[" * 100).decode(),
        "A" * 201,
        "é",
    ],
)
def test_a_forged_cursor_is_refused_b52(forged: str) -> None:
    with pytest.raises(Problem) as refused:
        place(forged, tuple[date, str])
    assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")


def test_ids_have_one_form() -> None:
    assert is_id("0c52b7a2-0a8e-5b5e-9c42-3f0a0e3f6a11")
    assert not any(is_id(x) for x in ("", "1", "0C52B7A2-0a8e-5b5e-9c42-3f0a0e3f6a11", "\x00" * 36))
    assert is_document("a" * 64)
    assert not any(is_document(x) for x in ("", "a" * 63, "g" * 64, "../" * 21 + "a"))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "de"),
        ("fr", "fr"),
        ("it-CH", "it"),
        ("ru, en;q=0.5", "en"),
        ("de;q=0.1, fr;q=0.9", "fr"),
        ("fr;q=0, it", "it"),
        ("*", "de"),
        (";;;q=x,,", "de"),
        ("en;q=nan", "de"),
    ],
)
def test_the_language_asked_for_is_spoken(header: str, language: str) -> None:
    headers = [(b"accept-language", header.encode())]
    assert language_of(Request({"type": "http", "headers": headers})) == language


FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}


def test_the_password_grant_of_practice_software_is_read() -> None:
    body = b"grant_type=password&username=praxis&password=gehe%20im%2B1&client_id=&client_secret="
    form = tokens.parse(body, FORM)
    assert (form.grant, form.name, form.secret) == ("password", "praxis", "gehe im+1")


def test_client_credentials_come_in_form_or_header() -> None:
    body = b"grant_type=client_credentials&client_id=a&client_secret=b&scope=invoices%3Aread"
    assert tokens.parse(body, FORM) == tokens.Form(
        grant="client_credentials",
        name="a",
        secret="b",  # noqa: S106
        scope="invoices:read",
    )
    basic = {**FORM, "authorization": "Basic " + base64.b64encode(b"a%3A1:b").decode()}
    form = tokens.parse(b"grant_type=client_credentials", basic)
    assert (form.name, form.secret) == ("a:1", "b")


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"{}", {"content-type": "application/json"}, "invalid_request"),
        (b"", FORM, "invalid_request"),
        (b"grant_type=password", FORM, "invalid_request"),
        (b"grant_type=password&username=a&password=", FORM, "invalid_request"),
        (b"grant_type=password&username=a&password=b%00", FORM, "invalid_request"),
        (b"grant_type=password&username=a&username=b&password=c", FORM, "invalid_request"),
        (b"grant_type=password&username=%ff&password=c", FORM, "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(100)), FORM, "invalid_request"),
        (b"grant_type=implicit", FORM, "unsupported_grant_type"),
        (
            b"grant_type=client_credentials",
            {**FORM, "authorization": "Basic !!"},
            "invalid_request",
        ),
    ],
)
def test_broken_token_requests_are_answered_as_oauth_says(
    body: bytes, headers: dict[str, str], error: str
) -> None:
    with pytest.raises(Denied) as refused:
        tokens.parse(body, headers)
    assert (refused.value.status, refused.value.error) == (400, error)
    assert refused.value.sentence.isascii()


def test_a_change_names_the_version_that_was_seen_b55() -> None:
    assert expected("terms", etag("terms", 3)) == 3
    assert expected("terms", "*") is None
    for header, status in ((None, 428), ('"contract-3"', 412), ("3", 412), ('"terms-x"', 412)):
        with pytest.raises(Problem) as refused:
            expected("terms", header)
        assert refused.value.status == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"patient_days": "30"},
        {"patient_days": 1.5},
        {"role": 1},
        {"type": "x"},
    ],
)
def test_settings_are_read_strictly_and_not_repeated(wrong: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        typed("terms", wrong)
    assert refused.value.status == 422
    assert typed("terms", {"patient_days": 20}) == Terms(patient_days=20)
