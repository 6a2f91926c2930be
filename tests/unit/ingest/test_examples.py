"""What the real messages of the official folder come out as, and why (invoice-xml 20)."""

from datetime import date

import pytest

from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from tests.standards import standard

BILLER = "gln_check_digit"
"""The sample's biller has an invented number, which no account can have: refused by consequence."""

EXAMPLES: dict[str, tuple[date, str, set[str]]] = {
    # Treatment from 2999 back to 2000, sum not rounded to 5 rappen.
    "450_qr_tg_mvg_de.xml": (
        date(2020, 6, 4),
        "refused",
        {BILLER, "due_mismatch", "treatment_dates_reversed", "treatment_in_future",
         "treatment_too_old"},
    ),
    "500_qr_tg_vvg_de.xml": (date(2025, 11, 5), "refused", {BILLER}),
    # The insurer's number is invented too, and in TP the invoice goes there.
    "Abrechnung_Praktischer_Arzt_TARMED_450.xml": (date(2018, 3, 1), "refused", {BILLER}),
    "Cancelation_KV_12345_440.xml": (date(2026, 1, 1), "refused", {"response_not_request"}),
    "Cancelation_KV_12345_450.xml": (date(2026, 1, 1), "refused", {"response_not_request"}),
    # A bug that its sender had: minus 3982.24 due.
    "erroneous44_1.xml": (date(2017, 4, 11), "refused", {BILLER, "due_mismatch", "due_negative"}),
    "existing44_1.xml": (date(2017, 4, 11), "refused", {BILLER}),
    # 4000.00 taken off without saying what for.
    "existing44_2.xml": (date(2017, 4, 11), "refused", {BILLER, "due_mismatch"}),
    # The total is not the sum of the lines, and is not rounded to 5 rappen either.
    "existing45_1.xml": (
        date(2022, 1, 25), "refused", {BILLER, "total_mismatch", "due_mismatch"},
    ),
    "existing50_1.xml": (date(2025, 11, 5), "refused", {BILLER}),
    "generalInvoiceResponse450_TarPSY_esrred.xml": (
        date(2026, 1, 1), "refused", {"response_not_request"},
    ),
    "md_440_tg_kvg_de_elexis.xml": (date(2013, 4, 1), "refused", {BILLER}),
    "md_440_tg_uvg_de_metasfresh.xml": (date(2013, 4, 1), "refused", {BILLER}),
    "md_440_tp_ivg_de_metasfresh.xml": (date(2013, 4, 1), "refused", {BILLER}),
    "md_440_tp_kvg_de_metasfresh.xml": (date(2013, 4, 1), "refused", {BILLER}),
    "noerroneous44_2.xml": (date(2020, 2, 19), "refused", {BILLER}),
    # Not valid against its schema: no dates, no numbers, a modus of its own.
    "readReq450.xml": (date(2015, 3, 1), "refused", {"value_not_allowed", "attribute_missing"}),
    "readResp450.xml": (date(2026, 1, 1), "refused", {"response_not_request"}),
    # Right in everything that we act on.
    "update_212.xml": (date(2022, 10, 25), "accepted", set()),
    "update_212_m1.xml": (date(2023, 1, 1), "accepted", set()),
    "update_212_m2.xml": (date(2023, 1, 1), "accepted", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_official_example_gets_the_verdict_that_it_deserves(name: str) -> None:
    today, verdict, codes = EXAMPLES[name]
    found = parse(standard(f"invoice/examples/{name}").read_bytes(), today)
    if isinstance(found, Invoice):
        assert verdict == "accepted"
        assert all(finding.severity == "warning" for finding in found.warnings)
        return
    assert verdict == "refused"
    assert {f.code for f in found.findings if f.severity == "error"} == codes


def test_no_example_is_missing_from_the_table() -> None:
    folder = standard("invoice/examples/README.md").parent
    assert {file.name for file in folder.glob("*.xml")} == EXAMPLES.keys()


MENDED = {b"2000000000002": b"2000000000008", b"2011234567890": b"2011234567892",
          b"7634567890000": b"7634567890007", b"2000000000000": b"2000000000008"}  # fmt: skip


@pytest.mark.parametrize(
    "name", [name for name, (_, _, codes) in EXAMPLES.items() if codes == {BILLER}]
)
def test_with_real_numbers_in_place_of_the_invented_ones_it_is_usable(name: str) -> None:
    data = standard(f"invoice/examples/{name}").read_bytes()
    for invented, real in MENDED.items():
        data = data.replace(invented, real)
    found = parse(data, EXAMPLES[name][0])
    assert isinstance(found, Invoice), found
    assert found.facts.amount_rappen == sum(line.amount_rappen for line in found.medical.lines)
    assert found.facts.biller_gln in {number.decode() for number in MENDED.values()}


def test_the_accepted_one_is_read_in_full() -> None:
    data = standard("invoice/examples/update_212.xml").read_bytes()
    found = parse(data, date(2022, 10, 25))
    assert isinstance(found, Invoice)
    assert found.facts.insurer_gln == "7601003001082"
    assert found.facts.version == "4.4"
    assert len(found.medical.lines) == data.count(b"<invoice:record_")


def test_a_refused_example_repeats_nothing_of_a_person() -> None:
    for name in EXAMPLES:
        found = parse(standard(f"invoice/examples/{name}").read_bytes(), date(2010, 1, 1))
        assert isinstance(found, Unreadable)
        shown = repr(found.findings)
        assert not any(word in shown for word in ("Spitzkiel", "Muster", "7560000000011"))
