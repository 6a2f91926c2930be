"""How the first practices, users and programs come in: what the command line asks the rules for.

Each function returns a command, and with it the secret that is shown once and kept nowhere.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, or_, select

from libs.events.values import COOPERATIVE, Language, PracticeId, SubjectId
from libs.runtime.ids import derived, new_secret
from services.gateway import keys, passwords
from services.gateway.decider.client import PRACTICE_SCOPES, AddClient
from services.gateway.decider.practice import RegisterPractice
from services.gateway.decider.subject import RequestErasure
from services.gateway.decider.user import AddUser, Role
from services.gateway.logins import normal
from services.gateway.tables import cases, invoices, people

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
    """Return the command that asks to forget a person; None if no invoice or name is known of it.

    Says what stands against it, by the read tables: open invoices, cases with an agency, and the
    time of keeping from the last invoice. Source: BR-113, BR-115.
    """
    own = or_(invoices.c.patient_subject == subject, invoices.c.debtor_subject == subject)
    open_ = select(func.count()).select_from(invoices).where(own, invoices.c.end.is_(None))
    last = db.execute(
        select(invoices.c.practice_id, invoices.c.issued_on, invoices.c.ended_on)
        .where(own)
        .order_by(func.coalesce(invoices.c.ended_on, invoices.c.issued_on).desc())
        .limit(1)
    ).first()
    known = select(people.c.practice_id).where(people.c.subject == subject)
    practice = last.practice_id if last else db.execute(known).scalar()
    if practice is None:
        return None
    year = (last.ended_on or last.issued_on).year if last else None
    return RequestErasure(
        practice_id=PracticeId(practice),
        subject=subject,
        today=today,
        by=by,
        open_invoices=db.execute(open_).scalar_one() + _with_agency(db, subject),
        kept_until=date(year + KEEP_YEARS, 12, 31) if year else None,
        order=order,
    )


def _with_agency(db: Connection, subject: SubjectId) -> int:
    """Return how many ended invoices of a person an agency still works on."""
    own = or_(invoices.c.patient_subject == subject, invoices.c.debtor_subject == subject)
    counted = (
        select(func.count())
        .select_from(invoices.join(cases, cases.c.invoice_id == invoices.c.invoice_id))
        .where(own, invoices.c.end.is_not(None), cases.c.ended == "COLLECTION")
    )
    return db.execute(counted).scalar_one()
