"""A finished invoice: who owes what for what, without lines; its document is sent as it is."""

from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import Field

from libs.records.handed import RAPPEN_MAX, Begun, Body, Handed

GROUPS_MAX = 6
FINISHED_TYPE = "application/msgpack"
"""Of the body that holds both parts between the gateway and ingest."""


class Group(Body):
    """The services of one VAT rate; the amount contains its VAT (invoice-xml A7, A8)."""

    rate: Annotated[
        Decimal, Field(ge=0, le=100, max_digits=4, decimal_places=2, allow_inf_nan=False)
    ]
    amount_rappen: Annotated[int, Field(ge=0, le=RAPPEN_MAX)]
    vat_rappen: Annotated[int, Field(ge=0, le=RAPPEN_MAX)]


class FinishedInvoice(Handed):
    """What is said beside the document; nothing of it is priced again (BR-27, BR-28)."""

    amount_rappen: Annotated[int, Field(ge=1, le=RAPPEN_MAX, examples=[18550])]
    """The sum of the invoice, before what was paid already."""
    vat: Annotated[tuple[Group, ...], Field(max_length=GROUPS_MAX)] = ()
    """Without any group all of it is exempt."""
    treatment: Begun


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """Both parts as they came, for the way from the gateway to ingest."""

    metadata: bytes
    document: bytes
