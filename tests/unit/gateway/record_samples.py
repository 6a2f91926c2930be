"""The form of services with everything that it can show, for the tests of pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.runtime.ids import derived
from services.gateway.drafts import Draft
from services.gateway.portal import record_form as form
from services.gateway.portal.findings import Sentence
from services.gateway.portal.record_pages import Shown, choices
from tests.unit.gateway.portal_samples import NOON

DRAFT = derived("draft", "1")


def total(evil: str) -> dict[str, Any]:
    """Return a preview as ingest gives it."""
    return {
        "lines": [{"name": evil, "amount_rappen": 3390}],
        "vat": [{"rate": "8.1", "amount_rappen": 3390, "vat_rappen": 254}],
        "amount_rappen": 3390,
        "due_rappen": 2390,
        "share_rappen": 765,
        "complete": True,
    }


def shown(evil: str) -> Shown:
    """Return a form of two lines, the second without a price, with something told everywhere."""
    fields = dict.fromkeys(form.FIELDS, evil) | {"prepaid_rappen": "10"}
    fields = form.with_line(form.with_line(fields, "007", evil, "2026-01-05"), "402", evil, "")
    told = {name: [Sentence("error", evil, evil, 0, "x")] for name in form.TOLD}
    told |= {name: [Sentence("warning", evil, evil, 0, "x")] for name in form.GROUPS}
    told |= {f"lines.0.{name}": [Sentence("error", evil, evil, 0, "x")] for name in form.OF_LINE}
    told |= {"": [Sentence("error", evil, evil, 0, "x")]}
    return Shown(fields=fields, tried=True, total=total(evil), told=told, errors=2)


def found(evil: str) -> list[dict[str, Any]]:
    """Return positions of each shape as ingest finds them."""
    one: dict[str, Any] = {"tariff": "007", "code": evil, "name": evil, "source": evil}
    one |= {"points_mt": "1", "points_tt": "2"}
    shapes = [("two_part", 0), ("points", 0), ("price", 895), ("price", 0), ("hourly", 6300)]
    return [one | {"shape": shape, "price_rappen": price} for shape, price in shapes]


def records(own: Mapping[str, Any], evil: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the templates of the form, with values that show all of their parts."""
    t = own["t"]
    draft = Draft(draft_id=DRAFT, changed_at=NOON, fields={"patient.name": evil})
    finding = {"severity": "warning", "message": evil, "remedy": evil, "code": "x"}
    receipt = {"state": "accepted", "request_id": evil, "invoice_id": DRAFT, "findings": [finding]}
    yield (
        "records.html",
        {**own, "drafts": [draft], "receipt": receipt, "days": 31, "form": form},
    )
    values = {**own, "draft_id": DRAFT, "shown": shown(evil), "form": form, **choices(t)}
    search = {"tariff": "007", "q": evil, "day": "2026-01-05", "found": found(evil)}
    values |= {"tariffs": ["007", "XYZ"], "search": search, "lines_too": True, "added": True}
    yield "record.html", values
