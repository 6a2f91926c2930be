"""Forms of the portal: read after their sender was let in, and no more than a form can hold (B1).

Declared as parameters, FastAPI would read them before any dependency has looked at the session.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from libs.runtime.web import Problem
from services.gateway.api.bodies import read

FORM_BYTES_MAX = 50_000
FIELDS_MAX = 50
LONG_BYTES_MAX = 400_000
LONG_FIELDS_MAX = 2_000
"""Of the one form that holds lines."""
MANY_FIELDS_MAX = 100
"""Of the form of a finished invoice, which has a file as well."""
FILES_MAX = 100
TEXT_MAX = 2_000


class Sent:
    """What a form holds."""

    def __init__(self, form: FormData) -> None:
        self._form = form

    def text(self, name: str, otherwise: str = "", length_max: int = TEXT_MAX) -> str:
        """Return a field's text; a 422 problem for what no person would type."""
        value = self._form.get(name, otherwise)
        if not isinstance(value, str) or len(value) > length_max or "\x00" in value:
            raise Problem(422, "invalid", "A field is not as it must be.", path=name)
        return value

    def texts(self) -> dict[str, str]:
        """Return the texts of all fields, the last one of a name; a 422 problem as for one."""
        return {
            name: self.text(name)
            for name, value in self._form.items()
            if not isinstance(value, UploadFile)
        }

    def files(self, name: str) -> list[UploadFile]:
        """Return the files that were chosen in a field."""
        found = self._form.getlist(name)
        return [one for one in found if isinstance(one, UploadFile) and one.filename]


async def _short(request: Request) -> Sent:
    return await _sent(request, FORM_BYTES_MAX, FIELDS_MAX)


async def _long(request: Request) -> Sent:
    return await _sent(request, LONG_BYTES_MAX, LONG_FIELDS_MAX)


async def _sent(request: Request, bytes_max: int, fields_max: int) -> Sent:
    data = await read(request, bytes_max)

    async def again() -> Message:
        return {"type": "http.request", "body": data, "more_body": False}

    replayed = Request(request.scope, again)
    return Sent(await replayed.form(max_files=0, max_fields=fields_max))


async def _with_files(request: Request) -> AsyncIterator[Sent]:
    async with request.form(max_files=FILES_MAX + 1, max_fields=FIELDS_MAX) as form:
        yield Sent(form)


async def _with_many_fields(request: Request) -> AsyncIterator[Sent]:
    async with request.form(max_files=2, max_fields=MANY_FIELDS_MAX) as form:
        yield Sent(form)


# Both stand behind the visit in a signature: dependencies are asked in that order.
Short = Annotated[Sent, Depends(_short)]
Long = Annotated[Sent, Depends(_long)]
WithFiles = Annotated[Sent, Depends(_with_files)]
WithManyFields = Annotated[Sent, Depends(_with_many_fields)]
