"""Documents: each that an event names is there and holds what its name says, unless erased."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec
from sqlalchemy import Connection

from libs.events import Event
from libs.events.values import DocumentId
from libs.runtime import scan
from libs.runtime.documents import Documents
from libs.runtime.service import Service
from libs.runtime.verify.findings import NAMED_MAX, Findings

REMEMBERED_MAX = 50_000
"""Files examined lately; a bank's file is named by each of its receipts."""


def verify_documents(
    service: Service, db: Connection, documents: Documents, after: int, upto: int
) -> tuple[int, Findings]:
    """Examine what events behind `after` up to `upto` name; return how many files that were."""
    failed: Findings = []
    seen: set[str] = set()
    count = 0
    for position, document in named(service, db, after, upto):
        if document in seen:
            continue
        if len(seen) >= REMEMBERED_MAX:
            seen.clear()
        seen.add(document)
        count += 1
        if wrong := documents.examine(document):
            failed.append(
                f"{service.name}: document {document}, named at position {position}, {wrong}"
            )
            if len(failed) >= NAMED_MAX:
                break
    return count, failed


def named(
    service: Service, db: Connection, after: int, upto: int
) -> Iterator[tuple[int, DocumentId]]:
    """Return the documents that events of a service's log name, with their positions."""
    decoders = _decoders(tuple(kind for one in service.deciders for kind in one.events))
    for rows in scan.pages(db, ("type", "data"), after, upto, decoders.keys()):
        for position, kind, data in rows:
            try:
                found = decoders[kind].decode(data)
            except msgspec.DecodeError:
                continue  # the chain tells that it was changed, and the read tables what it held
            for one in msgspec.structs.astuple(found):
                for document in one if isinstance(one, tuple) else (one,) if one else ():
                    yield position, document


@cache
def _decoders(kinds: Sequence[type[Event]]) -> Mapping[str, msgspec.json.Decoder[Any]]:
    """Return decoders that read of an event nothing but the documents that it names."""
    found = {}
    for kind in kinds:
        fields = [
            (name, DocumentId | tuple[DocumentId, ...] | None, None)
            for name, annotation in get_type_hints(kind).items()
            if annotation is DocumentId or DocumentId in get_args(annotation)
        ]
        if fields:
            slim = msgspec.defstruct(kind.__name__, fields, kw_only=True)
            found[kind.__name__] = msgspec.json.Decoder(slim)
    return found
