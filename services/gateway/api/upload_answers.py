"""What existing practice software reads: `uploadResponse` documents and older codes. Pure.

Source: practice-upload sections 3 and 4.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from libs.events.values import Language

SAME_FILE = "SameMD5Found"

CODES: Mapping[str, str] = {
    "biller_not_yours": "InvalidZSR",
    "duplicate_invoice_conflict": "AlreadySent",
    "conflicting_duplicate": "AlreadySent",
}
"""Our code to the one that users of the older interface know; others by `known_code`."""

_TEXTS = tomllib.loads((Path(__file__).parent / "upload_words.toml").read_text("utf-8"))
WORDS: Mapping[str, Mapping[Language, str]] = _TEXTS["words"]
STATES: Mapping[str, Mapping[Language, str]] = _TEXTS["states"]


def say(word: str, language: Language, **values: str) -> str:
    """Return a sentence of ours."""
    return WORDS[word][language].format(**values)


def success(receipt: Mapping[str, Any]) -> bytes:
    """Return the answer to an accepted message; hints stand beside the receipt."""
    root = etree.Element("uploadResponse", result="success")
    _receipt(root, "ReadyToControl", receipt)
    _findings(root, receipt.get("findings", ()))
    return _bytes(root)


def failure(filename: str, receipt: Mapping[str, Any]) -> bytes:
    """Return the refusal of a message: one `invoice` with one `error`, all findings behind it.

    The client shows the one error only, so its text holds every finding, a line for each.
    """
    findings = receipt.get("findings") or ()
    root = etree.Element("uploadResponse", result="failure")
    invoice = etree.SubElement(root, "invoice", filename=_sayable(filename))
    code = known_code(receipt.get("code", ""), findings)
    text = lines_of(findings) or receipt.get("detail", "")
    etree.SubElement(invoice, "error", code=code, message=_sayable(text))
    _receipt(root, code, receipt)
    _findings(root, findings)
    return _bytes(root)


def general(code: str, message: str) -> bytes:
    """Return the refusal of a request as a whole."""
    root = etree.Element("uploadResponse", result="failure")
    etree.SubElement(root, "generalError", code=code, message=_sayable(message))
    return _bytes(root)


def known_code(code: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """Return the code of the older interface for a refusal."""
    for one in (code, *(finding.get("code", "") for finding in findings)):
        if one in CODES:
            return CODES[one]
        if one.startswith("xml_") and one != "xml_schema_invalid":
            return "XMLParserError"
        if "zsr" in one:
            return "InvalidZSR"
    return "InvalidData"


def lines_of(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return findings as lines, errors before warnings, each with what to do."""
    ordered = sorted(findings, key=lambda finding: finding.get("severity") != "error")
    return "\n".join(
        " ".join(part for part in (one.get("message", ""), one.get("remedy", "")) if part)
        or one.get("code", "")
        for one in ordered
    )


def _receipt(root: etree._Element, code: str, receipt: Mapping[str, Any]) -> None:
    names = {
        "submissionId": "submission_id",
        "invoiceId": "invoice_id",
        "receivedAt": "received_at",
    }
    given = {ours: str(receipt[name]) for ours, name in names.items() if receipt.get(name)}
    if given:
        etree.SubElement(root, "receipt", {"code": code, **given})


def _findings(root: etree._Element, findings: Sequence[Mapping[str, Any]]) -> None:
    for one in findings:
        names = ("code", "severity", "path", "line", "message", "remedy")
        given = {name: _sayable(str(one[name])) for name in names if one.get(name)}
        etree.SubElement(root, "finding", given)


def _sayable(text: str) -> str:
    """Return text without what XML 1.0 cannot hold."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
