"""What came on paper or as a PDF goes with its person: no picture stays, no copy (BR-114, P34)."""

from pathlib import Path

from sqlalchemy import select

from libs.events.values import DocumentId, SubjectId
from services.gateway import registration
from services.gateway.tables import people
from services.ingest.intake import named
from services.simulator.camt054 import Receipt
from tests import cast, papers
from tests.flows.test_finished import documents, hand_in, metadata
from tests.flows.test_service_records import lists
from tests.flows.test_sheets import at_the_desk, key, keyed, scan
from tests.flows.test_sheets import hand_in as hand_in_sheet
from tests.privacy import ORDER
from tests.system import MONDAY, Cooperative, Member, play


async def pay_all(made: Cooperative, member: Member) -> None:
    items = (await made.get(member, "/v1/invoices", state="open"))["items"]
    receipts = [
        Receipt(
            bank_reference=one["number"],
            amount_rappen=one["open_rappen"],
            reference=one["reference"],
        )
        for one in items
    ]
    await made.bank(cast.paid(1, MONDAY, *receipts))


async def erase(made: Cooperative, family: str) -> None:
    gateway = made.system.hosts["gateway"]
    wanted = select(people.c.subject).where(people.c.name == family)
    subject = SubjectId(await gateway.read(lambda db: db.execute(wanted).scalar_one()))
    asked = await gateway.read(registration.erasure_request, subject, MONDAY, "dpo", ORDER)
    await gateway.handle(asked)
    await made.system.settle(effects=True)
    await made.system.settle()


def test_br114_erasing_a_person_takes_sheets_finished_invoices_and_all_their_copies(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        await lists(made)  # type: ignore[arg-type]  # it asks for the running system alone
        member = await cast.join(made, cast.doctor(MONDAY))
        document = papers.pdf(1, text="Honorar")
        finished = (await hand_in(made, member, metadata(), document)).json()["invoice_id"]
        sheet_id = (await hand_in_sheet(made, member, scan("fort"))).json()["sheet_id"]
        done = await key(made, sheet_id, "anna", keyed(request_id="E-1"))
        assert done.status_code == 200, done.text
        sheet = await made.get(member, f"/v1/sheets/{sheet_id}")
        assert len(await documents(made, member, finished)) == 1
        await pay_all(made, member)
        await erase(made, "Zünd")
        headers = {"Authorization": f"Bearer {member.token}"}
        gone = [f"/v1/invoices/{sheet['invoice_id']}/attachments/1"]
        listed = await made.get(member, f"/v1/invoices/{finished}/documents")
        gone += [f"/v1/invoices/{finished}/documents/{listed['items'][0]['document_id']}"]
        for path in gone:
            assert (await made.door.get(path, headers=headers)).status_code == 410, path
        picture = await at_the_desk(made, "GET", f"/sheets/{sheet_id}/pages/1")
        assert picture.status_code == 410
        for one in (document, scan("fort")):
            assert await made.system.documents.get(named(one)) is None
        for file in (tmp_path / "documents").rglob("*"):
            if file.is_file() and ".also" not in str(file):
                name = DocumentId(file.parent.name + file.name)
                held = await made.system.documents.get(name)
                assert held is None or b"Rahel" not in held, file

    play(tmp_path, scene)
