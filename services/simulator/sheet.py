"""A practice's sheet as it lies on the scanner: filled in by hand, a little askew."""

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from services.simulator.invoices import Invoice
from services.simulator.seeds import chance

_PAGE = (1_654, 2_339)
"""A4 at 200 dots an inch."""
_LEFT, _TOP, _STEP = 140, 150, 66
_PAPER, _PRINTED, _INK = 250, 40, 70
_SIZE, _TITLE_SIZE = 34, 54
_SKEW_DEGREES = 0.6
_FONT = Path(__file__).parents[2] / "libs" / "paper" / "fonts" / "LiberationSans-Regular.ttf"
_WORDS = {
    "de": ("Leistungsblatt", "Rechnung", "Patient/in", "Versicherer", "Leistungen"),
    "fr": ("Feuille de prestations", "Facture", "Patient(e)", "Assureur", "Prestations"),
    "it": ("Foglio delle prestazioni", "Fattura", "Paziente", "Assicuratore", "Prestazioni"),
}
_SEXES = {
    "de": {"female": "w", "male": "m"},
    "fr": {"female": "f", "male": "m"},
    "it": {"female": "f", "male": "m"},
}


def sheet(seed: int, invoice: Invoice) -> bytes:
    """Return a PNG that holds all a clerk needs to key the invoice."""
    draw = chance(seed, "sheet", invoice.request_id)
    page = Image.new("L", _PAGE, _PAPER)
    pen = ImageDraw.Draw(page)
    for row, (words, size, grey) in enumerate(_rows(invoice)):
        place = (_LEFT + draw.randrange(9), _TOP + row * _STEP + draw.randrange(9))
        pen.text(place, words, fill=grey, font=ImageFont.truetype(_FONT, size))
    skew = draw.uniform(-_SKEW_DEGREES, _SKEW_DEGREES)
    out = io.BytesIO()
    page.rotate(skew, Image.Resampling.BICUBIC, fillcolor=_PAPER).save(out, "PNG", optimize=True)
    return out.getvalue()


def _rows(invoice: Invoice) -> Iterator[tuple[str, int, int]]:
    language = invoice.practice.language
    title, number, patient, insurer, services = _WORDS[language if language in _WORDS else "de"]
    yield title, _TITLE_SIZE, _PRINTED
    yield "", _SIZE, _PRINTED
    yield invoice.practice.name, _SIZE, _PRINTED
    yield "", _SIZE, _PRINTED
    for head, written in (
        (number, [f"{invoice.request_id}   {invoice.request_on:%d.%m.%Y}"]),
        (patient, _patient(invoice)),
        (insurer, _insurer(invoice)),
        (services, _services(invoice)),
    ):
        yield head, _SIZE, _PRINTED
        for words in written:
            yield f"    {words}", _SIZE, _INK


def _patient(invoice: Invoice) -> list[str]:
    known = invoice.patient
    person, home = known.person, known.person.address
    sexes = _SEXES.get(invoice.practice.language, _SEXES["de"])
    return [
        f"{person.name} {person.given_name}   {known.born_on:%d.%m.%Y}   {sexes[known.sex]}",
        f"{home.street} {home.house_no}, {home.zip} {home.city}",
        f"AHV {known.ahv}   {known.card}",
    ]


def _insurer(invoice: Invoice) -> list[str]:
    known = invoice.insurer
    return [f"{known.name}   {known.gln}   {invoice.law}   {invoice.scheme}"]


def _services(invoice: Invoice) -> list[str]:
    return [
        f"{line.on:%d.%m.%Y}   {line.tariff}   {line.code}   {line.quantity} x"
        for line in invoice.lines
    ]
