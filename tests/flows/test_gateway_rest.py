"""What a practice's program does over REST, through the door to the services behind it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from services.simulator.request import message
from tests.browser.served import join, some_invoices, some_practice
from tests.system import MONDAY, Cooperative, Member, play


async def ask(
    made: Cooperative, member: Member, method: str, path: str, **more: Any
) -> httpx.Response:
    """Ask as the practice's program and wait until all have heard what it led to."""
    headers = {"Authorization": f"Bearer {member.token}", **more.pop("headers", {})}
    answer = await made.door.request(method, path, headers=headers, **more)
    await made.system.settle()
    return answer


async def with_an_invoice(made: Cooperative) -> tuple[Member, dict[str, Any]]:
    """Return a member and its one invoice, its documents made."""
    of = some_practice()
    member = await join(made, of)
    answer = await made.submit(member, message(some_invoices(of, 1)[0]))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/submissions/{answer.json()['submission_id']}"
    await made.system.settle(effects=True)
    await made.system.settle()
    (invoice,) = (await made.get(member, "/v1/invoices"))["items"]
    return member, invoice


def test_a_receipt_and_the_catalogue_speak_the_language_asked_for(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, _ = await with_an_invoice(made)
        refused = await made.submit(member, b"<nothing/>", **{"Accept-Language": "fr"})
        assert 400 <= refused.status_code < 500
        assert refused.headers["content-type"] == "application/problem+json"
        path = f"/v1/submissions/{refused.json()['submission_id']}"
        told = {}
        for language in ("de", "fr"):
            answer = await ask(
                made, member, "GET", path, headers={"Accept-Language": f"{language}-CH"}
            )
            told[language] = answer.json()["findings"][0]["message"]
        assert told["de"] != told["fr"]
        assert told["fr"] == refused.json()["findings"][0]["message"]
        catalogue = await made.get(member, "/v1/findings")
        assert set(catalogue[refused.json()["findings"][0]["code"]]["message"]) == {
            "de",
            "fr",
            "it",
            "en",
        }
        page = await made.get(member, "/v1/submissions", limit="1")
        assert page["items"][0]["state"] == "rejected"
        rest = await made.get(member, "/v1/submissions", cursor=page["next_cursor"])
        assert [one["state"] for one in rest["items"]] == ["accepted"]
        missing = await ask(made, member, "GET", path[:-1] + "0")
        assert missing.status_code == 404

    play(tmp_path, scene)


def test_documents_are_listed_and_come_as_pdf(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, invoice = await with_an_invoice(made)
        path = f"/v1/invoices/{invoice['invoice_id']}/documents"
        documents = (await made.get(member, path))["items"]
        assert documents
        for one in documents:
            answer = await ask(made, member, "GET", f"{path}/{one['document_id']}")
            assert answer.status_code == 200
            assert answer.content.startswith(b"%PDF-")
            assert answer.headers["content-type"] == "application/pdf"
            shown = answer.headers["content-disposition"]
            assert f'filename="{one["kind"]}-{invoice["number"]}.pdf"' in shown
            assert answer.headers["cache-control"] == "no-store"
            assert "content-security-policy" in answer.headers

    play(tmp_path, scene)


def test_a_hold_rests_the_reminders_until_it_is_lifted(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, invoice = await with_an_invoice(made)
        path = f"/v1/invoices/{invoice['invoice_id']}"
        review_on = (MONDAY + timedelta(days=20)).isoformat()
        wanted = {"reason": "dispute", "review_on": review_on}
        placed = await ask(made, member, "POST", f"{path}/holds", json=wanted)
        assert placed.status_code == 201, placed.text
        held = await made.get(member, path)
        assert (held["state"], held["hold"]["reason"]) == ("held", "dispute")
        assert held["hold"]["by"] == f"client:{member.client_id}"
        assert held["next"] == {"step": "review_of_hold", "on": review_on}
        far = {**wanted, "reason": "practice_pause", "review_on": "2036-01-01"}
        refused = await ask(made, member, "POST", f"{path}/holds", json=far)
        assert refused.status_code == 409
        assert refused.json()["code"] == "review_day_invalid"
        for wrong in ({}, {**wanted, "by": "me"}, {**wanted, "reason": "mood"}):
            bad = await ask(made, member, "POST", f"{path}/holds", json=wrong)
            assert bad.status_code == 422, wrong
            assert "mood" not in bad.text
        lifted = await ask(made, member, "DELETE", f"{path}/holds")
        assert lifted.status_code == 200, lifted.text
        free = await made.get(member, path)
        assert (free["hold"], free["next"]["step"]) == (None, "first_reminder")
        told = await made.get(member, f"{path}/timeline")
        kinds = [event["type"] for event in told["events"]]
        assert kinds.index("HoldPlaced") < kinds.index("HoldLifted")
        assert {"SubmissionAccepted", "InvoiceIssued", "CaseOpened"} <= set(kinds)

    play(tmp_path, scene)


def test_the_account_is_read_through_the_door(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, invoice = await with_an_invoice(made)
        account = await made.get(member, "/v1/account")
        assert "balance_rappen" in account
        statement = await made.get(member, "/v1/account/statement", limit="5")
        assert "lines" in statement
        wrong = await ask(made, member, "GET", "/v1/account/statement?from=2026-13-01")
        assert wrong.status_code == 422
        claim = await made.get(member, f"/v1/invoices/{invoice['invoice_id']}")
        assert claim["ownership"] == "mandated"

    play(tmp_path, scene)


def test_the_bank_is_the_cooperatives_business(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, _ = await with_an_invoice(made)
        assert (await ask(made, member, "POST", "/v1/bank-files")).status_code == 403
        refused = await made.bank(b"<nothing/>")
        assert 400 <= refused.status_code < 500
        assert refused.json()["code"]

    play(tmp_path, scene)


def test_a_message_that_is_too_long_is_refused_while_it_comes_b12(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, _ = await with_an_invoice(made)

        async def endless() -> Any:
            for _ in range(25):
                yield b" " * 1_000_000

        answer = await ask(
            made,
            member,
            "POST",
            "/v1/submissions",
            content=endless(),
            headers={"Content-Type": "application/xml"},
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    play(tmp_path, scene)
