"""Messages made from an official schema: every element and attribute that it knows stands in one.

Where the schema has a choice, each alternative gets a message of its own.
"""

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from tests.standards import standard

XS = "{http://www.w3.org/2001/XMLSchema}"
NS = "http://www.forum-datenaustausch.ch/invoice"
BY_BASE = {
    "string": "ab", "NMTOKEN": "ab", "double": "1.00", "dateTime": "2026-01-20T00:00:00",
    "date": "2026-01-20", "duration": "P30D", "boolean": "true", "anyURI": "http://a.example/b",
    "base64Binary": "JVBERi0xLjcK", "long": "7", "int": "7", "unsignedInt": "7",
    "unsignedLong": "7", "unsignedShort": "7", "positiveInteger": "7", "integer": "7",
}  # fmt: skip
BY_PATTERN = {
    "7601000000125": r"[0-9]{13}", "C123456": r"[A-Z][0-9]{6}", "1234567": r"[0-9]{1,7}",
    "7561234567897": r"756[0-9]{10}", "123456": r"[0-9]{14}|[0-9]{6}", "402": r"[0-9A-Z]{3}",
    "CH4431999123000889012": r"CH", "01-162-8": r"01-[1-9][0-9]{0,5}-[0-9]", "12345": r"[0-9]{5}",
    "21 00000 00003 13947 14300 09017": r"esr9", "12345 12345 12345": r"esr5",
    "0100000036507>210000000003139471430009017+ 010001628>": "", "123456789012345+ 12345>": "",
    "80-470-3": r"post", "1234567890": r"[0-9]{10}", "a@b.ch": r".+@.+", "123456789>": "",
    "210000000003139471430009017": r"[0-9]{27}", "RF18539007547034": r"RF", "CH": r"[A-Z]{2}",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0": r"[A-Fa-f0-9]{32}", "application/pdf": r"application/pdf",
    "befund.pdf": r"\.", "80-47-3": "post43", "other": "",
}  # fmt: skip
"""Texts to try where a pattern is asked for; the schema itself says which one fits."""


class Maker:
    """Makes messages of one version."""

    def __init__(self, name: str) -> None:
        root = etree.parse(standard(f"invoice/{name}.xsd")).getroot()
        self.types = {str(one.get("name")): one for one in root if one.get("name")}
        self.root = next(one for one in root if one.tag == f"{XS}element")
        self.turn = 0
        self.most = 1
        self._values: dict[str, str] = {}
        self._imports = [deepcopy(one) for one in root if one.tag == f"{XS}import"]

    def messages(self) -> Iterator[etree._Element]:
        """Yield a message for each turn of the choices."""
        while self.turn < self.most:
            yield self._element(self.root)
            self.turn += 1

    def _element(self, described: etree._Element) -> etree._Element:
        made = etree.Element(f"{{{NS}}}{described.get('name')}", nsmap={"i": NS})
        self._fill(made, described)
        return made

    def _fill(self, made: etree._Element, described: etree._Element) -> None:
        kind = described.get("type") or described.get("base") or ""
        local = kind.rpartition(":")[2]
        inside = described.find(f"{XS}complexType")
        if inside is not None:
            self._content(made, inside)
        elif kind.startswith("invoice:") and self.types[local].tag == f"{XS}complexType":
            self._content(made, self.types[local])
        else:
            made.text = self._value(described)

    def _content(self, made: etree._Element, parts: etree._Element) -> None:
        for part in parts:
            match str(part.tag).removeprefix(XS):
                case "sequence" | "complexContent" | "simpleContent":
                    self._content(made, part)
                case "extension":
                    self._fill(made, part)
                    self._content(made, part)
                case "choice":
                    self._choose(made, part)
                case "element":
                    if part.get("name"):  # references are signatures and ciphers
                        made.append(self._element(part))
                case "attribute":
                    made.set(str(part.get("name")), part.get("fixed") or self._value(part))
                case _:
                    pass

    def _choose(self, made: etree._Element, choice: etree._Element) -> None:
        options = [one for one in choice if one.get("name") or one.tag != f"{XS}element"]
        self.most = max(self.most, len(options))
        if choice.get("maxOccurs"):
            for option in options:
                self._content(made, _wrapped(option))
        else:
            self._content(made, _wrapped(options[self.turn % len(options)]))

    def _value(self, described: etree._Element) -> str:
        simple = described.find(f"{XS}simpleType")
        kind = str(described.get("type") or described.get("base") or "")
        if simple is None and kind.startswith("invoice:"):
            simple = self.types[kind.rpartition(":")[2]]
        if simple is None:
            return BY_BASE[kind]
        restriction = simple.find(f"{XS}restriction")
        if restriction is None:
            return self._fitting(simple)
        listed = [str(one.get("value")) for one in restriction.iter(f"{XS}enumeration")]
        if listed:
            return listed[self.turn % len(listed)]
        base = str(restriction.get("base"))
        low = restriction.find(f"{XS}minInclusive")
        if low is not None and base in {"unsignedLong", "double", "int"}:
            return "1" if base == "double" else str(low.get("value"))
        if restriction.find(f"{XS}pattern") is not None:
            return self._fitting(simple)
        return BY_BASE.get(base.rpartition(":")[2], "ab")

    def _fitting(self, simple: etree._Element) -> str:
        """Return a text that a pattern admits, found by asking the schema."""
        key = etree.tostring(simple).decode()
        if key not in self._values:
            spaces = f'xmlns="{XS[1:-1]}" xmlns:invoice="{NS}" targetNamespace="{NS}"'
            schema = etree.fromstring(f"<schema {spaces}/>")
            for one in self.types.values():
                if one.tag == f"{XS}simpleType":
                    schema.append(deepcopy(one))
            element = etree.SubElement(schema, f"{XS}element", name="asked")
            asked = deepcopy(simple)
            if "name" in asked.attrib:
                del asked.attrib["name"]
            element.append(asked)
            ask = etree.XMLSchema(schema)
            trial = etree.Element(f"{{{NS}}}asked")
            for text in BY_PATTERN:
                trial.text = text
                if ask.validate(trial):
                    self._values[key] = text
                    break
            else:
                raise AssertionError(f"no text fits {key}")
        return self._values[key]


def _wrapped(part: etree._Element) -> etree._Element:
    holder = etree.Element(f"{XS}sequence")
    holder.append(deepcopy(part))
    return holder
