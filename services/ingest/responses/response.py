"""Request and verdict → generalInvoiceResponse in the version of the request. Pure.

Object references are copied unchanged, sender and receiver change places, the chain of
intermediates is reversed (invoice-xml 16). A request of 4.3 is answered in the form of 4.4: there
is no schema of responses for it, and what 4.4 has beyond 4.3 is not used. What a refused message
leaves out or spoils is filled with what senders write where they know nothing; without a reference
to answer, or a canton and days of treatment where 5.0 wants them, there is no response.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lxml import etree

from libs.runtime.ids import derived
from services.ingest.message import versions
from services.ingest.message.arithmetic import francs
from services.ingest.message.lexical import money, truth
from services.ingest.message.numbers import biller_of, gln_of
from services.ingest.message.report import Report
from services.ingest.message.versions import TIERS
from services.ingest.message.xml_tree import Node, Tree
from services.ingest.responses import response_markup as markup
from services.ingest.responses import response_parties as parties
from services.ingest.responses.response_markup import Unanswerable, add
from services.ingest.responses.response_parties import Asked, Office

Spoken = Literal["de", "fr", "it"]
"""Languages that the schema of responses knows."""
SPOKEN: Final[tuple[Spoken, ...]] = ("de", "fr", "it")

SCHEMAS: Final = {"4.3": "440", "4.4": "440", "4.5": "450", "5.0": "500"}
FIRST_STAMP: Final = 1_420_066_800
LAST_STAMP: Final = {"440": 2**63, "450": 1_924_902_000, "500": 2_890_245_600}
EXPLAINED_MAX: Final = {"440": 700, "450": 700, "500": 2_800}
SAID_MAX: Final = {"440": 350, "450": 350, "500": 700}
MESSAGES_MAX: Final = 200


@dataclass(frozen=True, kw_only=True)
class Said:
    """One error or message; `record_id` points to a service line."""

    code: str
    text: str
    record_id: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a request so far."""

    state: Literal["accepted", "pending", "rejected"]
    status_in: str
    status_out: str
    """State of the request before and after, in the words of invoice-xml 16.2."""
    explanation: str
    said: tuple[Said, ...] = ()
    at: datetime
    """When it became so: the same state is the same bytes."""
    language: Spoken
    paid_rappen: int = 0
    """What was paid so far, where the answer has a place for it."""
    key: str
    """Of what it is the verdict; the guid of 5.0 is made of it."""


def written(tree: Tree, verdict: Verdict, office: Office) -> bytes | None:
    """Return the response to a request; None where there is nothing that can be answered."""
    asked = _asked(tree)
    if asked is None:
        return None
    try:
        root = _response(asked, verdict, office)
    except Unanswerable:
        return None
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    assert isinstance(data, bytes)
    return data


def _asked(tree: Tree) -> Asked | None:
    version = versions.detect(tree, Report(tree.root))
    payload = tree.root.child("payload")
    body = payload.child("body") if payload is not None else None
    tiers = body.child(*TIERS) if body is not None else None
    if version is None or payload is None or body is None or tiers is None:
        return None
    return Asked(tree.root, payload, body, tiers, SCHEMAS[version])


def _response(asked: Asked, verdict: Verdict, office: Office) -> etree._Element:
    new = asked.schema == "500"
    says = verdict.key, verdict.at.isoformat(), verdict.explanation, verdict.language
    own = {"guid": derived("response", *says).replace("-", "")}
    root = markup.root(
        f"generalInvoiceResponse_{asked.schema}.xsd",
        language=verdict.language,
        modus="test" if asked.root.get("modus") == "test" else "production",
        **(own if new else {}),
    )
    _transport(root, asked)
    payload = add(root, "payload", **_kind(asked), response_timestamp=_stamp(asked, verdict.at))
    for name in ("credit", "invoice", "reminder"):
        _reference(payload, asked, name)
    body = add(payload, "body")
    add(add(body, "prolog"), "generator", name="Quittance", version="1")
    if new:
        parties.parties_50(body, asked, office)
        _decision_50(body, asked, verdict)
    else:
        parties.parties_4x(body, asked, office)
        _decision(body, verdict, asked.schema)
    return root


