"""Verdicts on the structure, ours and the official schema's, on thousands of damaged messages.

Each version has messages that hold everything its schema knows, made from the schema itself, and
the official folder has real ones. One thing at a time is damaged in them. What the schema finds,
we notice, as an error or, where we do not act on the value, as a warning; what the schema admits,
we admit. Where that is not so, the difference stands in a table with its reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from lxml import etree

from libs.events.handed import Finding
from services.ingest.message import grammar, versions
from services.ingest.message.report import Report
from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from services.ingest.message.xml_tree import Tree, read
from tests.standards import schema, standard
from tests.unit.ingest.damage import Damage, damaged
from tests.unit.ingest.made_by_schema import Maker
from tests.unit.ingest.samples import changed, message_44
from tests.unit.ingest.test_examples import EXAMPLES

VERSIONS = ("4.3", "4.4", "4.5", "5.0")
OF_MADE, OF_REAL = 50, 25
"""Damaged messages of each made by a schema, and of each real one."""
TODAY = date(2026, 2, 2)

STRICTER = {
    "amount_invalid": "xs:double admits NaN, INF, exponents and any decimals; money does not (B19)",
    "number_invalid": "likewise quantities, points and factors (B39)",
    "value_empty": "a text of blanks passes the schema and says nothing (invoice-xml 3)",
    "date_invalid": "no leap second, no year beyond the calendar (B26)",
}
"""Findings on what the schema admits."""

LOOSER = {
    "blanks": "blanks in an element that must be empty carry no meaning (invoice-xml 3)",
    "url": "an address is never opened, so its spelling does not matter (B6)",
    "base64": "a document is judged when it is decoded: `attachments.py` (B28)",
}
"""What the schema finds and the grammar passes over."""


@dataclass(frozen=True)
class Verdicts:
    """What both say of one damaged message."""

    valid: bool
    findings: tuple[Finding, ...]

    def difference(self, damage: Damage) -> str:
        """Return the name of their difference; empty where they agree."""
        if self.valid:
            return next((finding.code for finding in self.findings), "")
        if self.findings:
            return ""
        if damage.what == "text" and damage.part in {"url", "base64"}:
            return damage.part
        return "blanks" if damage.what == "text" else f"{damage.what} {damage.part}"


def official(version: str) -> etree.XMLSchema:
    return schema(f"invoice/generalInvoiceRequest_{version.replace('.', '')}0.xsd")


def made(version: str) -> Iterator[etree._Element]:
    return Maker(f"generalInvoiceRequest_{version.replace('.', '')}0").messages()


def verdicts(version: str, root: etree._Element) -> Verdicts:
    tree = read(etree.tostring(root))
    assert isinstance(tree, Tree)
    report = Report(tree.root)
    grammar.examine(tree.root, grammar.shapes(version), report)
    return Verdicts(official(version).validate(root), report.findings())


def compared(version: str, damages: Iterator[Damage]) -> tuple[int, int]:
    """Compare both verdicts on each; return how many there were, and how many were invalid."""
    count = invalid = 0
    for damage in damages:
        found = verdicts(version, damage.root)
        difference = found.difference(damage)
        assert difference in {"", *STRICTER, *LOOSER}, (version, damage.what, damage.part)
        assert isinstance(parse(etree.tostring(damage.root), TODAY), Invoice | Unreadable)
        count, invalid = count + 1, invalid + (not found.valid)
    return count, invalid


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_schema_knows_we_know(version: str) -> None:
    for root in made(version):
        assert verdicts(version, root) == Verdicts(valid=True, findings=())


@pytest.mark.parametrize("version", VERSIONS)
def test_b18_both_verdicts_agree_on_everything_that_a_schema_knows(version: str) -> None:
    for number, root in enumerate(made(version)):
        count, invalid = compared(version, damaged(root, f"{version} {number}", OF_MADE))
        assert count > OF_MADE // 2
        assert invalid > count // 2


def valid_examples() -> Iterator[tuple[str, str, etree._Element]]:
    """Yield the official requests that are valid against the schema of their version."""
    for name in sorted(EXAMPLES):
        data = standard(f"invoice/examples/{name}").read_bytes()
        tree = read(data)
        assert isinstance(tree, Tree)
        version = versions.detect(tree, Report(tree.root))
        if version is not None:
            yield name, version, etree.fromstring(data)


def test_b18_both_verdicts_agree_on_every_official_example() -> None:
    seen = set()
    for name, version, root in valid_examples():
        found = verdicts(version, root)
        assert found.valid is (not found.findings), name
        if found.valid:
            compared(version, damaged(root, name, OF_REAL))
            seen.add(name)
    assert len(seen) == len(EXAMPLES) - 4 - 1  # four answers, and one request that is not valid


def test_a_message_of_43_has_a_grammar_of_its_own() -> None:
    text = message_44().replace("Request_440.xsd", "Request_430.xsd")
    data = changed(text, (' uid_number="CHE108791452"', ""))
    assert official("4.3").validate(etree.fromstring(data))
    found = parse(data, TODAY)
    assert isinstance(found, Invoice)
    assert (found.facts.version, found.warnings) == ("4.3", ())
    older = changed(data.decode(), ('request_id="R-3"', 'request_id="R-3" request_patient_id="7"'))
    read_older = parse(older, TODAY)
    assert isinstance(read_older, Invoice)
    assert read_older.warnings == ()
    liechtenstein = parse(changed(data.decode(), ("7561234567897", "4381234567890")), TODAY)
    assert isinstance(liechtenstein, Invoice)
    assert [one.code for one in liechtenstein.warnings] == ["value_malformed"]


def test_b17_a_message_of_40_is_refused_with_its_reason() -> None:
    data = b'<request xmlns="http://www.xmlData.ch/xmlInvoice/XSD" role="production"/>'
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable)
    assert found.problem == "unknown_message_type"
    assert [finding.code for finding in found.findings] == ["version_40_unsupported"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_encrypted_body_is_said_to_be_one(version: str) -> None:
    root = next(made(version))
    payload = root.find("{*}payload")
    assert payload is not None
    body = payload.find("{*}body")
    assert body is not None
    cipher = etree.Element("{http://www.w3.org/2001/04/xmlenc#}EncryptedData")
    data = etree.SubElement(cipher, "{http://www.w3.org/2001/04/xmlenc#}CipherData")
    etree.SubElement(data, "{http://www.w3.org/2001/04/xmlenc#}CipherValue").text = "AAAA"
    payload.replace(body, cipher)
    assert official(version).validate(root)
    found = parse(etree.tostring(root), TODAY)
    assert isinstance(found, Unreadable)
    assert [finding.code for finding in found.findings] == ["body_encrypted"]
