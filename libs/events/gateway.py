"""What the gateway says: who the practices are and what they want."""

from datetime import date

from libs.events.event import Event
from libs.events.terms import Settings
from libs.events.values import Address, Language, PracticeKind


class PracticeRegistered(Event, frozen=True, kw_only=True):
    """A practice became a member; business data, nothing of a patient."""

    account_no: int
    """The member's account number; `cdm_account_number` of the upload."""
    name: str
    holder: str = ""
    kind: PracticeKind
    glns: tuple[str, ...]
    """GLNs under which it bills."""
    zsrs: tuple[str, ...] = ()
    canton: str
    language: Language
    address: Address
    iban: str
    """The account to which it is paid."""
    vat_number: str = ""
    phone: str = ""
    joined_on: date


class PracticeConfigured(Event, frozen=True, kw_only=True):
    """One section of a practice's settings, dated; it never acts backwards (BR-159)."""

    version: int
    valid_from: date
    settings: Settings
    by: str = ""


class SubjectErased(Event, frozen=True, kw_only=True):
    """A person's key was destroyed; what was sealed under it can be read by nobody (BR-114)."""

    subject: str
    on: date
