"""What became of each invoice, as practice software follows it over REST (P21, P27, BR-139)."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

from services.gateway.api.feed_models import FeedPage
from services.simulator.camt054 import Receipt
from tests import cast
from tests.system import MONDAY, Cooperative, Member, play

EVENTS = "/v1/events"


async def all_events(made: Cooperative, member: Member, **params: str) -> list[dict[str, Any]]:
    """Follow the feed to its end, page by page."""
    found: list[dict[str, Any]] = []
    given = {"limit": "3", **params}
    while True:
        page = await made.get(member, EVENTS, **given)
        found += page["items"]
        given["cursor"] = page["next_cursor"]
        if not page["more"]:
            return found


async def pay(made: Cooperative, invoice: dict[str, Any], number: int = 1) -> None:
    receipt = Receipt(
        bank_reference=f"B{number}",
        amount_rappen=invoice["open_rappen"],
        reference=invoice["reference"],
    )
    answer = await made.bank(cast.paid(number, made.clock.today(), receipt))
    assert answer.status_code == 200, answer.text


def test_a_practice_follows_each_invoice_from_upload_to_payment_by_its_own_number(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        practice, other = cast.doctor(MONDAY), cast.doctor(MONDAY, 2)
        member, stranger = await cast.join(made, practice), await cast.join(made, other)
        sent = cast.invoices(practice, MONDAY, "TG")[:3]
        for one in sent:
            await made.submit(member, cast.xml(one))
        await made.submit(member, b"<nothing/>")
        await made.days(date(2026, 2, 20))
        await made.system.settle(effects=True)
        await made.system.settle()
        first = (await made.get(member, "/v1/invoices"))["items"][0]
        await pay(made, first)
        found = await all_events(made, member)
        FeedPage.model_validate({"items": found, "next_cursor": "", "more": False})
        ids = [one["id"] for one in found]
        assert len(ids) == len(set(ids))
        numbers = {one["request_id"] for one in found if one["type"] != "SubmissionRejected"}
        assert numbers == {one.request_id for one in sent}
        own = [one["type"] for one in found if one["request_id"] == first["request_id"]]
        assert {
            "SubmissionAccepted", "InvoiceIssued", "InvoiceDispatched", "CaseOpened",
            "ClaimTransmitted", "FeeCharged", "PaymentReceived", "InvoiceSettled",
            "MemberCredited", "DunningStopped",
        } <= set(own)  # fmt: skip
        assert own.index("SubmissionAccepted") < own.index("InvoiceIssued")
        assert own.index("InvoiceIssued") < own.index("PaymentReceived")
        assert await all_events(made, stranger) == []
        settled = await all_events(made, member, type="InvoiceSettled")
        assert [one["request_id"] for one in settled] == [first["request_id"]]

    play(tmp_path, scene)


def test_a_cursor_leads_on_without_gaps_and_who_waits_is_told_at_once(tmp_path: Path) -> None:
    """P48: an answer that waits comes as soon as something happens, and holds up nobody."""

    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(MONDAY)
        member = await cast.join(made, practice)
        first, second = cast.invoices(practice, MONDAY, "TG")[:2]
        await made.submit(member, cast.xml(first))
        await made.system.settle(effects=True)  # or the feed moves on when its letter leaves
        seen = await all_events(made, member)
        end = await made.get(member, EVENTS, limit="200")
        assert (await made.get(member, EVENTS, cursor=end["next_cursor"]))["items"] == []

        async def follow() -> list[dict[str, Any]]:
            while True:  # on a busy machine the upload may take longer than one answer waits
                page = await made.get(member, EVENTS, cursor=end["next_cursor"], wait="20")
                if page["items"]:
                    found: list[dict[str, Any]] = page["items"]
                    return found

        waiting = [asyncio.create_task(follow()) for _ in range(10)]
        await asyncio.sleep(0)
        assert (await made.submit(member, cast.xml(second))).status_code == 202
        async with asyncio.timeout(120):
            assert all(await asyncio.gather(*waiting))
        whole = await all_events(made, member)
        assert whole[: len(seen)] == seen, "what was seen once stays where it is"
        assert {one["request_id"] for one in whole} == {first.request_id, second.request_id}

    play(tmp_path, scene)


def test_b52_what_no_page_gave_is_no_cursor(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        headers = {"Authorization": f"Bearer {member.token}"}
        for params, status in (
            ({"cursor": "e30x"}, 400),
            ({"cursor": "eyJ4Ijox"}, 400),
            ({"cursor": "eyJpbmdlc3QiOi0xfQ"}, 400),
            ({"type": "InvoicePainted"}, 422),
            ({"wait": "3600"}, 422),
            ({"limit": "1000000000"}, 422),
        ):
            answer = await made.door.get(EVENTS, params=params, headers=headers)
            assert answer.status_code == status, answer.text

    play(tmp_path, scene)
