"""Every event as a sentence, with why it happened and by what. Pure.

The texts are in `catalogue/timeline.json`: `event.<Type>.title` and `.text`, a further sentence
`event.<Type>.<field>` for a field that is not always there, and `rule.<Type>` for its reason. An
event that has no texts yet is shown by its name with all that it says, and hides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.gateway.portal import formats
from services.gateway.portal.catalogue import Words
from services.gateway.portal.states import Tone

TONES: Mapping[str, Tone] = {
    "SubmissionAccepted": "good",
    "SubmissionRejected": "bad",
    "InsurerAnswered": "info",
    "InvoiceIssued": "info",
    "InvoiceDispatched": "info",
    "PatientCopySent": "info",
    "PaymentReceived": "good",
    "PaymentReversed": "bad",
    "InvoiceSettled": "good",
    "InvoiceCancelled": "warn",
    "ReminderEscalated": "warn",
    "ReminderDispatched": "warn",
    "HoldPlaced": "warn",
    "HoldLifted": "info",
    "CallRecorded": "info",
    "DunningResumed": "warn",
    "CollectionRequested": "bad",
    "AdvanceCredited": "good",
    "MemberCredited": "good",
    "MemberDebited": "bad",
    "ClaimChargedBack": "bad",
}
"""What stands out on the way of an invoice; book-keeping and the like stay quiet."""

MORE: Mapping[str, Sequence[str]] = {
    "SubmissionAccepted": ("findings",),
    "InsurerAnswered": ("codes", "paid_rappen", "back_rappen"),
    "PaymentReceived": ("surplus_rappen", "charges_rappen"),
    "InvoiceSettled": ("waived_rappen",),
    "CaseOpened": ("next_on",),
    "ReminderEscalated": ("pay_by", "next_on"),
    "HoldLifted": ("resend", "next_on"),
    "CallRecorded": ("promised_on", "next_on"),
    "PartPaid": ("wait_restarted",),
    "DunningResumed": ("next_on",),
    "MemberCredited": ("repaid_rappen",),
}
"""Fields that, where they say something, add a sentence."""

CODES: Mapping[str, str] = {
    "stage": "stage",
    "next_stage": "stage",
    "resend": "stage",
    "end": "end",
    "outcome": "call",
    "decision": "answer",
    "ownership": "ownership",
    "secrecy_basis": "basis",
}
REASONS: Mapping[str, str] = {"CreditUnmatched": "unmatched"}
DAYS = frozenset({"on", "pay_by", "counted_from", "valid_from"})


@dataclass(frozen=True)
class Document:
    """A letter that an event made."""

    id: str
    title: str
    pages: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline."""

    on: date | None
    title: str
    text: str
    tone: Tone
    why: Sequence[tuple[str, str]] = ()
    document: Document | None = None


@dataclass(frozen=True, kw_only=True)
class Happened:
    """An event as the timeline table keeps it; `data` is what it says, without personal fields."""

    event_id: str
    source: str
    position: int
    recorded_at: datetime
    on: date | None
    type: str
    data: Mapping[str, Any]


def explain(event: Happened, t: Words, users: Mapping[str, str]) -> Entry:
    """Return an event as a sentence; `users` names the people who may have done it."""
    on = event.on or formats.local(event.recorded_at).date()
    if f"event.{event.type}.title" not in t:
        return unknown(event, t, on)
    values = spoken(event, t, users)
    key = f"event.{event.type}"
    more = [
        t(f"{key}.{name}", **values) for name in MORE.get(event.type, ()) if event.data.get(name)
    ]
    return Entry(
        on=on,
        title=t(f"{key}.title", **values),
        text=" ".join([t(f"{key}.text", **values), *more]),
        tone=TONES.get(event.type, "quiet"),
        why=why(event, t, values),
        document=document(event, t, values),
    )


def unknown(event: Happened, t: Words, on: date) -> Entry:
    """Return an event for which there are no texts: its name, and all that it says."""
    said = [f"{name}: {value}" for name, value in event.data.items() if value not in (None, "")]
    return Entry(
        on=on,
        title=t("event.unknown.title", type=event.type),
        text=t("event.unknown.text"),
        tone="quiet",
        why=[("why.event", where(event, t)), ("why.recorded", "; ".join(said))],
    )


