"""What was done, line by line, to be priced by dated tables (BR-30 to BR-50)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from libs.records.handed import Body, Day, Gln, Handed, Rappen

LINES_MAX = 1_000

Exact = Annotated[
    Decimal,
    Field(ge=0, lt=1_000_000, max_digits=12, decimal_places=6, allow_inf_nan=False),
]
Category = Literal["EXEMPT", "NORMAL", "REDUCED", "SPECIAL"]


class Tax(Body):
    """A VAT category other than the tariff's, and why (BR-47)."""

    category: Category
    reason: Annotated[str, Field(min_length=3, max_length=350)]


class Service(Body):
    """One service. Points, point value and price come from the tables unless they may be given."""

    tariff: Annotated[str, Field(pattern="^[0-9A-Z]{3}$", examples=["007"])]
    """Three characters, invoice-xml 10."""
    code: Annotated[str, Field(min_length=1, max_length=30, examples=["AA.00.0010"])]
    quantity: Annotated[Exact, Field(gt=0, examples=["1"])] = Decimal(1)
    """Minutes for home care (BR-42)."""
    on: Day
    side: Literal["none", "left", "right", "both"] = "none"
    session: Annotated[int, Field(ge=1, le=999)] = 1
    provider_gln: Gln | None = None
    section: Annotated[str, Field(max_length=9)] = ""
    name: Annotated[str, Field(max_length=350)] = ""
    """Own words, where the tariff leaves them open."""
    points: Exact | None = None
    """Own number of points, where the tariff gives a range (BR-38)."""
    point_value: Exact | None = None
    """Own point value, where the tariff leaves it free up to a cap (BR-38)."""
    price_rappen: Rappen | None = None
    """Own price of one unit, where the tariff has none or a maximum (BR-41)."""
    factor: Exact = Decimal(1)
    """Discount or surcharge outside the tariff; 0 is free of charge (invoice-xml 9.1)."""
    tax: Tax | None = None
    remark: Annotated[str, Field(max_length=350)] = ""


class ServiceRecord(Handed):
    """Services of one patient that become one invoice."""

    lines: Annotated[tuple[Service, ...], Field(min_length=1, max_length=LINES_MAX)]
