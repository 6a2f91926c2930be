"""Archives in the portal: handed in by the form, followed until they are done, read by receipt."""

import re
from pathlib import Path
from typing import Any

import httpx
from lxml import html

from tests import cast
from tests.archives import zipped
from tests.cast import xml
from tests.system import MONDAY, Cooperative, Member, play

DOCTOR = cast.doctor(MONDAY)
FORM = "/submissions/new"
PART = {"HX-Request": "true"}


def parsed(text: str) -> Any:
    """Return a page as a tree."""
    return html.fromstring(text)


async def entered(made: Cooperative, member: Member) -> str:
    """Log the practice's user in; return what its forms carry."""
    form = {"login": member.login, "password": member.password}
    assert (await made.door.post("/login", data=form)).status_code == 303
    csrf: str
    (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', (await made.door.get(FORM)).text))
    return csrf


async def chosen(made: Cooperative, csrf: str, *files: tuple[str, bytes]) -> httpx.Response:
    """Send the form with files, as a browser does."""
    sent = [("files", (name, data, "application/octet-stream")) for name, data in files]
    return await made.door.post(FORM, data={"csrf": csrf}, files=sent)


def test_an_archive_of_the_form_is_followed_until_the_poll_ends_by_itself(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        csrf = await entered(made, member)
        good = [xml(one) for one in cast.invoices(DOCTOR, MONDAY)][:3]
        bad = [f"<nothing number='{number}'/>".encode() for number in range(58)]
        answer = await chosen(made, csrf, ("März.zip", zipped([*good, *bad])))
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        polls, parts = 0, [(await made.door.get(address)).text]
        while f'hx-get="{address}"' in parts[-1]:
            parts.append((await made.door.get(address, headers=PART)).text)
            polls += 1
        assert polls >= 1
        assert "0 von 61 Dateien geprüft" in parts[0]
        page = parsed((await made.door.get(address)).text)
        assert page.xpath("string(//h2)") == "61 von 61 Dateien geprüft"
        assert page.xpath("//dl[@class='facts']/dd/text()") == ["3", "0", "58"]
        assert len(page.xpath("//tbody/tr[not(@class)]")) == 50
        assert len(page.xpath("//tbody//a[@data-row]")) == 3
        (more,) = page.xpath("//tr[@class='more']//a/@href")
        rest = (await made.door.get(more, headers=PART)).text
        assert rest.count("<tr>") == 11
        refused = parsed((await made.door.get(f"{address}?state=rejected")).text)
        first = refused.xpath("string(//tbody/tr[1]/td[1])")
        assert first == "4", "receipts keep their place in the archive"
        assert refused.xpath("//tbody/tr[1]//ul[@class='findings']")
        listed = (await made.door.get("/submissions/jobs")).text
        assert f'href="{address}"' in listed

    play(tmp_path, scene)


def test_files_and_archives_of_one_form_each_have_their_answer(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        csrf = await entered(made, member)
        good = [xml(one) for one in cast.invoices(DOCTOR, MONDAY)][:4]
        answer = await chosen(
            made,
            csrf,
            ("eins.xml", good[0]),
            ("zwei.zip", zipped(good[1:3])),
            ("drei.zip", zipped(good[3:])),
            ("leer.zip", zipped([])),
        )
        assert answer.status_code == 200
        page = parsed(answer.text)
        verdicts = page.xpath("//section[@id='verdicts']//tbody/tr")
        assert [row.xpath("string(.//span[contains(@class, 'tag')])") for row in verdicts] == [
            "Angenommen",
            "Zurückgewiesen",
        ]
        assert "keine Datei" in verdicts[1].text_content()
        links = page.xpath("//section[@id='archives']//li/a/@href")
        assert len(set(links)) == 2
        await made.system.settle(effects=True)
        for link, count in zip(links, (2, 1), strict=True):
            done = parsed((await made.door.get(link)).text)
            assert len(done.xpath("//tbody/tr")) == count

    play(tmp_path, scene)


def test_b54_the_archive_of_another_practice_is_not_there(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        other = await cast.join(made, cast.doctor(MONDAY, 2))
        csrf = await entered(made, member)
        answer = await chosen(made, csrf, ("a.zip", zipped([b"<nothing/>"])))
        made.door.cookies.clear()
        await entered(made, other)
        assert (await made.door.get(answer.headers["location"])).status_code == 404
        assert (await made.door.get("/submissions/jobs/x")).status_code == 404
        assert answer.headers["location"] not in (await made.door.get("/submissions/jobs")).text

    play(tmp_path, scene)
