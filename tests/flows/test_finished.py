"""Finished invoices over HTTP: handed in as PDF, sent with a payment part, paid like any other."""

import json
from pathlib import Path
from typing import Any

import httpx

from libs.paper.words import words
from services.simulator.camt054 import Receipt
from tests import cast, papers
from tests.pages import codes_on, text_of
from tests.system import MONDAY, Cooperative, Member, play
from tests.unit.ingest.bodies import people
from tests.unit.ingest.samples import INSURER

DAY = MONDAY


def metadata(**changes: Any) -> dict[str, Any]:
    """Return what is said beside a document: a private invoice of 185.50."""
    said = people(
        request_on=DAY.isoformat(),
        scheme="PRIVATE",
        law="VVG",
        provider_gln=None,
        treatment={"begins_on": "2025-12-20", "ends_on": "2025-12-20"},
        amount_rappen=18_550,
    )
    return said | changes


async def hand_in(
    made: Cooperative, member: Member, said: Any, document: bytes, **headers: str
) -> httpx.Response:
    """Hand in both parts as a program does."""
    answer = await made.door.post(
        "/v1/finished-invoices",
        files={
            "metadata": ("", json.dumps(said), "application/json"),
            "document": ("rechnung.pdf", document, "application/pdf"),
        },
        headers={"Authorization": f"Bearer {member.token}", **headers},
    )
    await made.system.settle(effects=True)
    await made.system.settle()
    return answer


async def documents(made: Cooperative, member: Member, invoice_id: str) -> dict[str, bytes]:
    """Return an invoice's documents by their kind."""
    listed = await made.get(member, f"/v1/invoices/{invoice_id}/documents")
    found = {}
    for one in listed["items"]:
        answer = await made.door.get(
            f"/v1/invoices/{invoice_id}/documents/{one['document_id']}",
            headers={"Authorization": f"Bearer {member.token}"},
        )
        assert answer.status_code == 200, answer.text
        found[one["kind"]] = answer.content
    return found


def test_br28_a_finished_invoice_is_sent_with_its_payment_part_and_paid(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        answer = await hand_in(made, member, metadata(), papers.pdf(2, text="Honorar"))
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert answer.headers["location"] == f"/v1/submissions/{receipt['submission_id']}"
        invoice = await made.get(member, f"/v1/invoices/{receipt['invoice_id']}")
        assert (invoice["amount_rappen"], invoice["open_rappen"]) == (18_550, 18_550)
        assert (invoice["request_id"], invoice["patient"]["name"]) == ("L-1", "Zünd")
        papers_sent = await documents(made, member, receipt["invoice_id"])
        assert papers_sent.keys() == {"invoice"}
        [code] = codes_on(papers_sent["invoice"])
        lines = code.bytes.decode().split("\n")
        assert (lines[18], lines[28]) == ("185.50", invoice["reference"])
        assert text_of(papers_sent["invoice"]).startswith("Honorar 1")
        again = await hand_in(made, member, metadata(), papers.pdf(2, text="Honorar"))
        assert (again.status_code, again.json()["repeated"]) == (200, True)
        assert again.json()["submission_id"] == receipt["submission_id"]
        other = await hand_in(made, member, metadata(), papers.pdf(2, text="Anders"))
        assert (other.status_code, other.json()["code"]) == (409, "duplicate_invoice_conflict")
        paid = Receipt(bank_reference="f1", amount_rappen=18_550, reference=invoice["reference"])
        await made.bank(cast.paid(1, DAY, paid))
        settled = await made.get(member, f"/v1/invoices/{receipt['invoice_id']}")
        assert settled["state"] == "paid"

    play(tmp_path, scene)


def test_br4_the_scheme_says_which_papers_a_finished_invoice_has(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        tg = metadata(request_id="TG-1", scheme="TG", law="KVG")
        tp = metadata(request_id="TP-1", scheme="TP", law="KVG", insurer={
            "gln": INSURER, "name": "Kasse Muster",
            "address": {"street": "Weg", "house_no": "1", "zip": "3000", "city": "Bern"},
        })  # fmt: skip
        found = {}
        for said in (tg, tp):
            answer = await hand_in(made, member, said, papers.pdf(1, text="Honorar"))
            assert answer.status_code == 202, answer.text
            found[said["scheme"]] = await documents(made, member, answer.json()["invoice_id"])
        assert found["TG"].keys() == {"invoice", "form"}
        assert found["TP"].keys() == {"invoice", "patient_copy"}
        assert codes_on(found["TG"]["form"]) == codes_on(found["TP"]["patient_copy"]) == []
        assert words("de")["copy_mark"] in text_of(found["TP"]["patient_copy"])
        assert len(codes_on(found["TP"]["invoice"])) == 1

    play(tmp_path, scene)


def test_br159_a_finished_invoice_is_reminded_like_any_other(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        answer = await hand_in(made, member, metadata(), papers.pdf())
        invoice_id = answer.json()["invoice_id"]
        await made.days(DAY.replace(month=3, day=2))
        await made.system.settle(effects=True)
        await made.system.settle()
        letters = await documents(made, member, invoice_id)
        assert "first_reminder" in letters

    play(tmp_path, scene)


def test_everything_wrong_with_both_parts_is_told_at_once(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        said = metadata(
            vat=[{"rate": "8.1", "amount_rappen": 10_000, "vat_rappen": 100}],
            treatment={"begins_on": "2026-12-20", "ends_on": "2026-12-20"},
        )
        hostile = papers.hostile()["a script"]
        answer = await hand_in(made, member, said, hostile, **{"Accept-Language": "en"})
        assert answer.status_code == 422, answer.text
        found = {one["code"]: one for one in answer.json()["findings"]}
        assert found.keys() >= {
            "pdf_active", "groups_mismatch", "vat_mismatch", "treatment_in_future",
        }  # fmt: skip
        assert found["pdf_active"]["message"] == "The PDF holds more than pages: JavaScript."
        assert found["pdf_active"]["path"] == "/document"
        assert "Zünd" not in answer.text
        listed = await made.get(member, "/v1/submissions", state="rejected")
        assert len(listed["items"]) == 1
        mended = await hand_in(made, member, metadata(), papers.pdf())
        assert mended.status_code == 202, mended.text
        sent = await documents(made, member, mended.json()["invoice_id"])
        astray = await hand_in(made, member, metadata(request_id="L-2"), sent["invoice"])
        assert (astray.status_code, astray.json()["code"]) == (422, "finished_with_slip")

    play(tmp_path, scene)


def test_b12_b16_b42_what_is_no_pair_of_parts_is_refused(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        headers = {"Authorization": f"Bearer {member.token}"}

        async def told(**request: Any) -> tuple[int, str]:
            more = request.pop("headers", {})
            answer = await made.door.post(
                "/v1/finished-invoices", headers=headers | more, **request
            )
            return answer.status_code, answer.json()["code"]

        pair = {"metadata": ("", "{}"), "document": ("a.pdf", papers.pdf())}
        assert await told(json={}) == (415, "unsupported_media_type")
        assert await told(files={"document": pair["document"]}) == (422, "part_missing")
        twice = [("metadata", pair["metadata"]), ("document", pair["document"])] * 2
        assert await told(files=twice) == (422, "part_repeated")
        large = pair | {"document": ("a.pdf", bytes(10_000_001))}
        assert await told(files=large) == (413, "too_large")
        assert await told(files=pair) == (422, "field_missing")
        typed = {"Content-Type": "multipart/form-data; boundary=x"}
        broken = await told(content=b"--y\r\n", headers=typed)
        assert broken == (400, "multipart_malformed")

    play(tmp_path, scene)
