"""Documents that came with an accepted message, read from the event that names them.

What their sender calls them may name a patient, so it stands sealed in the event alone, and no
table knows it. The order is that of the message.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from libs.events import SubmissionAccepted
from libs.events.handed import Attachment
from libs.events.values import DocumentId, EventId, PracticeId, SubjectId, SubmissionId
from libs.runtime.tables import EVENTS
from libs.runtime.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The documents of a message, and under whose key they are kept."""

    subject: SubjectId
    documents: tuple[DocumentId, ...]
    described: tuple[Attachment, ...]
    """What is known of each; nothing once the case was erased."""


def of_submission(
    db: Connection, vault: Vault, practice_id: PracticeId, submission_id: SubmissionId
) -> Opened | None:
    """Return what came with an accepted message of a practice; None if there is no such one."""
    wanted = select(EVENTS.c.event_id, EVENTS.c.data).where(
        EVENTS.c.stream == f"submission-{submission_id}",
        EVENTS.c.type == SubmissionAccepted.__name__,
        EVENTS.c.tenant == practice_id,
    )
    row = db.execute(wanted.limit(1)).one_or_none()
    if row is None:
        return None
    event = msgspec.json.decode(row.data, type=SubmissionAccepted)
    if not event.attachments:
        return Opened(subject=event.medical.subject, documents=(), described=())
    medical = vault.open_event(event, EventId(row.event_id)).medical.reveal()
    return Opened(
        subject=event.medical.subject,
        documents=event.attachments,
        described=() if medical is None else medical.attachments,
    )


def items(opened: Opened) -> list[dict[str, Any]]:
    """Return documents as the list shows them, numbered from 1."""
    described = {one.document: one for one in opened.described}
    return [
        _item(number, document, described.get(document))
        for number, document in enumerate(opened.documents, start=1)
    ]


def _item(number: int, document: DocumentId, known: Attachment | None) -> dict[str, Any]:
    return {
        "number": number,
        "document_id": document,
        "media_type": known.media_type if known else None,
        "size_bytes": known.size_bytes if known else None,
        "title": known.title if known else None,
        "filename": known.filename if known else None,
    }
