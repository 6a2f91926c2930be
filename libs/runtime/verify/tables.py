"""Read tables: they must equal what the logs make of them (P14).

The fold keeps one tuple for each row and nothing else. Of others' logs only what the service has
heard is read: a difference that comes of reading them a moment later is none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Column, Connection, Dialect, Table, func, select

from libs.events import SAID_BY, Envelope, SubjectErased
from libs.runtime import rows, scan
from libs.runtime.hearing import Hearing
from libs.runtime.store import Store
from libs.runtime.tables import PARKED
from libs.runtime.vault import gone_of
from libs.runtime.verify.findings import NAMED_MAX, Findings
from libs.runtime.verify.reached import reached

PAGE = 5_000
Values: TypeAlias = tuple[Any, ...]


class Unprojected(Exception):
    """A stored event cannot be read, or a projection fails on it."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The logs that a service's read tables are made of, and how its positions count them."""

    logs: Mapping[str, tuple[Store, Connection]]
    """Its own log and those of all services that it hears, by name."""
    over_kafka: bool = False
    """Positions are numbers of records in a partition, not positions in the source's log."""


def verify_tables(
    hearing: Hearing, db: Connection, reach: Reach
) -> tuple[dict[str, Any], Findings]:
    """Compare the read tables with what the logs make of them; return their sizes."""
    going: set[str] = set()
    expected = fold(changes(hearing, db, reach, going), hearing.service.tables.sorted_tables)
    if going:
        going -= _erased(reach)
    failed: Findings = []
    sums: dict[str, Any] = {}
    for table in hearing.service.tables.sorted_tables:
        found = _differences(table, expected.pop(table), db, going)
        failed += [f"{hearing.service.name}: {table.name} {what}" for what in found]
        sums[table.name] = db.execute(select(func.count()).select_from(table)).scalar_one()
    return sums, failed


def changes(
    hearing: Hearing, db: Connection, reach: Reach, erased: set[str] | None = None
) -> Iterator[rows.Change]:
    """Return all row changes that the service's own log and the logs it hears make.

    Adds to `erased` whose personal fields could not be shown any more. Raises Unprojected.
    """
    for event, envelope in seen(hearing, db, reach):
        if erased is not None and type(event) in hearing.service.shows:
            erased.update(gone_of(event))
        try:
            made = hearing.project(event, envelope)
        except Exception as error:
            raise _unprojected(envelope, error) from error
        yield from made


def _erased(reach: Reach) -> set[str]:
    """Return of whom the log says that they are erased: of them no row may be left.

    Between the end of a key and that event an erasure is under way; rows may still be there.
    """
    for store, other in reach.logs.values():
        if SAID_BY[SubjectErased.__name__] == store.service:
            pages = scan.envelopes(other, store.service, [SubjectErased.__name__])
            decode = msgspec.json.Decoder(SubjectErased).decode
            return {str(decode(event.data).subject) for page in pages for event in page}
    return set()


def seen(hearing: Hearing, db: Connection, reach: Reach) -> Iterator[tuple[Any, Envelope]]:
    """Return what the projections of a service saw: of its own log all, of others what it heard."""
    name = hearing.service.name
    kept = (PARKED.c.consumer == name) & (PARKED.c.source != name)
    parked = set(db.execute(select(PARKED.c.event_id).where(kept)).scalars())
    for source, (store, other) in reach.logs.items():
        if source == name:
            for page in scan.envelopes(other, store.service, hearing.own_types):
                yield from _read(hearing, page, own=True)
            continue
        heard = reached(db, name, source, other, over_kafka=reach.over_kafka)
        types = hearing.shown_types(source)
        for page in scan.envelopes(other, store.service, types, heard.end):
            there = [one for one in page if heard.holds(one) and one.id not in parked]
            yield from _read(hearing, there, own=False)


def _read(
    hearing: Hearing, page: Sequence[Envelope], *, own: bool
) -> Iterator[tuple[Any, Envelope]]:
    """Return a page as projections see it; name the event that cannot be read."""
    try:
        yield from hearing.seen(page, own=own)
    except Exception as error:
        for envelope in page:
            try:
                list(hearing.seen([envelope], own=own))
            except Exception as same:  # noqa: BLE001 - whatever it is, the event is named
                raise _unprojected(envelope, same) from error
        raise


