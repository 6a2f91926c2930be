"""What an event in the timeline says: its bytes leave out what stood at its default. Pure."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from libs.events import PUBLIC
from libs.events.handed import Facts
from libs.runtime.vault import private_fields


def said(kind: str, data: str) -> dict[str, Any]:
    """Return what an event says by the timeline's text, what stood at its default among it.

    So too of the facts of a message that some events repeat.
    """
    found = {**_unsaid(kind), **msgspec.json.decode(data)}
    if "facts" in found:
        found["facts"] = {**_DEFAULTS_OF_FACTS, **found["facts"]}
    return found


@cache
def _unsaid(kind: str) -> Mapping[str, Any]:
    if kind not in PUBLIC:
        return {}
    private = private_fields(PUBLIC[kind])  # the timeline does not even say that there is none
    return {name: value for name, value in _defaults(PUBLIC[kind]) if name not in private}


def _defaults(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(kind):
        if field.default_factory is not msgspec.NODEFAULT:
            yield field.name, msgspec.to_builtins(field.default_factory())
        elif field.default is not msgspec.NODEFAULT:
            yield field.name, msgspec.to_builtins(field.default)


_DEFAULTS_OF_FACTS = dict(_defaults(Facts))
