"""The service lines of one invoice: positions whose prices come near the amount that was drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from libs.events.handed import ServiceLine
from libs.events.values import Law
from services.simulator.practices import Practice
from services.simulator.tariffs import (
    HOME_CARE,
    PHYSIO_KVG,
    PHYSIO_UVG,
    TWO_PARTS,
    VAT_RATES,
    Position,
    point_value,
    price_rappen,
    shelf,
)

CHOICE = 6
"""A line is drawn from so many positions nearest to what it may cost."""
OVER = 1.2
"""A position may cost so much more than the line's share of the amount."""
QUANTITY_MAX = 60
_QUARTER_HOUR, _HOURS_MAX = Decimal("0.25"), 4
"""Home care counts in quarters of an hour, which keeps the quantity exact."""


@dataclass(frozen=True, kw_only=True)
class Basket:
    """What the lines of an invoice have in common."""

    practice: Practice
    law: Law
    days: Sequence[date]
    """Days on which the patient may have come, first to last."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A position with the values of its points for this invoice, and what one of it costs."""

    position: Position
    value: Decimal
    rappen: int

    def parts(self, quantity: Decimal) -> tuple[int, int]:
        mt, tt = self.position.points_mt, self.position.points_tt
        return price_rappen(quantity, (mt, self.value), (tt, self.value))

    def quantity(self, wanted_rappen: int) -> Decimal:
        """Return how many come near a price; a sitting comes once."""
        times = wanted_rappen / self.rappen
        if self.position.tariff == HOME_CARE:
            quarters = min(max(1, round(times / float(_QUARTER_HOUR))), _HOURS_MAX * 4)
            return quarters * _QUARTER_HOUR
        if self.position.visit:
            return Decimal(1)
        return Decimal(min(max(1, round(times)), QUANTITY_MAX))


def compose(draw: Random, basket: Basket, target_rappen: int, count: int) -> list[ServiceLine]:
    """Return so many lines that cost about the target together; the last one fits it best."""
    offers = _offers(basket)
    chosen: list[tuple[Offer, Decimal]] = []
    visits, remaining = 0, target_rappen
    for left in range(count, 0, -1):
        share = max(1, remaining // left)
        fitting = _left(offers, chosen, share, can_come=visits < len(basket.days))
        offer = _fit(fitting, share) if left == 1 else _choose(draw, fitting, share)
        quantity = offer.quantity(share)
        chosen.append((offer, quantity))
        visits += offer.position.visit
        remaining -= sum(offer.parts(quantity))
    return list(_lines(basket, chosen, basket.days[-visits:]))


def _offers(basket: Basket) -> list[Offer]:
    practice = basket.practice
    offers = []
    for position in shelf(practice.traits.shelf, basket.days[-1]):
        value = point_value(position, basket.law, practice.canton, practice.point_value_private)
        parts = price_rappen(Decimal(1), (position.points_mt, value), (position.points_tt, value))
        offers.append(Offer(position=position, value=value, rappen=sum(parts)))
    return offers


def _left(
    offers: Sequence[Offer],
    chosen: Sequence[tuple[Offer, Decimal]],
    share: int,
    *,
    can_come: bool,
) -> Sequence[Offer]:
    """Return what the next line may be: first a sitting, later nothing twice if it can be."""
    sittings = [offer for offer in offers if offer.position.visit]
    if not chosen:
        return sittings
    used = {offer.position.code for offer, _ in chosen}
    others = [offer for offer in offers if not offer.position.visit]
    fresh = [offer for offer in others if offer.position.code not in used]
    affordable = [*(sittings if can_come else ()), *fresh]
    if any(offer.rappen <= share * OVER for offer in affordable):
        return affordable
    return others


def _choose(draw: Random, offers: Sequence[Offer], share: int) -> Offer:
    by_price = sorted(offers, key=lambda offer: offer.rappen)
    fitting = [offer for offer in by_price if offer.rappen <= share * OVER]
    return draw.choice(fitting[-CHOICE:]) if fitting else by_price[0]


def _fit(offers: Sequence[Offer], share: int) -> Offer:
    return min(offers, key=lambda offer: abs(sum(offer.parts(offer.quantity(share))) - share))


def _lines(
    basket: Basket, chosen: Sequence[tuple[Offer, Decimal]], days: Sequence[date]
) -> Iterator[ServiceLine]:
    practice, visit = basket.practice, -1
    for number, (offer, quantity) in enumerate(chosen, start=1):
        position = offer.position
        visit += position.visit
        two = position.tariff in TWO_PARTS
        social = position.tariff == PHYSIO_KVG and basket.law in {Law.UVG, Law.IVG, Law.MVG}
        yield ServiceLine(
            record_id=number,
            tariff=PHYSIO_UVG if social else position.tariff,
            code=position.code,
            name=position.names[practice.language],
            on=days[visit],
            quantity=quantity,
            amount_rappen=sum(offer.parts(quantity)),
            vat_rate=VAT_RATES[position.vat] if practice.vat_number else VAT_RATES["EXEMPT"],
            points_mt=position.points_mt,
            value_mt=offer.value,
            points_tt=position.points_tt,
            value_tt=offer.value if two else Decimal(1),
            provider_gln=practice.provider_gln,
            section=practice.section if two else "",
        )
