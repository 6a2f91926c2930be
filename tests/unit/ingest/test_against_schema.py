"""Our grammar against the official schema, on messages that somebody has damaged.

What the schema finds, we notice too: as an error or, where we do not act on the value, as a
warning. And what we refuse for its structure, the schema refuses as well.
"""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.ingest import grammar
from services.ingest.report import Report
from services.ingest.xml_invoice import parse
from services.ingest.xml_tree import Tree, read
from tests.standards import schema
from tests.unit.ingest.samples import TODAY, message_44, message_45, message_50

MESSAGES = {"4.4": message_44(), "4.5": message_45(), "5.0": message_50()}
STRICTER = frozenset(("amount_invalid", "number_invalid", "date_invalid", "value_empty"))
"""Where we refuse on purpose what the schema admits: NaN, exponents, a text of blanks."""
VALUES = ["", " ", "x" * 400, "x" * 36, "0", "-1", "1", "1.005", "abc", "2026-02-30", "true",
          "2026-01-01", "2026-01-01T00:00:00", "CH", "12345", "P30D", "999999999999"]  # fmt: skip


def damaged(data: st.DataObject, root: etree._Element) -> etree._Element:
    """Return a copy with one to three things wrong."""
    broken = copy.deepcopy(root)
    for _ in range(data.draw(st.integers(1, 3))):
        kept = (broken, broken.find("{*}payload"))
        elements = [element for element in broken.iter("{*}*") if element not in kept]
        element = data.draw(st.sampled_from(elements))
        parent = element.getparent()
        assert parent is not None
        names = sorted(str(name) for name in element.attrib if not str(name).startswith("{"))
        what = data.draw(st.sampled_from(["drop", "twice", "swap", "attribute", "value", "more"]))
        if what == "drop":
            parent.remove(element)
        elif what == "twice":
            element.addnext(copy.deepcopy(element))
        elif what == "swap":
            parent.insert(data.draw(st.integers(0, len(parent) - 1)), element)
        elif what == "attribute" and names:
            del element.attrib[data.draw(st.sampled_from(names))]
        elif what == "value" and names:
            element.set(data.draw(st.sampled_from(names)), data.draw(st.sampled_from(VALUES)))
        elif what == "more":
            element.set("surplus", "1")
    return broken


@pytest.mark.parametrize("version", MESSAGES)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_the_schema_finds_is_noticed(version: str, data: st.DataObject) -> None:
    official = schema(f"invoice/generalInvoiceRequest_{version.replace('.', '')}0.xsd")
    root = damaged(data, etree.fromstring(MESSAGES[version].encode()))
    valid = official.validate(root)
    assert parse(etree.tostring(root), TODAY)  # and no rule stumbles over what is missing
    tree = read(etree.tostring(root))
    assert isinstance(tree, Tree)
    report = Report(tree.root)
    grammar.examine(tree.root, grammar.shapes(version), report)
    findings = report.findings()
    if not valid:
        assert findings, str(official.error_log)
    structural = [f for f in findings if f.severity == "error" and f.code not in STRICTER]
    if structural:
        assert not valid, structural


@pytest.mark.parametrize("version", MESSAGES)
def test_a_whole_message_has_nothing_to_notice(version: str) -> None:
    tree = read(MESSAGES[version].encode())
    assert isinstance(tree, Tree)
    report = Report(tree.root)
    grammar.examine(tree.root, grammar.shapes(version), report)
    assert report.findings() == ()


def test_every_shape_names_a_type_that_exists() -> None:
    for version in grammar.FILES:
        assert grammar.shapes(version).parts
