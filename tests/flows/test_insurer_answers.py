"""Insurers' answers over HTTP: recorded on their invoice, and learned from."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.events.values import COOPERATIVE
from services.gateway.api.examples import example
from services.ingest import subjects
from services.simulator.response import Answer, response
from tests.cast import doctor, invoices, join, xml
from tests.ingest_door import PRACTICE, STRANGER, Scene, at_ingest, submit
from tests.speaker import Among
from tests.system import MONDAY, Cooperative, play
from tests.unit.ingest.samples import changed, message_50

UNINSURED = ' insured_id="123.45" card_id="80756015090002647590"'


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[Scene], None]:
    """Run a scene on an empty folder."""
    return partial(at_ingest, tmp_path)


def rejection(number: str, *pairs: tuple[str, str]) -> bytes:
    """Return an answer that rejects an invoice of the samples."""
    return changed(example("answer.xml"), ("R-2026-000431", number), *pairs)


async def answer(among: Among, data: bytes, kind: str = "application/xml") -> httpx.Response:
    client = among.system.call("ingest")
    headers = {"X-Practice-Id": COOPERATIVE, "Content-Type": kind, "Accept-Language": "de"}
    return await client.post("/insurer-answers", content=data, headers=headers)


def numbered(number: int, *pairs: tuple[str, str]) -> bytes:
    """Return the sample invoice under a number of its own, of a day of its own."""
    day = ("2026-01-20", f"2026-01-{number:02d}")
    return changed(message_50(), ('"R-1"', f'"R-{number}"'), day, *pairs)


async def warned(among: Among, data: bytes) -> list[dict[str, Any]]:
    said = await submit(among, data, Accept_Language="en")
    assert said.status_code == 202, said.text
    found: list[dict[str, Any]] = said.json()["findings"]
    return found


def test_an_answer_is_recorded_once_and_stands_under_its_case(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        receipt = (await submit(among, numbered(1))).json()
        said = await answer(among, rejection("R-1"))
        assert said.status_code == 202
        body = said.json()
        assert (body["decision"], body["invoice_id"]) == ("rejected", receipt["invoice_id"])
        assert "Zünd" not in said.text
        again = await answer(among, rejection("R-1"))
        assert (again.status_code, again.json()) == (200, body | {"repeated": True})
        later = rejection("R-1", ('_timestamp="1770379200"', '_timestamp="1770465600"'))
        assert (await answer(among, later)).status_code == 202
        items = (await among.get("/insurer-answers", PRACTICE)).json()["items"]
        assert [item["codes"] for item in items] == [["31160"], ["31160"]]
        assert items[0]["reasons"] == ["R01"]
        assert (await among.get("/insurer-answers", STRANGER)).json()["items"] == []
        first = (await among.get("/insurer-answers", PRACTICE, limit=1)).json()
        rest = await among.get("/insurer-answers", PRACTICE, cursor=first["next"])
        assert len(rest.json()["items"]) == 1
        assert (await among.get("/insurer-answers", PRACTICE, cursor="x")).status_code == 400
        vault = among.system.vault
        assert vault.destroy(subjects.case(vault, receipt["invoice_id"]))

    walk(scene)


def test_an_answer_to_nothing_is_refused_and_recorded_and_taken_once_the_invoice_came(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        for _ in range(2):
            said = await answer(among, rejection("R-1"))
            assert (said.status_code, said.json()["code"]) == (422, "answer_unmatched")
        await submit(among, numbered(1))
        assert (await answer(among, rejection("R-1"))).status_code == 202
        test = rejection("R-1", ('modus="production"', 'modus="test"'))
        assert (await answer(among, test)).json()["code"] == "answer_is_test"
        assert (await answer(among, b"<a/>")).json()["code"] == "unknown_message_type"
        assert (await answer(among, b"%PDF-1")).status_code == 415
        assert (await answer(among, rejection("R-9"), "text/plain")).status_code == 415

    walk(scene)


def test_br201_what_insurers_refused_before_is_told_with_the_next_invoice(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        bare = (UNINSURED, "")
        assert [one["code"] for one in await warned(among, numbered(1, bare))] == [
            "insured_number_missing"
        ]
        await warned(among, numbered(2, bare))
        await warned(among, numbered(3))
        for number in (1, 2, 3):
            assert (await answer(among, rejection(f"R-{number}"))).status_code == 202
        found = {one["code"]: one for one in await warned(among, numbered(4, bare))}
        assert set(found) == {"insured_number_missing", "refused_before"}
        learned = found["refused_before"]
        assert learned["params"] == {"count": "2", "finding": "insured_number_missing"}
        assert learned["path"] == found["insured_number_missing"]["path"]
        assert "refused 2 of your invoices" in learned["message"]
        assert await warned(among, numbered(5)) == []
        among.clock.set_day(date(2027, 2, 10))
        late = [one["code"] for one in await warned(among, numbered(6, bare))]
        assert late == ["insured_number_missing"]

    walk(scene)


def test_an_acceptance_or_the_answer_to_a_storno_teaches_nothing(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        bare = (UNINSURED, "")
        await warned(among, numbered(1, bare))
        about_storno = rejection("R-1", ('storno="0"', 'storno="1"'))
        assert (await answer(among, about_storno)).status_code == 202
        error = '<i:error code="31160" text="Bei uns nicht versichert" record_id="1"/>'
        accepted = rejection("R-1", ("i:rejected", "i:accepted"), (error, ""))
        assert (await answer(among, accepted)).status_code == 202
        found = [one["code"] for one in await warned(among, numbered(2, bare))]
        assert found == ["insured_number_missing"]

    walk(scene)


def test_a_practice_sees_the_answer_on_its_invoice_and_may_hand_in_none(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        praxis = doctor(MONDAY)
        member = await join(made, praxis)
        sent = invoices(praxis, MONDAY, "TP")[0]
        invoice_id = (await made.submit(member, xml(sent))).json()["invoice_id"]
        said = response(sent, Answer.REJECTED, MONDAY)
        headers = {"Content-Type": "application/xml"}
        path = "/v1/insurer-answers"
        own = headers | {"Authorization": f"Bearer {member.token}"}
        assert (await made.door.post(path, content=said, headers=own)).status_code == 403
        partner = headers | {"Authorization": f"Bearer {made.bank_token}"}
        taken = await made.door.post(path, content=said, headers=partner)
        assert (taken.status_code, taken.json()["invoice_id"]) == (202, invoice_id)
        await made.system.settle()
        listed = (await made.get(member, path))["items"]
        assert [one["codes"] for one in listed] == [["31160"]]
        for decision, count in (("rejected", 1), ("accepted", 0)):
            some = await made.get(member, path, decision=decision)
            assert len(some["items"]) == count
        events = (await made.get(member, f"/v1/invoices/{invoice_id}/timeline"))["events"]
        (told,) = [event for event in events if event["type"] == "InsurerAnswered"]
        assert told["data"]["decision"] == "rejected"
        assert "explanation" not in told["data"]

    play(tmp_path, scene)
