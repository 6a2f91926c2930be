"""The quick way into a message against expat: one tree, whatever somebody does to the bytes."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.message import plain
from services.ingest.message.xml_invoice import Invoice, exactly, parse
from services.ingest.message.xml_tree import ATTRIBUTES_MAX, DEPTH_MAX, Node, Tree, read
from tests.unit.ingest.samples import NS, TODAY, changed, message_44, message_45, message_50

MESSAGES = [message_44(), message_45(), message_50()]
INSERTED = [
    *("<", ">", '"', "'", "/", "=", " ", "\n", "\r\n", "\r", "\t", "&", ";", ":", "]]>", "\x00"),
    *("\x01", "\x7f", "\x85", "\xa0", "\ufffe", "\ufeff", "ä", "\U0001f600", "&amp;", "&lt;"),
    *("&quot;", "&apos;", "&#228;", "&#10;", "&nbsp;", "<!-- - -->", "<?pi x?>", "<![CDATA[x]]>"),
    *("<!DOCTYPE a>", "<x/>", "<i:x/>", "<i:x></i:x>", "<i:x> </i:x>", "<x:y/>", "<i:x >", "</a>"),
    *(' a="1"', ' xmlns="urn:x"', ' xmlns:i="urn:x"', ' xml:lang="de"', ' xsi:x="1"', " a='1'"),
    *(' unit_mt="abc"', ' a="x > y"', ' a="x < y"', ' a="\n"', ' a = "1"', "  ", "\n\n  "),
]


def same(one: Node, other: Node) -> bool:
    """Compare two trees in everything but lines and columns, which the quick way does not know."""
    return (
        (one.name, one.names, one.values, one.text)
        == (other.name, other.names, other.values, other.text)
        and len(one.children) == len(other.children)
        and all(map(same, one.children, other.children))
    )


def agrees(data: bytes) -> bool:
    """Return whether the quick way took a message; what it takes must be what expat reads."""
    quick = plain.read(data)
    if quick is None:
        return False
    exact = read(data)
    assert isinstance(exact, Tree)
    assert quick.namespace == exact.namespace
    assert same(quick.root, exact.root)
    return True


def in_hands(data: st.DataObject, text: str) -> str:
    """Return a message after one to three changes somewhere."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        match data.draw(st.integers(0, 4)):
            case 0:
                text = text[:at] + data.draw(st.sampled_from(INSERTED)) + text[at:]
            case 1:
                text = text[:at] + text[at + data.draw(st.integers(1, 30)) :]
            case 2:
                text = text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]
            case 3:
                values = list(re.finditer(r'(?<==")[^"]*', text))
                value = data.draw(st.sampled_from(values)) if values else None
                put = data.draw(st.sampled_from(INSERTED))
                text = text[: value.start()] + put + text[value.end() :] if value else text
            case _:
                start = data.draw(st.integers(0, len(text)))
                text = text[:at] + text[start : start + 80] + text[at:]
    return text


@pytest.mark.parametrize("text", MESSAGES, ids=["4.4", "4.5", "5.0"])
@pytest.mark.parametrize("blanks", ["", "\n", "\r\n\t", "  "])
def test_a_message_as_programs_write_it_goes_the_quick_way(text: str, blanks: str) -> None:
    assert agrees(text.replace("><", f">{blanks}<").encode()) is (blanks != "  " or "\n" in text)
    latin = text.replace("UTF-8", "ISO-8859-1").encode("iso-8859-1")
    assert agrees(latin)
    assert agrees(b"\xef\xbb\xbf" + text.encode())


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_b2_to_b21_the_quick_way_never_reads_what_expat_reads_otherwise(
    data: st.DataObject,
) -> None:
    text = in_hands(data, data.draw(st.sampled_from(MESSAGES)))
    encoding = data.draw(st.sampled_from(["utf-8", "iso-8859-1", "utf-16"]))
    if data.draw(st.booleans()):
        text = text.replace("UTF-8", encoding)
    agrees(text.encode(encoding, "replace"))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_verdict_is_that_of_expat_alone(data: st.DataObject) -> None:
    found = in_hands(data, data.draw(st.sampled_from(MESSAGES))).encode()
    assert parse(found, TODAY) == exactly(found, TODAY)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*INSERTED, "a", "b", "<a", "</a", "<b", "</b"]), max_size=12))
