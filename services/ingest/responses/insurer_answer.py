"""Bytes of a generalInvoiceResponse 4.4, 4.5 or 5.0 → what an insurer answered (invoice-xml 16).

The element decides (pending, accepted, rejected, notification), not the status beside it. Errors
are the insurer's own numbers and no closed list: kept as they are, and mapped to the reasons of
BR-201 by `insurer_codes.toml`. Pure.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from libs.events.handed import Finding
from libs.events.ingest import Decision
from libs.events.values import InvoiceId, Kind
from services.ingest.findings import Unreadable, refused
from services.ingest.message import grammar
from services.ingest.message.lexical import day, money
from services.ingest.message.numbers import biller_of, gln_of
from services.ingest.message.reading import kind_of
from services.ingest.message.report import Report
from services.ingest.message.versions import NAMESPACE, TIERS
from services.ingest.message.xml_invoice import invoice_id_of
from services.ingest.message.xml_tree import Node, Tree, read

DECISIONS: Final[Mapping[str, Decision]] = {
    "accepted": "accepted",
    "pending": "pending",
    "rejected": "rejected",
    "notification": "notified",
}
OTHER: Final = "R99"
"""Reason of a number that our table does not know (BR-206)."""
_CODE: Final = re.compile(r"[A-Za-z0-9._/-]{1,35}", re.ASCII)
"""How an insurer's number looks; what looks otherwise could be anything and stays sealed."""


@dataclass(frozen=True, kw_only=True)
class InsurerMessage:
    """What an insurer says of one invoice."""

    version: str
    test: bool
    invoice_id: InvoiceId
    request_id: str
    about: Kind
    """Of the message that is answered: the invoice itself, its storno, a reminder."""
    insurer_gln: str
    answered_at: datetime
    decision: Decision
    status_in: str
    status_out: str
    codes: tuple[str, ...]
    reasons: tuple[str, ...]
    records: tuple[int, ...]
    """Service lines that it names."""
    due_rappen: int | None
    paid_rappen: int | None
    unpaid_rappen: int | None
    back_rappen: int | None
    """What the insurer wants back of a paid invoice."""
    explanation: str
    """What it says in words; may name people."""


def _reasons() -> Mapping[str, str]:
    path = Path(__file__).with_name("insurer_codes.toml")
    found: Mapping[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["codes"]
    return found


REASONS: Final = _reasons()


def parse(data: bytes) -> InsurerMessage | Unreadable:
    """Read one answer. Raises nothing, whatever the bytes."""
    tree = read(data)
    if isinstance(tree, Finding):
        return refused((tree,))
    report = Report(tree.root)
    shape = _shape(tree, report)
    if shape is not None:
        grammar.examine(tree.root, shape, report)
    if report.failed():
        return refused(report.findings())
    payload = _there(tree.root.child("payload"))
    body = _there(payload.child("body"))
    gln = gln_of(biller_of(body))
    if not gln:
        report.error("element_missing", body, element="biller")
        return refused(report.findings())
    return _message(tree.root, payload, body, gln)


def _shape(tree: Tree, report: Report) -> grammar.Shape | None:
    root = tree.root
    if tree.namespace != NAMESPACE or root.name != "response":
        request = tree.namespace == NAMESPACE and root.name == "request"
        report.error("request_not_response" if request else "unknown_message_type", root)
        return None
    payload = root.child("payload")
    if payload is not None and payload.child("xenc:EncryptedData") is not None:
        report.error("body_encrypted", payload)
        return None
    return grammar.shapes("response 5.0" if _version(root) == "5.0" else "response 4.x")


def _version(root: Node) -> str:
    body = root.at("payload", "body")
    if "guid" in root.names or (body is not None and body.child(*TIERS) is not None):
        return "5.0"
    return "4.5" if body is not None and body.child("debitor") is not None else "4.4"


def _message(root: Node, payload: Node, body: Node, gln: str) -> InsurerMessage:
    reference = _there(payload.child("invoice"))
    on = day(reference.get("request_date"))
    assert on is not None, "checked by the grammar"
    request_id, stamp = reference.get("request_id"), int(reference.get("request_timestamp"))
    decided = _decided(body)
    errors = [node for node in decided.children if node.name in {"error", "message"}]
    codes = tuple(
        dict.fromkeys(code for node in errors if _CODE.fullmatch(code := node.get("code")))
    )
    balance = decided.child("balance")
    back = decided.at("reimbursement", "balance")
    return InsurerMessage(
        version=_version(root),
        test=root.get("modus") == "test",
        invoice_id=invoice_id_of(gln, request_id, on, stamp),
        request_id=request_id,
        about=kind_of(payload)[0],
        insurer_gln=gln_of(body.child("insurance")),
        answered_at=datetime.fromtimestamp(int(payload.get("response_timestamp")), UTC),
        decision=DECISIONS[decided.name],
        status_in=decided.get("status_in"),
        status_out=decided.get("status_out"),
        codes=codes,
        reasons=tuple(dict.fromkeys(REASONS.get(code, OTHER) for code in codes)),
        records=tuple(int(r) for node in errors if (r := node.get("record_id")).isdecimal())[:100],
        due_rappen=_rappen(balance, "amount_due"),
        paid_rappen=_rappen(balance, "amount_paid"),
        unpaid_rappen=_rappen(balance, "amount_unpaid"),
        back_rappen=_rappen(back, "amount_due"),
        explanation=_explanation(decided, errors),
    )


def _decided(body: Node) -> Node:
    tiers = body.child(*TIERS)
    return _there((tiers or body).child(*DECISIONS))


def _explanation(decided: Node, errors: list[Node]) -> str:
    """Return everything that is said in words, as a person reads it."""
    told = decided.child("explanation")
    lines = [" ".join(told.text.split())] if told is not None and told.text else []
    for node in errors:
        values = " → ".join(v for v in (node.get("error_value"), node.get("valid_value")) if v)
        line = f"{node.get('code')}: {node.get('text')}"
        lines.append(f"{line} ({values})" if values else line)
    return "\n".join(lines)


def _rappen(node: Node | None, name: str) -> int | None:
    given = node.get(name) if node is not None else ""
    return money(given) if given else None


def _there(node: Node | None) -> Node:
    assert node is not None, "checked by the grammar"
    return node
