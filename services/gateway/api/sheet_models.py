"""What REST says of sheets on paper, and takes for a practice's own sheet."""

from typing import Annotated, Literal

from pydantic import Field

from libs.paper.blank import POSITIONS_MAX
from services.gateway.api.bodies import Strict
from services.gateway.api.models import Answer, Instant, Receipt

PRINTABLE = "^[ -~\u00a0-\u00ac\u00ae-\u017f\u0218-\u021b\u20ac]*$"
"""Letters that our papers are printed in (payments 1.3)."""


class SheetItem(Answer):
    """A scanned sheet and where it is."""

    sheet_id: Annotated[str, Field(examples=["0c52b7a2-0a8e-5b5e-9c42-3f0a0e3f6a11"])]
    state: Annotated[
        Literal["waiting", "second", "differing", "keyed", "taken", "sent_back"],
        Field(description="Waiting for a clerk in one way or another; keyed; an invoice; or back."),
    ]
    kind: Annotated[
        Literal["sheet", "form", "scan"],
        Field(description="One of ours, a form of 5.0, or anything else."),
    ]
    pages: int
    media_type: Annotated[str, Field(examples=["image/png"])]
    size_bytes: int
    template_version: int | None
    reason: Annotated[str, Field(examples=["unreadable"], description="Why it was sent back.")]
    problem: str
    submission_id: str | None
    invoice_id: str | None
    received_at: Instant


class SheetReceipt(SheetItem):
    """The same for one that was just handed in."""

    repeated: bool
    receipt: Receipt | None
    """Of the message on a form of 5.0 that was read from its codes; it waits for nobody."""


class SheetPage(Answer):
    items: list[SheetItem]
    next_cursor: str | None


class PrintedPosition(Strict):
    """A position that is printed on a practice's own sheet."""

    tariff: Annotated[str, Field(pattern="^[0-9A-Z]{3}$", examples=["007"])]
    code: Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z./ -]{0,29}$")]
    name: Annotated[str, Field(max_length=80, pattern=PRINTABLE)] = ""


class TemplatePositions(Strict):
    """Which positions are printed, in their order."""

    positions: Annotated[list[PrintedPosition], Field(max_length=POSITIONS_MAX)]


class TemplateItem(Answer):
    """A version of a practice's own sheet; version 0 has no positions."""

    version: int
    positions: list[PrintedPosition]
