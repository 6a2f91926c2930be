"""Which version of something a caller saw: ETag out, If-Match in (B55)."""

from typing import Annotated

from fastapi import Header

from libs.runtime.web import Problem

IfMatch = Annotated[
    str | None, Header(description="The version that was seen; without it 428.", examples=["*"])
]


def etag(name: str, version: int) -> str:
    """Return the tag of a version."""
    return f'"{name}-{version}"'


def expected(name: str, if_match: str | None) -> int | None:
    """Return the version that a caller saw; 428 if it does not say, 412 if it is no tag of ours."""
    if if_match is None:
        detail = "Send If-Match with the ETag of the version you saw, or * to overwrite."
        raise Problem(428, "if_match_required", detail)
    if if_match.strip() == "*":
        return None
    prefix, _, version = if_match.strip().strip('"').rpartition("-")
    if prefix != name or not (version.isascii() and version.isdigit()):
        raise Problem(412, "changed_meanwhile", "This is not the newest version; read it again.")
    return int(version[:9])
