"""The feed as the OpenAPI document describes it: a schema for each type of event, derived."""

from datetime import date
from typing import Annotated, Any, Literal, Union

import msgspec
from pydantic import Field, create_model

from libs.events import Event
from libs.events.handed import Facts
from services.gateway.api.models import Answer, Instant, Severity
from services.gateway.feed import TYPES
from services.gateway.feed_fields import FACTS, carries_facts, carries_findings, hints


class FeedFinding(Answer):
    """One thing noticed in a message; `GET /v1/findings` says what each code means."""

    code: Annotated[str, Field(examples=["total_mismatch"])]
    severity: Severity
    path: str
    line: int
    column: int
    record_id: int
    rule: str


class FeedEvent(Answer):
    """A fact about one of the practice's invoices."""

    id: Annotated[str, Field(description="Stays the same for ever; also the webhook-id.")]
    source: Annotated[str, Field(examples=["invoicing"])]
    recorded_at: Instant
    on: Annotated[date | None, Field(description="The business day, if it names one.")]
    submission_id: str | None
    invoice_id: str | None
    request_id: Annotated[
        str, Field(description="The practice software's own number of the invoice.")
    ]
    number: Annotated[str | None, Field(description="Our number of it, as printed.")]


def _data(name: str, kind: type[Event]) -> Any:
    """Return the model of an event's own fields; all are there, older ones by their defaults."""
    given: dict[str, Any] = {}
    if carries_facts(name):
        of_message = hints(Facts)
        given = {fact: of_message[fact] for fact in FACTS}
    given |= hints(kind)
    if carries_findings(name):
        given["findings"] = list[FeedFinding]
    wanted: dict[str, Any] = {field: (hint, ...) for field, hint in given.items()}
    return create_model(f"{name}Data", __base__=Answer, **wanted)


def _event(name: str, kind: type[Event]) -> Any:
    own: dict[str, Any] = {"type": (Literal[name], ...), "data": (_data(name, kind), ...)}
    return create_model(name, __base__=FeedEvent, __doc__=kind.__doc__, **own)


EVENTS: dict[str, Any] = {name: _event(name, kind) for name, kind in TYPES.items()}
"""By type of event: the model of an item of the feed."""

AnyEvent: Any = Annotated[Union[tuple(EVENTS.values())], Field(discriminator="type")]  # noqa: UP007 - derived

TypeName: Any = Literal[tuple(TYPES)]  # made of what the events are


class FeedPage(Answer):
    """Facts behind a cursor. `next_cursor` always leads on, also from a page without any."""

    items: list[AnyEvent]
    next_cursor: Annotated[str, Field(examples=["eyJpbmdlc3QiOjF9"])]
    more: Annotated[bool, Field(description="Whether the next page can be fetched at once.")]


EXAMPLE = {
    "items": [
        {
            "id": "0b3f0f7e-2f1c-5a3e-8c1b-6f3b0a4d9e10",
            "type": "PaymentReceived",
            "source": "invoicing",
            "recorded_at": "2026-10-05T06:30:12.123456Z",
            "on": "2026-10-02",
            "submission_id": None,
            "invoice_id": "0c52b7a2-0a8e-5b5e-9c42-3f0a0e3f6a11",
            "request_id": "R-2026-000431",
            "number": "26-000431",
            "data": {
                "credit_id": "4a5be60c-8d8e-5f0e-93a5-7d2f6c1f0b11",
                "amount_rappen": 23455,
                "surplus_rappen": 0,
                "charges_rappen": 0,
                "open_rappen": 0,
                "booked_on": "2026-10-02",
                "value_on": "2026-10-02",
            },
        }
    ],
    "next_cursor": "eyJpbnZvaWNpbmciOjQxOH0",
    "more": False,
}


def written(page: Any) -> bytes:
    """Return an answer as JSON; a page is not made into models only to be taken apart again."""
    return msgspec.json.encode(page)
