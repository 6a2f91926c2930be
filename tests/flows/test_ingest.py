"""Ingest by itself, over HTTP, on its real log, tables, key store and documents."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import RowMapping, select

from libs.events import BankCreditBooked, SubmissionAccepted
from libs.events.values import COOPERATIVE
from libs.runtime.tables import EVENTS
from services.ingest import subjects
from services.ingest.message.lexical import mod10_digit
from services.ingest.tables import submissions
from tests.ingest_door import PRACTICE, STRANGER, Scene, at_ingest, registered, submit
from tests.speaker import Among
from tests.unit.ingest.camt_samples import QR_IBAN, File, Ntry, Tx
from tests.unit.ingest.samples import BILLER, changed, message_45, message_50


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[Scene], None]:
    """Run a scene on an empty folder."""
    return partial(at_ingest, tmp_path)


async def events(among: Among, kind: type) -> int:
    def count(db: Any) -> int:
        rows = db.execute(EVENTS.select().where(EVENTS.c.type == kind.__name__)).all()
        return len(rows)

    return await among.host.read(count)


def test_a_message_is_accepted_with_a_receipt_and_kept_byte_for_byte(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        data = message_50().encode()
        answer = await submit(among, data)
        assert answer.status_code == 202
        receipt = answer.json()
        assert (receipt["state"], receipt["request_id"]) == ("accepted", "R-1")
        assert receipt["content"] == hashlib.sha256(data).hexdigest()
        assert (receipt["repeated"], receipt["findings"]) == (False, [])
        path = f"/submissions/{receipt['submission_id']}"
        assert (await among.get(path, PRACTICE)).json() == receipt
        assert (await among.get(f"{path}/content", PRACTICE)).content == data
        assert (await among.get(path, STRANGER)).status_code == 404
        assert (await among.get(f"{path}/content", STRANGER)).status_code == 404

    walk(scene)


def test_p10_ten_posts_at_once_are_one_event_and_one_receipt(walk: Callable[[Scene], None]) -> None:
    async def scene(among: Among) -> None:
        data = message_50().encode()
        answers = await asyncio.gather(*(submit(among, data) for _ in range(10)))
        assert {answer.status_code for answer in answers} <= {200, 202}
        assert [answer.status_code for answer in answers].count(202) == 1
        assert len({answer.json()["received_at"] for answer in answers}) == 1
        assert await events(among, SubmissionAccepted) == 1
        again = await submit(among, data)
        assert (again.status_code, again.json()["repeated"]) == (200, True)

    walk(scene)


async def rows_of(among: Among, practice: str) -> Sequence[RowMapping]:
    """Return what stands in the table of a practice's messages, newest first."""
    wanted = select(submissions).where(submissions.c.practice_id == practice)
    newest = wanted.order_by(submissions.c.received_at.desc())
    return await among.host.read(lambda db: db.execute(newest).mappings().all())