def spoken(event: Happened, t: Words, users: Mapping[str, str]) -> dict[str, str]:
    """Return what an event says in words, sums and days of the reader's language."""
    values = {name: said(name, value, event.type, t) for name, value in event.data.items()}
    if "by" in event.data:
        values["by"] = who(event.data["by"], t, users)
    facts = event.data.get("facts")
    if isinstance(facts, Mapping):
        values["request_id"] = str(facts.get("request_id", ""))
        values["version"] = str(facts.get("version", ""))
        values["amount"] = formats.money(int(facts.get("due_rappen", 0)))
    settings = event.data.get("settings")
    if isinstance(settings, Mapping):
        values["section"] = worded("section", settings.get("type"), t)
    return values


def said(name: str, value: Any, type_: str, t: Words) -> str:
    """Return one field as it is read."""
    if value is None:
        return formats.NOTHING
    if name.endswith("_rappen"):
        return formats.money(int(value))
    if name in DAYS or name.endswith("_on"):
        return formats.day(date.fromisoformat(value))
    if name == "reason":
        return worded(REASONS.get(type_, "hold"), value, t)
    if name == "codes":
        return ", ".join(map(str, value))
    if name in CODES:
        return worded(CODES[name], value, t)
    return str(value)


def worded(family: str, code: Any, t: Words) -> str:
    """Return the text of a code; a code from a newer version stays as it is."""
    key = f"{family}.{code}"
    return t(key) if key in t else str(code or formats.NOTHING)


def who(by: str, t: Words, users: Mapping[str, str]) -> str:
    """Return who did it: a person by name, a rule, or somebody of the cooperative."""
    if by in users:
        return users[by]
    if not by or by.startswith(("BR-", "rule")):
        return t("by.rule")
    return t("by.somebody")


def why(event: Happened, t: Words, values: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return the rule, the day counted from, who, the bookings, and where the event stands."""
    lines: list[tuple[str, str]] = []
    key = f"rule.{event.type}"
    if event.data.get("ladder_version"):
        key = f"{key}.version"
    if key in t:
        lines.append(("why.rule", t(key, **values)))
    lines += [
        (f"why.{name}", values[name])
        for name in ("counted_from", "value_on", "by")
        if event.data.get(name)
    ]
    if event.type == "ReminderEscalated":
        lines.append(("why.by", t("by.calendar")))
    if event.type == "InvoiceIssued":
        lines.append(("why.reference", formats.reference(values["reference"])))
    postings = event.data.get("postings") or ()
    if postings:
        lines.append(("why.postings", "; ".join(posting(one, t) for one in postings)))
    lines.append(("why.recorded", formats.instant(event.recorded_at)))
    lines.append(("why.event", where(event, t)))
    return lines


def posting(one: Mapping[str, Any], t: Words) -> str:
    """Return one line of double entry; a debit has no sign, a credit a minus."""
    sum_ = formats.money(int(one["amount_rappen"]))
    return t("why.posting", account=one["account"], sum=sum_)


def where(event: Happened, t: Words) -> str:
    """Return where the event stands in the log."""
    return t(
        "why.event.value",
        source=event.source,
        position=formats.number(event.position),
        type=event.type,
        id=event.event_id,
    )


DOCUMENTS: Mapping[str, Callable[[Words, Mapping[str, str]], str]] = {
    "InvoiceDispatched": lambda t, _: t("document.invoice"),
    "PatientCopySent": lambda t, _: t("document.copy"),
    "ReminderDispatched": lambda _, values: values["stage"],
}


def document(event: Happened, t: Words, values: Mapping[str, str]) -> Document | None:
    """Return the letter that an event made, None if it made none."""
    id_ = event.data.get("document")
    if not id_ or event.type not in DOCUMENTS:
        return None
    title = DOCUMENTS[event.type](t, values)
    return Document(str(id_), title, int(event.data.get("pages", 0)))
