"""A cooperative that works as busily as one practice can, for tests of what goes on meanwhile."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from services.gateway import registration
from services.gateway.tables import invoices, people
from services.simulator.camt054 import Receipt
from tests import cast
from tests.system import MONDAY, Cooperative, Member

MESSAGES = 24
DAYS = 45


async def hand_in(made: Cooperative, member: Member, messages: list[bytes]) -> None:
    """Hand messages in, four at a time; nobody waits until others have heard."""
    headers = {"Authorization": f"Bearer {member.token}", "Content-Type": "application/xml"}
    room = asyncio.Semaphore(4)

    async def post(message: bytes) -> None:
        async with room:
            answer = await made.door.post("/v1/submissions", content=message, headers=headers)
            assert answer.status_code == 202, answer.text

    await asyncio.gather(*map(post, messages))


async def work(made: Cooperative) -> None:
    """Work as busily as one practice can: hand in, pay, let days pass, hand in again."""
    doctor = cast.doctor(MONDAY)
    member = await cast.join(made, doctor)
    messages = [cast.xml(one) for one in cast.invoices(doctor, MONDAY)[:MESSAGES]]
    half = len(messages) // 2
    await hand_in(made, member, messages[:half])
    await made.system.settle()
    items = (await made.get(member, "/v1/invoices"))["items"]
    receipts = [
        Receipt(
            bank_reference=item["reference"],
            amount_rappen=item["open_rappen"],
            reference=item["reference"],
        )
        for item in items[::2]
    ]
    paying = made.bank(cast.paid(1, made.clock.today(), *receipts))
    await asyncio.gather(paying, hand_in(made, member, messages[half:]))
    await made.days(MONDAY + timedelta(days=DAYS))


async def erase_a_payer(made: Cooperative) -> str:
    """Erase the debtor of an invoice that is paid, by an order; return the name that is gone."""
    gateway = made.system.hosts["gateway"]
    paid = select(invoices.c.debtor_subject).where(invoices.c.end == "PAID")
    wanted = select(people.c.name, people.c.subject).where(people.c.subject.in_(paid))
    name, subject = await gateway.read(lambda db: db.execute(wanted).first())
    today = made.clock.today()
    asked = await gateway.read(registration.erasure_request, subject, today, "test", "order")
    await gateway.handle(asked)
    await made.system.settle(effects=True)
    return str(name)
