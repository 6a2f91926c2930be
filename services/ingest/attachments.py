"""Looks at documents inside a message (B28). Names and contents are data, never paths. Pure."""

import binascii
from typing import Final

from services.ingest.report import Report
from services.ingest.xml_tree import Node

MAGIC: Final = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}


def check(documents: Node, report: Report) -> None:
    """Report attachments that nobody could open."""
    inside = [node for node in documents.children if node.name == "document"]
    stated = documents.get("number")
    if stated.isascii() and stated.isdigit() and stated.lstrip("0") != str(len(inside)):
        report.warning("attachments_count", documents, "number", expected=str(len(inside)))
    for document in inside:
        content = document.child("base64")
        if content is not None:
            _check_content(document, content, report)


def _check_content(document: Node, content: Node, report: Report) -> None:
    try:
        data = binascii.a2b_base64("".join(content.text.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        report.error("attachment_invalid", content)
        return
    magic = MAGIC.get(document.get("mimeType").lower())
    if magic is not None and not data.startswith(magic):
        report.error("attachment_type_mismatch", document, "mimeType")
