"""Service records over HTTP: priced by imported lists, accepted like a message, or refused."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from libs.events import SubmissionAccepted, SubmissionRejected
from libs.events.values import Variant
from libs.records import Biller
from libs.records.biller import HEADER, told
from libs.runtime.tables import EVENTS
from services.command import importing
from services.ingest.decider.tariffs import PositionsImported
from tests.ingest_door import DAY, PRACTICE, STRANGER, at_ingest
from tests.speaker import Among
from tests.unit.ingest.bodies import PRACTICE as BY
from tests.unit.ingest.bodies import line, record, sent
from tests.unit.ingest.lists import POSITIONS, RATES, VALUES
from tests.unit.ingest.samples import BILLER

CONSULTATION = line("007", "AA.00.0010", "2")


async def lists(among: Among) -> None:
    """Import the lists of the references' examples."""
    for name, text in (("positions", POSITIONS), ("point_values", VALUES), ("vat_rates", RATES)):
        done = await importing.take(among.system, name, text.encode())
        assert isinstance(done, dict), done


async def hand_in(
    among: Among,
    body: Any,
    practice: str = PRACTICE,
    path: str = "",
    by: Biller = BY,
    **more: str,
) -> httpx.Response:
    headers = {
        "X-Practice-Id": practice,
        "Content-Type": "application/json",
        HEADER: told(by),
    } | {name.replace("_", "-"): value for name, value in more.items()}
    data = body if isinstance(body, bytes) else sent(body)
    return await among.system.call("ingest").post(
        f"/service-records{path}", content=data, headers=headers
    )


async def events(among: Among, kind: type[Any]) -> list[Any]:
    """Return what ingest said of a kind, as it is stored: sealed."""

    def stored(db: Any) -> list[Any]:
        rows = db.execute(EVENTS.select().where(EVENTS.c.type == kind.__name__)).all()
        return [msgspec.json.decode(row.data, type=kind) for row in rows]

    return await among.host.read(stored)


def test_br28_a_record_becomes_one_accepted_invoice_with_its_prices(tmp_path: Path) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        body = record(CONSULTATION, line("402", "7680000001011", "2"))
        answer = await hand_in(among, body)
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert (receipt["state"], receipt["request_id"]) == ("accepted", "L-1")
        assert receipt["content"] == hashlib.sha256(sent(body)).hexdigest()
        (event,) = await events(among, SubmissionAccepted)
        assert event.facts.variant is Variant.SUITE
        assert event.facts.amount_rappen == 3090 + 1790
        assert b"Konsultation" not in msgspec.json.encode(event), "lines travel sealed"
        path = f"/submissions/{receipt['submission_id']}"
        assert (await among.get(path, PRACTICE)).json() == receipt
        assert (await among.get(f"{path}/content", PRACTICE)).content == sent(body)

    at_ingest(tmp_path, scene)
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any("Zünd".encode() in data for data in kept)


def test_p10_b22_b23_the_same_body_is_the_same_receipt_another_one_a_conflict(
    tmp_path: Path,
) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        body = record(CONSULTATION)
        answers = await asyncio.gather(*(hand_in(among, body) for _ in range(5)))
        assert sorted(one.status_code for one in answers) == [200, 200, 200, 200, 202]
        assert len({one.json()["submission_id"] for one in answers}) == 1
        other = await hand_in(among, record(CONSULTATION, remark="anders"))
        assert (other.status_code, other.json()["code"]) == (409, "duplicate_invoice_conflict")
        among.clock.set_day(DAY + timedelta(days=1))
        assert (await hand_in(among, body)).json()["repeated"] is True
        assert len(await events(among, SubmissionAccepted)) == 1

    at_ingest(tmp_path, scene)


def test_br31_t2_both_invoices_of_a_series_are_taken_or_none(tmp_path: Path) -> None:
    old = line("001", "00.0010") | {"on": "2025-12-31"}
    new = line("007", "AA.00.0010") | {"on": "2026-01-01"}

    async def scene(among: Among) -> None:
        await lists(among)
        wrong = await hand_in(among, record(old, new, line("007", "XX")))
        assert wrong.status_code == 422
        grave = [one for one in wrong.json()["findings"] if one["severity"] == "error"]
        assert [one["path"] for one in grave] == ["/lines/2/code"]
        told = (await hand_in(among, record(old, new), path="/preview")).json()
        assert [one["record_id"] for one in told["lines"]] == [1, 2]
        answer = await hand_in(among, record(old, new))
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert [one["code"] for one in receipt["findings"]] == ["series_split"]
        (other,) = receipt["further_submission_ids"]
        second = (await among.get(f"/submissions/{other}", PRACTICE)).json()
        assert (second["state"], second["request_id"]) == ("accepted", "L-1-2")
        accepted = await events(among, SubmissionAccepted)
        assert sum(one.facts.amount_rappen for one in accepted) == told["amount_rappen"]
        again = await hand_in(among, record(old, new))
        assert (again.status_code, again.json()["further_submission_ids"]) == (200, [other])
        changed = await hand_in(among, record(old, new, remark="anders"))
        assert (changed.status_code, changed.json()["code"]) == (409, "duplicate_invoice_conflict")
        assert len(await events(among, SubmissionAccepted)) == 2

    at_ingest(tmp_path, scene)


