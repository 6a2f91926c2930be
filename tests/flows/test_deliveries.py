"""What is expected and does not come is missed, shown, and forgotten when it comes (BR-169)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from libs.events import BatchMissing
from libs.runtime.tables import EVENTS
from tests import cast
from tests.cast import xml
from tests.system import MONDAY, Cooperative, Member, play

DAY = timedelta(days=1)
DOCTOR = cast.doctor(MONDAY)
SETTINGS = "/v1/practice/settings/deliveries"


async def wishes(made: Cooperative, member: Member, **plan: Any) -> Any:
    """Say when the practice hands in, as its software does."""
    answer = await made.door.put(
        SETTINGS,
        json={"settings": plan},
        headers={"Authorization": f"Bearer {member.token}", "If-Match": "*"},
    )
    await made.system.settle()
    return answer


async def missed(made: Cooperative) -> list[date]:
    """Return for which days deliveries were missed, in the order in which that was said."""
    wanted = select(EVENTS.c.data).where(EVENTS.c.type == "BatchMissing")
    wanted = wanted.order_by(EVENTS.c.position)
    ingest = made.system.hosts["ingest"]
    rows = await ingest.read(lambda db: [bytes(row.data) for row in db.execute(wanted)])
    return [msgspec.json.decode(row, type=BatchMissing).expected_on for row in rows]


async def shown(made: Cooperative, member: Member) -> str:
    """Return the start page of the practice's user."""
    form = {"login": member.login, "password": member.password}
    made.door.cookies.clear()
    assert (await made.door.post("/login", data=form)).status_code == 303
    page = (await made.door.get("/")).text
    made.door.cookies.clear()
    return page


def test_br_169_a_delivery_that_does_not_come_is_missed_once_shown_and_resolved_by_the_next(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        messages = [xml(one) for one in cast.invoices(DOCTOR, MONDAY)]
        answer = await wishes(made, member, rhythm="weekly", weekday=3)
        assert answer.status_code == 200, answer.text
        assert answer.json()["settings"]["canton"] == "ZH"
        wednesday = MONDAY + 2 * DAY
        await made.days(wednesday + DAY)
        await made.submit(member, messages[0])
        await made.days(wednesday + 7 * DAY)
        assert await missed(made) == [], "it came within its grace"
        await made.days(wednesday + 9 * DAY)
        assert await missed(made) == []
        await made.days(wednesday + 12 * DAY)
        assert await missed(made) == [wednesday + 7 * DAY]
        assert "14.01.2026" in await shown(made, member)
        await made.submit(member, messages[1])
        assert "14.01.2026" not in await shown(made, member)
        await made.days(wednesday + 24 * DAY)
        assert await missed(made) == [wednesday + 7 * DAY, wednesday + 21 * DAY]

    play(tmp_path, scene)


def test_br_169_a_calendar_that_names_no_day_is_refused_with_what_is_missing(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        answer = await wishes(made, member, rhythm="fortnightly")
        assert answer.status_code == 422
        assert "starts_on" in answer.json()["detail"]
        plan = await made.get(member, SETTINGS)
        assert (plan["version"], plan["settings"]["rhythm"]) == (0, "none")

    play(tmp_path, scene)
