"""The start page: what is open, what needs the practice, how money comes in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any

from fastapi import APIRouter, Response

from libs.runtime.web import Problem
from services.gateway import webhooks
from services.gateway.delivery_projections import missing_batch
from services.gateway.portal import charts, figures, formats
from services.gateway.portal.accounts import Account, account_of
from services.gateway.portal.frame import REJECTED_DAYS, Page, SeesInvoices, Visit

router = APIRouter(route_class=Page, include_in_schema=False)

PAID_DAYS = 30


@dataclass(frozen=True)
class Task:
    """Something that only the practice can settle, or an error that must not hide."""

    key: str
    count: int
    href: str
    broken: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@router.get("/")
async def start(visit: SeesInvoices) -> Response:
    """Answer what is open and what needs the reader today."""
    today = visit.today
    sums = await visit.read(figures.open_sums, today)
    paid = await visit.read(figures.paid_by_day, today)
    since = today - timedelta(days=PAID_DAYS - 1)
    ages = [
        (sums[f"{age}_count"], sums[f"{age}_rappen"])
        for age in ("not_due", "month", "quarter", "older")
    ]
    return await visit.page(
        "start.html",
        "start",
        open=sums,
        paid_rappen=sum(rappen for on, rappen in paid.items() if on >= since),
        paid_since=since,
        account=await account_if_there(visit),
        tasks=await tasks(visit),
        ever=await visit.read(figures.ever_handed_in),
        ageing=charts.ageing(ages),
        weeks=charts.weeks(by_week(paid), today),
    )


def by_week(paid: Mapping[date, int]) -> Mapping[date, int]:
    """Return what came in by the Monday of its week."""
    sums: dict[date, int] = {}
    for on, rappen in paid.items():
        week = charts.monday(on)
        sums[week] = sums.get(week, 0) + rappen
    return sums


async def account_if_there(visit: Visit) -> Account | None:
    """Return the account; the page comes also while the service that keeps it is away."""
    try:
        return await account_of(visit)
    except Problem:
        return None


async def disabled_webhooks(visit: Visit) -> int:
    """Return how many webhooks we stopped to send to, for whoever can make them active again."""
    if not visit.may("webhooks:read"):
        return 0
    return sum(row.disabled is not None for row in await visit.read(webhooks.shown))


async def tasks(visit: Visit) -> Sequence[Task]:
    """Return what needs the practice, with what is broken first."""
    today = visit.today
    since = visit.now.astimezone(UTC) - timedelta(days=REJECTED_DAYS)
    rejected = await visit.read(figures.rejected_since, since)
    cases: Any = await visit.read(figures.case_tasks, today)
    stuck = await visit.read(figures.stuck, today)
    missing = await visit.read(missing_batch)
    expected = {"day": formats.day(missing.expected_on)} if missing is not None else {}
    since_day = {"day": formats.day(formats.local(since).date())}
    found = [
        Task("stuck", stuck, "/invoices?state=stuck", broken=True),
        Task("webhook", await disabled_webhooks(visit), "/webhooks", broken=True),
        Task("batch", int(missing is not None), "/submissions/new", values=expected),
        Task("rejected", rejected, "/submissions?state=rejected", values=since_day),
        Task("reviews", cases.reviews, "/invoices?state=held"),
        Task("consents", cases.consents, "/invoices?state=held"),
    ]
    return [task for task in found if task.count]
