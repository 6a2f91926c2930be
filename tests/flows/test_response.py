"""generalInvoiceResponse over REST: what became of a message, in its own version."""

from datetime import date
from pathlib import Path

import httpx
from lxml import etree

from services.simulator.camt054 import Receipt
from services.simulator.response import Answer
from services.simulator.response import response as insurers_answer
from tests import cast
from tests.standards import violations
from tests.system import MONDAY, Cooperative, Member, play


async def answer(
    made: Cooperative, member: Member, path: str, language: str = "fr"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {member.token}", "Accept-Language": language}
    return await made.door.get(f"/v1/{path}/response", headers=headers)


def decided(got: httpx.Response) -> tuple[str, str, str]:
    """Return the decision, its state afterwards and its text; the schema takes the whole."""
    assert got.status_code == 200, got.text
    assert violations("invoice/generalInvoiceResponse_500.xsd", got.content) == []
    root = etree.fromstring(got.content)
    (found,) = (one for one in root.iter("{*}*") if "status_out" in one.attrib)
    texts = [str(one.text) for one in found if etree.QName(one).localname == "explanation"]
    return etree.QName(found).localname, str(found.get("status_out")), texts[0]


def test_a_practice_reads_in_xml_what_became_of_its_message_and_of_the_invoice(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        practice, other = cast.doctor(MONDAY), cast.doctor(MONDAY, 2)
        member, stranger = await cast.join(made, practice), await cast.join(made, other)
        (sent, *_) = cast.invoices(practice, MONDAY, "TP")
        data = cast.xml(sent)
        receipt = (await made.submit(member, data)).json()
        path = f"submissions/{receipt['submission_id']}"
        got = await answer(made, member, path)
        assert decided(got)[:2] == ("accepted", "processed")
        assert got.headers["content-language"] == "fr"
        assert (await answer(made, member, path)).content == got.content
        assert (await answer(made, stranger, path)).status_code == 404
        await made.system.settle(effects=True)
        await made.system.settle()
        (item,) = (await made.get(member, "/v1/invoices"))["items"]
        path = f"invoices/{item['invoice_id']}"
        assert decided(await answer(made, member, path, "en"))[:2] == ("accepted", "processed")
        assert (await answer(made, stranger, path)).status_code == 404
        headers = {"Authorization": f"Bearer {member.token}"}
        held = await made.door.post(
            f"/v1/invoices/{item['invoice_id']}/holds",
            json={"reason": "dispute", "review_on": str(date(2026, 1, 30))},
            headers=headers,
        )
        assert held.status_code == 201, held.text
        await made.system.settle()
        state = decided(await answer(made, member, path, "de"))
        assert state == ("pending", "frozen", "Das Mahnen ruht bis 30.01.2026.")
        paid = Receipt(
            bank_reference="B1", amount_rappen=item["open_rappen"], reference=item["reference"]
        )
        await made.bank(cast.paid(1, made.clock.today(), paid))
        got = await answer(made, member, path, "it")
        assert decided(got) == ("accepted", "granted", "La fattura è pagata.")
        (balance,) = etree.fromstring(got.content).iter("{*}balance")
        assert balance.get("amount_paid") == balance.get("amount_due")

    play(tmp_path, scene)


def test_what_an_insurer_refused_is_rejected_with_its_codes(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(MONDAY)
        member = await cast.join(made, practice)
        sent = cast.invoices(practice, MONDAY, "TP")[0]
        invoice_id = (await made.submit(member, cast.xml(sent))).json()["invoice_id"]
        await made.system.settle(effects=True)
        headers = {"Content-Type": "application/xml", "Authorization": f"Bearer {made.bank_token}"}
        said = insurers_answer(sent, Answer.REJECTED, MONDAY)
        taken = await made.door.post("/v1/insurer-answers", content=said, headers=headers)
        assert taken.status_code == 202, taken.text
        await made.system.settle()
        got = await answer(made, member, f"invoices/{invoice_id}", "de")
        assert decided(got)[:2] == ("rejected", "canceled")
        (error,) = etree.fromstring(got.content).iter("{*}error")
        assert error.get("code") == "31160"

    play(tmp_path, scene)


def test_a_refused_message_is_answered_with_every_error_and_what_is_none_is_not(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(MONDAY)
        member = await cast.join(made, practice)
        data = cast.xml(cast.invoices(practice, MONDAY, "TP")[0])
        broken = data.replace(b'amount_due="', b'amount_due="9', 1)
        assert broken != data
        for sent, status in ((broken, 200), (b"<nothing/>", 409), (b"no xml", 409)):
            refusal = (await made.submit(member, sent)).json()
            path = f"submissions/{refusal['submission_id']}"
            got = await answer(made, member, path)
            assert got.status_code == status, got.text
            if status == 200:
                assert decided(got)[:2] == ("rejected", "canceled")
                errors = [one.get("code") for one in etree.fromstring(got.content).iter("{*}error")]
                assert errors == [one["code"] for one in refusal["findings"]]

    play(tmp_path, scene)
