"""Ids in paths: what is no id of ours is answered as an unknown one (B54)."""

import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_id(text: str) -> bool:
    """Whether this can be the id of an invoice or a submission."""
    return _UUID.fullmatch(text) is not None


def is_document(text: str) -> bool:
    """Whether this can be the id of a document."""
    return _DIGEST.fullmatch(text) is not None
