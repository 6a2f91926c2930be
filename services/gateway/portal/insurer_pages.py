"""What insurers answered to a practice's invoices, and what to do about it (BR-201)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection, select

from libs.events.values import PracticeId
from libs.runtime.web import Problem
from services.gateway.portal.frame import Page, SeesInvoices, html
from services.gateway.tables import invoices

router = APIRouter(route_class=Page, include_in_schema=False)

SHOWN: Final = 50
TONES: Final[Mapping[str, str]] = {
    "accepted": "good",
    "pending": "warn",
    "rejected": "bad",
    "notified": "info",
}

Chip = Literal["all", "rejected", "pending", "accepted"]
CHIPS: Final = get_args(Chip)


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer beside the invoice it is about."""

    received_at: datetime
    invoice_id: str
    number: str
    request_id: str
    insurer_name: str
    decision: str
    reasons: Sequence[str]
    codes: Sequence[str]

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag."""
        return TONES[self.decision]


@router.get("/insurers")
async def insurers(
    visit: SeesInvoices,
    decision: Chip = "all",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """List answers, newest first; each rejection with its reason and what to do."""
    chosen = "" if decision == "all" else decision
    params = {"decision": chosen, "cursor": cursor, "limit": str(SHOWN)}
    answer = await visit.ask("ingest", "GET", "/insurer-answers", params=params)
    if not answer.is_success:
        raise Problem(400, "invalid_cursor", "Begin with the first page.")
    page = answer.json()
    about = await visit.read(named, [one["invoice_id"] for one in page["items"]])
    rows = [said(one, about) for one in page["items"]]
    more = f"/insurers?decision={decision}&cursor={page['next']}" if page["next"] else None
    if cursor and visit.partial:
        return html("insurer_rows.html", t=visit.t, rows=rows, more_href=more)
    values: dict[str, Any] = {"decision": decision, "chips": CHIPS, "rows": rows, "more_href": more}
    return await visit.page("insurers.html", "insurers", **values)


def said(told: Mapping[str, Any], about: Mapping[str, tuple[str, str]]) -> Said:
    """Return an answer from what ingest says of it; its invoice may not be known here yet."""
    number, insurer_name = about.get(told["invoice_id"], ("", ""))
    return Said(
        received_at=datetime.fromisoformat(told["received_at"]),
        number=number,
        insurer_name=insurer_name or told["insurer_gln"],
        **{name: told[name] for name in ("invoice_id", "request_id", "decision")},
        **{name: told[name] for name in ("reasons", "codes")},
    )


def named(
    db: Connection, practice_id: PracticeId, ids: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """Return the numbers and insurers of a practice's invoices."""
    wanted = select(invoices.c.invoice_id, invoices.c.number, invoices.c.insurer_name).where(
        invoices.c.practice_id == practice_id, invoices.c.invoice_id.in_(ids)
    )
    return {row.invoice_id: (row.number, row.insurer_name) for row in db.execute(wanted)}
