"""Entering services in the portal, as a browser without JavaScript does it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from lxml import html

from services.command import importing
from services.gateway.drafts import KEPT
from tests.system import Cooperative, Member, play
from tests.unit.ingest.samples import BILLER

PEOPLE = {
    "patient.name": "Zünd",
    "patient.given_name": "Rahel",
    "patient.born_on": "1980-02-28",
    "patient.sex": "female",
    "patient.address.street": "Seeweg",
    "patient.address.zip": "6003",
    "patient.address.city": "Luzern",
    "insured.card_id": "80756015090002647590",
}


@asynccontextmanager
async def browser(made: Cooperative, member: Member) -> AsyncIterator[httpx.AsyncClient]:
    """Give the browser of a practice's user, who has logged in."""
    transport = httpx.ASGITransport(made.system.apps["gateway"])
    headers = {"Accept": "text/html"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://quittance.example", headers=headers
    ) as client:
        form = {"login": member.login, "password": member.password}
        assert (await client.post("/login", data=form)).status_code == 303
        yield client


async def joined(made: Cooperative) -> Member:
    await importing.take_samples(made.system)
    return await made.join(40_112, BILLER, glns=(BILLER,), vat_number="CHE-108.791.452 MWST")


async def page_of(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return html.fromstring(answer.text)


def typed(page: Any) -> dict[str, str]:
    """Return what the fields of the form hold, as a browser would send it."""
    (form,) = page.xpath("//form[@id='record']")
    return {name: value or "" for name, value in form.fields.items() if name}


async def begun(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """Begin a record; return its address and its fields."""
    csrf = typed_csrf((await client.get("/records")).text)
    answer = await client.post("/records", data={"csrf": csrf})
    assert answer.status_code == 303
    path = answer.headers["location"]
    return path, typed(await page_of(client, path))


def typed_csrf(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def sent(client: httpx.AsyncClient, path: str, fields: Any, act: str) -> httpx.Response:
    return await client.post(path, data=fields | {"act": act})


def test_br28_services_are_entered_by_keys_alone_priced_and_handed_in(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        async with browser(made, member) as client:
            path, fields = await begun(client)
            answer = await sent(client, path, fields | {"q": "konsultation"}, "search")
            found = await page_of(client, answer.headers["location"])
            assert [one.get("value") for one in found.xpath("//button[@class='pick']")][:1] == [
                "add:007|AA.00.0010"
            ]
            answer = await sent(client, path, typed(found) | PEOPLE, "add:007|AA.00.0010")
            page = await page_of(client, answer.headers["location"])
            total = page.xpath("string(//*[@id='total'])")
            assert "17.86" in total
            assert "17.85" in total
            answer = await sent(client, path, typed(page) | {"lines.0.quantity": "2"}, "hand_in")
            assert answer.status_code == 303, answer.text
            await made.system.settle(effects=True)
            done = await page_of(client, answer.headers["location"])
            assert "ist angenommen" in done.xpath("string(//main)")
            (link,) = done.xpath("//div[@role='status']//a/@href")
            assert "35.70" in (await client.get(link)).text
            assert (await client.get(path)).status_code == 404, "a draft goes when it is handed in"
        (item,) = (await made.get(member, "/v1/submissions"))["items"]
        assert item["state"] == "accepted"

    play(tmp_path, scene)


def test_p22_what_is_missing_is_told_at_its_field_and_nobody_is_refused(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        async with browser(made, member) as client:
            path, fields = await begun(client)
            fields |= {"patient.ahv": "12", "patient.name": "Zünd"}
            answer = await sent(client, path, fields, "keep")
            page = await page_of(client, answer.headers["location"])
            assert page.xpath("string(//*[@id='told-patient-ahv'])") != ""
            assert page.xpath("string(//*[@id='told-patient-given_name'])") == "", "not tried yet"
            answer = await sent(client, path, fields, "hand_in")
            assert answer.status_code == 422
            page = html.fromstring(answer.text)
            for name in ("patient-given_name", "patient-born_on", "patient-address-zip", "lines"):
                assert page.xpath(f"string(//*[@id='told-{name}'])"), name
            assert typed(page)["patient.name"] == "Zünd"
        assert (await made.get(member, "/v1/submissions"))["items"] == []

    play(tmp_path, scene)


def test_a_draft_survives_closing_and_is_the_practices_own_and_sealed(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        other = await made.join(40_113, "7601000000149")
        async with browser(made, member) as client:
            path, fields = await begun(client)
            await sent(client, path, fields | PEOPLE, "add:402|7680000001011")
        async with browser(made, member) as client:
            listed = await page_of(client, "/records")
            assert listed.xpath("//a[@data-row]/@href") == [path]
            assert "Zünd Rahel" in listed.xpath("string(//table)")
            again = typed(await page_of(client, path))
            assert again["patient.given_name"] == "Rahel"
            assert again["lines.0.code"] == "7680000001011"
            async with browser(made, other) as stranger:
                assert (await stranger.get(path)).status_code == 404
                csrf = typed_csrf((await stranger.get("/records")).text)
                refused = await stranger.post(path, data={"csrf": csrf, "act": "keep"})
                assert refused.status_code == 404
            gone = await client.post(f"{path}/delete", data={"csrf": again["csrf"]})
            assert gone.status_code == 303
            assert (await client.get(path)).status_code == 404

    play(tmp_path, scene)
    written = [file.read_bytes() for file in tmp_path.glob("*.db*")]
    assert not any("Zünd".encode() in data for data in written)


def test_a_draft_that_nobody_touches_is_forgotten(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await joined(made)
        async with browser(made, member) as client:
            path, _ = await begun(client)
        made.clock.set_day(made.clock.today() + KEPT + timedelta(days=1))
        async with browser(made, member) as client:
            await begun(client)
            assert (await client.get(path)).status_code == 404

    play(tmp_path, scene)
