"""Two practices: nothing tells the one that something of the other exists (P26, P27, B54).

Operations come from the OpenAPI document and pages from the router, so that a new one is asked too.
"""

import itertools
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from libs.events.values import COOPERATIVE
from libs.runtime.clock import ZURICH
from libs.runtime.ids import derived
from libs.runtime.problems import EVERYWHERE, routes
from services.gateway.decider.client import RevokeClient
from services.gateway.portal.pages import router as pages
from services.gateway.scopes import SCOPES
from tests.attacks.interface import FIXED, Operation, document_of, ids_of, operations
from tests.attacks.target import Target, attacked, leader, told

CALLS = 25
TIME_CLASS = 2
"""How much longer another's id may take than a random one, by the median of as many calls."""
TRIES = 3
"""A machine that others use may disturb a measurement, but not every time."""
LEADERS = {"webhooks:write"}
"""Scopes that no practice's program has: who leads it does this."""
OPERATORS = {"bank:write", "answers:write", "admin", *LEADERS}
AFTER_ALL_TOKENS = timedelta(hours=12)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("tenants"), reminded=True) as running:
        yield running


@pytest.fixture(scope="module")
def interface(target: Target) -> list[Operation]:
    return list(operations(document_of(target)))


@pytest.fixture(scope="module")
def foreign(target: Target) -> dict[str, list[str]]:
    """Return all ids of the other practice; there must be some of each."""
    with target.client(target.other.token) as owner:
        found = ids_of(owner)
    found["draft_id"] = [target.draft(target.other)]
    assert all(found.values())
    return found


def nobodys(name: str, number: int = 0) -> str:
    """Return an id of the right form that belongs to nobody."""
    return "0" * 63 + str(number % 10) if name == "document_id" else derived("nobody", str(number))


