"""The kinds of practices with their volumes and amounts. Source: BR-221."""

from dataclasses import dataclass

from libs.events.values import Law, PracticeKind, Scheme


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of BR-221, and how the kind shows in a message."""

    share: float
    """Share of all practices."""
    invoices_a_year: float
    median_rappen: int
    sigma: float
    """Of the logarithm of the amount."""
    schemes: dict[Scheme, float]
    laws_tg: dict[Law, float]
    laws_tp: dict[Law, float]
    lines_least: int
    lines_more: float
    """An invoice has lines_least + Poisson(lines_more) lines."""
    shelf: str
    """Letter that marks the kind's positions in data/positions.csv."""
    role: str
    """Attribute of the message's body (invoice-xml 4)."""
    zsr: str
    """First letter of the register number."""
    taxed: float
    """Share of practices with a VAT number; others show no VAT (BR-50)."""
    late: float = 1.0
    """Factor on lateness (BR-223)."""


def _split(tg: float, tp: float, private: float) -> dict[Scheme, float]:
    return {Scheme.TG: tg, Scheme.TP: tp, Scheme.PRIVATE: private}


_KVG = {Law.KVG: 1.0}
_MEDICAL = {Law.KVG: 0.78, Law.UVG: 0.18, Law.IVG: 0.03, Law.MVG: 0.01}
_MOSTLY_KVG = {Law.KVG: 0.93, Law.VVG: 0.07}

KINDS: dict[PracticeKind, Kind] = {
    PracticeKind.GENERAL_PRACTICE: Kind(
        share=0.30, invoices_a_year=2400, median_rappen=13_000, sigma=0.80,
        schemes=_split(62, 35, 3), laws_tg=_MOSTLY_KVG, laws_tp=_MEDICAL,
        lines_least=1, lines_more=6, shelf="G", role="physician", zsr="H", taxed=0.5,
    ),
    PracticeKind.SPECIALIST: Kind(
        share=0.22, invoices_a_year=2000, median_rappen=24_000, sigma=0.85,
        schemes=_split(55, 40, 5), laws_tg=_MOSTLY_KVG, laws_tp=_MEDICAL,
        lines_least=1, lines_more=6, shelf="S", role="physician", zsr="F", taxed=0.5,
    ),
    PracticeKind.PSYCHIATRY: Kind(
        share=0.08, invoices_a_year=450, median_rappen=68_000, sigma=0.60,
        schemes=_split(45, 52, 3), laws_tg=_KVG, laws_tp={Law.KVG: 0.9, Law.IVG: 0.1},
        lines_least=1, lines_more=6, shelf="P", role="physician", zsr="T", taxed=0.2,
    ),
    PracticeKind.DENTIST: Kind(
        share=0.14, invoices_a_year=1100, median_rappen=32_000, sigma=0.95,
        schemes=_split(4, 6, 90), laws_tg={Law.VVG: 1.0}, laws_tp={Law.UVG: 0.7, Law.IVG: 0.3},
        lines_least=1, lines_more=9, shelf="D", role="dentist", zsr="D", taxed=0.6, late=1.2,
    ),
    PracticeKind.PHYSIO: Kind(
        share=0.14, invoices_a_year=800, median_rappen=43_000, sigma=0.35,
        schemes=_split(8, 90, 2), laws_tg=_MOSTLY_KVG, laws_tp={Law.KVG: 0.7, Law.UVG: 0.3},
        lines_least=2, lines_more=8, shelf="F", role="physiotherapist", zsr="M", taxed=0.1,
    ),
    PracticeKind.VETERINARY: Kind(
        share=0.04, invoices_a_year=2200, median_rappen=19_000, sigma=0.80,
        schemes=_split(0, 0, 100), laws_tg={Law.ORG: 1.0}, laws_tp={Law.ORG: 1.0},
        lines_least=1, lines_more=6, shelf="V", role="other", zsr="", taxed=1.0, late=1.3,
    ),
    PracticeKind.MIDWIFE: Kind(
        share=0.04, invoices_a_year=180, median_rappen=62_000, sigma=0.60,
        schemes=_split(5, 93, 2), laws_tg=_KVG, laws_tp=_KVG,
        lines_least=1, lines_more=6, shelf="M", role="midwife", zsr="L", taxed=0.0,
    ),
    PracticeKind.HOME_CARE: Kind(
        share=0.04, invoices_a_year=900, median_rappen=78_000, sigma=0.75,
        schemes=_split(5, 85, 10), laws_tg=_KVG, laws_tp={Law.KVG: 0.95, Law.UVG: 0.05},
        lines_least=1, lines_more=6, shelf="H", role="nursingstaff", zsr="Q", taxed=0.1,
    ),
}  # fmt: skip  # a table of numbers reads better in rows

VOLUME_SIGMA = 0.5
"""The volume of one practice is lognormal with the table's value as its mean."""
