"""The daily reconciliation against the account, to the rappen, over a month (BR-139)."""

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from libs.events.terms import Contract, Reminding, Terms
from libs.runtime.clock import ZURICH
from services.simulator.camt054 import Receipt
from services.simulator.invoices import storno
from tests import cast
from tests.system import MONDAY, Cooperative, Member, play

ADVANCED = (Terms(), Reminding(), Contract(product="PER_INVOICE", limit_rappen=2_000_000))
DAYS = 31


async def file(made: Cooperative, member: Member, day: date, form: str = "json") -> httpx.Response:
    headers = {"Authorization": f"Bearer {member.token}"}
    path = f"/v1/reconciliations/{day.isoformat()}"
    return await made.door.get(path, params={"format": form}, headers=headers)


async def bank(made: Cooperative, number: int, booked: date, *receipts: Receipt) -> None:
    answer = await made.bank(cast.paid(number, booked, *receipts))
    assert answer.status_code == 200, answer.text


def receipt(name: str, item: dict[str, Any], rappen: int) -> Receipt:
    return Receipt(
        bank_reference=name,
        amount_rappen=abs(rappen),
        reference=item["reference"],
        reversal=rappen < 0,
    )


async def live(made: Cooperative, member: Member, of: Any) -> dict[date, bytes]:
    """Let a month happen: invoices, part and over-payments, reversals, stornos, advances.

    Return each day's file as it was when the day had just ended.
    """
    sent = cast.invoices(of, MONDAY, "TG")
    files: dict[date, bytes] = {}
    issued: list[dict[str, Any]] = []
    for number in range(DAYS):
        today = made.clock.today()
        await made.submit(member, cast.xml(sent[number]))
        newest = {one["request_id"]: one for one in (await items(made, member))}
        issued.append(newest[sent[number].request_id])
        if number >= 3:
            old = issued[number - 3]
            due = old["open_rappen"]
            whole = {0: due, 1: due // 3, 2: due + 700, 3: due - 4}.get(number % 5)
            if whole:  # what the bank booked yesterday it reports today
                yesterday = today - timedelta(days=1)
                await bank(made, number, yesterday, receipt(f"B{number}", old, whole))
        if number >= 8 and number % 5 == 1:  # it had paid a third of it
            old = issued[number - 8]
            back = receipt(f"R{number}", old, -(old["open_rappen"] // 3))
            await bank(made, 100 + number, today, back)
        if number >= 6 and number % 7 == 6:
            await made.submit(member, cast.xml(storno(sent[number - 2], today)))
        await made.days(today + timedelta(days=1))
        answer = await file(made, member, today)
        assert answer.status_code == 200, answer.text
        files[today] = answer.content
    return files


async def items(made: Cooperative, member: Member) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await made.get(member, "/v1/invoices", limit="200"))["items"]
    return found


def test_every_day_adds_up_to_the_account_and_never_changes(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        of = cast.doctor(MONDAY)
        member = await made.join(of.account_no, of.gln, *ADVANCED, glns=of.glns)
        files = await live(made, member, of)
        days = {day: httpx.Response(200, content=data).json() for day, data in files.items()}
        for day, found in days.items():
            adds_up(found)
            assert (await file(made, member, day)).content == files[day], "the same bytes later"
            assert_csv((await file(made, member, day, "csv")).text, found)
        await against_the_account(made, member, days)
        await against_the_invoices(made, member, days)
        seen = {name for found in days.values() for name, sum_ in found["total"].items() if sum_}
        assert {
            "invoiced_rappen", "paid_rappen", "reversed_rappen", "waived_rappen", "fees_rappen",
            "surplus_rappen", "credited_rappen", "advances_rappen", "open_before_rappen",
        } <= seen  # fmt: skip

    play(tmp_path, scene)


def adds_up(found: dict[str, Any]) -> None:
    """See the sums of each line, of the totals, and of the account."""
    total = found["total"]
    for line in (*found["lines"], total):
        assert line["open_after_rappen"] == (
            line["open_before_rappen"]
            + line["invoiced_rappen"]
            + line["reminder_fees_rappen"]
            - line["paid_rappen"]
            + line["reversed_rappen"]
            - line["waived_rappen"]
        ), line
        parts = ("credited_rappen", "advances_rappen", "fees_rappen")
        assert line["account_rappen"] == sum(line[name] for name in parts), line
    for name in found["lines"][0] if found["lines"] else ():
        if name.endswith("_rappen"):
            assert total[name] == sum(line[name] for line in found["lines"]), name
    after = total["account_before_rappen"] + total["account_rappen"]
    assert after == total["account_after_rappen"]


def assert_csv(text: str, found: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == ["invoice"] * len(found["lines"]) + ["total"]
    for row, line in zip(rows, (*found["lines"], found["total"]), strict=True):
        assert {name: row[name] for name in line} == {name: str(line[name]) for name in line}


async def against_the_account(
    made: Cooperative, member: Member, days: dict[date, dict[str, Any]]
) -> None:
    """Each day is what the statement's lines say that were recorded on it; no day is missing."""
    order = sorted(days)
    for one, following in pairwise(order):
        total, next_total = days[one]["total"], days[following]["total"]
        assert total["account_after_rappen"] == next_total["account_before_rappen"]
    assert days[order[0]]["total"]["account_before_rappen"] == 0
    moved: dict[date, int] = defaultdict(int)
    params = {"from": "2025-12-01", "to": str(made.clock.today()), "limit": "200"}
    statement: dict[str, Any] = {"next_cursor": ""}
    while statement["next_cursor"] is not None:
        cursor = {"cursor": statement["next_cursor"]} if statement["next_cursor"] else {}
        statement = await made.get(member, "/v1/account/statement", **params, **cursor)
        for line in statement["lines"]:
            at = datetime.fromtimestamp(line["recorded_us"] / 1_000_000, UTC)
            moved[at.astimezone(ZURICH).date()] += line["amount_rappen"]
    late = {day: rappen for day, rappen in moved.items() if day not in days}
    for day, found in days.items():
        assert found["total"]["account_rappen"] == moved.get(day, 0), day
    last = days[order[-1]]["total"]["account_after_rappen"]
    account = await made.get(member, "/v1/account")
    assert last + sum(late.values()) == account["balance_rappen"] == statement["closing_rappen"]


async def against_the_invoices(
    made: Cooperative, member: Member, days: dict[date, dict[str, Any]]
) -> None:
    """See that what was open in the end is what the list says, by the software's own numbers."""
    last: dict[str, int] = {}
    for day in sorted(days):
        for line in days[day]["lines"]:
            before = last.get(line["request_id"], 0)
            assert line["open_before_rappen"] == before, (day, line)
            last[line["request_id"]] = line["open_after_rappen"]
    shown = {one["request_id"]: one["open_rappen"] for one in await items(made, member)}
    assert last == shown


def test_a_day_that_is_not_over_and_anothers_are_not_told(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        for day, status, code in (
            (MONDAY, 409, "day_not_over"),
            (date(2026, 2, 1), 409, "day_not_over"),
            (date(1999, 1, 1), 422, "invalid"),
        ):
            answer = await file(made, member, day)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        before = await file(made, member, MONDAY - timedelta(days=1))
        assert before.json()["lines"] == []
        headers = {"Authorization": f"Bearer {member.token}"}
        wrong = await made.door.get("/v1/reconciliations/yesterday", headers=headers)
        assert wrong.status_code == 422

    play(tmp_path, scene)