def same(answer: httpx.Response, ids: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
    """Return what an answer tells: all but what names the request itself."""
    text = answer.text.replace(answer.headers["x-request-id"], "")
    for one in ids.values():
        text = text.replace(one, "")
    differing = {"x-request-id", "content-length", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in differing}
    return answer.status_code, headers, text


def cases(
    names: tuple[str, ...], foreign: Mapping[str, list[str]], own: Mapping[str, list[str]]
) -> Iterator[dict[str, str]]:
    """Yield the other's ids for a path, then its own first id with the other's behind it."""
    for found in itertools.product(*(foreign[name] for name in names)):
        yield dict(zip(names, found, strict=True))
    if len(names) > 1:
        for last in foreign[names[-1]]:
            yield {name: own[name][0] for name in names[:-1]} | {names[-1]: last}


def led(target: Target) -> httpx.Client:
    """Return what asks with the rights of who leads the first practice."""
    return target.client(target.wait(leader(target.made, target.member)))


def test_b54_every_operation_answers_anothers_id_like_one_that_does_not_exist(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    asked = 0
    with target.client() as client, led(target) as leading:
        own = ids_of(client)
        before = target.events()
        for operation in interface:
            names = tuple(name for name in operation.ids if name in foreign)
            assert names == operation.ids, f"{operation}: say in interface.py whose ids it takes"
            for ids in cases(names, foreign, own) if names else ():
                random = ids | {names[-1]: nobodys(names[-1])}
                asking = leading if operation.scope in LEADERS else client
                answer, unknown = operation.ask(asking, **ids), operation.ask(asking, **random)
                told(answer, 404, "not_found")
                assert same(answer, ids) == same(unknown, random), operation
                asked += 1
    assert asked >= 20
    assert target.events() == before


def test_b54_an_account_of_another_is_answered_like_one_that_does_not_exist(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    with target.client() as client:
        for operation in interface:
            ids = {name: foreign[name][0] for name in operation.names if name in foreign}
            answers = []
            for account in (str(target.other.account_no), "999999999", "no-account"):
                named = {"Quittance-Account": account, "cdm_account_number": account}
                client.headers.update(named)
                answer = operation.ask(client, **ids)
                answers.append(same(answer, ids | {"account": account}))
            assert answers[0] == answers[1] == answers[2], operation
            assert answers[0][0] in {200, 403, 400}, operation
            assert target.other.practice_id not in answers[0][2]


def test_b54_every_page_answers_anothers_id_like_one_that_does_not_exist(
    target: Target, foreign: dict[str, list[str]]
) -> None:
    with target.browser() as browser:
        (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', browser.get("/").text))
        asked = 0
        for route in routes(pages):
            path = route.path.replace("{number}", FIXED["number"][0])
            names = tuple(re.findall(r"\{(\w+)\}", path))
            if not names or route.path in {EVERYWHERE, "/static/{name}"}:
                continue
            for ids in cases(names, foreign, foreign):
                random = ids | {names[-1]: nobodys(names[-1])}
                for method in sorted(route.methods or ()):
                    answers = [
                        same(_page(browser, method, path, one, csrf), one) for one in (ids, random)
                    ]
                    assert answers[0] == answers[1], route.path
                    assert answers[0][0] == 404, route.path
                    asked += 1
    assert asked >= 20


def _page(
    browser: httpx.Client, method: str, path: str, ids: Mapping[str, str], csrf: str
) -> httpx.Response:
    sent = {"csrf": csrf, "reason": "dispute", "review_on": "2026-03-20"}
    return browser.request(method, path.format(**ids), data=sent if method == "POST" else None)


def test_b54_a_clerks_choice_of_practices_and_a_users_are_their_own(target: Target) -> None:
    with target.browser() as browser:
        (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', browser.get("/").text))
        answers = []
        for practice in (target.other.practice_id, nobodys("practice_id"), "nobody"):
            answer = browser.post("/practices", data={"csrf": csrf, "practice_id": practice})
            answers.append(same(answer, {"practice": practice}))
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 404


def ratio(ask: Callable[[int], object], other: Callable[[int], object]) -> float:
    """Return the ratio of the medians of two calls' times; by turns, so that load meets both."""
    taken: dict[Callable[[int], object], list[float]] = {ask: [], other: []}
    for number in range(CALLS):
        for each, times in taken.items():
            begun = time.perf_counter()
            each(number)
            times.append(time.perf_counter() - begun)
    return statistics.median(taken[ask]) / statistics.median(taken[other])


def test_b54_anothers_id_takes_as_long_as_one_that_does_not_exist(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    with target.client() as client, led(target) as leading:
        for operation in interface:
            names = tuple(name for name in operation.names if name in foreign)
            if not names:
                continue
            asking = leading if operation.scope in LEADERS else client
            others = itertools.cycle(cases(names, foreign, foreign))

            def another(
                _: int,
                of: Operation = operation,
                ids: Iterator[dict[str, str]] = others,
                by: httpx.Client = asking,
            ) -> None:
                of.ask(by, **next(ids))

            def random(
                number: int,
                of: Operation = operation,
                names: tuple[str, ...] = names,
                by: httpx.Client = asking,
            ) -> None:
                of.ask(by, **{name: nobodys(name, number) for name in names})

            ratios = []
            for _ in range(TRIES):
                ratios.append(ratio(another, random))
                if 1 / TIME_CLASS < ratios[-1] < TIME_CLASS:
                    break
            assert 1 / TIME_CLASS < ratios[-1] < TIME_CLASS, (operation, ratios)


def everyone(target: Target) -> dict[str, str]:
    """Return tokens that must open nothing, by what is wrong with them."""
    member = target.member
    client_id, revoked = target.program(member.practice_id, "invoices:read")
    gateway = target.made.system.hosts["gateway"]
    today = target.made.clock.today()
    revoke = RevokeClient(practice_id=member.practice_id, client_id=client_id, today=today)
    target.wait(gateway.handle(revoke))
    return {
        "none": "",
        "nonsense": "x",
        "of our form": "qta_" + "A" * 48,
        "cut": member.token[:-1],
        "another's sign": member.token[:-1] + ("A" if member.token[-1] != "A" else "B"),
        "revoked": revoked,
    }


def test_p26_no_operation_answers_without_a_token_that_holds(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    ids = {name: found[0] for name, found in foreign.items()}
    before = target.events()
    for why, token in everyone(target).items():
        with target.client(token) as client:
            for operation in interface:
                if not operation.scope:
                    continue
                answer = operation.ask(client, **ids)
                told(answer, 401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer"), (why, operation)
    assert target.events() == before + 2, "a client was added and revoked, nothing more"


def test_p26_no_operation_answers_a_token_of_another_scope(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    ids = {name: found[0] for name, found in foreign.items()}
    tokens = {
        scope: target.program(
            COOPERATIVE if scope in OPERATORS else target.member.practice_id, scope
        )[1]
        for scope in SCOPES
    }
    before = target.events()
    for scope, token in tokens.items():
        with target.client(token) as client:
            for operation in interface:
                if operation.scope in {"", scope}:
                    continue
                told(operation.ask(client, **ids), 403, "forbidden")
    assert target.events() == before


def test_p26_no_operation_answers_a_token_that_has_ended(
    target: Target, interface: list[Operation], foreign: dict[str, list[str]]
) -> None:
    clock, member = target.made.clock, target.member
    ids = {name: found[0] for name, found in foreign.items()}
    later = (clock.now() + AFTER_ALL_TOKENS).astimezone(ZURICH)
    clock.set_day(later.date(), later.time())
    try:
        with target.client(member.token) as client:
            for operation in interface:
                if operation.scope:
                    told(operation.ask(client, **ids), 401, "unauthorized")
    finally:
        made = target.made
        member.token = target.wait(made.token(member.client_id, member.secret))
        made.bank_token = target.wait(made.token(*made.bank_access))
    replace(target, member=member).still_works()
