"""Invented numbers carry right check digits, as an independent library sees it."""

from datetime import date

from stdnum import ean, iban
from stdnum.ch import esr, ssn, uid

from libs.events.values import PracticeKind
from services.simulator import identifiers
from services.simulator.insurers import insurers
from services.simulator.parties import AHV_UNKNOWN, INTERMEDIATE_GLN, NO_GLN, PRINT_CENTRE_GLN
from services.simulator.people import patient
from services.simulator.practices import Wish, mix, practice
from services.simulator.seeds import chance
from tests.unit.simulator.people import some_invoices, some_practice


def test_practices_have_valid_numbers() -> None:
    for number, kind in enumerate(mix(60)):
        one = practice(1, number, Wish(kind=kind), date(2026, 1, 1))
        assert ean.is_valid(one.gln)
        assert ean.is_valid(one.provider_gln)
        assert iban.is_valid(one.iban)
        assert iban.is_valid(one.qr_iban)
        assert 30_000 <= int(one.qr_iban[4:9]) <= 31_999
        assert uid.is_valid(one.vat_number) or not one.vat_number
        assert (one.zsr == "") == (kind is PracticeKind.VETERINARY)


def test_patients_and_insurers_have_valid_numbers() -> None:
    sender = some_practice()
    for number in range(200):
        one = patient(1, sender, number)
        assert ssn.is_valid(one.ahv)
        assert (len(one.card), one.card[:5]) == (20, "80756")
    assert all(ean.is_valid(one.gln) and one.gln.startswith("7601003") for one in insurers())
    assert len({one.gln for one in insurers()}) == len(insurers())


def test_references_and_fixed_numbers_are_valid() -> None:
    assert identifiers.qr_reference("00000820779122585742128669") == "000008207791225857421286694"
    assert all(
        esr.is_valid(one.reference) and len(one.reference) == 27
        for one in some_invoices(some_practice(), 20)
    )
    assert all(map(ean.is_valid, (NO_GLN, PRINT_CENTRE_GLN, INTERMEDIATE_GLN, AHV_UNKNOWN)))


def test_a_uid_that_was_never_issued_is_never_made() -> None:
    """Payments P27: some bodies have no check digit."""
    assert all(uid.is_valid(identifiers.company_uid(chance(1, n))) for n in range(100))


def test_names_fit_the_schema_and_towns_their_canton() -> None:
    for number, kind in enumerate(mix(40)):
        one = practice(2, number, Wish(kind=kind), date(2026, 1, 1))
        assert len(one.name) <= 35
        assert {"TI": "it", "GE": "fr", "ZH": "de"}.get(one.canton, one.language) == one.language
