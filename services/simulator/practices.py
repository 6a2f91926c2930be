"""Practices of all kinds, in all parts of the country, with everything a member registers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp
from random import Random
from typing import Literal, TypeAlias

from libs.events.terms import Contract, Reminding, Settings, Terms
from libs.events.values import Address, Language, Party, PracticeKind
from services.simulator import identifiers
from services.simulator.kinds import KINDS, VOLUME_SIGMA, Kind
from services.simulator.seeds import chance, pick
from services.simulator.tables import address, cantons, person

Version: TypeAlias = Literal["4.4", "4.5", "5.0"]
Rhythm: TypeAlias = Literal["weekly", "monthly", "quarterly"]

VERSIONS: dict[Version, float] = {"4.5": 60, "5.0": 40}
RHYTHMS: dict[Rhythm, float] = {"monthly": 40, "weekly": 30, "quarterly": 30}
"""How often a practice hands in its invoices (BR-222)."""
ADVANCED = 0.35
"""Share of practices that draw advances (BR-228)."""
SUBSCRIBED = 0.6
"""Share of practices with Rappel+ [E]; the others use the plain ladder (BR-123)."""
BANK_IID, QR_IID = 791, 31999
"""Bank numbers of the standard's own test accounts (payments 1.1)."""
LIMIT_STEP_RAPPEN = 100_000
_GLN_FIRM, _GLN_PERSON = "76010019", "76010009"
_FIRST_ACCOUNT = 1_000
_AGENCIES = ("Säntis Inkasso AG", "Recouvrements du Plateau SA", "Incassi Sottoceneri SA")

_SECTIONS = {
    PracticeKind.GENERAL_PRACTICE: ("M100.02",),
    PracticeKind.PSYCHIATRY: ("M500.05",),
    PracticeKind.SPECIALIST: ("M100.11", "M100.15", "M200.08", "M300.03", "M800.01", "M950.02"),
}
_NAMES: dict[PracticeKind, tuple[str, str, str]] = {
    PracticeKind.GENERAL_PRACTICE: (
        "Hausarztpraxis {street}", "Cabinet médical {town}", "Studio medico {town}",
    ),
    PracticeKind.SPECIALIST: (
        "Facharztpraxis {name}", "Cabinet spécialisé {name}", "Studio specialistico {name}",
    ),
    PracticeKind.PSYCHIATRY: (
        "Psychiatrie {name}", "Cabinet de psychiatrie {name}", "Studio di psichiatria {name}",
    ),
    PracticeKind.DENTIST: (
        "Zahnarztpraxis {town}", "Cabinet dentaire {town}", "Studio dentistico {town}",
    ),
    PracticeKind.PHYSIO: (
        "Physiotherapie {town}", "Physiothérapie {town}", "Fisioterapia {town}",
    ),
    PracticeKind.VETERINARY: (
        "Kleintierpraxis {name}", "Cabinet vétérinaire {name}", "Studio veterinario {name}",
    ),
    PracticeKind.MIDWIFE: (
        "Hebamme {name}", "Sage-femme {name}", "Levatrice {name}",
    ),
    PracticeKind.HOME_CARE: (
        "Pflege zu Hause {town}", "Soins à domicile {town}", "Cure a domicilio {town}",
    ),
}  # fmt: skip  # one row a kind, one column a language


