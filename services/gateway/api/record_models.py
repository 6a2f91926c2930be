"""What REST says of service records and tariffs."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.gateway.api.models import Answer, FindingItem


class PricedLine(Answer):
    """A service with its price. Numbers that are no amounts are texts, so they stay exact."""

    record_id: Annotated[int, Field(description="Place of the line in the body, from 1.")]
    tariff: Annotated[str, Field(examples=["007"])]
    code: Annotated[str, Field(examples=["AA.00.0010"])]
    name: str
    on: date
    quantity: Annotated[str, Field(examples=["1"])]
    points_mt: str
    value_mt: str
    points_tt: str
    value_tt: str
    vat_rate: str
    amount_rappen: int
    source: Annotated[str, Field(description="Which list it was priced by; empty for VAT on top.")]


class RateGroup(Answer):
    """The services of one VAT rate; the amount contains its VAT."""

    rate: Annotated[str, Field(examples=["8.1"])]
    amount_rappen: int
    vat_rappen: int


class Preview(Answer):
    """What a record would come to, and what stands in its way. Nothing of it is kept."""

    lines: list[PricedLine]
    vat: list[RateGroup]
    amount_rappen: Annotated[int, Field(description="Sum of the lines.")]
    due_rappen: Annotated[int, Field(description="What would be asked for, rounded to 5 rappen.")]
    share_rappen: Annotated[
        int | None, Field(description="What of home care the patient bears at most.")
    ]
    complete: Annotated[bool, Field(description="Whether every line has its price.")]
    findings: list[FindingItem]


class TariffItem(Answer):
    """A tariff of which there are positions."""

    tariff: Annotated[str, Field(examples=["007"])]
    positions: int
    valid_from: date
    source: Annotated[str, Field(description="Which list; a sample says that it is one.")]


class TariffList(Answer):
    items: list[TariffItem]


class PositionItem(Answer):
    """A position of a tariff on a day."""

    tariff: Annotated[str, Field(examples=["007"])]
    code: Annotated[str, Field(examples=["AA.00.0010"])]
    name: str
    shape: Literal["two_part", "points", "price", "hourly"]
    points_mt: str
    points_tt: str
    price_rappen: int
    own: Annotated[
        Literal["", "price", "max", "points"],
        Field(description="What the practice may state: nothing, any price, one up to it, points."),
    ]
    own_min: str | None
    own_max: str | None
    category: Literal["EXEMPT", "NORMAL", "REDUCED", "SPECIAL"]
    net: Annotated[bool, Field(description="Whether VAT comes on top.")]
    valid_from: date
    valid_to: date | None
    source: str


class PositionList(Answer):
    items: list[PositionItem]
