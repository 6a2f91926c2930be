"""The catalogue of findings: what was noticed, in four languages, and what to do about it.

`findings*.toml` hold one table per code. Lower-case codes are the format's and the receiver's own,
a code in capitals is the name that a business rule gives it. Sentences name limits, amounts, days
and names of the schema through placeholders; no finding ever holds what a message says of a person.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from libs.events.handed import Finding
from libs.events.values import InvoiceId, Language, SubmissionId

Severity: TypeAlias = Literal["error", "warning", "either"]
"""`either`: an error where we act on the value, a warning elsewhere (invoice-xml 3)."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the catalogue says of a code."""

    status: int
    """HTTP status of a message that is refused for it."""
    problem: str
    """Code of the problem document; several findings may be one problem."""
    rule: str
    severity: Severity
    message: Mapping[Language, str]
    remedy: Mapping[Language, str]


def _read(*paths: Path) -> dict[str, Entry]:
    tables: dict[str, dict[str, Any]] = {}
    for path in paths:
        more: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
        assert not tables.keys() & more.keys(), f"{path.name} says a code again"
        tables |= more
    return {
        code: Entry(
            status=table.get("status", 422),
            problem=table.get("problem", code),
            rule=table.get("rule", ""),
            severity=table.get("severity", "error"),
            message={language: table[language][0] for language in _LANGUAGES},
            remedy={language: table[language][1] for language in _LANGUAGES},
        )
        for code, table in tables.items()
    }


_LANGUAGES: Final[tuple[Language, ...]] = ("de", "fr", "it", "en")
NOTHING: Final[Mapping[str, str]] = {}
CATALOGUE: Final[Mapping[str, Entry]] = _read(*sorted(Path(__file__).parent.glob("findings*.toml")))


STOPS: Final[Mapping[Severity, Mapping[Language, str]]] = {
    "error": {
        "de": "Das Eingereichte wird abgelehnt; es entsteht keine Rechnung.",
        "fr": "L'envoi est refusé; aucune facture n'est établie.",
        "it": "L'invio è rifiutato; non viene emessa alcuna fattura.",
        "en": "What was handed in is refused; no invoice comes of it.",
    },
    "warning": {
        "de": "Nichts wird aufgehalten; die Rechnung geht ihren Weg.",
        "fr": "Rien n'est arrêté; la facture suit son cours.",
        "it": "Nulla viene fermato; la fattura segue il suo corso.",
        "en": "Nothing is stopped; the invoice goes its way.",
    },
    "either": {
        "de": "Abgelehnt wird, wo der Wert gebraucht wird; sonst ist es nur ein Hinweis.",
        "fr": "Refus là où la valeur est utilisée; sinon simple remarque.",
        "it": "Rifiuto dove il valore è utilizzato; altrimenti solo un'avvertenza.",
        "en": "Refused where the value is acted on; elsewhere only a remark.",
    },
}
"""What a finding stops, by its severity."""


def broken(
    code: str, *, line: int = 0, column: int = 0, params: Mapping[str, str] = NOTHING
) -> Finding:
    """Return an error about a file as a whole."""
    return Finding(
        code=code,
        severity="error",
        line=line,
        column=column,
        rule=CATALOGUE[code].rule,
        params=params,
    )


def message(finding: Finding, language: Language) -> str:
    """Return what was noticed, as a sentence."""
    return CATALOGUE[finding.code].message[language].format_map(_Params(finding.params))


def remedy(finding: Finding, language: Language) -> str:
    """Return what to do, as a sentence."""
    return CATALOGUE[finding.code].remedy[language].format_map(_Params(finding.params))


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that cannot be used, with everything of the level at which it fails."""

    status: int
    """400, 413, 415: no invoice message at all. 422: one, but wrong."""
    problem: str
    findings: tuple[Finding, ...]
    submission_id: SubmissionId | None = None
    """Its key where that could be read: leads to an accepted message of the same key."""
    invoice_id: InvoiceId | None = None
    request_id: str = ""
    version: str = ""
    amount_rappen: int | None = None


def refused(findings: tuple[Finding, ...]) -> Unreadable:
    """Return the refusal that its first error names."""
    leading = next((f for f in findings if f.severity == "error"), findings[0])
    entry = CATALOGUE[leading.code]
    return Unreadable(status=entry.status, problem=entry.problem, findings=findings)


class _Params(dict[str, str]):
    """An older finding may lack a value that a newer sentence names."""

    def __missing__(self, key: str) -> str:
        return "?"
