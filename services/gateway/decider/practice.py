"""Practice: who a member is, and what it wants, in dated versions of its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from libs.events import PracticeConfigured, PracticeRegistered, Refused
from libs.events.terms import Contract, Deliveries, Reminding, Settings, Terms
from libs.events.values import Address, Language, PracticeId, PracticeKind

TERM_DAYS_MIN, TERM_DAYS_MAX = 10, 180
WHOLE_BP = 10_000
"""All of it, in basis points."""


class UnknownPractice(Refused):
    """No practice is registered under this id."""

    status = 404


class AlreadyRegistered(Refused):
    """This account number belongs to a practice that is registered with other particulars."""


class Backdated(Refused):
    """Settings take effect today or later, never backwards."""


class LaterVersionExists(Refused):
    """A version that takes effect later is planned already; date this one on or after that day."""


class ChangedMeanwhile(Refused):
    """Somebody else changed these settings since they were read."""

    status = 412


class OutOfBounds(Refused):
    """A term is 10 to 180 days, a rate 0 to 100 per cent, a limit not negative."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class RegisterPractice:
    practice_id: PracticeId
    account_no: int
    name: str
    holder: str = ""
    kind: PracticeKind
    glns: tuple[str, ...]
    zsrs: tuple[str, ...] = ()
    canton: str
    language: Language
    address: Address
    iban: str
    vat_number: str = ""
    phone: str = ""
    joined_on: date

    def __post_init__(self) -> None:
        if not 0 < self.account_no < 10**7:
            raise ValueError("An account number has one to seven digits, as its reference does.")
        if not self.glns:
            raise ValueError("A practice bills under at least one GLN.")


@dataclass(frozen=True, kw_only=True)
class ConfigurePractice:
    practice_id: PracticeId
    settings: Settings
    valid_from: date
    today: date
    by: str
    expected_version: int | None = None
    """The version that its user saw; None: whatever it is."""


@dataclass(frozen=True)
class Unregistered:
    pass


@dataclass(frozen=True, kw_only=True)
class Section:
    """The last version of one section; earlier ones are history."""

    version: int
    valid_from: date
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Registered:
    facts: PracticeRegistered
    sections: Mapping[str, Section]

    def version(self, section: str) -> int:
        """Return the last version of a section, 0 while the defaults hold."""
        return self.sections[section].version if section in self.sections else 0


Command: TypeAlias = RegisterPractice | ConfigurePractice
PracticeEvent: TypeAlias = PracticeRegistered | PracticeConfigured
State: TypeAlias = Unregistered | Registered

INITIAL: State = Unregistered()


def section_of(settings: Settings) -> str:
    """Return the name of the section that these settings are a version of."""
    return type(settings).__name__.lower()


def decide(state: State, command: Command) -> Sequence[PracticeEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case RegisterPractice():
            return register(state, command)
        case ConfigurePractice():
            return configure(state, command)
        case _:
            assert_never(command)


def register(state: State, command: RegisterPractice) -> Sequence[PracticeEvent]:
    """Make a practice a member; the same particulars again change nothing."""
    said = PracticeRegistered(**vars(command))
    match state:
        case Unregistered():
            return [said]
        case Registered(facts=facts) if facts == said:
            return []
        case Registered():
            raise AlreadyRegistered


def configure(state: State, command: ConfigurePractice) -> Sequence[PracticeEvent]:
    """Add a version of one section. It never acts backwards. Source: BR-159.

    What is wanted already is said once, whatever version its user saw, so that a repeat is
    harmless.
    """
    if not isinstance(state, Registered):
        raise UnknownPractice(command.practice_id)
    wanted = placed(command.settings, state.facts.canton)
    section = section_of(wanted)
    last = state.sections.get(section)
    if last and last.settings == wanted and last.valid_from <= command.valid_from:
        return []
    check(wanted)
    version = state.version(section)
    if command.expected_version not in (None, version):
        raise ChangedMeanwhile
    if command.valid_from < command.today:
        raise Backdated
    if last and command.valid_from < last.valid_from:
        raise LaterVersionExists
    return [
        PracticeConfigured(
            practice_id=command.practice_id,
            version=version + 1,
            valid_from=command.valid_from,
            settings=wanted,
            by=command.by,
        )
    ]


def placed(settings: Settings, canton: str) -> Settings:
    """Return settings with the practice's own canton where they follow holidays and name none."""
    if isinstance(settings, Deliveries) and not settings.canton:
        return msgspec.structs.replace(settings, canton=canton)
    return settings


def check(settings: Settings) -> None:
    """Refuse what a service could not follow; Reminding and Deliveries see to their own (BR-123).

    The bounds stand here and not in the values, so that an old version is always readable.
    """
    match settings:
        case Terms():
            good = all(
                TERM_DAYS_MIN <= days <= TERM_DAYS_MAX
                for days in (settings.patient_days, settings.insurer_days)
            )
        case Contract():
            rates = (settings.advance_bp, settings.fee_bp)
            good = all(0 <= rate <= WHOLE_BP for rate in rates) and settings.limit_rappen >= 0
        case Reminding() | Deliveries():
            good = True
        case _:
            assert_never(settings)
    if not good:
        raise OutOfBounds


def evolve(state: State, event: PracticeEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Unregistered(), PracticeRegistered():
            return Registered(facts=event, sections={})
        case Registered(), PracticeConfigured():
            section = Section(
                version=event.version, valid_from=event.valid_from, settings=event.settings
            )
            sections = {**state.sections, section_of(event.settings): section}
            return replace(state, sections=sections)
        case _:
            return state
