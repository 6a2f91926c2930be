"""Which fields of an event the feed shows: what is an id, a code, an amount or a day. Pure.

Derived from the events themselves: a value of several parts, such as an address or what is sealed,
is no field of the feed, and neither is who in the practice did something.
"""

import enum
import types
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Literal, NewType, Union, get_args, get_origin, get_type_hints

from libs.events import PUBLIC, Event
from libs.events.handed import Facts

ELSEWHERE: Final = frozenset(
    (
        "practice_id", "invoice_id", "submission_id", "by", "biller_phone", "biller_vat_number",
        "likeness",
    )
)  # fmt: skip
"""Fields that stand beside the data, or are nobody's business but the practice's own."""

FACTS: Final = (
    "kind",
    "request_on",
    "request_timestamp",
    "version",
    "scheme",
    "law",
    "treated_from",
    "treated_to",
    "amount_rappen",
    "reminder_rappen",
    "prepaid_rappen",
    "due_rappen",
    "reminder_level",
    "guid",
    "test",
)
"""What of a message's own facts goes with the events that carry them."""

PLAIN = (str, int, bool, date, datetime)


def is_plain(hint: Any) -> bool:
    """Whether a field holds one plain value, or several of one kind."""
    if isinstance(hint, NewType):
        return is_plain(hint.__supertype__)
    origin = get_origin(hint)
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType):
        return all(part is types.NoneType or is_plain(part) for part in get_args(hint))
    if origin is tuple:
        return all(part is Ellipsis or is_plain(part) for part in get_args(hint))
    return isinstance(hint, type) and (hint in PLAIN or issubclass(hint, enum.StrEnum))


@cache
def hints(kind: type[Event] | type[Facts]) -> Mapping[str, Any]:
    """Return the plain fields of an event with what they hold."""
    return {
        name: hint
        for name, hint in get_type_hints(kind).items()
        if name in kind.__struct_fields__ and name not in ELSEWHERE and is_plain(hint)
    }


@cache
def fields(name: str) -> tuple[str, ...]:
    """Return the names of the fields that the feed shows of a type of event."""
    return tuple(hints(PUBLIC[name]))


@cache
def carries_facts(name: str) -> bool:
    """Whether an event repeats what a message says of itself."""
    return "facts" in PUBLIC[name].__struct_fields__


@cache
def carries_findings(name: str) -> bool:
    """Whether an event says what was noticed in a message."""
    return "findings" in PUBLIC[name].__struct_fields__