def _unprojected(envelope: Envelope, error: Exception) -> Unprojected:
    return Unprojected(
        f"{envelope.source}'s position {envelope.position}, {envelope.type} of stream"
        f" {envelope.stream}, cannot be projected: {type(error).__name__}"
    )


def fold(made: Iterable[rows.Change], tables: Sequence[Table]) -> dict[Table, dict[Any, Values]]:
    """Return the rows that these changes leave, by table and key, as tuples of their columns."""
    found: dict[Table, dict[Any, Values]] = {table: {} for table in tables}
    layouts = {table: _Layout(table) for table in tables}
    for kind, table, values in made:
        layout, there = layouts[table], found[table]
        key = layout.key(values)
        if kind == "put":
            there[key] = layout.row(values)
        elif kind == "drop":
            there.pop(key, None)
        elif (row := there.get(key)) is not None:
            there[key] = layout.changed(row, values)
    return found


def stored_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a row as it is put, in the table's order."""
    return [column for column in table.columns if column.computed is None]


class _Layout:
    """How a table's rows become tuples: all columns but those that the database computes."""

    def __init__(self, table: Table) -> None:
        self.columns = stored_columns(table)
        names = [column.name for column in self.columns]
        self._place = {name: index for index, name in enumerate(names)}
        self._names = names
        self.key = _getter([column.name for column in table.primary_key])
        self._whole = _getter(names)

    def row(self, values: Mapping[str, Any]) -> Values:
        try:
            return self._whole(values)
        except KeyError:  # a column left out of a put is empty
            return tuple([values.get(name) for name in self._names])

    def changed(self, row: Values, values: Mapping[str, Any]) -> Values:
        new = list(row)
        for name, value in values.items():
            new[self._place[name]] = value
        return tuple(new)


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Values]:
    if len(names) > 1:
        return itemgetter(*names)
    return partial(_single, names[0])


def _single(name: str, values: Mapping[str, Any]) -> Values:
    return (values[name],)


class Stored:
    """How the database keeps a table's rows, so that they compare as the driver gives them."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        columns = stored_columns(table)
        quote = dialect.identifier_preparer.quote
        self.names = [column.name for column in columns]
        self.table = quote(table.name)
        self.columns = ", ".join(quote(name) for name in self.names)
        self.key = ", ".join(quote(column.name) for column in table.primary_key)
        self._converters = [
            (index, convert)
            for index, column in enumerate(columns)
            if dialect.name == "sqlite"  # which has text and numbers only
            and (convert := column.type.dialect_impl(dialect).bind_processor(dialect))
        ]

    def row(self, values: Values) -> Values:
        """Return a row that was put as the database gives it back."""
        if not self._converters:
            return values
        new = list(values)
        for index, convert in self._converters:
            new[index] = convert(new[index])
        return tuple(new)


def _differences(
    table: Table, expected: dict[Any, Values], db: Connection, going: set[str]
) -> Findings:
    stored = Stored(table, db.dialect)
    keys = [stored.names.index(column.name) for column in table.primary_key]
    due = {tuple([row[at] for at in keys]): row for row in map(stored.row, expected.values())}
    expected.clear()
    failed: Findings = []
    sql = f"SELECT {stored.columns} FROM {stored.table} ORDER BY {stored.key}"  # noqa: S608 - names
    for row in scan.stream(db, sql):
        key = tuple([row[at] for at in keys])
        made = due.pop(key, None)
        if row == made:
            continue
        if made is not None:
            failed.append(f"{_named(key)} differs: {_differing(stored.names, row, made)}")
        elif going.isdisjoint(row):
            failed.append(f"has a row that no event made: {_named(key)}")
        if len(failed) >= NAMED_MAX:
            return failed
    failed += [f"lacks the row {_named(key)}" for key in due]
    return failed[:NAMED_MAX]


def _differing(names: Sequence[str], there: Values, made: Values) -> str:
    return ", ".join(
        f"{name} is {_shown(is_)}, should be {_shown(should)}"
        for name, is_, should in zip(names, there, made, strict=True)
        if is_ != should
    )


def _named(key: Values) -> str:
    return "/".join(str(part) for part in key)


def _shown(value: Any) -> str:
    """Return a value as a finding says it: numbers and days; never what may be a name."""
    return str(value) if value is None or isinstance(value, int | date) else "another"
