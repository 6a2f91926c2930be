"""Priced lines → sums: VAT by rate group, what a session may hold, the patient's share. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from libs.events.handed import VatGroup
from libs.events.values import Language, Law
from libs.records import Service
from libs.records.services import LINES_MAX
from services.ingest.bodies.places import Elements
from services.ingest.bodies.written import Sums, plain
from services.ingest.message.arithmetic import francs, round_payable
from services.ingest.message.lexical import AMOUNT_MAX
from services.ingest.message.lines import HUNDRED, ZERO, round_rappen
from services.ingest.message.plausibility import ADULT_YEARS, years_before
from services.ingest.prices import price_lists
from services.ingest.prices.price_lists import Asked, Lists
from services.ingest.prices.priced import Case, Priced
from services.ingest.prices.pricing import HOME_CARE, Pricing

SHARE_OF_PATIENT: Final = Decimal("0.2")
SESSIONS_OF_ORDER: Final = 9
FREE: Final = "999"
"""The tariff of lines that are in no list (invoice-xml 10); VAT on top is one."""
_TAX_NAMES: Final[Mapping[Language, str]] = {
    "de": "MWST {rate} %",
    "fr": "TVA {rate} %",
    "it": "IVA {rate} %",
    "en": "VAT {rate} %",
}


def price(
    placed: Sequence[tuple[int, Service]],
    prepaid_rappen: int,
    case: Case,
    lists: Lists,
    elements: Elements,
) -> Priced:
    """Return lines, given with their places in the body, priced; what was noticed; their sums."""
    pricing = Pricing(case, lists, elements)
    lines = [line for _, line in placed]
    for place, line in placed:
        pricing.line(place, line)
    done = pricing.done
    _look_at_sittings(lines, done)
    groups = _groups(lines, case, done, elements)
    total = sum(group.amount_rappen for group in groups)
    if total > AMOUNT_MAX * HUNDRED:
        done.error("amount_too_large", done.nodes[0], "")
    done.sums = Sums(
        amount_rappen=total, due_rappen=round_payable(total - prepaid_rappen), groups=groups
    )
    done.share_rappen = _share(case, lists, done)
    return done


def _groups(
    lines: Sequence[Service], case: Case, done: Priced, elements: Elements
) -> tuple[VatGroup, ...]:
    """Return the groups, each computed on its sum (BR-49); VAT on top is a line of its own."""
    on_top = {rate: round_rappen(_francs(net) * rate / HUNDRED) for rate, net in done.net.items()}
    for rate, rappen in on_top.items():
        if rappen:
            values = _tax_line(rate, rappen, max(line.on for line in lines), case)
            values["record_id"] = str(LINES_MAX + len(done.nodes))
            done.nodes.append(elements.node("service", values, at="/lines"))
    groups = []
    for rate in sorted(done.gross.keys() | on_top.keys()):
        gross = done.gross.get(rate, 0)
        groups.append(
            VatGroup(
                rate=rate,
                amount_rappen=gross + done.net.get(rate, 0) + on_top.get(rate, 0),
                vat_rappen=round_rappen(_francs(gross) * rate / (HUNDRED + rate))
                + on_top.get(rate, 0),
            )
        )
    return tuple(groups) or (VatGroup(rate=ZERO, amount_rappen=0, vat_rappen=0),)


def _tax_line(rate: Decimal, rappen: int, on: date, case: Case) -> dict[str, str]:
    return {
        "tariff_type": FREE,
        "code": "VAT",
        "name": _TAX_NAMES[case.language].format(rate=plain(rate.normalize())),
        "quantity": "1",
        "date_begin": on.isoformat(),
        "provider_id": case.provider_gln,
        "responsible_id": case.provider_gln,
        "unit": francs(rappen),
        "amount": francs(rappen),
        "vat_rate": plain(rate),
    }


def _look_at_sittings(lines: Sequence[Service], done: Priced) -> None:
    """Look for what a session may hold once, and an order nine times (BR-36)."""
    sessions: set[tuple[str, date, int]] = set()
    for line, node, position in zip(lines, done.nodes, done.positions, strict=True):
        if position is None or not position.sitting:
            continue
        key = (position.sitting, line.on, line.session)
        if key in sessions or line.quantity > 1:
            done.error("sitting_repeated", node, "session")
        sessions.add(key)
        if len(sessions) == SESSIONS_OF_ORDER + 1:
            done.warning("order_exceeded", node, "", limit=str(SESSIONS_OF_ORDER))


def _share(case: Case, lists: Lists, done: Priced) -> int | None:
    """Return what the patient bears of home care, day by day (BR-42); None where it is nothing."""
    if not done.care or case.law is not Law.KVG:
        return None
    caps = lists.values.get(HOME_CARE, ())
    asked = Asked(law=case.law, canton=case.canton, provider_kind=case.provider_kind)
    total = 0
    for on, rappen in done.care.items():
        cap = price_lists.point_value(caps, asked, on)
        young = case.born_on is not None and case.born_on > years_before(on, ADULT_YEARS)
        if cap is not None and not young:
            share = round_rappen(_francs(rappen) * SHARE_OF_PATIENT)
            total += min(share, round_rappen(cap.value))
    return total


def _francs(rappen: int) -> Decimal:
    return Decimal(rappen) / HUNDRED