def test_no_soup_of_markup_is_read_otherwise(parts: list[str]) -> None:
    agrees(f'<a xmlns="{NS}" xmlns:i="urn:i">{"".join(parts)}</a>'.encode())


def wide(count: int) -> bytes:
    """Return a message with an element of so many attributes."""
    return "<a><b {}/></a>".format(" ".join(f'a{n}=""' for n in range(count))).encode()


NOT_PLAIN = {
    "a doctype": changed(message_50(), ("?>", "?><!DOCTYPE i:request>")),
    "a comment": changed(message_50(), ("Kontrolle", "Kon<!-- -->trolle")),
    "an instruction": changed(message_50(), ("Kontrolle", "Kon<?x?>trolle")),
    "a section": changed(message_50(), ("Kontrolle", "<![CDATA[Kontrolle]]>")),
    "a reference": changed(message_50(), ("Kontrolle", "Kontr&#111;lle")),
    "an entity": changed(message_50(), ("Kontrolle", "&e;")),
    "single quotes": changed(message_50(), ('canton="LU"', "canton='LU'")),
    "a line end in a value": changed(message_50(), ('"Salbe"', '"Sal\nbe"')),
    "other words": message_50().encode("utf-16"),
    "other bytes": message_50().encode("iso-8859-1"),
    "a namespace below": changed(message_50(), ("<i:partners/>", '<p xmlns="urn:p"/>')),
    "an attribute twice": changed(message_50(), ('canton="LU"', 'canton="LU" canton="ZH"')),
    "an unknown prefix": changed(message_50(), ("<i:partners/>", "<p:partners/>")),
    "a sign of another": changed(message_50(), ("Kontrolle", "a > b")),
    "deep": b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1),
    "wide": wide(ATTRIBUTES_MAX + 1),
    "many": b"<a>" + b"<b/>" * 500_001 + b"</a>",
}


@pytest.mark.parametrize("data", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_left_to_expat(data: bytes) -> None:
    assert plain.read(data) is None


def test_b13_the_limits_are_those_of_expat() -> None:
    deep = b"<a>" * (DEPTH_MAX - 1) + b"<b></b>" + b"</a>" * (DEPTH_MAX - 1)
    assert isinstance(read(deep), Tree)
    agrees(deep)
    assert agrees(wide(ATTRIBUTES_MAX))


@pytest.mark.parametrize(
    "body",
    [
        " ".join(f'a{n}="1"' for n in range(200_000)),
        'a="' + "<" * 1_000_000 + '"',
        'a="' + "&amp;" * 300_000 + '"',
        '"' * 1_000_000,
        "a" * 2_000_000,
        " " * 2_000_000,
        "=" * 1_000_000,
    ],
    ids=["attributes", "signs", "entities", "quotes", "name", "blanks", "equals"],
)
def test_b13_no_piece_takes_long(body: str) -> None:
    started = time.perf_counter()
    plain.read(f"<a><b {body}/></a>".encode())
    assert time.perf_counter() - started < 3


def test_many_kinds_of_messages_are_not_all_remembered() -> None:
    for number in range(plain.SPACES_MAX * 2):
        names = "".join(f"<b{n}/>" for n in range(plain.PLANS_MAX + 10))
        assert plain.read(f'<a xmlns="urn:{number}">{names}</a>'.encode())
    kept = list(plain.SPACES.values())
    assert len(kept) <= plain.SPACES_MAX
    assert all(len(space.plans) <= plain.PLANS_MAX for space in kept)


def test_a_stray_price_on_a_line_of_one_part_is_only_named() -> None:
    data = changed(message_50(), ("<i:service record", '<i:service unit_mt="abc" record'))
    found = parse(data, TODAY)
    assert isinstance(found, Invoice)
    assert [finding.code for finding in found.warnings] == ["attribute_unknown"]
