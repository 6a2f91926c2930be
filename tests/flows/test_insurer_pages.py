"""What insurers answered, in the portal: why they said no, and what to do about it (BR-201)."""

from pathlib import Path

from services.gateway.portal.catalogue import Words
from services.ingest.responses.insurer_answer import OTHER, REASONS
from services.simulator.response import Answer, response
from tests import cast
from tests.browser.served import Served, served
from tests.flows.test_portal import logged_in, page_at, plain
from tests.system import MONDAY, Member


async def answered(portal: Served, member: Member) -> list[str]:
    """Hand in three invoices of which an insurer pays one, thinks about one and refuses one."""
    sent = cast.invoices(cast.doctor(MONDAY), MONDAY, "TP")[:3]
    numbers = []
    for one, answer in zip(sent, (Answer.ACCEPTED, Answer.PENDING, Answer.REJECTED), strict=True):
        taken = await portal.made.submit(member, cast.xml(one))
        assert taken.status_code == 202, taken.text
        numbers.append(one.request_id)
        headers = {
            "Authorization": f"Bearer {portal.made.bank_token}",
            "Content-Type": "application/xml",
        }
        said = response(one, answer, MONDAY)
        told = await portal.made.door.post("/v1/insurer-answers", content=said, headers=headers)
        assert told.status_code == 202, told.text
    await portal.made.system.settle()
    return numbers


def test_a_practice_reads_why_an_insurer_refused_and_what_to_do(tmp_path: Path) -> None:
    with served(tmp_path, invoices=1) as portal:
        member = portal.wait(cast.join(portal.made, cast.doctor(MONDAY)))
        paid, waiting, refused = portal.wait(answered(portal, member))
        with logged_in(portal, member.login, member.password) as browser:
            found = page_at(browser, "/insurers").xpath("//tbody/tr")
            rows = [plain(row.text_content()) for row in found]
            assert len(rows) == 3
            (row,) = page_at(browser, "/insurers?decision=rejected").xpath("//tbody/tr")
            (link,) = row.xpath(".//a/@href")
            assert browser.get(link).status_code == 200
            assert browser.get("/insurers?decision=rejected&cursor=x").status_code == 400
            assert browser.get("/insurers?decision=perhaps").status_code == 422
        words = plain(row.text_content())
        assert refused in words
        for told in ("abgelehnt", "31160", "nicht dort versichert", "neu einreichen"):
            assert told in words
        assert any(paid in row and "Nichts zu tun" in row for row in rows)
        assert any(waiting in row and "nächste Antwort" in row for row in rows)
        with logged_in(portal, portal.member.login, portal.member.password) as stranger:
            assert "Keine Antwort" in stranger.get("/insurers").text


def test_every_reason_has_its_words() -> None:
    for reason in {*REASONS.values(), OTHER, *(f"R{number:02d}" for number in range(1, 14))}:
        assert f"insurers.reason.{reason}" in Words("de")
        assert f"insurers.todo.{reason}" in Words("de")
