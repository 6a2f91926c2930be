"""Typst templates made into PDF/A: the only module that imports typst.

Source for the options: payments 2. What is printed enters as data, never as template source, so no
name can be markup.
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

from libs.paper.letters import Printed

_FOLDER = Path(__file__).parent
_TEMPLATES = _FOLDER / "templates"
_PAGE_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)", re.DOTALL)


COMPILERS = 2
"""So many documents of one template are made at once; typst works without Python's lock."""


class Typesetter:
    """The compilers for one template; each serves one thread at a time."""

    def __init__(self, template: str) -> None:
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[_FOLDER / "fonts"],
        )
        self._idle: SimpleQueue[typst.Compiler] = SimpleQueue()
        for _ in range(COMPILERS):
            self._idle.put(
                typst.Compiler(_TEMPLATES / f"{template}.typ", root=_TEMPLATES, font_paths=fonts)
            )

    def typeset(self, model: Mapping[str, Any], issued_on: date) -> Printed:
        """Return the document; the same model and day give the same bytes.

        The inputs are said with every document: a compiler reuses those of the call before, which
        would be another person's letter.
        """
        stamp = datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC)
        compiler = self._idle.get()
        try:
            pdf = compiler.compile(
                format="pdf",
                sys_inputs={"v": json.dumps(model, ensure_ascii=False)},
                pdf_standards="a-3b",
                pdf_tags=False,
                timestamp=stamp,
            )
        finally:
            self._idle.put(compiler)
        assert isinstance(pdf, bytes), "one document was asked for"
        return Printed(pdf, _pages(pdf))


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
