"""Bodies in JSON as practices hand them in, right in every field, to be changed by tests."""

import json
from typing import Any

from libs.records import Biller
from tests.unit.ingest.samples import BILLER, INSURER, PROVIDER

PRACTICE = Biller(gln=BILLER, zsr="C123456", kind="general_practice", canton="LU", language="de")
HOME = {"street": "Seeweg", "house_no": "3", "zip": "6003", "city": "Luzern"}


def people(**changes: Any) -> dict[str, Any]:
    """Return the part of a body that all kinds have: a TG invoice under KVG."""
    body: dict[str, Any] = {
        "request_id": "L-1",
        "request_on": "2026-02-01",
        "scheme": "TG",
        "law": "KVG",
        "provider_gln": PROVIDER,
        "patient": {
            "name": "Zünd",
            "given_name": "Rahel",
            "salutation": "Frau",
            "address": HOME,
            "born_on": "1980-02-28",
            "sex": "female",
            "ahv": "7561234567897",
        },
        "insurer": {"gln": INSURER, "name": "Kasse Muster", "address": HOME},
        "insured": {"insured_id": "123.45", "card_id": "80756015090002647590"},
        "treatment": {
            "begins_on": "2026-01-20",
            "ends_on": "2026-01-20",
            "diagnoses": [{"type": "cantonal", "code": "A1"}],
        },
        "term_days": 30,
        "remark": "Kontrolle",
    }
    return body | changes


def sent(body: Any) -> bytes:
    """Return a body as it is sent."""
    return json.dumps(body, ensure_ascii=False).encode()


def line(tariff: str, code: str, quantity: str = "1", **more: Any) -> dict[str, Any]:
    """Return a service of the samples' day."""
    return {
        "tariff": tariff, "code": code, "quantity": quantity, "on": "2026-01-20", **more,
    }  # fmt: skip


def record(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a body of service records; the treatment is as long as its lines."""
    treatment = {"diagnoses": [{"type": "cantonal", "code": "A1"}]}
    return people(treatment=treatment, lines=list(lines)) | changes
