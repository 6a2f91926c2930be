"""The desk at which documents are looked at: gives each to the process apart."""

import msgspec

from libs.runtime.apart import Apart, Overrun
from services.ingest.scanned.looking import (
    MODULE,
    Answer,
    Examine,
    Looked,
    Show,
    Shown,
    Unfit,
    kind_of,
)

TOO_COMPLEX = Unfit(code="document_too_complex")


class Desk:
    """One for a service: so many documents are looked at at once, the others wait."""

    def __init__(self) -> None:
        self._apart = Apart(MODULE)

    async def examine(self, asked: Examine) -> Looked | Unfit:
        """Return what a document is, or why it cannot be used; what is none needs no process."""
        kind = kind_of(asked)
        if isinstance(kind, Unfit):
            return kind
        found = await self._answer(asked)
        assert not isinstance(found, Shown), "nothing was to be shown"
        return found

    async def show(self, asked: Show) -> Shown | Unfit:
        """Return a page as a picture, or why there is none."""
        found = await self._answer(asked)
        assert not isinstance(found, Looked), "a page was to be shown"
        return found

    async def _answer(self, asked: Examine | Show) -> Answer:
        try:
            answer = await self._apart.work(msgspec.msgpack.encode(asked))
        except Overrun:
            return TOO_COMPLEX
        return msgspec.msgpack.decode(answer, type=Looked | Unfit | Shown)
