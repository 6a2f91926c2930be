"""Whole columns as PostgreSQL's binary arrays: a batch crosses the driver in a few joins.

psycopg would call a dumper for each of a batch's thousands of values, which costs more than all
else that an append does on our side. The layout is that of PostgreSQL's `array_recv`.
"""

from collections.abc import Iterable, Sequence
from struct import pack
from typing import ClassVar

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

_INT4, _TEXT, _BYTEA = 23, 25, 17


class Column(bytes):
    """An array as it is sent."""

    array_oid: ClassVar[int]


class Texts(Column):
    array_oid = 1009


class Blobs(Column):
    array_oid = 1001


class Integers(Column):
    array_oid = 1007


def texts(values: Iterable[str]) -> Texts:
    """Return a `text[]`."""
    return Texts(_joined(_TEXT, [value.encode() for value in values]))


def blobs(values: Sequence[bytes]) -> Blobs:
    """Return a `bytea[]`."""
    return Blobs(_joined(_BYTEA, values))


def integers(values: Iterable[int]) -> Integers:
    """Return an `int4[]`."""
    return Integers(_joined(_INT4, [pack("!i", value) for value in values]))


def _joined(element_oid: int, values: Sequence[bytes]) -> bytes:
    """Lay out one dimension without nulls: its head, then each value behind its length."""
    if not values:
        return pack("!iii", 0, 0, element_oid)
    parts = [pack("!iiiii", 1, 0, element_oid, len(values), 1)]
    for value in values:
        parts += (pack("!i", len(value)), value)
    return b"".join(parts)


def _dumper(kind: type[Column]) -> type[Dumper]:
    class AsItIs(Dumper):
        format = Format.BINARY
        oid = kind.array_oid

        @override
        def dump(self, obj: Column) -> Buffer:
            return obj

    return AsItIs


for _kind in (Texts, Blobs, Integers):
    adapters.register_dumper(_kind, _dumper(_kind))
