"""The catalogue of printed texts: complete in all languages, headings as the guideline says."""

import re
import string

import pytest

from libs.events.values import LANGUAGES, Language, Law, Scheme
from libs.paper.reminder import LETTERS
from libs.paper.words import catalogue, words

SLIP = """
de: Zahlteil · Empfangsschein · Konto / Zahlbar an · Referenz · Zusätzliche Informationen · Zahlbar durch · Zahlbar durch (Name/Adresse) · Währung · Betrag · Annahmestelle · Vor der Einzahlung abzutrennen
fr: Section paiement · Récépissé · Compte / Payable à · Référence · Informations supplémentaires · Payable par · Payable par (nom/adresse) · Monnaie · Montant · Point de dépôt · A détacher avant le versement
it: Sezione pagamento · Ricevuta · Conto / Pagabile a · Riferimento · Informazioni supplementari · Pagabile da · Pagabile da (nome/indirizzo) · Valuta · Importo · Punto di accettazione · Da staccare prima del versamento
en: Payment part · Receipt · Account / Payable to · Reference · Additional information · Payable by · Payable by (name/address) · Currency · Amount · Acceptance point · Separate before paying in
"""  # noqa: E501 - as the guideline's glossary has them
ORDER = (
    "payment_part", "receipt", "account", "reference", "additional", "payable_by",
    "payable_by_blank", "currency", "amount", "acceptance_point", "separate",
)  # fmt: skip


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_exists_in_all_languages() -> None:
    for key, texts in catalogue().items():
        assert tuple(texts) == LANGUAGES, key
        assert all(text.strip() for text in texts.values()), key


def test_every_language_fills_in_the_same_values() -> None:
    for key, texts in catalogue().items():
        assert len({frozenset(placeholders(text)) for text in texts.values()}) == 1, key


@pytest.mark.parametrize("line", SLIP.strip().splitlines())
def test_headings_of_the_slip_are_those_of_the_guideline(line: str) -> None:
    language, _, headings = line.partition(": ")
    texts = catalogue()
    assert [texts[f"slip_{key}"][language] for key in ORDER] == headings.split(" · ")


def test_every_letter_law_and_scheme_has_its_words() -> None:
    keys = [f"{stage}_{part}" for stage in LETTERS for part in ("title", "text")]
    keys += [f"law_{law}" for law in Law] + [f"scheme_{scheme}" for scheme in Scheme]
    for language in LANGUAGES:
        assert set(keys) <= set(words(language))


def test_swiss_german_has_no_sharp_s() -> None:
    texts: Language = "de"
    assert not [text for text in words(texts).values() if re.search("ß", text)]
