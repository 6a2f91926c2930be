"""The lists that prices are made of: imported as a whole or not at all, never overlapping.

One stream holds them, because a file is checked against everything that was imported before. A row
that begins on the same day as one before takes its place: so a row is closed or corrected.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final, TypeAlias, TypeVar, assert_never

from libs.events import Event, Refused
from libs.events.values import COOPERATIVE, PracticeId
from services.ingest.prices.price_lists import Key, PointValue, Position, VatRate

R = TypeVar("R", Position, PointValue, VatRate)
ROWS_OF_EVENT: Final = 200
"""A list of thousands becomes several events, each of a size that every log carries."""


class ValidityOverlaps(Refused):
    """Two rows of one position stand on the same day; close the earlier one first."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__()
        self.rows = tuple(rows)
        """Their places in the file, from 0."""


class ListImported(Event, frozen=True, kw_only=True):
    """What all kinds of lists say."""

    file: str
    """Digest of the file."""
    imported_at: datetime


class PositionsImported(ListImported, frozen=True, kw_only=True):
    """Positions of tariffs that are new or other than before."""

    positions: tuple[Position, ...]


class PointValuesImported(ListImported, frozen=True, kw_only=True):
    """Point values that are new or other than before."""

    values: tuple[PointValue, ...]


class VatRatesImported(ListImported, frozen=True, kw_only=True):
    """Rates of VAT that are new or other than before."""

    rates: tuple[VatRate, ...]


@dataclass(frozen=True, kw_only=True)
class ImportPositions:
    """Take a list of positions."""

    file: str
    at: datetime
    rows: tuple[Position, ...]
    practice_id: PracticeId = COOPERATIVE


@dataclass(frozen=True, kw_only=True)
class ImportPointValues:
    """Take a list of point values."""

    file: str
    at: datetime
    rows: tuple[PointValue, ...]
    practice_id: PracticeId = COOPERATIVE


@dataclass(frozen=True, kw_only=True)
class ImportVatRates:
    """Take a list of VAT rates."""

    file: str
    at: datetime
    rows: tuple[VatRate, ...]
    practice_id: PracticeId = COOPERATIVE


Command: TypeAlias = ImportPositions | ImportPointValues | ImportVatRates
TariffEvent: TypeAlias = PositionsImported | PointValuesImported | VatRatesImported


@dataclass(frozen=True, kw_only=True)
class State:
    """Every row that stands or stood, by its key."""

    positions: Mapping[Key, tuple[Position, ...]] = field(default_factory=dict)
    values: Mapping[Key, tuple[PointValue, ...]] = field(default_factory=dict)
    rates: Mapping[Key, tuple[VatRate, ...]] = field(default_factory=dict)


INITIAL: Final = State()


def decide(state: State, command: Command) -> Sequence[TariffEvent]:
    """Return what a list brings; nothing where all of it was there."""
    said: dict[str, Any] = {
        "practice_id": command.practice_id,
        "file": command.file,
        "imported_at": command.at,
    }
    match command:
        case ImportPositions():
            rows = _new(state.positions, command.rows)
            return [PositionsImported(**said, positions=some) for some in _parts(rows)]
        case ImportPointValues():
            values = _new(state.values, command.rows)
            return [PointValuesImported(**said, values=some) for some in _parts(values)]
        case ImportVatRates():
            rates = _new(state.rates, command.rows)
            return [VatRatesImported(**said, rates=some) for some in _parts(rates)]
        case _:
            assert_never(command)


def evolve(state: State, event: TariffEvent) -> State:
    """Apply a fact."""
    match event:
        case PositionsImported():
            return replace(state, positions=_with(state.positions, event.positions))
        case PointValuesImported():
            return replace(state, values=_with(state.values, event.values))
        case VatRatesImported():
            return replace(state, rates=_with(state.rates, event.rates))
        case _:
            assert_never(event)


def _new(held: Mapping[Key, tuple[R, ...]], rows: Sequence[R]) -> list[R]:
    """Return the rows that are not there yet. Raises ValidityOverlaps."""
    places: dict[tuple[Key, object], int] = {}
    for place, row in enumerate(rows):
        first = places.setdefault((row.key, row.valid_from), place)
        if first != place:
            raise ValidityOverlaps((first, place))
    for key, all_of_key in _with({key: held.get(key, ()) for key, _ in places}, rows).items():
        for one, other in pairwise(all_of_key):
            if one.valid_to is None or one.valid_to >= other.valid_from:
                named = [places.get((key, each.valid_from)) for each in (one, other)]
                raise ValidityOverlaps([place for place in named if place is not None])
    return [row for row in rows if row not in held.get(row.key, ())]


def _with(held: Mapping[Key, tuple[R, ...]], rows: Sequence[R]) -> dict[Key, tuple[R, ...]]:
    """Return what is held with these rows in it, each key's in the order of their days."""
    found = dict(held)
    for row in rows:
        days: dict[date, R] = {each.valid_from: each for each in found.get(row.key, ())}
        days[row.valid_from] = row
        found[row.key] = tuple(days[day] for day in sorted(days))
    return found


def _parts(rows: Sequence[R]) -> Iterator[tuple[R, ...]]:
    for start in range(0, len(rows), ROWS_OF_EVENT):
        yield tuple(rows[start : start + ROWS_OF_EVENT])
