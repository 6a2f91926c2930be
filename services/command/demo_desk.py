"""The clerks of the demo, and the sheets on paper that lie before them."""

from collections.abc import Mapping
from datetime import date, timedelta

import httpx

from libs.events.values import Language
from libs.runtime.system import System
from services.gateway import registration
from services.simulator.driver import Plan
from services.simulator.invoices import invoice, treated
from services.simulator.partner import ACCEPTED, Access, Partner
from services.simulator.practices import Practice
from services.simulator.sheet import sheet

CLERKS: tuple[tuple[str, str, Language], ...] = (
    ("clerk1", "Anna Muster", "de"),
    ("clerk2", "Beat Beispiel", "de"),
)
"""Two, because what is dear is keyed twice by different people."""
SHEETS = 3
"""So many of each practice that writes by hand."""
DESK = "the cooperative: keying desk"


async def admit_clerks(system: System) -> list[dict[str, str]]:
    """Let the clerks in; return their logins as the demo tells them."""
    logins = []
    for login, name, language in CLERKS:
        command, password = registration.new_user(
            login=login, name=name, role="clerk", practice_ids=[], language=language
        )
        await system.hosts["gateway"].handle(command)
        logins.append({"login": login, "password": password, "practice": DESK, "kind": "clerk"})
    return logins


async def hand_in_sheets(
    door: httpx.AsyncClient, plan: Plan, known: Mapping[int, Access], today: date
) -> None:
    """Hand in sheets of the practices that use our own software; `known` by account number."""
    for one in plan.practices():
        if not one.suite:
            continue
        partner = Partner(door, known[one.account_no])
        for day, index in _names(plan, one, today):
            drawn = sheet(plan.seed, invoice(plan.seed, one, (day, index), today))
            await partner.scan("/v1/sheets", drawn, ACCEPTED)


def _names(plan: Plan, one: Practice, today: date) -> list[tuple[date, int]]:
    """Return treatments of the last days that no message holds: those beyond the thinned volume."""
    found: list[tuple[date, int]] = []
    for back in range(1, 15):
        day = today - timedelta(days=back)
        first = treated(plan.seed, one, day, plan.share)
        found += [(day, index) for index in range(first, treated(plan.seed, one, day))]
    return found[:SHEETS]