def test_b23_other_bytes_under_the_same_key_are_a_conflict_and_recorded(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        await submit(among, message_50().encode())
        usable = await submit(among, changed(message_50(), ("Kontrolle", "Nachkontrolle")))
        unusable = await submit(among, changed(message_50(), ('unit="8.95"', 'unit="9.95"')))
        for answer in (usable, unusable):
            assert answer.status_code == 409
            assert answer.json()["code"] == "duplicate_invoice_conflict"
            assert answer.json()["message_id"] == "R-1"
        items = await rows_of(among, PRACTICE)
        assert [item["state"] for item in items] == ["rejected", "rejected", "accepted"]

    walk(scene)


def test_a_refused_message_gets_its_findings_in_the_language_asked_for(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        data = changed(message_50(), ('amount="36.52" a', 'amount="36.51" a'))
        answer = await submit(among, data, Accept_Language="fr-CH, de;q=0.5")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == "total_mismatch"
        assert "somme des prestations" in problem["detail"]
        (finding,) = problem["findings"]
        assert finding["message"] == problem["detail"]
        assert (finding["severity"], finding["rule"]) == ("error", "BR-44, A4")
        again = await submit(among, data)
        assert (again.status_code, again.json()["repeated"]) == (422, True)
        assert again.json()["submission_id"] == problem["submission_id"]
        assert again.json()["received_at"] == problem["received_at"]
        mended = await submit(among, message_50().encode())
        assert mended.status_code == 202

    walk(scene)


def test_b24_the_biller_must_be_the_practices_own(walk: Callable[[Scene], None]) -> None:
    async def scene(among: Among) -> None:
        answer = await submit(among, message_50().encode(), STRANGER)
        assert (answer.status_code, answer.json()["code"]) == (403, "biller_not_yours")
        (item,) = await rows_of(among, STRANGER)
        assert (item["state"], item["problem"]) == ("rejected", "biller_not_yours")
        assert await rows_of(among, PRACTICE) == []
        by_zsr = message_45().replace(BILLER, "7601000000118")
        assert (await submit(among, by_zsr.encode())).status_code == 202
        others = message_45().replace(BILLER, "7601000000149")
        assert (await submit(among, others.encode())).status_code == 403

    walk(scene)


def test_erasing_a_case_takes_the_refused_message_along(walk: Callable[[Scene], None]) -> None:
    async def scene(among: Among) -> None:
        data = changed(message_50(), ('amount="36.52" a', 'amount="36.51" a'))
        refused = (await submit(among, data)).json()
        receipt = (await submit(among, message_50().encode())).json()
        vault = among.system.vault
        assert vault.destroy(subjects.case(vault, receipt["invoice_id"]))
        for one in (refused, receipt):
            path = f"/submissions/{one['submission_id']}"
            assert (await among.get(path, PRACTICE)).status_code == 200
            assert (await among.get(f"{path}/content", PRACTICE)).status_code == 410

    walk(scene)


def test_a_number_registered_later_makes_the_same_file_usable(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        data = changed(message_50(), (BILLER, "7601000000156"), ("C123456", "C999999"))
        assert (await submit(among, data)).status_code == 403
        await among.hear(registered(PRACTICE, 40_112, "7601000000156"))
        assert (await submit(among, data)).status_code == 202

    walk(scene)


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"{}", {"Content_Type": "application/json"}, 415, "content_type_unsupported"),
        (b"<a/>", {"Content_Type": ""}, 415, "content_type_unsupported"),
        (b"<!DOCTYPE a><a/>", {}, 400, "xml_dtd_forbidden"),
        (b"<a>", {}, 400, "xml_malformed"),
        (b"<a/>", {}, 422, "unknown_message_type"),
        (b"", {}, 400, "body_empty"),
    ],
)
def test_every_refusal_is_recorded_and_the_next_message_works(
    walk: Callable[[Scene], None], data: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    async def scene(among: Among) -> None:
        answer = await submit(among, data, PRACTICE, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        (item,) = await rows_of(among, PRACTICE)
        assert (item["problem"], item["size_bytes"]) == (code, len(data))
        assert item["content"] == hashlib.sha256(data).hexdigest()
        assert (await submit(among, message_50().encode())).status_code == 202

    walk(scene)


def test_the_catalogue_is_told_in_all_languages(walk: Callable[[Scene], None]) -> None:
    async def scene(among: Among) -> None:
        found = (await among.get("/findings", PRACTICE)).json()
        assert set(found["total_mismatch"]["message"]) == {"de", "fr", "it", "en"}
        assert found["biller_not_yours"]["status"] == 403

    walk(scene)


def reference(account_no: int, invoice_no: int = 1) -> str:
    body = f"01{account_no:07d}{invoice_no:015d}00"
    return body + mod10_digit(body)


async def bank(among: Among, data: bytes) -> httpx.Response:
    client = among.system.call("ingest")
    headers = {"X-Practice-Id": COOPERATIVE, "Content-Type": "application/xml"}
    return await client.post("/bank-files", content=data, headers=headers)


DAYS_MONEY = File(
    account=QR_IBAN,
    entries=(
        Ntry(
            amount="300.00",
            details=(
                Tx(amount="100.00", bank_reference="B1", reference=reference(40_112)),
                Tx(amount="120.00", bank_reference="B2", reference=reference(7, 2)),
                Tx(amount="80.00", bank_reference="B3", reference=reference(999)),
            ),
        ),
    ),
)


def test_receipts_stand_in_the_log_of_the_practice_whose_reference_they_carry(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        answer = await bank(among, DAYS_MONEY.bytes())
        assert answer.status_code == 200
        body = answer.json()
        assert body["credits"] == {"count": 3, "amount_rappen": 30_000}
        assert (body["state"], body["repeated"], body["message_id"]) == ("imported", False, "M1")

        def tenants(db: Any) -> list[str]:
            booked = EVENTS.select().where(EVENTS.c.type == "BankCreditBooked")
            return sorted(row.tenant for row in db.execute(booked))

        assert await among.host.read(tenants) == sorted([PRACTICE, STRANGER, COOPERATIVE])
        sums = await among.proved()
        assert sums["bank_credits_rappen"] == 30_000

    walk(scene)


def test_b61_the_same_money_in_another_file_is_booked_once(walk: Callable[[Scene], None]) -> None:
    async def scene(among: Among) -> None:
        first = (await bank(among, DAYS_MONEY.bytes())).json()
        again = (await bank(among, DAYS_MONEY.bytes())).json()
        assert again == first | {"repeated": True}
        other = File(account=QR_IBAN, entries=DAYS_MONEY.entries, message_id="M2").bytes()
        body = (await bank(among, other)).json()
        assert body["credits"] == {"count": 0, "amount_rappen": 0}
        assert body["known"] == {"count": 3, "amount_rappen": 30_000}
        assert await events(among, BankCreditBooked) == 3
        listed = (await among.get("/bank-files", COOPERATIVE)).json()["items"]
        assert [item["message_id"] for item in listed] == ["M2", "M1"]
        assert (await among.get("/bank-files", PRACTICE)).status_code == 404

    walk(scene)


def test_a_file_that_does_not_add_up_books_nothing_and_is_recorded(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        entry = Ntry(amount="1.00", details=DAYS_MONEY.entries[0].details)
        answer = await bank(among, File(account=QR_IBAN, entries=(entry,)).bytes())
        assert (answer.status_code, answer.json()["code"]) == (422, "bank_sum_mismatch")
        assert await events(among, BankCreditBooked) == 0
        (item,) = (await among.get("/bank-files", COOPERATIVE)).json()["items"]
        assert (item["state"], item["problem"]) == ("refused", "bank_sum_mismatch")

    walk(scene)


def test_a_receipt_without_a_reference_of_the_bank_is_shown_for_a_person(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        details = (Tx(amount="12.50", bank_reference=""),)
        entry = Ntry(amount="12.50", bank_reference="", details=details)
        body = (await bank(among, File(account=QR_IBAN, entries=(entry,)).bytes())).json()
        assert body["credits"]["count"] == 0
        assert [f["code"] for f in body["findings"]] == ["bank_reference_missing"]
        assert "12.50" in body["findings"][0]["message"]

    walk(scene)
