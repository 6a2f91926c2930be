"""Typst templates made into PDF/A: the only module that imports typst.

Source for the options: payments 2. What is printed enters as data, never as markup: as the one
text literal of a main file of two lines. Typst's own way in, `sys.inputs`, costs a fifth more, as
whatever was worked out for the letter before is given up where an input changes.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import typst

from libs.paper.characters import printable
from libs.paper.letters import Printed

_FOLDER = Path(__file__).parent
_TEMPLATES = _FOLDER / "templates"
_PAGE_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)", re.DOTALL)


COMPILERS = 2
"""So many documents of one template are made at once; typst works without Python's lock."""


class Typesetter:
    """The compilers for one template; each serves one thread at a time."""

    def __init__(self, template: str) -> None:
        self._template = template
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[_FOLDER / "fonts"],
        )
        self._idle: SimpleQueue[typst.Compiler] = SimpleQueue()
        for _ in range(COMPILERS):
            self._idle.put(typst.Compiler(b"", root=_TEMPLATES, font_paths=fonts))

    def typeset(self, model: Mapping[str, Any], issued_on: date) -> Printed:
        """Return the document; the same model and day give the same bytes.

        PDF/A takes no letter that its fonts lack. One stands as a question mark: the sender was
        warned, and an invoice that is never printed would be worse.
        """
        try:
            return self._made(_main(self._template, model), issued_on)
        except typst.TypstError:
            known = printable(model)
            if known == model:
                raise
            return self._made(_main(self._template, known), issued_on)

    def _made(self, source: bytes, issued_on: date) -> Printed:
        stamp = datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC)
        compiler = self._idle.get()
        try:
            pdf = compiler.compile(
                input=source,
                format="pdf",
                pdf_standards="a-3b",
                pdf_tags=False,
                timestamp=stamp,
            )
        finally:
            self._idle.put(compiler)
        assert isinstance(pdf, bytes), "one document was asked for"
        return Printed(pdf, _pages(pdf))


def _main(template: str, model: Mapping[str, Any]) -> bytes:
    """Return the main file: a template, called with its model.

    JSON in ASCII holds no line end and no sign of control; once its quotation marks and backslashes
    are escaped, no text of a model can end the literal or mean anything within it.
    """
    data = json.dumps(model).replace("\\", "\\\\").replace('"', '\\"')
    source = f'#import "{template}.typ": document\n#document(json(bytes("{data}")))\n'
    return source.encode("ascii")


@cache
def _typesetter(template: str) -> Typesetter:
    return Typesetter(template)


def typeset(template: str, model: Mapping[str, Any], issued_on: date) -> Printed:
    """Return a template of `templates/` filled with a model, as PDF/A-3b."""
    return _typesetter(template).typeset(model, issued_on)


def _pages(pdf: bytes) -> int:
    found = [int(count) for count in _PAGE_COUNT.findall(pdf)]
    assert found, "typst writes its page tree in the clear"
    return max(found)