@dataclass(frozen=True, kw_only=True)
class Practice:
    number: int
    account_no: int
    kind: PracticeKind
    name: str
    holder: str
    title: str
    given_name: str
    family_name: str
    gln: str
    """Of the firm, under which it bills."""
    provider_gln: str
    """Of the person who treats."""
    zsr: str
    canton: str
    language: Language
    address: Address
    phone: str
    iban: str
    """To which the cooperative pays."""
    qr_iban: str
    """On the practice's own payment slip; the cooperative puts its own in its place."""
    vat_number: str
    version: Version
    """Of its messages; before 5.0 they need a register number."""
    software: tuple[str, int]
    section: str
    """Specialty, as TARDOC lines carry it (invoice-xml 9.3); empty outside of medicine."""
    rhythm: Rhythm
    invoices_a_year: float
    point_value_private: str
    settings: tuple[Settings, ...]
    joined_on: date
    suite: bool
    """Whether it hands in services without prices, in place of messages (BR-28, variant RH)."""

    @property
    def glns(self) -> tuple[str, ...]:
        """Return the numbers under which it may bill."""
        return (self.gln, self.provider_gln)

    @property
    def zsrs(self) -> tuple[str, ...]:
        return (self.zsr,) if self.zsr else ()

    @property
    def traits(self) -> Kind:
        return KINDS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is said of a practice beforehand; the rest is drawn."""

    kind: PracticeKind
    canton: str = ""
    version: Version | None = None
    rhythm: Rhythm | None = None
    suite: bool = False


def practice(seed: int, number: int, wish: Wish, on: date) -> Practice:
    """Return the practice of this number; it joined some time before the day given."""
    draw = chance(seed, "practice", number)
    traits = KINDS[wish.kind]
    drawn = pick(draw, {name: row[1] for name, row in cantons().items()})
    canton = wish.canton or drawn
    language = cantons()[canton][0]
    home = address(draw, canton)
    sex = "female" if wish.kind is PracticeKind.MIDWIFE else draw.choice(("female", "male"))
    owner = person(draw, language, sex, home)
    drawn_version, drawn_rhythm = pick(draw, VERSIONS), pick(draw, RHYTHMS)
    column = ("de", "fr", "it").index(language)
    return Practice(
        number=number,
        account_no=_FIRST_ACCOUNT + number,
        kind=wish.kind,
        name=_name(wish.kind, column, home, owner),
        holder=f"{owner.given_name} {owner.name}",
        title="Dr. med." if traits.role == "physician" else "",
        given_name=owner.given_name,
        family_name=owner.name,
        gln=identifiers.ean13(f"{_GLN_FIRM}{number:04d}"),
        provider_gln=identifiers.ean13(f"{_GLN_PERSON}{number:04d}"),
        zsr=identifiers.zsr(draw, traits.zsr) if traits.zsr else "",
        canton=canton,
        language=language,
        address=home,
        phone=f"0{draw.randint(21, 91)} {draw.randint(200, 899)} {draw.randint(10, 99)} 00",
        iban=identifiers.account(draw, BANK_IID),
        qr_iban=identifiers.account(draw, QR_IID),
        vat_number=identifiers.company_uid(draw) if draw.random() < traits.taxed else "",
        software=draw.choice([("Sprechzimmer", 412), ("Ordino", 27), ("Praxiswerk", 108)]),
        version=(wish.version or drawn_version) if traits.zsr else "5.0",
        section=draw.choice(_SECTIONS.get(wish.kind, ("",))),
        rhythm=wish.rhythm or drawn_rhythm,
        invoices_a_year=traits.invoices_a_year
        * draw.lognormvariate(-(VOLUME_SIGMA**2) / 2, VOLUME_SIGMA),
        point_value_private=draw.choice(("1.00", "1.08", "1.20", "1.35", "1.50", "1.70")),
        settings=_settings(draw, traits, column),
        joined_on=on - timedelta(days=draw.randint(60, 9_000)),
        suite=wish.suite,
    )


def _name(kind: PracticeKind, column: int, home: Address, owner: Party) -> str:
    """Return what stands on the door, cut as senders cut it (invoice-xml 5.3)."""
    name = _NAMES[kind][column].format(street=home.street, town=home.city, name=owner.name)
    return name[:35]


def _settings(draw: Random, traits: Kind, column: int) -> tuple[Settings, ...]:
    advanced = draw.random() < ADVANCED
    month_rappen = traits.invoices_a_year * traits.median_rappen * exp(traits.sigma**2 / 2) / 12
    return (
        Terms(patient_days=draw.choice((20, 30, 30, 30)), insurer_days=30),
        Reminding(
            rappel_plus=draw.random() < SUBSCRIBED,
            collection_agency=_AGENCIES[column],
            secrecy_basis="CONSENT",
        ),
        Contract(
            product="PER_INVOICE" if advanced else "MANDATE",
            limit_rappen=round(month_rappen / LIMIT_STEP_RAPPEN) * LIMIT_STEP_RAPPEN
            if advanced
            else 0,
        ),
    )


def mix(count: int) -> Sequence[PracticeKind]:
    """Return the kinds of so many practices, near the shares of BR-221 at any count."""
    kinds: list[PracticeKind] = []
    while len(kinds) < count:
        wanted = {
            kind: row.share * (len(kinds) + 1) - kinds.count(kind) for kind, row in KINDS.items()
        }
        kinds.append(max(wanted, key=wanted.__getitem__))
    return kinds
