"""Every event is a sentence in four languages, with its reason; an unknown one hides nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from libs.events import PUBLIC
from libs.events.values import LANGUAGES, Language
from services.gateway.portal.catalogue import Words
from services.gateway.portal.sentences import Entry, explain
from tests.unit.gateway.portal_samples import happened

CORPUS = Path(__file__).parents[2] / "data" / "events"
DE = Words("de")


def sample(type_: str) -> dict[str, Any]:
    """Return what the timeline keeps of the golden event of a type."""
    said: dict[str, Any] = json.loads((CORPUS / f"{type_}.1.json").read_bytes())
    private = {n for n, v in said.items() if isinstance(v, dict) and "subject" in v}
    return {name: said[name] for name in said if name not in private | {"type"}}


def explained(type_: str, t: Words = DE, **data: Any) -> Entry:
    return explain(happened(type_, sample(type_) | data), t, {"user-1": "M. Muster"})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("type_", sorted(PUBLIC))
def test_every_public_event_is_a_sentence_in_every_language(type_: str, language: Language) -> None:
    entry = explained(type_, Words(language))
    assert entry.title
    assert entry.text
    assert "{" not in entry.title + entry.text
    assert type_ not in entry.title
    assert any(key == "why.event" and type_ in value for key, value in entry.why)


def test_a_reminder_says_when_why_and_what_follows() -> None:
    entry = explained(
        "ReminderEscalated",
        stage="first_reminder",
        on="2026-10-29",
        open_rappen=23455,
        waited_days=45,
        counted_from="2026-09-14",
        pay_by="2026-11-18",
        next_stage="rplus_written",
        next_on="2026-12-03",
        ladder_version=3,
    )
    assert entry.title == "1. Mahnung"
    assert "offen waren CHF\u00a0234.55. Neue Zahlungsfrist bis 18.11.2026." in entry.text
    assert entry.text.endswith("Danach: Rappel+-Brief am 03.12.2026.")
    why = dict(entry.why)
    assert why["why.rule"] == "Ihre Mahnstufen, Fassung 3: 45 Tage nach dem Schritt davor"
    assert why["why.counted_from"] == "14.09.2026"


def test_the_last_step_of_a_ladder_names_none_after_it() -> None:
    entry = explained("ReminderEscalated", next_stage=None, next_on=None, pay_by=None)
    assert "Danach" not in entry.text


def test_default_waits_are_called_the_cooperatives() -> None:
    entry = explained("ReminderEscalated", ladder_version=0, waited_days=50)
    assert dict(entry.why)["why.rule"].startswith("Mahnstufen der Genossenschaft: 50 Tage")


def test_a_payment_that_was_too_much_says_so_and_another_does_not() -> None:
    assert (
        "Zu viel bezahlt sind CHF\u00a01.00"
        in explained("PaymentReceived", surplus_rappen=100).text
    )
    assert "Zu viel" not in explained("PaymentReceived", surplus_rappen=0).text


def test_a_hold_names_who_set_it_a_rule_or_nobody_by_name() -> None:
    assert explained("HoldPlaced", by="user-1").text.endswith("Angehalten durch M. Muster.")
    assert "die Regeln der Genossenschaft" in explained("HoldPlaced", by="BR-126").text
    assert "eine Person der Genossenschaft" in explained("HoldPlaced", by="user-9").text


def test_letters_open_from_the_event_that_made_them() -> None:
    entry = explained("ReminderDispatched", document="ab" * 32, pages=1, stage="formal_notice")
    assert entry.document is not None
    assert (entry.document.id, entry.document.title) == ("ab" * 32, "Letzte Mahnung")
    assert explained("InvoiceIssued").document is None


def test_bookings_show_their_accounts_and_signs() -> None:
    postings = [
        {"account": "1150", "amount_rappen": 80000},
        {"account": "2000", "amount_rappen": -80000},
    ]
    why = dict(explained("AdvanceCredited", postings=postings).why)
    assert why["why.postings"] == "Konto 1150: 800.00; Konto 2000: \N{MINUS SIGN}800.00"


def test_the_event_behind_a_sentence_is_named_with_its_place_in_the_log() -> None:
    where = dict(explained("HoldPlaced").why)["why.event"]
    assert where.startswith("dunning 1\N{RIGHT SINGLE QUOTATION MARK}204")
    assert "HoldPlaced" in where


def test_an_event_of_tomorrow_is_shown_with_all_it_says() -> None:
    entry = explain(happened("MoonRose", {"colour": "red", "empty": None}), DE, {})
    assert entry.title == "MoonRose"
    assert ("why.recorded", "colour: red") in entry.why


def test_a_code_of_tomorrow_stays_as_it_is() -> None:
    assert "asteroid" in explained("HoldPlaced", reason="asteroid").text


def test_an_event_without_a_business_day_stands_on_the_day_it_was_recorded() -> None:
    entry = explain(happened("HoldPlaced", sample("HoldPlaced"), on=None), DE, {})
    assert entry.on is not None
    assert entry.on.isoformat() == "2026-11-23"
