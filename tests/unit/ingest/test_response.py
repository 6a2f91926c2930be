"""Responses to requests: valid against the official schema in every version and state."""

from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from lxml import etree

from libs.events.values import Address, Hold, Party, PracticeKind
from services.ingest import findings
from services.ingest.findings import CATALOGUE
from services.ingest.message.xml_invoice import Unreadable, parse
from services.ingest.message.xml_tree import Tree, read
from services.ingest.response_api import WORDS, Standing, State, standing_of
from services.ingest.responses import response
from services.ingest.responses.response import SCHEMAS, SPOKEN, Said, Verdict
from services.ingest.responses.response_parties import Office
from services.simulator.invoices import handed_in
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message
from tests.standards import standard, violations
from tests.unit.ingest.damage import damaged
from tests.unit.ingest.samples import TODAY, message_44, message_45, message_50

MESSAGES = {"4.4": message_44(), "4.5": message_45(), "5.0": message_50()}
AT = datetime(2026, 2, 2, 8, 30, tzinfo=UTC)
OFFICE = Office(
    party=Party(
        name="Quittance Genossenschaft",
        company=True,
        address=Address(street="Bahnhofstrasse", house_no="12", zip="6003", city="Luzern"),
    ),
    phone="041 555 00 00",
    email="fragen@quittance.example",
)
ERRORS = tuple(
    Said(code=code, text="Ein langer Satz über das, was nicht stimmt. " * 20, record_id=number)
    for number, code in enumerate(sorted(CATALOGUE)[:40])
)
VERSIONS: tuple[Version, ...] = ("4.4", "4.5", "5.0")
STATES: tuple[State, ...] = (
    "open", "overdue", "reminded", "held", "collection", "paid", "settled_small", "cancelled",
    "insurer_rejected", "insurer_pending",
)  # fmt: skip


def verdict(state: Any = "accepted", **other: Any) -> Verdict:
    known: dict[str, Any] = {
        "state": state,
        "status_in": "received",
        "status_out": "processed",
        "explanation": WORDS["accepted"]["de"],
        "said": () if state == "accepted" else ERRORS,
        "at": AT,
        "language": "de",
        "key": "s",
    }
    return Verdict(**(known | other))


def every(root: etree._Element, name: str) -> list[etree._Element]:
    """Return all elements of a name, whatever its prefix."""
    return [one for one in root.iter("{*}*") if etree.QName(one).localname == name]


def schema_of(made: bytes) -> str:
    """Return which schema a response names."""
    (location,) = (str(v) for k, v in etree.fromstring(made).attrib.items() if "}" in str(k))
    return f"invoice/{location.split()[1]}"


def answered(data: bytes, found: Verdict) -> etree._Element:
    """Return the response to a message, having seen that the official schema takes it."""
    tree = read(data)
    assert isinstance(tree, Tree)
    made = response.written(tree, found, OFFICE)
    assert made is not None
    assert violations(schema_of(made), made) == []
    return etree.fromstring(made)


def messages(version: Version) -> list[bytes]:
    """Return what a practice hands in within weeks: all kinds, laws and tiers that it has."""
    of = practice(
        7, 1, Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version=version), TODAY
    )
    found = []
    for day in range(1, 29):
        found += [message(one) for one in handed_in(7, of, date(2026, 1, day))]
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_state_of_every_kind_of_request_is_answered_in_its_version(version: Version) -> None:
    sent = messages(version)
    assert len(sent) > 5
    seen = set()
    for data, state in product(sent[:12], ("accepted", "pending", "rejected")):
        root = answered(data, verdict(state))
        (decided,) = (one for one in root.iter("{*}*") if "status_in" in one.attrib)
        seen.add(etree.QName(decided).localname)
    assert seen >= {"accepted", "pending", "rejected"}
    for data, state in product(sent[:3], STATES):
        standing = Standing(
            state=state,
            hold=Hold.DISPUTE if state == "held" else None,
            review_on=TODAY,
            codes="31160,31148",
            paid_rappen=12_345,
            at=AT,
        )
        answered(data, standing_of(verdict(), standing))


