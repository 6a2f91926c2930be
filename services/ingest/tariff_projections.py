"""What imported lists mean for the read tables, and what pricing and search ask of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, and_, case, func, or_, select, tuple_

from libs.events import Envelope
from libs.events.values import LANGUAGES
from libs.records import Service
from libs.runtime.rows import Change, put
from services.ingest.decider.tariffs import (
    PointValuesImported,
    PositionsImported,
    TariffEvent,
    VatRatesImported,
)
from services.ingest.prices.price_lists import Key, Lists, PointValue, Position, VatRate
from services.ingest.prices.pricing import HOME_CARE
from services.ingest.tables import point_values, tariff_positions, vat_rates

TOGETHER_MAX = 400
"""Positions that one query names."""


def project_tariffs(event: TariffEvent, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep each row under its key and first day."""
    match event:
        case PositionsImported():
            yield from map(_position, event.positions)
        case PointValuesImported():
            yield from map(_value, event.values)
        case VatRatesImported():
            for rate in event.rates:
                yield put(
                    vat_rates,
                    category=rate.category,
                    valid_from=rate.valid_from,
                    stated=_json(rate),
                )


def _position(position: Position) -> Change:
    names = dict.fromkeys(position.name(language) for language in LANGUAGES)
    return put(
        tariff_positions,
        tariff=position.tariff,
        code=position.code,
        valid_from=position.valid_from,
        valid_to=position.valid_to,
        source=position.source,
        words=" ".join((position.code, *names)).lower(),
        stated=_json(position),
    )


def _value(value: PointValue) -> Change:
    return put(
        point_values,
        tariff=value.tariff,
        law=value.law,
        canton=value.canton,
        insurer_group=value.insurer_group,
        provider_kind=value.provider_kind,
        valid_from=value.valid_from,
        stated=_json(value),
    )


def lists_for(db: Connection, lines: Sequence[Service]) -> Lists:
    """Return what these lines need to be priced, of any day."""
    codes = sorted({(line.tariff, line.code) for line in lines})
    names = sorted({tariff for tariff, _ in codes})
    table = tariff_positions.c
    positions: dict[Key, list[Position]] = defaultdict(list)
    for start in range(0, len(codes), TOGETHER_MAX):
        some = codes[start : start + TOGETHER_MAX]
        wanted = select(table.stated).where(tuple_(table.tariff, table.code).in_(some))
        for stated in db.execute(wanted).scalars():
            found = msgspec.json.decode(stated, type=Position)
            positions[found.key].append(found)
    known = {tariff for tariff in names if knows(db, tariff)}
    values: dict[str, list[PointValue]] = defaultdict(list)
    worth = select(point_values.c.stated).where(point_values.c.tariff.in_([*names, HOME_CARE]))
    for stated in db.execute(worth).scalars():
        value = msgspec.json.decode(stated, type=PointValue)
        values[value.tariff].append(value)
    rates = db.execute(select(vat_rates.c.stated)).scalars()
    return Lists(
        positions=positions,
        known=frozenset(known),
        values=values,
        rates=[msgspec.json.decode(stated, type=VatRate) for stated in rates],
    )


def knows(db: Connection, tariff: str) -> bool:
    """Return whether a tariff has positions of any day."""
    some = select(tariff_positions.c.code).where(tariff_positions.c.tariff == tariff).limit(1)
    return db.execute(some).first() is not None


def tariff_list(db: Connection, on: date) -> Sequence[RowMapping]:
    """Return each tariff with how many positions stand on a day, and from which list."""
    table = tariff_positions.c
    wanted = (
        select(
            table.tariff,
            func.count().label("positions"),
            func.min(table.valid_from).label("valid_from"),
            func.max(table.source).label("source"),
        )
        .where(_stands(on))
        .group_by(table.tariff)
        .order_by(table.tariff)
    )
    return db.execute(wanted).mappings().all()


def search(
    db: Connection, tariff: str, words: Sequence[str], on: date, limit: int
) -> list[Position]:
    """Return positions that stand on a day and hold all words, those whose code begins so first."""
    table = tariff_positions.c
    wanted = select(table.stated).where(table.tariff == tariff, _stands(on))
    for word in words:
        wanted = wanted.where(table.words.contains(word, autoescape=True))
    first = words[0] if words else ""
    begins = table.words.startswith(first, autoescape=True)
    wanted = wanted.order_by(case((begins, 0), else_=1), table.code).limit(limit)
    return [msgspec.json.decode(stated, type=Position) for stated in db.execute(wanted).scalars()]


def _stands(on: date) -> Any:
    table = tariff_positions.c
    return and_(table.valid_from <= on, or_(table.valid_to.is_(None), table.valid_to >= on))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
