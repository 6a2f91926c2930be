"""How events of all services fill the gateway's read tables. Pure; `tables.py` has the columns.

Each table of states hears one service, so that every size of page gives the same rows. `people`
hears two, which is safe: a name is put only while the person's key exists, and a rebuild after the
key's end finds none. `timeline` hears all and only ever puts.
"""

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import msgspec

from libs.events import (
    PUBLIC,
    Envelope,
    Event,
    InvoiceIssued,
    PracticeConfigured,
    PracticeRegistered,
    SubjectErased,
    SubmissionAccepted,
    SubmissionRejected,
)
from libs.events.handed import Finding
from libs.events.values import Private
from libs.runtime.rows import Change, change, drop, put
from services.gateway.decider.client import ClientAdded, ClientRevoked
from services.gateway.decider.practice import section_of
from services.gateway.decider.user import (
    PasswordChanged,
    UserAdded,
    UserDeactivated,
    UserLanguageChanged,
)
from services.gateway.invoice_projections import (
    project_cases,
    project_claims,
    project_invoices,
    project_payers,
)
from services.gateway.tables import (
    cases,
    claims,
    clients,
    invoices,
    metadata,
    payers,
    payments,
    people,
    practices,
    settings,
    submissions,
    timeline,
    users,
)

__all__ = [
    "cases",
    "claims",
    "clients",
    "invoices",
    "metadata",
    "payers",
    "payments",
    "people",
    "practices",
    "project_cases",
    "project_claims",
    "project_invoices",
    "project_payers",
    "settings",
    "submissions",
    "timeline",
    "users",
]

if TYPE_CHECKING:
    Said: TypeAlias = Event
else:
    Said = Union[tuple(PUBLIC.values())]  # noqa: UP007 - derived, so that no event is forgotten

Bought: TypeAlias = InvoiceIssued | SubjectErased
Received: TypeAlias = SubmissionAccepted | SubmissionRejected
Admitted: TypeAlias = (
    UserAdded
    | PasswordChanged
    | UserLanguageChanged
    | UserDeactivated
    | ClientAdded
    | ClientRevoked
)


def text(value: Any) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def folded(name: str) -> str:
    """Return a name as it is searched, without case and accents: "zurcher" finds Zürcher."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()


def project_practices(
    event: PracticeRegistered | PracticeConfigured, _envelope: Envelope
) -> Iterable[Change]:
    """Keep who the members are and every version of what they want."""
    match event:
        case PracticeRegistered():
            yield put(
                practices,
                practice_id=event.practice_id,
                account_no=event.account_no,
                name=event.name,
                holder=event.holder,
                kind=event.kind.value,
                canton=event.canton,
                language=event.language,
                glns=text(event.glns),
                zsrs=text(event.zsrs),
                address=text(event.address),
                iban=event.iban,
                vat_number=event.vat_number,
                phone=event.phone,
                joined_on=event.joined_on,
            )
        case PracticeConfigured():
            yield put(
                settings,
                practice_id=event.practice_id,
                section=section_of(event.settings),
                version=event.version,
                valid_from=event.valid_from,
                data=text(event.settings),
                by=event.by,
            )


def project_access(event: Admitted, _envelope: Envelope) -> Iterable[Change]:
    """Keep who may enter, and with what."""
    match event:
        case UserAdded():
            yield put(
                users,
                user_id=event.user_id,
                login=event.login,
                name=event.name,
                password_hash=event.password_hash,
                role=event.role.value,
                practice_ids=text(event.practice_ids),
                language=event.language,
                active=True,
            )
        case PasswordChanged():
            yield change(users, user_id=event.user_id, password_hash=event.password_hash)
        case UserLanguageChanged():
            yield change(users, user_id=event.user_id, language=event.language)
        case UserDeactivated():
            yield change(users, user_id=event.user_id, active=False)
        case ClientAdded():
            yield put(
                clients,
                client_id=event.client_id,
                secret_hash=event.secret_hash,
                practice_id=event.practice_id,
                scopes=" ".join(event.scopes),
                name=event.name,
                expires_on=event.expires_on,
                revoked=False,
            )
        case ClientRevoked():
            yield change(clients, client_id=event.client_id, revoked=True)


def project_people(event: Bought, _envelope: Envelope) -> Iterable[Change]:
    """Keep the names behind invoices for as long as the persons may be known."""
    if isinstance(event, SubjectErased):
        yield drop(people, subject=event.subject)
        return
    patient, debtor = event.patient.reveal(), event.debtor.reveal()
    if debtor is not None and event.debtor.subject != event.patient.subject:
        yield _person(event, event.debtor.subject, debtor, None)
    if patient is not None:
        born = patient.born_on.year if patient.born_on else None
        yield _person(event, event.patient.subject, patient.party, born)


def _person(event: InvoiceIssued, subject: str, party: Any, born_year: int | None) -> Change:
    return put(
        people,
        subject=subject,
        practice_id=event.practice_id,
        name=party.name,
        given_name=party.given_name,
        born_year=born_year,
        zip=party.address.zip,
        city=party.address.city,
        folded_name=folded(party.name),
        folded_given_name=folded(party.given_name),
    )


def project_submissions(event: Received, envelope: Envelope) -> Iterable[Change]:
    """Keep the verdict on everything that was handed in."""
    match event:
        case SubmissionAccepted():
            yield _submission(
                event,
                envelope,
                state="accepted",
                request_id=event.facts.request_id,
                kind=event.facts.kind.value,
                invoice_id=event.invoice_id,
                patient_subject=event.patient.subject,
                debtor_subject=event.debtor.subject,
                case_subject=event.medical.subject,
            )
        case SubmissionRejected():
            yield _submission(
                event,
                envelope,
                state="rejected",
                request_id=event.request_id,
                kind="",
                invoice_id=None,
                patient_subject=None,
                debtor_subject=None,
                case_subject=None,
            )


def _submission(event: Received, envelope: Envelope, **verdict: str | None) -> Change:
    return put(
        submissions,
        submission_id=event.submission_id,
        practice_id=event.practice_id,
        received_at=envelope.recorded_at,
        content=event.content,
        findings=text(event.findings),
        errors=_count(event.findings, "error"),
        warnings=_count(event.findings, "warning"),
        position=envelope.position,
        **verdict,
    )


def _count(findings: Iterable[Finding], severity: str) -> int:
    return sum(finding.severity == severity for finding in findings)


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def project_timeline(event: Said, envelope: Envelope) -> Iterable[Change]:
    """Keep every public fact as it was said, without what belongs to a person.

    The bytes are those of the event: a field that it got later does not change what was said, and
    a rebuild by a later release gives the same rows. Our own facts get their position after their
    tables are written, so they stand without one.
    """
    own = envelope.source == "gateway"
    names = event.__struct_fields__
    facts = {n: v for n in names if not isinstance(v := getattr(event, n), Private)}
    said = _MEMBERS.decode(envelope.data)
    yield put(
        timeline,
        event_id=envelope.id,
        practice_id=event.practice_id,
        invoice_id=facts.get("invoice_id"),
        submission_id=facts.get("submission_id"),
        source=envelope.source,
        position=0 if own else envelope.position,
        recorded_at=envelope.recorded_at,
        on=facts.get("on") or facts.get("issued_on") or facts.get("booked_on"),
        type=envelope.type,
        data=text({name: said[name] for name in facts if name in said}),
    )