def _transport(root: etree._Element, asked: Asked) -> None:
    """Answer from whom it was sent to, along the same way back."""
    given = asked.root.at("processing", "transport") or Node("transport")
    biller = markup.gln(gln_of(biller_of(asked.tiers)))
    ends = {"from": markup.gln(given.get("to")), "to": markup.gln(given.get("from"), biller)}
    transport = add(add(root, "processing"), "transport", **ends)
    vias = [markup.gln(node.get("via")) for node in given.children if node.name == "via"]
    if not vias and asked.schema != "500":
        vias = [ends["from"]]
    for number, via in enumerate(reversed(vias), 1):
        add(transport, "via", via=via, sequence_id=str(number))


def _kind(asked: Asked) -> Mapping[str, str]:
    """Return what kind of request is answered."""
    given = asked.payload
    if asked.schema == "500":
        subtype = given.get("request_subtype")
        known = subtype in {"normal", "copy", "refund", "storno"}
        return {
            "request_type": "reminder" if given.child("reminder") is not None else "invoice",
            "request_subtype": subtype if known else "normal",
        }
    flags = {name: "true" if truth(given.get(name)) else "false" for name in ("storno", "copy")}
    return {"type": "reminder" if given.child("reminder") is not None else "invoice", **flags}


def _stamp(asked: Asked, at: datetime) -> str:
    return str(min(max(int(at.timestamp()), FIRST_STAMP), LAST_STAMP[asked.schema]))


def _reference(payload: etree._Element, asked: Asked, name: str) -> None:
    """Copy a reference as it is; one that is none cannot be answered."""
    given = asked.payload.child(name)
    if given is None:
        if name == "invoice":
            raise Unanswerable
        return
    stamp, request_id = given.get("request_timestamp"), given.raw("request_id")
    lowest = 0 if asked.schema == "440" else FIRST_STAMP
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 20):  # noqa: PLR2004
        raise Unanswerable
    if not lowest <= int(stamp) <= LAST_STAMP[asked.schema] or not 0 < len(request_id) <= 35:  # noqa: PLR2004
        raise Unanswerable
    level = {"reminder_level": given.get("reminder_level")} if name == "reminder" else {}
    if level and level["reminder_level"] not in {"1", "2", "3"}:
        level = {}
    on = markup.instant(given.get("request_date"))
    add(payload, name, request_timestamp=stamp, request_date=on, request_id=request_id, **level)


def _decision_50(body: etree._Element, asked: Asked, verdict: Verdict) -> None:
    """Decide within the tiers: in TG there is no decision, only a notification."""
    name = asked.tiers.name
    if name == "tiers_garant":
        tiers = add(body, name)
        _decision(tiers, verdict, asked.schema, "notification")
        return
    allowed = truth(asked.tiers.get("allowModification"))
    more = {"allowModification": "true" if allowed else "false"} if name == "tiers_payant" else {}
    decided = _decision(add(body, name, **more), verdict, asked.schema)
    if verdict.state != "accepted":
        return
    balance = asked.tiers.child("balance") or Node("balance")
    amounts = ("amount", "amount_reminder", "amount_due")
    stated = {one: money(balance.get(one, "0")) or 0 for one in amounts}
    paid = verdict.paid_rappen
    sums = {one: francs(rappen) for one, rappen in stated.items()} | {"amount_paid": francs(paid)}
    if name == "tiers_soldant":
        sums["amount_unpaid"] = francs(stated["amount_due"] - paid)
    add(decided, "balance", **sums)


def _decision(
    parent: etree._Element, verdict: Verdict, schema: str, name: str = ""
) -> etree._Element:
    """Say what became of it, and why. An acceptance has one text, and no list of messages."""
    status = {"status_in": verdict.status_in, "status_out": verdict.status_out}
    decided = add(parent, name or verdict.state, **status)
    lines = [verdict.explanation]
    listed = "error" if verdict.state == "rejected" and not name else "message"
    if verdict.state == "accepted" and not name:
        lines += [one.text for one in verdict.said]
    explanation = markup.cut("\n".join(lines), EXPLAINED_MAX[schema], lines=True)
    if explanation:
        add(decided, "explanation", explanation)
    if verdict.state == "accepted" and not name:
        return decided
    for one in verdict.said[:MESSAGES_MAX]:
        record = {"record_id": str(one.record_id)} if one.record_id and listed == "error" else {}
        text = markup.cut(one.text, SAID_MAX[schema])
        add(decided, listed, code=markup.cut(one.code, 35), text=text, **record)
    return decided
