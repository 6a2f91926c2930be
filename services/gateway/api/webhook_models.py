"""What REST says and is told of webhooks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.addresses import URL_LENGTH_MAX
from services.gateway.api.bodies import Strict
from services.gateway.api.feed_models import TypeName
from services.gateway.api.models import Answer, Instant

Url = Annotated[
    str,
    Field(
        min_length=9,
        max_length=URL_LENGTH_MAX,
        examples=["https://praxis.example/quittance"],
        description="https, a public address, without user, password and fragment.",
    ),
]
Types = Annotated[
    tuple[TypeName, ...],
    Field(max_length=50, strict=False, description="Types of events; none: all."),
]
Description = Annotated[str, Field(max_length=200, examples=["Praxissoftware"])]


class WebhookRequest(Strict):
    """Where to say what becomes of the practice's invoices from now on."""

    url: Url
    types: Types = ()
    description: Description = ""


class WebhookChange(Strict):
    """What is not given stays as it is."""

    url: Url | None = None
    types: Types | None = None
    description: Description | None = None
    active: bool | None = None


class WebhookItem(Answer):
    """A webhook and how it does."""

    webhook_id: str
    url: str
    types: list[str]
    description: str
    active: bool
    disabled: Annotated[
        Literal["FAILING", "GONE"] | None,
        Field(description="Why we stopped to send: three days of failing, or 410."),
    ]
    failing_since: Instant | None
    next_try_at: Instant | None
    old_secret_until: Instant | None
    added_at: Instant
    version: int


class WebhookSecret(WebhookItem):
    """A webhook with its newest secret, which is shown this once."""

    secret: Annotated[str, Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]


class WebhookList(Answer):
    items: list[WebhookItem]


class DeliveryItem(Answer):
    """A try to send a message; `tries` is 0 where a person asked for it."""

    event_id: str
    type: str
    at: Instant
    tries: int
    outcome: Annotated[
        str, Field(examples=["delivered", "refused", "timeout", "not_reached", "redirected"])
    ]
    status: Annotated[int | None, Field(description="Of the answer, if there was one.")]
    took_ms: int


class DeliveryPage(Answer):
    items: list[DeliveryItem]
    next_cursor: str | None


NEW: dict[str, Any] = {
    "url": "https://praxis.example/quittance",
    "types": ["InvoiceSettled", "SubmissionRejected"],
    "description": "Praxissoftware",
}
CHANGE: dict[str, Any] = {"active": True}