@pytest.mark.parametrize("version", sorted(MESSAGES))
def test_what_is_answered_to_a_damaged_message_is_valid_all_the_same(version: str) -> None:
    sample = etree.fromstring(MESSAGES[version].encode())
    for once in damaged(sample, f"answer {version}", 60):
        for twice in (once, *damaged(once.root, f"again {version}", 1)):
            tree = read(etree.tostring(twice.root))
            assert isinstance(tree, Tree)
            made = response.written(tree, verdict("rejected"), OFFICE)
            if made is not None:
                assert violations(schema_of(made), made) == []


def test_public_messages_are_answered_with_what_was_found_in_them() -> None:
    folder = standard("invoice/examples")
    answers = 0
    for path in sorted(folder.glob("*.xml")):
        data = path.read_bytes()
        found, tree = parse(data, TODAY), read(data)
        if not isinstance(tree, Tree) or tree.root.name != "request":
            continue
        if isinstance(found, Unreadable):
            said = tuple(
                Said(code=one.code, text=findings.message(one, "fr"), record_id=one.record_id)
                for one in found.findings
            )
            judged = verdict("rejected", said=said, language="fr")
        else:
            judged = verdict()
        made = response.written(tree, judged, OFFICE)
        if made is not None:
            answered(data, judged)
            answers += 1
    assert answers >= 8


def test_references_are_copied_and_sender_and_receiver_change_places() -> None:
    """Invoice-xml 16: answers are correlated by the reference; the chain is reversed."""
    for version, text in MESSAGES.items():
        sent = etree.fromstring(text.encode())
        root = answered(text.encode(), verdict())
        given, copied = every(sent, "invoice")[0], every(root, "invoice")[0]
        assert sorted(given.attrib.items()) == sorted(copied.attrib.items())
        asked, told = every(sent, "transport")[0], every(root, "transport")[0]
        assert (told.get("from"), told.get("to")) == (asked.get("to"), asked.get("from"))
        vias = [one.get("via") for one in asked]
        if vias or version == "5.0":
            assert [one.get("via") for one in told] == vias[::-1]
        assert root.get("language") == "de"
        assert "7561234567897" in etree.tostring(root).decode(), (
            "the patient is named to the sender"
        )


def test_errors_point_to_their_line_and_the_same_state_is_the_same_bytes() -> None:
    data = MESSAGES["4.5"].encode()
    root = answered(data, verdict("rejected"))
    errors = every(root, "error")
    assert [one.get("code") for one in errors] == [one.code for one in ERRORS]
    assert errors[3].get("record_id") == "3"
    assert len(errors[3].get("text", "")) == 350
    tree = read(data)
    assert isinstance(tree, Tree)
    first, again = (response.written(tree, verdict("rejected"), OFFICE) for _ in range(2))
    assert first == again


def test_without_a_reference_there_is_nothing_to_answer() -> None:
    for text in (
        MESSAGES["5.0"].replace('request_timestamp="1769947200"', 'request_timestamp="x"'),
        MESSAGES["5.0"].replace('canton="LU"', 'canton="XX"'),
        MESSAGES["4.5"].replace('request_date="2026-02-01T00:00:00"', 'request_date="2026-02-30"'),
        '<i:request xmlns:i="http://www.forum-datenaustausch.ch/invoice"/>',
    ):
        tree = read(text.encode())
        assert isinstance(tree, Tree)
        assert response.written(tree, verdict("rejected"), OFFICE) is None


def test_every_state_and_reason_has_a_sentence_in_each_language_of_the_schema() -> None:
    assert set(SCHEMAS) == {"4.3", "4.4", "4.5", "5.0"}
    assert set(WORDS["hold"]) == set(Hold)
    for state in ("accepted", "rejected", *STATES):
        assert len({WORDS[state][language] for language in SPOKEN}) == 3
    for hold in Hold:
        assert len({WORDS["hold"][hold][language] for language in SPOKEN}) == 3