def test_p22_a_record_that_cannot_be_used_is_kept_and_told_with_every_finding(
    tmp_path: Path,
) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        wrong = record(CONSULTATION, line("007", "XX"), line("222", "4.0500"))
        answer = await hand_in(among, wrong, Accept_Language="fr")
        assert answer.status_code == 422
        problem = answer.json()
        found = [(one["code"], one["path"], one["record_id"]) for one in problem["findings"]]
        assert found == [
            ("position_unknown", "/lines/1/code", 2),
            ("TARIFF_LAW_MISMATCH", "/lines/2/tariff", 3),
        ]
        assert problem["findings"][0]["message"] == "Cette position n'existe pas dans ce tarif."
        assert problem["message_id"] == "L-1"
        (event,) = await events(among, SubmissionRejected)
        assert event.request_id == "L-1"
        broken = await hand_in(among, b"{")
        assert (broken.status_code, broken.json()["code"]) == (400, "json_malformed")
        untyped = await hand_in(among, record(CONSULTATION), Content_Type="text/plain")
        assert (untyped.status_code, untyped.json()["code"]) == (415, "content_type_not_json")

    at_ingest(tmp_path, scene)


def test_b24_b54_a_record_is_the_practices_own(tmp_path: Path) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        foreign = await hand_in(among, record(CONSULTATION, biller_gln=BILLER), STRANGER)
        assert (foreign.status_code, foreign.json()["code"]) == (403, "biller_not_yours")
        own = await hand_in(among, record(CONSULTATION))
        path = f"/submissions/{own.json()['submission_id']}"
        assert (await among.get(path, STRANGER)).status_code == 404

    at_ingest(tmp_path, scene)


def test_a_preview_prices_what_is_there_says_what_is_missing_and_keeps_nothing(
    tmp_path: Path,
) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        answer = await hand_in(among, record(CONSULTATION), path="/preview")
        assert answer.status_code == 200
        whole = answer.json()
        assert (whole["amount_rappen"], whole["due_rappen"], whole["findings"]) == (3090, 3090, [])
        assert whole["lines"][0]["name"] == "Konsultation"
        assert whole["lines"][0]["source"] == "BR-34"
        half = record(CONSULTATION, line("007", "XX"))
        del half["patient"], half["request_id"]
        found = (await hand_in(among, half, path="/preview", Accept_Language="en")).json()
        assert (found["amount_rappen"], found["complete"]) == (3090, False)
        assert [(one["code"], one["path"]) for one in found["findings"]] == [
            ("field_missing", "/request_id"),
            ("field_missing", "/patient"),
            ("position_unknown", "/lines/1/code"),
        ]
        empty = (await hand_in(among, {}, path="/preview")).json()
        assert (empty["lines"], empty["amount_rappen"], empty["complete"]) == ([], 0, False)
        for kind in (SubmissionAccepted, SubmissionRejected):
            assert await events(among, kind) == []

    at_ingest(tmp_path, scene)


def test_br46_the_vat_of_a_preview_stands_by_rate_group(tmp_path: Path) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        vet = msgspec.structs.replace(BY, vat_number="CHE-108.791.452 MWST")
        body = record(line("999", "NETFREE", price_rappen=33000), line("999", "NETDRUG"))
        found = (await hand_in(among, body, path="/preview", by=vet)).json()
        assert [(one["rate"], one["vat_rappen"]) for one in found["vat"]] == [
            ("2.6", 187), ("8.1", 2673),
        ]  # fmt: skip
        assert found["amount_rappen"] == 43060
        assert [one["source"] for one in found["lines"]] == ["BR-49", "BR-49", "", ""]

    at_ingest(tmp_path, scene)


def test_br30_tariffs_are_searched_by_code_and_words_as_of_a_day(tmp_path: Path) -> None:
    async def scene(among: Among) -> None:
        await lists(among)

        async def found(tariff: str, **query: str) -> list[str]:
            answer = await among.get(f"/tariffs/{tariff}/positions", PRACTICE, **query)
            assert answer.status_code == 200, answer.text
            return [one["code"] for one in answer.json()["items"]]

        names = (await among.get("/tariffs", PRACTICE)).json()["items"]
        assert [one["tariff"] for one in names] == ["005", "007", "222", "312", "317", "402", "452",
                                                    "532", "999"]  # fmt: skip
        assert await found("007", q="aa.00") == ["AA.00.0010", "AA.00.0090"]
        assert await found("007", q="faktor national") == ["AA.00.0090"]
        assert await found("005", q="forfait") == ["C02.15C"]
        assert await found("007", q="%") == []
        assert await found("007", on="2025-12-31") == []
        assert await found("001", on="2025-12-31") == ["00.0010"]
        assert await found("222", limit="2") == ["4.0500", "4.0650"]
        assert await found("XYZ") == []

    at_ingest(tmp_path, scene)


def test_the_samples_are_the_same_from_the_log_as_when_they_came(tmp_path: Path) -> None:
    async def scene(among: Among) -> None:
        await importing.take_samples(among.system)

    at_ingest(tmp_path, scene)


def test_the_same_list_again_changes_nothing_and_a_wrong_one_is_not_taken_by_half(
    tmp_path: Path,
) -> None:
    async def scene(among: Among) -> None:
        await lists(among)
        await lists(among)
        assert len(await events(among, PositionsImported)) == 1
        head, *rows = POSITIONS.splitlines()
        good = rows[0].replace("00.0010", "00.0011")
        bad = rows[1].replace("2026-01-01", "2026-06-01")
        both = f"{head}\n{good}\n{bad}"
        done = await importing.take(among.system, "positions", both.encode())
        assert isinstance(done, tuple)
        assert [(one.line, one.column) for one in done] == [(3, "valid_from")]
        assert (await among.get("/tariffs/001/positions", PRACTICE, on="2025-06-01")).json()[
            "items"
        ][0]["code"] == "00.0010"
        assert len(await events(among, PositionsImported)) == 1

    at_ingest(tmp_path, scene)
