"""The main job from end to end over HTTP: the walks of the architecture, embedded."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from libs.events.terms import Contract, Reminding, Terms
from libs.runtime.tables import EVENTS
from services.simulator.camt054 import Receipt
from tests import cast
from tests.pages import codes_on
from tests.system import MONDAY, Cooperative, beside, play


async def _types(made: Cooperative, member: Any, invoice_id: str) -> list[str]:
    told = await made.get(member, f"/v1/invoices/{invoice_id}/timeline")
    return [event["type"] for event in told["events"]]


def test_an_invoice_comes_in_a_qr_bill_comes_out_the_bank_pays_the_member_is_credited(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, practice := cast.doctor(MONDAY))
        sent = cast.invoices(practice, MONDAY, "TG")[0]
        answer = await made.submit(member, cast.xml(sent))
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        again = await made.submit(member, cast.xml(sent))
        assert again.status_code == 200
        assert again.json()["submission_id"] == receipt["submission_id"]

        (issued,) = (await made.get(member, "/v1/invoices"))["items"]
        assert issued["request_id"] == sent.request_id
        assert issued["open_rappen"] == sent.totals.due_rappen
        path = f"/v1/invoices/{issued['invoice_id']}"
        await made.system.settle(effects=True)
        await made.system.settle()
        documents = (await made.get(member, f"{path}/documents"))["items"]
        pdf = await made.door.get(
            f"{path}/documents/{documents[0]['document_id']}",
            headers={"Authorization": f"Bearer {member.token}"},
        )
        assert pdf.headers["content-type"] == "application/pdf"
        slip = _slip(pdf.content)
        assert slip[3] == cast.ACCOUNT
        assert slip[18] == f"{issued['open_rappen'] / 100:.2f}"
        assert slip[28] == issued["reference"]

        part = Receipt(bank_reference="B1", amount_rappen=1_000, reference=issued["reference"])
        assert (await made.bank(cast.paid(1, MONDAY, part))).status_code == 200
        assert (await made.get(member, path))["open_rappen"] == issued["open_rappen"] - 1_000
        rest = Receipt(
            bank_reference="B2",
            amount_rappen=issued["open_rappen"] - 1_000 + 500,
            reference=issued["reference"],
        )
        lost = Receipt(bank_reference="B3", amount_rappen=7_777, reference="", payer="Unbekannt")
        for _ in range(2):  # the same file twice books nothing twice
            await made.bank(cast.paid(2, MONDAY, rest, lost))
        told = await made.get(member, path)
        assert (told["open_rappen"], told["state"]) == (0, "paid")
        kinds = Counter(await _types(made, member, issued["invoice_id"]))
        assert kinds["PaymentReceived"] == 2
        assert kinds["MemberCredited"] == 2
        assert kinds["DunningStopped"] == kinds["InvoiceSettled"] == 1
        account = await made.get(member, "/v1/account")
        assert account["balance_rappen"] > 0
        sums = made.proof()["sums"]
        assert sums["invoicing"]["unmatched_rappen"] == 7_777
        assert sums["invoicing"]["surplus_rappen"] == 500

    play(tmp_path, scene)


def _slip(pdf: bytes) -> list[str]:
    """Return the lines of the QR code on a document."""
    (code,) = codes_on(pdf)
    lines: list[str] = code.text.split("\n")
    assert lines[0] == "SPC"
    return lines


def test_who_does_not_pay_is_reminded_step_by_step_until_the_agency_has_it(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, practice := cast.doctor(MONDAY))
        sent = next(
            one for one in cast.invoices(practice, MONDAY, "TG") if one.totals.due_rappen > 6_000
        )
        await made.submit(member, cast.xml(sent))
        (issued,) = (await made.get(member, "/v1/invoices"))["items"]
        path = f"/v1/invoices/{issued['invoice_id']}"
        first = (await made.get(member, f"{path}/timeline"))["next"]
        assert first["step"] == "first_reminder"
        assert first["on"] == "2026-02-24"
        await made.days(date(2026, 5, 15))
        await made.system.settle(effects=True)
        told = await made.get(member, f"{path}/timeline")
        steps = [
            (event["data"]["stage"], event["data"]["on"])
            for event in reversed(told["events"])
            if event["type"] == "ReminderEscalated"
        ]
        # Vector T20 of the business rules: Easter moves the call.
        assert sorted(steps, key=lambda step: step[1]) == [
            ("first_reminder", "2026-02-24"),
            ("rplus_written", "2026-03-26"),
            ("rplus_call", "2026-04-07"),
            ("formal_notice", "2026-04-17"),
        ]
        (handed,) = [e for e in told["events"] if e["type"] == "CollectionRequested"]
        assert handed["data"]["on"] == "2026-05-12"
        kinds = Counter(event["type"] for event in told["events"])
        assert kinds["CollectionRequested"] == 1
        assert kinds["ReminderDispatched"] == 3

    play(tmp_path, scene)


def test_an_advance_is_credited_and_charged_back_when_the_claim_goes_to_collection(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(MONDAY)
        member = await made.join(
            practice.account_no,
            practice.gln,
            Terms(),
            Reminding(rappel_plus=False, collection_agency="Muster", secrecy_basis="CONSENT"),
            Contract(product="PER_INVOICE", advance_bp=8_000, limit_rappen=10_000_000),
            glns=practice.glns,
        )
        sent = next(
            one for one in cast.invoices(practice, MONDAY, "TG") if one.totals.due_rappen > 6_000
        )
        await made.submit(member, cast.xml(sent))
        await made.days(date(2026, 1, 8))
        (issued,) = (await made.get(member, "/v1/invoices"))["items"]
        kinds = Counter(await _types(made, member, issued["invoice_id"]))
        assert kinds["AdvanceCredited"] == 1
        await made.days(date(2026, 6, 20))
        kinds = Counter(await _types(made, member, issued["invoice_id"]))
        assert kinds["CollectionRequested"] == kinds["ClaimChargedBack"] == 1

    play(tmp_path, scene)


def test_what_cannot_be_used_is_refused_with_every_finding_and_nothing_is_issued(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, practice := cast.doctor(MONDAY))
        sent = cast.invoices(practice, MONDAY, "TG")[0]
        wrong = cast.xml(sent).replace(b' amount_due="', b' amount_due="9', 1)
        answer = await made.submit(member, wrong, **{"Accept-Language": "fr"})
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["findings"]
        assert all(finding["message"] and finding["remedy"] for finding in problem["findings"])
        assert sent.patient.person.name not in answer.text
        assert (await made.get(member, "/v1/invoices"))["items"] == []
        (kept,) = (await made.get(member, "/v1/submissions"))["items"]
        assert kept["state"] == "rejected"

    play(tmp_path, scene)


def test_one_practice_cannot_see_that_another_ones_invoice_exists(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        one = await cast.join(made, practice := cast.doctor(MONDAY))
        other = await cast.join(made, cast.doctor(MONDAY, number=2))
        await made.submit(one, cast.xml(cast.invoices(practice, MONDAY)[0]))
        (issued,) = (await made.get(one, "/v1/invoices"))["items"]
        unknown = "00000000-0000-4000-8000-000000000000"
        for suffix in ("", "/timeline", "/documents"):
            answers = [
                await made.door.get(
                    f"/v1/invoices/{invoice}{suffix}",
                    headers={
                        "Authorization": f"Bearer {other.token}",
                        "X-Request-Id": "the-same-id",
                    },
                )
                for invoice in (issued["invoice_id"], unknown)
            ]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].content == answers[1].content

    play(tmp_path, scene)


def test_one_trace_and_one_correlation_lead_from_the_upload_to_the_letter(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, practice := cast.doctor(MONDAY))
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = await made.submit(
            member,
            cast.xml(cast.invoices(practice, MONDAY, "TG")[0]),
            traceparent=f"00-{trace_id}-00f067aa0ba902b7-01",
            **{"X-Request-Id": "upload-of-monday"},
        )
        assert answer.headers["x-request-id"] == "upload-of-monday"
        await made.system.settle(effects=True)
        seen: dict[str, set[tuple[str, str]]] = {}
        for name in made.system.hosts:
            with beside(made.system, name) as store, store.reading() as db:
                for row in db.execute(select(EVENTS)):
                    if row.correlation_id == "upload-of-monday":
                        seen.setdefault(name, set()).add((row.type, row.traceparent[3:35]))
        assert {"SubmissionAccepted", "InvoiceIssued", "InvoiceDispatched"} <= {
            kind for events in seen.values() for kind, _ in events
        }
        assert set(seen) == {"ingest", "invoicing", "dunning", "factoring"}
        assert {trace for events in seen.values() for _, trace in events} == {trace_id}

    play(tmp_path, scene)
