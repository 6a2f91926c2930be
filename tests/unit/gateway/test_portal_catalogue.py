"""The portal's texts: four languages, every key used, no key missing."""

import re
from pathlib import Path
from typing import get_args

import pytest

from libs.events import PUBLIC, SAID_BY, CallRecorded, CreditUnmatched, InvoiceSettled
from libs.events.values import LANGUAGES, Hold, Law, Ownership, Payer, Scheme, Stage
from services.gateway.decider.user import Role
from services.gateway.portal.catalogue import Text, Words, catalogue, chosen, placeholders
from services.gateway.portal.frame import KINDS
from services.gateway.portal.queries import STATES
from services.gateway.portal.sentences import CODES, MORE, REASONS
from services.gateway.portal.states import HOLD_DAYS_MAX

PORTAL = Path(__file__).parents[3] / "services" / "gateway" / "portal"
LITERAL = re.compile(r'["\']([a-z_]+(?:\.\w+)+)["\']')
FORMATTED = re.compile(r'f"([a-z_]+\.[^"\n]*)"')
JOINED = re.compile(r'"([a-z_.]+\.)" ~ [\w.]+(?: ~ "([a-z_.]+)")?')
WORDED = re.compile(r'worded\(\s*"(\w+)"')
CALLED = re.compile(r"""\bt(\.count)?\(\s*["']([a-z_]+(?:\.[\w]+)+)["']\s*[,)]""")
COUNTED = (".one", ".other")


def sources() -> list[str]:
    """Return the texts of templates and modules, where keys are named."""
    files = [*PORTAL.glob("*.py"), *PORTAL.glob("templates/*.html")]
    return [file.read_text() for file in files]


def used_patterns() -> set[str]:
    """Return regular expressions of the keys that the sources name, in full or in part."""
    patterns = set()
    for text in sources():
        patterns |= {re.escape(found) for found in LITERAL.findall(text)}
        for found in FORMATTED.findall(text):
            parts = re.split(r"\{.*?\}", found)
            patterns.add(r"\w+".join(re.escape(part) for part in parts))
        for head, tail in JOINED.findall(text):
            patterns.add(rf"{re.escape(head)}\w+{re.escape(tail)}")
        patterns |= {rf"{family}\.\w+" for family in WORDED.findall(text)}
    families = {*CODES.values(), *REASONS.values(), "hold", "section", "entry"}
    patterns |= {rf"{family}\.\w+" for family in families}
    patterns |= {rf"event\.({'|'.join(PUBLIC)})\.\w+", rf"rule\.({'|'.join(PUBLIC)})(\.version)?"}
    return patterns


def without_count(key: str) -> str:
    return next((key.removesuffix(form) for form in COUNTED if key.endswith(form)), key)


def test_every_text_says_something_in_every_language() -> None:
    silent = [
        (key, language)
        for key, text in catalogue().items()
        for language in LANGUAGES
        if not text.in_(language).strip()
    ]
    assert silent == []


def test_every_language_wants_the_same_placeholders_filled() -> None:
    uneven = [
        key
        for key, text in catalogue().items()
        if len({placeholders(text.in_(language)) for language in LANGUAGES}) > 1
    ]
    assert uneven == []


def test_no_text_is_unused() -> None:
    patterns = used_patterns()
    unused = [
        key
        for key in catalogue()
        if not any(re.fullmatch(pattern, without_count(key)) for pattern in patterns)
    ]
    assert unused == []


def test_no_key_that_a_page_names_is_missing() -> None:
    named = {(key, bool(counted)) for text in sources() for counted, key in CALLED.findall(text)}
    assert len(named) > 100
    missing = [
        key
        for key, counted in named
        if not all(k in catalogue() for k in ([key + f for f in COUNTED] if counted else [key]))
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("family", "codes"),
    [
        ("stage.{}", Stage),
        ("stage.{}.done", Stage),
        ("hold.{}", Hold),
        ("ownership.{}", Ownership),
        ("scheme.{}", Scheme),
        ("law.{}", Law),
        ("payer.{}", Payer),
        ("role.{}", Role),
        ("chip.{}", STATES),
        ("hold.{}", HOLD_DAYS_MAX),
        ("call.{}", get_args(CallRecorded.__annotations__["outcome"])),
        ("unmatched.{}", get_args(CreditUnmatched.__annotations__["reason"])),
        ("end.{}", [*get_args(InvoiceSettled.__annotations__["end"]), "CANCELLED"]),
        ("error.{}.title", {*KINDS.values(), "failed", "stale"}),
        ("error.{}.text", {*KINDS.values(), "failed", "stale"}),
        ("entry.{}", [name for name, by in SAID_BY.items() if by == "factoring"]),
        ("event.{}.title", PUBLIC),
        ("event.{}.text", PUBLIC),
    ],
)
def test_every_code_has_its_words(family: str, codes: list[str]) -> None:
    missing = [code for code in codes if family.format(code) not in catalogue()]
    assert missing == []


def test_every_further_sentence_of_an_event_is_there() -> None:
    missing = [
        (type_, field)
        for type_, fields in MORE.items()
        for field in fields
        if f"event.{type_}.{field}" not in catalogue()
    ]
    assert missing == []


def test_swiss_german_knows_no_sharp_s() -> None:
    assert [key for key, text in catalogue().items() if "ß" in text.de] == []


def test_the_trades_words_are_used_in_each_language() -> None:
    key = "stage.first_reminder"
    assert [Words(language)(key) for language in LANGUAGES] == [
        "1. Mahnung",
        "1er rappel",
        "1° richiamo",
        "1st reminder",
    ]


def test_a_language_missing_in_a_text_does_not_load() -> None:
    assert set(Text.__struct_fields__) == set(LANGUAGES)


def test_french_counts_nothing_as_one() -> None:
    assert Words("fr").count("count.invoices", 0, number="0") == "0 facture"
    assert Words("de").count("count.invoices", 0, number="0") == "0 Rechnungen"
    assert Words("de").count("count.invoices", 1, number="1") == "1 Rechnung"


@pytest.mark.parametrize(
    ("wish", "accepts", "language"),
    [
        ("it", "fr-CH, fr;q=0.9", "it"),
        (None, "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        (None, "rm, it-CH;q=0.9", "it"),
        ("xx", "", "de"),
        (None, "es", "de"),
    ],
)
def test_the_language_is_the_one_chosen_else_the_browsers(
    wish: str | None, accepts: str, language: str
) -> None:
    assert chosen(wish, accepts) == language
