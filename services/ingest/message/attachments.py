"""Documents inside a message (B28, B29, invoice-xml 15). Names and contents are data. Pure.

Each is judged by what it holds, never by what its sender calls it, and taken out, so that it can
be kept apart under its case. The message itself stays as it came, byte for byte.
"""

import binascii
import hashlib
import re
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from libs.events.handed import Attachment
from libs.events.values import DocumentId
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

ATTACHMENTS_MAX: Final = 50
ATTACHMENT_BYTES_MAX: Final = 10_000_000
"""Of one document, once decoded. The whole message has a limit of its own (B12)."""

PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
UNKNOWN: Final = "application/octet-stream"
MAGIC: Final = (
    (PDF, (b"%PDF-",)),
    ("image/jpeg", (b"\xff\xd8\xff",)),
    ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ("image/tiff", (b"II*\x00", b"MM\x00*")),
)
"""How a file begins that a receiver can show; the first three are those of 4.5 and 5.0."""
SHOWN: Final = frozenset(kind for kind, _ in MAGIC)
PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
"""How programs begin: nobody hands one in with an invoice."""

_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f"))
_ACTIVE: Final = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia|XFA|EmbeddedFiles?)\b")
_PACKED: Final = re.compile(rb"/ObjStm\b[^>]{0,400}>>\s{0,4}stream\r?\n")
_PACKED_MAX, _UNPACKED_MAX = 200, 1_000_000


class Inside(NamedTuple):
    """A document that was found in a message."""

    attachment: Attachment
    data: bytes


def take(documents: Node | None, report: Report) -> tuple[Inside, ...]:
    """Return the documents of a message; report those that nobody could open."""
    if documents is None:
        return ()
    nodes = [node for node in documents.children if node.name == "document"]
    stated = documents.get("number")
    if stated.isascii() and stated.isdigit() and (stated.lstrip("0") or "0") != str(len(nodes)):
        report.warning("attachments_count", documents, "number", expected=str(len(nodes)))
    if len(nodes) > ATTACHMENTS_MAX:
        report.error("attachments_too_many", documents, limit=str(ATTACHMENTS_MAX))
        return ()
    found = [_take(node, report) for node in nodes]
    return tuple(one for one in found if one is not None)


def records(inside: Sequence[Inside]) -> tuple[Attachment, ...]:
    """Return what is said of documents beside their contents."""
    return tuple(one.attachment for one in inside)


def type_of(data: bytes) -> str:
    """Return the media type of a file by its content; unknown ones are never shown in place."""
    for kind, beginnings in MAGIC:
        if data.startswith(beginnings):
            return kind
    if len(data.translate(None, _CONTROLS)) == len(data):
        try:
            data.decode()
        except UnicodeDecodeError:
            return UNKNOWN
        return TEXT
    return UNKNOWN


def is_active(pdf: bytes) -> bool:
    """Return whether a PDF holds what acts when it is opened: scripts, programs, other files.

    Names inside packed objects are looked at as well, as far as a bounded effort goes.
    """
    if _ACTIVE.search(pdf):
        return True
    for count, found in enumerate(_PACKED.finditer(pdf)):
        if count >= _PACKED_MAX:
            return True  # nobody packs an invoice's annex so often: not looked through to its end
        try:
            plain = zlib.decompressobj().decompress(
                pdf[found.end() : found.end() + _UNPACKED_MAX], _UNPACKED_MAX
            )
        except zlib.error:
            continue
        if _ACTIVE.search(plain):
            return True
    return False


def _take(document: Node, report: Report) -> Inside | None:
    content = document.child("base64")
    if content is None:
        if document.child("url") is not None:
            report.warning("attachment_elsewhere", document)
        return None
    data = _decoded(content.text)
    if data is None:
        report.error("attachment_invalid", content)
        return None
    if len(data) > ATTACHMENT_BYTES_MAX:
        limit = f"{ATTACHMENT_BYTES_MAX // 1_000_000}"
        report.error("attachment_too_large", content, limit=limit)
        return None
    kind, stated = type_of(data), document.get("mimeType").lower()
    if data.startswith(PROGRAMS):
        report.error("attachment_program", document)
        return None
    if stated in SHOWN and kind != stated:
        report.error("attachment_type_mismatch", document, "mimeType")
        return None
    if kind == UNKNOWN:
        report.warning("attachment_type_unusual", document, "mimeType")
    elif kind == PDF and is_active(data):
        report.warning("attachment_active", document)
    title = " ".join((document.get("title") or document.get("documentType")).split())
    return Inside(
        Attachment(
            document=DocumentId(hashlib.sha256(data).hexdigest()),
            media_type=kind,
            size_bytes=len(data),
            title=title[:350],
            filename=document.get("filename")[:255],
        ),
        data,
    )


def _decoded(text: str) -> bytes | None:
    """Return what a text in base64 stands for; None if it is none, or stands for nothing."""
    packed = "".join(text.split())
    if len(packed) % 4:
        return None
    try:
        return binascii.a2b_base64(packed, strict_mode=True) or None
    except (binascii.Error, ValueError):
        return None
