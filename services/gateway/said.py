"""What an event in the timeline says: its bytes leave out what stood at its default. Pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from libs.events import PUBLIC
from libs.runtime.vault import private_fields


def said(kind: str, data: str) -> dict[str, Any]:
    """Return the facts of an event by the timeline's text, those at their default among them."""
    return {**_unsaid(kind), **msgspec.json.decode(data)}


@cache
def _unsaid(kind: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if kind not in PUBLIC:
        return found
    private = private_fields(PUBLIC[kind])  # the timeline does not even say that there is none
    for field in msgspec.structs.fields(PUBLIC[kind]):
        if field.name in private:
            continue
        if field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default_factory())
        elif field.default is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default)
    return found
