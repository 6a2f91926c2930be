"""Documents as their readers get them: pages rendered, the symbol read, the text compared."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from libs.events.handed import Facts, Medical, ServiceLine
from libs.events.values import (
    LANGUAGES,
    Address,
    Kind,
    Language,
    Law,
    Party,
    Patient,
    Payer,
    Scheme,
    Stage,
)
from libs.paper.invoice import Invoice, copy_pdf, form_pdf, invoice_pdf, message_on_slip
from libs.paper.letters import Creditor, Printed
from libs.paper.qr_bill import AddressOnSlip, Bill, payload, reference_number
from libs.paper.reminder import LETTERS, Instalment, Reminder, reminder_pdf
from libs.paper.sheet import bill_of, sheet, slip
from libs.paper.symbol import MODULES_MAX, matrix
from libs.paper.typesetter import typeset
from tests.pages import MM_PER_POINT, SCALE, boxes_on, codes_on, place_of, text_of

CREDITOR = Creditor(
    name="Quittance Genossenschaft",
    address=Address(street="Bahnhofstrasse", house_no="12", zip="6003", city="Luzern"),
    iban="CH4431999123000889012",
)
PRACTICE = Party(
    name="Praxis Lindenhof",
    company=True,
    address=Address(street="Gasse", zip="8001", city="Zürich"),
)
PATIENT = Party(
    name="Țăran-Łukasz", given_name="Ștefan",
    address=Address(street="Rue de l\u2019Hôpital", house_no="7", zip="1003", city="Lausanne"),
)  # fmt: skip


def line(number: int, name: str = "Konsultation") -> ServiceLine:
    return ServiceLine(
        record_id=number, tariff="007", code="AA.00.0010", name=name, on=date(2026, 1, 5),
        quantity=Decimal(1), amount_rappen=1834,
        points_mt=Decimal("9.57"), points_tt=Decimal("8.19"),
        value_mt=Decimal("0.89"), value_tt=Decimal("0.89"),
    )  # fmt: skip


def invoice(lines: int = 3, language: Language = "de", payer: Payer = Payer.PATIENT) -> Invoice:
    total = 1834 * lines
    return Invoice(
        language=language, creditor=CREDITOR, practice=PRACTICE, debtor=PATIENT, payer=payer,
        patient=Patient(party=PATIENT, born_on=date(1980, 3, 4), ahv="7561234567897"),
        number="26-100042", reference=reference_number(40112, 26100042),
        facts=Facts(
            kind=Kind.INVOICE, request_id="R-412", request_on=date(2026, 1, 20),
            request_timestamp=1768900000, version="5.0", language=language,
            biller_gln="7601000000002", biller_zsr="A123456", scheme=Scheme.TG, law=Law.KVG,
            canton="ZH", treated_from=date(2026, 1, 5), treated_to=date(2026, 1, 13),
            insurer_name="Muster Kasse", amount_rappen=total, due_rappen=(total + 2) // 5 * 5,
        ),
        medical=Medical(lines=tuple(line(number + 1) for number in range(lines))),
        open_rappen=(total + 2) // 5 * 5, rounding_rappen=(total + 2) // 5 * 5 - total,
        issued_on=date(2026, 1, 21), due_on=date(2026, 2, 20),
    )  # fmt: skip


def reminder(stage: Stage, language: Language = "de") -> Reminder:
    return Reminder(
        stage=stage, language=language, debtor=PATIENT, creditor=CREDITOR, practice=PRACTICE,
        number="26-100042", reference=reference_number(40112, 26100042),
        invoiced_on=date(2026, 1, 21), amount_rappen=159000, paid_rappen=50000, open_rappen=109000,
        written_on=date(2026, 3, 12), pay_by=date(2026, 4, 1), agency="Inkasso Muster AG",
        proposal=(Instalment(54500, date(2026, 4, 1)), Instalment(54500, date(2026, 5, 1))),
    )  # fmt: skip


def expected_payload(value: Invoice) -> str:
    message = message_on_slip(value.language, value.number, value.practice)
    return payload(
        bill_of(value.creditor, value.debtor, value.open_rappen, value.reference, message)
    )


@pytest.mark.parametrize("lines", [1, 12, 60])
def test_the_printed_symbol_reads_back_as_the_same_bytes(lines: int) -> None:
    value = invoice(lines)
    [symbol] = codes_on(invoice_pdf(value).pdf)
    assert symbol.bytes == expected_payload(value).encode()
    assert symbol.ec_level == "M"


def test_the_symbol_is_46_mm_wide_and_stands_where_the_guideline_says() -> None:
    [symbol] = codes_on(invoice_pdf(invoice()).pdf)
    corner, right = symbol.position.top_left, symbol.position.top_right
    to_mm = MM_PER_POINT / SCALE
    assert (right.x - corner.x) * to_mm == pytest.approx(46, abs=0.4)
    assert corner.x * to_mm == pytest.approx(67, abs=0.3)
    assert corner.y * to_mm == pytest.approx(297 - 105 + 17, abs=0.3)


def masked(mask: int, x: int, y: int) -> bool:
    """Apply one of the eight mask patterns of ISO/IEC 18004, table 10."""
    return [
        (y + x) % 2, y % 2, x % 3, (y + x) % 3, (y // 2 + x // 3) % 2, y * x % 2 + y * x % 3,
        (y * x % 2 + y * x % 3) % 2, ((y + x) % 2 + y * x % 3) % 2,
    ][mask] == 0  # fmt: skip


def first_mode(rows: list[int]) -> int:
    """Return the first mode indicator: the four last modules, mask taken off."""
    size = len(rows)
    format_bits = [rows[8] >> x & 1 for x in (2, 3, 4)]
    mask = int("".join(map(str, format_bits)), 2) ^ 0b101
    places = [
        (size - 1, size - 1),
        (size - 2, size - 1),
        (size - 1, size - 2),
        (size - 2, size - 2),
    ]
    bits = [rows[y] >> x & 1 ^ masked(mask, x, y) for x, y in places]
    return int("".join(map(str, bits)), 2)


@pytest.mark.parametrize("name", ["Muster", "Müller", "Ștefan Țăran €"])
def test_no_eci_designator_stands_before_the_text(name: str) -> None:
    value = invoice()
    bill = bill_of(CREDITOR, replace_name(name), 100, value.reference, "")
    assert first_mode(matrix(payload(bill))) in (0b0010, 0b0100)  # not 0b0111, which is ECI
    [symbol] = codes_on(alone(bill).pdf)
    assert symbol.bytes == payload(bill).encode()


def replace_name(name: str) -> Party:
    return Party(name=name, address=PATIENT.address)


def alone(on_slip: Bill) -> Printed:
    """Return a slip on an empty sheet."""
    model = sheet("de", CREDITOR, PRACTICE, PATIENT) | {
        "slip": slip(on_slip), "title": "x", "subtitle": "", "running": "", "facts": [],
        "opening": "", "claim_labels": [], "claim": [""], "proposal": [], "paragraphs": [],
    }  # fmt: skip
    return typeset("reminder", model, date(2026, 1, 1))


def fullest_bill() -> Bill:
    full = AddressOnSlip(
        name="N" * 34 + " " + "M" * 35, street="S" * 70, house_no="1" * 16, zip="9" * 16,
        city="C" * 35,
    )  # fmt: skip
    return Bill(
        iban=CREDITOR.iban, creditor=full, debtor=full, amount_rappen=99_999_999_999,
        reference=reference_number(1, 1), message="m" * 60,
        billing_information="//S1/10/" + "b" * 72,
        procedures=("eBill/B/" + "x" * 92, "other/" + "y" * 94),
    )  # fmt: skip


def test_the_fullest_bill_still_fits_its_regions_and_reads_back() -> None:
    bill = fullest_bill()
    assert len(matrix(payload(bill))) <= MODULES_MAX
    printed = alone(bill)
    [symbol] = codes_on(printed.pdf)
    assert symbol.bytes == payload(bill).encode()
    boxes = boxes_on(printed.pdf)
    assert max(box.right for box in boxes) <= 205.1
    assert min(box.bottom for box in boxes) >= 4.9


def test_an_unknown_debtor_leaves_a_blank_field() -> None:
    stranger = Party(name="Γιώργος", address=PATIENT.address)
    printed = invoice_pdf(replace(invoice(), debtor=stranger, patient=Patient(party=PATIENT)))
    assert "Zahlbar durch (Name/Adresse)" in text_of(printed.pdf)
    [symbol] = codes_on(printed.pdf)
    assert symbol.bytes.decode().split("\n")[20:27] == [""] * 7


def test_a_long_invoice_flows_over_pages_with_repeated_headers_and_one_slip() -> None:
    printed = invoice_pdf(invoice(130))
    assert printed.pages == 3
    text = text_of(printed.pdf)
    assert text.count("Leistung Anz.") == 3
    assert text.count("Zahlteil") - text.count("dem Zahlteil") == 1
    for page in ("Seite 1/3", "Seite 2/3", "Seite 3/3"):
        assert page in text


def test_the_address_stands_in_the_window_on_either_side() -> None:
    for window, left, right in (("right", 117, 120), ("left", 19, 22)):
        sender = replace(CREDITOR, window=window)  # type: ignore[arg-type]  # one of the sides
        place = place_of(invoice_pdf(replace(invoice(), creditor=sender)).pdf, "Rue de l\u2019H")
        assert left <= place.left <= right
        assert 297 - 84 <= place.bottom <= 297 - 50


@pytest.mark.parametrize("make", [invoice_pdf, form_pdf, copy_pdf])
@pytest.mark.parametrize(
    "hostile",
    [
        r"#panic() *bold* $x$ \ <b> @ref [x] _y_ `c` //",
        r'"))#panic("x")',
        r'\"))#panic("x") \\")',
        r"\u{22}))#panic() \n \u0022 \\u0022",
        "ends in \\",
    ],
)
def test_names_are_never_markup(hostile: str, make: Callable[[Invoice], Printed]) -> None:
    party = Party(name=hostile, address=PATIENT.address)
    value = replace(
        invoice(), debtor=party, patient=Patient(party=party),
        practice=replace_practice(hostile), medical=Medical(lines=(line(1, hostile),)),
    )  # fmt: skip
    assert text_of(make(value).pdf).count(hostile) >= 3


def replace_practice(name: str) -> Party:
    return Party(name=name, company=True, address=PRACTICE.address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_model_gives_the_same_bytes_and_no_neighbour_leaks(language: Language) -> None:
    value = invoice(language=language)
    first = invoice_pdf(value)
    other = invoice_pdf(replace(value, debtor=replace_name("Andere Person")))
    assert "Andere Person" in text_of(other.pdf)
    assert invoice_pdf(value) == first
    assert b"pdfaid" in first.pdf


def test_the_copy_is_marked_and_has_no_slip_br_4() -> None:
    printed = copy_pdf(invoice(payer=Payer.INSURER))
    text = text_of(printed.pdf)
    assert "Kopie \u2013 nicht bezahlen" in text
    assert not codes_on(printed.pdf)
    assert "Zahlteil" not in text


def test_the_reimbursement_form_has_the_invoices_lines_and_total_but_no_slip_br_9() -> None:
    value = invoice(7)
    form, bill = text_of(form_pdf(value).pdf), text_of(invoice_pdf(value).pdf)
    assert form.count("AA.00.0010") == bill.count("AA.00.0010") == 7
    assert "128.40" in form
    assert "756.1234.5678.97" in form
    assert "756.1234.5678.97" not in bill
    assert not codes_on(form_pdf(value).pdf)


def test_an_invoice_to_an_insurer_says_nothing_of_reminders() -> None:
    text = text_of(invoice_pdf(invoice(payer=Payer.INSURER)).pdf).casefold()
    assert "mahn" not in text
    assert "zahlbar bis 20.02.2026" in text


@pytest.mark.parametrize("stage", sorted(LETTERS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reminder_restates_the_claim_on_one_page_br_130(stage: Stage, language: Language) -> None:
    printed = reminder_pdf(reminder(stage, language))
    text = text_of(printed.pdf)
    for said in (
        "26-100042",
        "21.01.2026",
        "1\u2019590.00",
        "500.00",
        "1\u2019090.00",
        "01.04.2026",
    ):
        assert said in text
    [symbol] = codes_on(printed.pdf)
    assert symbol.bytes.decode().split("\n")[28] == reference_number(40112, 26100042)
    assert symbol.bytes.decode().split("\n")[18] == "1090.00"
    assert printed.pages == 1


def test_the_formal_notice_names_date_and_consequence_br_130() -> None:
    text = text_of(reminder_pdf(reminder(Stage.FORMAL_NOTICE)).pdf)
    assert "ab dem 02.04.2026 an Inkasso Muster AG" in text
    assert "Inkasso" not in text_of(reminder_pdf(reminder(Stage.FIRST_REMINDER)).pdf)


def test_a_name_in_letters_of_no_font_is_printed_all_the_same_p12() -> None:
    debtor = Party(name="李", given_name="Ελένη", address=PATIENT.address)
    printed = invoice_pdf(replace(invoice(), debtor=debtor))
    said = text_of(printed.pdf)
    assert "Ελένη" in said
    assert "?" in said
    assert invoice_pdf(replace(invoice(), debtor=debtor)) == printed
