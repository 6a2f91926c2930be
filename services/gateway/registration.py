"""How the first practices, users and programs come in: what the command line asks the rules for.

Each function returns a command, and with it the secret that is shown once and kept nowhere.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, union

from libs.events.values import COOPERATIVE, Language, PracticeId, SubjectId
from libs.runtime.ids import derived, new_secret
from services.gateway import keys, passwords
from services.gateway.decider.client import PRACTICE_SCOPES, AddClient
from services.gateway.decider.practice import RegisterPractice
from services.gateway.decider.subject import RequestErasure
from services.gateway.decider.user import AddUser, Role
from services.gateway.logins import normal
from services.gateway.tables import cases, invoices, payers, payments, people, submissions

KEEP_YEARS = 10
"""The books are kept so long from the end of the business year (OR 958f, BR-113)."""


def practice_id_of(account_no: int) -> PracticeId:
    """Return the id of the practice with an account number: nobody else can get the number."""
    return PracticeId(derived("practice", str(account_no)))


def user_id_of(login: str) -> str:
    """Return the id of the user with a login: nobody else can get the login."""
    return derived("user", normal(login))


def register_practice(*, account_no: int, **particulars: Any) -> RegisterPractice:
    """Return the command that makes a practice a member; fields as in RegisterPractice."""
    return RegisterPractice(
        practice_id=practice_id_of(account_no), account_no=account_no, **particulars
    )


def new_client(
    *,
    practice_id: PracticeId = COOPERATIVE,
    name: str,
    client_id: str = "",
    scopes: Sequence[str] = tuple(sorted(PRACTICE_SCOPES)),
    expires_on: date | None = None,
    by: str = "",
) -> tuple[AddClient, str]:
    """Return the command that lets a program in, and its secret."""
    secret = keys.new_key(keys.SECRET)
    command = AddClient(
        practice_id=practice_id,
        client_id=client_id or f"client-{new_secret()[:12].lower()}",
        name=name,
        secret_hash=keys.digest(secret),
        scopes=tuple(scopes),
        expires_on=expires_on,
        by=by,
    )
    return command, secret


def new_user(
    *,
    login: str,
    name: str,
    role: Role | str,
    practice_ids: Sequence[PracticeId],
    language: Language = "de",
    password: str = "",
    by: str = "",
) -> tuple[AddUser, str]:
    """Return the command that lets a person in, and the password; without one, a new one is made.

    Raises ValueError for a password that is too weak.
    """
    password = password or new_password()
    if (why := passwords.weak(password, login)) is not None:
        raise ValueError(f"The password is too weak: {why}.")
    command = AddUser(
        practice_id=practice_ids[0] if practice_ids else COOPERATIVE,
        user_id=user_id_of(login),
        login=normal(login),
        name=name,
        password_hash=passwords.hashed(password),
        role=Role(role),
        practice_ids=tuple(practice_ids),
        language=language,
        by=by,
    )
    return command, password


def new_password() -> str:
    """Return a password of 120 random bits in groups that can be read aloud."""
    plain = "".join(letter for letter in new_secret() + new_secret() if letter.isalnum())
    return "-".join(plain[start : start + 5] for start in range(0, 20, 5))


def erasure_request(
    db: Connection, subject: SubjectId, today: date, by: str, order: str = ""
) -> RequestErasure | None:
    """Return the command that asks to forget a person; None if nothing is known of it.

    Says what stands against it and what goes with it, by the read tables: open invoices, cases with
    an agency, the time of keeping from the last invoice; cases and what the bank said of payments.
    Source: BR-113, BR-115.
    """
    practice = _practice_of(db, subject)
    if practice is None:
        return None
    own = _own(invoices, practice, subject)
    open_ = select(func.count()).select_from(invoices).where(own, invoices.c.end.is_(None))
    last = db.execute(
        select(func.max(func.coalesce(invoices.c.ended_on, invoices.c.issued_on))).where(own)
    ).scalar()
    return RequestErasure(
        practice_id=practice,
        subject=subject,
        today=today,
        by=by,
        open_invoices=db.execute(open_).scalar_one() + _with_agency(db, own),
        kept_until=date(last.year + KEEP_YEARS, 12, 31) if last else None,
        order=order,
        cases=_left_behind(db, practice, subject),
    )


def _own(table: Table, practice: PracticeId, subject: SubjectId) -> ColumnElement[bool]:
    """Return the condition that a row is of a person, as patient or as debtor."""
    who = or_(table.c.patient_subject == subject, table.c.debtor_subject == subject)
    return and_(table.c.practice_id == practice, who)


def _practice_of(db: Connection, subject: SubjectId) -> PracticeId | None:
    """Return the practice of a person; no two know one by the same id."""
    by_name = select(people.c.practice_id).where(people.c.subject == subject)
    by_message = select(submissions.c.practice_id).where(
        or_(submissions.c.patient_subject == subject, submissions.c.debtor_subject == subject)
    )
    by_invoice = select(invoices.c.practice_id).where(
        or_(invoices.c.patient_subject == subject, invoices.c.debtor_subject == subject)
    )
    for known in (by_name, by_message, by_invoice):
        practice: str | None = db.execute(known.limit(1)).scalar()
        if practice is not None:
            return PracticeId(practice)
    return None


def _left_behind(db: Connection, practice: PracticeId, subject: SubjectId) -> tuple[SubjectId, ...]:
    """Return the subjects of a person's cases, and of what the bank said of payments on them.

    Messages know more cases than invoices do: those of tests, and of messages about an invoice.
    """
    own = _own(invoices, practice, subject)
    found = union(
        select(invoices.c.case_subject).where(own),
        select(submissions.c.case_subject).where(_own(submissions, practice, subject)),
        select(payers.c.subject)
        .join(payments, payments.c.credit_id == payers.c.credit_id)
        .join(invoices, invoices.c.invoice_id == payments.c.invoice_id)
        .where(own),
    )
    return tuple(sorted(SubjectId(one) for one in db.execute(found).scalars()))


def _with_agency(db: Connection, own: ColumnElement[bool]) -> int:
    """Return how many ended invoices of a person an agency still works on."""
    counted = (
        select(func.count())
        .select_from(invoices.join(cases, cases.c.invoice_id == invoices.c.invoice_id))
        .where(own, invoices.c.end.is_not(None), cases.c.ended == "COLLECTION")
    )
    return db.execute(counted).scalar_one()
