"""Files that every page uses, served by ourselves under names that change with their content."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from libs.runtime.web import Problem

TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class StaticFile:
    """A file with its name on the web and its short form for the way."""

    name: str
    type: str
    data: bytes
    packed: bytes


@cache
def statics() -> Mapping[str, StaticFile]:
    """Return every static file by its name in the folder; read once."""
    found = {}
    for file in (files("services.gateway.portal") / "static").iterdir():
        stem, dot, ending = file.name.rpartition(".")
        if dot + ending in TYPES:
            data = file.read_bytes()
            name = f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
            packed = gzip.compress(data, mtime=0)
            found[file.name] = StaticFile(name, TYPES[dot + ending], data, packed)
    return found


@cache
def by_web_name() -> Mapping[str, StaticFile]:
    """Return every static file by its name on the web."""
    return {file.name: file for file in statics().values()}


def address(name: str) -> str:
    """Return where a page finds a static file."""
    return f"/static/{statics()[name].name}"


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """Serve a file. Its name holds its digest, so that it may be kept for ever."""
    file = by_web_name().get(name)
    if file is None:
        raise Problem(404, "not_found", "There is no such file.")
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.type)
    return Response(file.data, headers=headers, media_type=file.type)
