"""From services without prices to a letter with its lines and sums, over HTTP at the gateway."""

from pathlib import Path
from typing import Any

import httpx

from services.command import importing
from tests.pages import codes_on, text_of
from tests.system import Cooperative, Member, play
from tests.unit.ingest.bodies import line, record
from tests.unit.ingest.samples import BILLER

ON = {"on": "2026-01-05"}
LINES = (
    line("007", "AA.00.0010") | ON,
    line("402", "7680000001011", "2") | ON,
    line("317", "1371.00") | ON,
)
BODY = record(*LINES, request_on="2026-01-05", insured={"card_id": "80756015090002647590"})


async def post(
    made: Cooperative, member: Member, body: Any, path: str = "", **headers: str
) -> httpx.Response:
    given = {"Authorization": f"Bearer {member.token}", "Accept-Language": "de"} | headers
    answer = await made.door.post(f"/v1/service-records{path}", json=body, headers=given)
    await made.system.settle(effects=True)
    return answer


async def joined(made: Cooperative) -> Member:
    await importing.take_samples(made.system)
    return await made.join(
        40_112, BILLER, glns=(BILLER,), zsrs=("C123456",), vat_number="CHE-108.791.452 MWST"
    )


def test_br28_services_become_an_invoice_whose_letter_shows_lines_and_sums(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        told = (await post(made, member, BODY, "/preview")).json()
        answer = await post(made, member, BODY)
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert receipt["findings"] == told["findings"] == []
        invoice = await made.get(member, f"/v1/invoices/{receipt['invoice_id']}")
        # 10.56 and 8.64 at 0.93, two boxes at 8.95, an analysis at 9.20: ZH, KVG, 2026.
        assert told["amount_rappen"] == 982 + 804 + 1790 + 920
        assert told["due_rappen"] == invoice["amount_rappen"] == invoice["open_rappen"] == 4495
        path = f"/v1/invoices/{receipt['invoice_id']}/documents"
        letters = {one["kind"]: one for one in (await made.get(member, path))["items"]}
        headers = {"Authorization": f"Bearer {member.token}"}
        url = f"{path}/{letters['invoice']['document_id']}"
        pdf = (await made.door.get(url, headers=headers)).content
        text = text_of(pdf)
        for said in ("AA.00.0010", "Dolorin 500 mg", "1371.00", "17.86", "17.90", "44.95"):
            assert said in text, said
        (code,) = codes_on(pdf)
        assert "\n44.95\n" in code.text

    play(tmp_path, scene)


def test_p22_the_refusal_of_a_record_is_listed_with_its_findings(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        wrong = BODY | {"lines": [line("007", "AA.00.9999") | ON]}
        answer = await post(made, member, wrong)
        assert answer.status_code == 422
        assert [(one["code"], one["path"]) for one in answer.json()["findings"]] == [
            ("position_unknown", "/lines/0/code")
        ]
        (item,) = (await made.get(member, "/v1/submissions"))["items"]
        assert (item["state"], item["request_id"], item["errors"]) == ("rejected", "L-1", 1)
        good = await post(made, member, BODY)
        assert good.status_code == 202

    play(tmp_path, scene)


def test_p9_b32_a_key_gets_the_first_answer_again_and_no_other_body(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        key = {"Idempotency-Key": "k-1"}
        first = await post(made, member, BODY, **key)
        again = await post(made, member, BODY, **key)
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.content == first.content
        other = await post(made, member, BODY | {"request_id": "L-2"}, **key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert len((await made.get(member, "/v1/invoices"))["items"]) == 1

    play(tmp_path, scene)


def test_br30_tariffs_are_searched_at_the_gateway(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        names = [one["tariff"] for one in (await made.get(member, "/v1/tariffs"))["items"]]
        assert {"007", "317", "402"} <= set(names)
        assert "001" not in names
        found = await made.get(member, "/v1/tariffs/007/positions", q="konsultation", limit="2")
        assert [one["code"] for one in found["items"]] == ["AA.00.0010", "AA.00.0020"]
        assert found["items"][0]["source"].startswith("MUSTER")
        then = await made.get(member, "/v1/tariffs/001/positions", q="00.0010", on="2025-06-01")
        assert [one["code"] for one in then["items"]] == ["00.0010"]

    play(tmp_path, scene)
