"""Users, API clients, and persons who shall be forgotten."""

from datetime import date
from typing import Any

import pytest

from libs.events import SubjectErased
from libs.events.values import COOPERATIVE, PracticeId, SubjectId
from services.gateway.app import CLIENT, SUBJECT, USER
from services.gateway.decider.client import (
    OPERATOR_SCOPES,
    AddClient,
    ClientAdded,
    ClientIdTaken,
    ClientRevoked,
    RevokeClient,
    UnknownClient,
)
from services.gateway.decider.subject import (
    EraseSubject,
    ErasureNotRequested,
    ErasureRequested,
    RequestErasure,
    StillKept,
    StillOwing,
)
from services.gateway.decider.user import (
    AddUser,
    ChangePassword,
    ChangeUserLanguage,
    DeactivateUser,
    LoginTaken,
    PasswordChanged,
    Role,
    UnknownUser,
    UserAdded,
    UserDeactivated,
    UserLanguageChanged,
)
from tests.scenario import Scenario

P = PracticeId("p")
TODAY = date(2026, 3, 2)
user, client, subject = Scenario(USER), Scenario(CLIENT), Scenario(SUBJECT)


def person(**other: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "practice_id": P,
        "user_id": "u",
        "login": "anna@praxis.example",
        "name": "A. Muster",
        "password_hash": "hash-1",
        "role": Role.PRACTICE_ADMIN,
        "practice_ids": (P,),
        "language": "fr",
    }
    return known | other


added = UserAdded(**person())
left = UserDeactivated(practice_id=P, user_id="u", on=TODAY)
leave = DeactivateUser(practice_id=P, user_id="u", today=TODAY)


def test_a_person_is_let_in_once() -> None:
    user.when(AddUser(**person())).then(added).when(AddUser(**person())).then_nothing()


def test_a_login_is_not_given_twice_not_even_after_its_user_left() -> None:
    again = AddUser(**person(password_hash="hash-2"))  # noqa: S106 - an invented hash
    user.given(added).when(again).then_refused(LoginTaken)
    user.given(added, left).when(AddUser(**person())).then_refused(LoginTaken)


def test_a_user_of_a_practice_needs_one_and_a_clerk_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        AddUser(**person(practice_ids=()))
    assert AddUser(**person(practice_ids=(), role=Role.CLERK)).role is Role.CLERK


def test_a_password_is_replaced_once() -> None:
    change = ChangePassword(practice_id=P, user_id="u", password_hash="hash-2")  # noqa: S106
    changed = PasswordChanged(practice_id=P, user_id="u", password_hash="hash-2")  # noqa: S106
    user.given(added).when(change).then(changed).when(change).then_nothing()
    user.when(change).then_refused(UnknownUser)
    user.given(added, left).when(change).then_refused(UnknownUser)


def test_a_language_is_changed_once() -> None:
    change = ChangeUserLanguage(practice_id=P, user_id="u", language="it")
    changed = UserLanguageChanged(practice_id=P, user_id="u", language="it")
    user.given(added).when(change).then(changed).when(change).then_nothing()
    user.when(change).then_refused(UnknownUser)


def test_a_user_is_shut_out_once() -> None:
    user.given(added).when(leave).then(left).when(leave).then_nothing()
    user.when(leave).then_refused(UnknownUser)


def program(**other: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "practice_id": P,
        "client_id": "c",
        "name": "software",
        "secret_hash": "digest",
        "scopes": ("submissions:write",),
    }
    return known | other


admitted = ClientAdded(**program())
revoke = RevokeClient(practice_id=P, client_id="c", today=TODAY)
revoked = ClientRevoked(practice_id=P, client_id="c", on=TODAY)


def test_a_program_is_let_in_once() -> None:
    client.when(AddClient(**program())).then(admitted).when(AddClient(**program())).then_nothing()
    other = AddClient(**program(secret_hash="other"))  # noqa: S106 - an invented digest
    client.given(admitted).when(other).then_refused(ClientIdTaken)


def test_a_program_is_shut_out_for_ever() -> None:
    client.given(admitted).when(revoke).then(revoked).when(revoke).then_nothing()
    client.given(admitted, revoked).when(AddClient(**program())).then_nothing()
    client.when(revoke).then_refused(UnknownClient)


@pytest.mark.parametrize("scope", sorted(OPERATOR_SCOPES))
def test_a_practice_gets_no_scope_of_the_cooperative(scope: str) -> None:
    with pytest.raises(ValueError, match="scopes"):
        AddClient(**program(scopes=(scope,)))
    assert AddClient(**program(scopes=(scope,), practice_id=COOPERATIVE)).scopes == (scope,)


@pytest.mark.parametrize("scopes", [(), ("invoices:write",)])
def test_scopes_that_do_not_exist_are_not_given(scopes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="scopes"):
        AddClient(**program(scopes=scopes))


S = SubjectId("s")


def ask(
    *cases: SubjectId,
    open_invoices: int = 0,
    kept_until: date | None = None,
    order: str = "",
) -> RequestErasure:
    return RequestErasure(
        practice_id=P,
        subject=S,
        today=TODAY,
        by="dpo",
        open_invoices=open_invoices,
        kept_until=kept_until,
        order=order,
        cases=cases,
    )


def asked(*cases: SubjectId, order: str = "") -> ErasureRequested:
    return ErasureRequested(practice_id=P, subject=S, on=TODAY, by="dpo", order=order, cases=cases)


erase = EraseSubject(practice_id=P, subject=S, today=TODAY)
erased = SubjectErased(practice_id=P, subject=S, on=TODAY)


def test_erasure_goes_request_then_end_each_once_f48() -> None:
    (
        subject.when(ask())
        .then(asked())
        .when(ask())
        .then_nothing()
        .when(erase)
        .then(erased)
        .when(erase)
        .then_nothing()
        .when(ask(open_invoices=1))
        .then_nothing()
    )


def test_the_end_is_not_said_before_the_request() -> None:
    subject.when(erase).then_refused(ErasureNotRequested)


def test_nobody_is_forgotten_who_owes_br_115() -> None:
    subject.when(ask(open_invoices=1)).then_refused(StillOwing)
    subject.when(ask(open_invoices=1, order="DPO 7")).then_refused(StillOwing)


def test_the_books_are_kept_until_their_last_day_br_113() -> None:
    subject.when(ask(kept_until=TODAY)).then_refused(StillKept)
    subject.when(ask(kept_until=date(2026, 3, 1))).then(asked())
    subject.when(ask(kept_until=TODAY, order="DPO 7")).then(asked(order="DPO 7"))


A, B = SubjectId("case-a"), SubjectId("case-b")


def test_the_cases_of_a_person_are_forgotten_with_the_person_br_114() -> None:
    subject.when(ask(B, A, A)).then(asked(A, B)).when(ask(A, B)).then_nothing()


def test_what_a_person_left_behind_since_is_forgotten_when_asked_again() -> None:
    gone = subject.given(asked(A), erased)
    gone.when(ask(A)).then_nothing()
    gone.when(ask(A, B, open_invoices=1)).then_refused(StillOwing)
    gone.when(ask(A, B, kept_until=TODAY)).then_refused(StillKept)
    again = gone.when(ask(A, B)).then(asked(B))
    again.when(ask(A, B)).then_nothing()
    again.when(erase).then(erased).when(ask(A, B)).then_nothing()
    subject.given(asked(A), asked(B)).when(ask(A, B)).then_nothing()
