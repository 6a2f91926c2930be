"""Which version a message is written in; the namespace does not say (invoice-xml 2). Pure."""

import re
from typing import Final

from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node, Tree

NAMESPACE: Final = "http://www.forum-datenaustausch.ch/invoice"
NAMESPACE_40: Final = "http://www.xmlData.ch/xmlInvoice/XSD"
LAWS: Final = ("kvg", "vvg", "uvg", "ivg", "mvg", "org")
TIERS: Final = ("tiers_garant", "tiers_payant", "tiers_soldant")

_HINT: Final = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"
_FILE: Final = re.compile(r"generalInvoiceRequest_([0-9])([0-9])[0-9]\.xsd\s*$")
_KNOWN_HINTS: Final = frozenset(("4.3", "4.4", "4.5", "5.0"))


def detect(tree: Tree, report: Report) -> str | None:
    """Return 4.3, 4.4, 4.5 or 5.0; None, with an error reported, where it is none of them."""
    root = tree.root
    if tree.namespace == NAMESPACE_40:
        report.error("version_40_unsupported", root)
        return None
    if tree.namespace != NAMESPACE or root.name != "request":
        answer = tree.namespace == NAMESPACE and root.name == "response"
        report.error("response_not_request" if answer else "unknown_message_type", root)
        return None
    payload = root.child("payload")
    if payload is not None and payload.child("xenc:EncryptedData") is not None:
        report.error("body_encrypted", payload)
        return None
    hint = _hint(root)
    shown = _by_structure(root)
    if shown is None:
        if hint not in _KNOWN_HINTS:
            report.error("unknown_message_type", root)
            return None
        return hint
    if hint == "4.3" and shown == "4.4" and not _has_44_features(root):
        return hint
    if hint and hint != shown:
        report.warning("version_hint_differs", root, version=shown)
    return shown


def _hint(root: Node) -> str:
    found = _FILE.search(root.raw(_HINT))
    return f"{found[1]}.{found[2]}" if found else ""


def _by_structure(root: Node) -> str | None:
    payload = root.child("payload")
    body = payload.child("body") if payload is not None else None
    if "guid" in root.names or (payload is not None and "request_type" in payload.names):
        return "5.0"
    if body is None:
        return None
    if body.child("law") is not None:
        return "5.0"
    services = body.child("services")
    lines = services.children if services is not None else []
    if body.child("balance") or any(line.name.startswith("record_") for line in lines[:1]):
        return "4.4"
    if body.child(*LAWS) and any(line.name.startswith("service") for line in lines[:1]):
        return "4.5"
    return None


def _has_44_features(root: Node) -> bool:
    tiers = _tiers(root)
    treatment = root.at("payload", "body", "treatment")
    biller = tiers.child("biller") if tiers is not None else None
    return bool(
        (tiers is not None and tiers.child("insured"))
        or (treatment is not None and {"apid", "acid"}.intersection(treatment.names))
        or (biller is not None and "uid_number" in biller.names)
    )


def _tiers(root: Node) -> Node | None:
    body = root.at("payload", "body")
    return body.child(*TIERS) if body is not None else None
