"""Sheets over HTTP: handed in as scans, known by their codes, keyed by clerks, sent like others."""

import io
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from libs.events.values import COOPERATIVE
from services.simulator.invoices import Invoice
from services.simulator.request import message
from tests import cast, forms, papers
from tests.flows.test_service_records import lists
from tests.pages import codes_on
from tests.system import MONDAY, Cooperative, Member, play
from tests.unit.ingest.bodies import line, people

PNG = "image/png"


def scan(words: str = "", page: Image.Image | None = None) -> bytes:
    """Return a scan; another one for other words."""
    drawn = (page or Image.new("L", forms.PAGE, 255)).copy()
    for place, letter in enumerate(words.encode()):
        drawn.putpixel((400 + place, 2_300), letter)
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()


async def hand_in(
    made: Cooperative, member: Member, data: bytes, kind: str = PNG
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {member.token}", "Content-Type": kind}
    answer = await made.door.post("/v1/sheets", content=data, headers=headers)
    await made.system.settle(effects=True)
    await made.system.settle()
    return answer


async def at_the_desk(
    made: Cooperative, method: str, path: str, practice: str = COOPERATIVE, **more: Any
) -> httpx.Response:
    """Ask ingest as the gateway does for a clerk, and let all hear of it."""
    headers = {"X-Practice-Id": practice, "Accept-Language": "de"}
    door = made.system.call("ingest")
    answer = await door.request(method, path, headers=headers, **more)
    await made.system.settle(effects=True)
    await made.system.settle()
    return answer


def keyed(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what a clerk keys: two consultations unless said otherwise."""
    said = people(
        request_on=MONDAY.isoformat(),
        provider_gln=None,
        treatment={"begins_on": "2026-01-05", "ends_on": "2026-01-05"},
    )
    services = lines or (line("007", "AA.00.0010", "2") | {"on": "2026-01-05"},)
    return said | changes | {"lines": list(services)}


async def key(made: Cooperative, sheet_id: str, by: str, body: dict[str, Any]) -> httpx.Response:
    path = f"/keying/{sheet_id}/body"
    return await at_the_desk(made, "POST", path, params={"by": by}, json=body)


def test_a_sheet_is_keyed_priced_and_sent_and_its_picture_stays_with_it(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        await lists(made)  # type: ignore[arg-type]  # it asks for the running system alone
        member = await cast.join(made, cast.doctor(MONDAY))
        answer = await hand_in(made, member, scan("eins"))
        assert answer.status_code == 202, answer.text
        sheet = answer.json()
        assert (sheet["state"], sheet["kind"], sheet["pages"]) == ("waiting", "scan", 1)
        again = await hand_in(made, member, scan("eins"))
        assert (again.status_code, again.json()["repeated"]) == (200, True)
        queue = (await at_the_desk(made, "GET", "/keying")).json()
        assert (queue["waiting"], queue["items"][0]["sheet_id"]) == (1, sheet["sheet_id"])
        wrong = keyed(line("007", "ZZ.99.9999") | {"on": "2026-01-05"})
        refused = await key(made, sheet["sheet_id"], "anna", wrong)
        assert refused.status_code == 422
        assert refused.json()["findings"][0]["path"].startswith("/lines/0")
        done = await key(made, sheet["sheet_id"], "anna", keyed())
        assert done.status_code == 200, done.text
        found = await made.get(member, f"/v1/sheets/{sheet['sheet_id']}")
        assert found["state"] == "taken", found
        invoice = await made.get(member, f"/v1/invoices/{found['invoice_id']}")
        assert invoice["open_rappen"] > 0
        attached = await made.get(member, f"/v1/invoices/{found['invoice_id']}/attachments")
        assert [one["media_type"] for one in attached["items"]] == [PNG]
        picture = await made.door.get(
            f"/v1/invoices/{found['invoice_id']}/attachments/1",
            headers={"Authorization": f"Bearer {member.token}"},
        )
        assert picture.content == scan("eins")

    play(tmp_path, scene)


def test_a_large_sheet_is_keyed_twice_and_differences_are_chosen_by_field(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        await lists(made)  # type: ignore[arg-type]  # it asks for the running system alone
        member = await cast.join(made, cast.doctor(MONDAY))
        sheet_id = (await hand_in(made, member, scan("zwei"))).json()["sheet_id"]
        many = line("402", "7680000001011", "500") | {"on": "2026-01-05"}
        first, second = keyed(many), keyed(many | {"quantity": "501"}, remark="anders")
        one = await key(made, sheet_id, "anna", first)
        assert one.json()["state"] == "second", one.text
        hidden = (await at_the_desk(made, "GET", f"/keying/{sheet_id}")).json()
        assert (hidden["differences"], hidden["body"]) == ([], None), "the second keys blind"
        same = await key(made, sheet_id, "anna", second)
        assert same.json()["code"] == "second_clerk_needed"
        two = await key(made, sheet_id, "bea", second)
        assert two.json()["state"] == "differing", two.text
        shown = (await at_the_desk(made, "GET", f"/keying/{sheet_id}")).json()
        assert {one["path"]: (one["first"], one["second"]) for one in shown["differences"]} == {
            "/lines/0/quantity": ("500", "501"),
            "/remark": ("Kontrolle", "anders"),
        }
        chosen = await key(made, sheet_id, "bea", first)
        assert chosen.status_code == 200, chosen.text
        assert (await made.get(member, f"/v1/sheets/{sheet_id}"))["state"] == "taken"

    play(tmp_path, scene)


def test_a_sheet_is_claimed_and_sent_back_with_a_reason(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        sheet_id = (await hand_in(made, member, scan("drei"))).json()["sheet_id"]
        desk = f"/keying/{sheet_id}"
        claimed = await at_the_desk(made, "POST", f"{desk}/claim", params={"by": "anna"})
        assert claimed.json()["claimed_by"] == "anna"
        other = await at_the_desk(made, "POST", f"{desk}/claim", params={"by": "bea"})
        assert (other.status_code, other.json()["code"]) == (409, "claimed_by_other")
        asked = {"by": "anna", "reason": "unreadable"}
        await at_the_desk(made, "POST", f"{desk}/send-back", params=asked)
        found = await made.get(member, f"/v1/sheets/{sheet_id}")
        assert (found["state"], found["reason"]) == ("sent_back", "unreadable")
        again = await hand_in(made, member, scan("drei"))
        assert (again.status_code, again.json()["state"]) == (202, "waiting")

    play(tmp_path, scene)


def test_b54_only_the_cooperative_has_the_desk(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        sheet_id = (await hand_in(made, member, scan("vier"))).json()["sheet_id"]
        asked: tuple[tuple[str, str], ...] = (
            ("GET", "/keying"),
            ("GET", f"/keying/{sheet_id}"),
            ("POST", f"/keying/{sheet_id}/claim?by=x"),
            ("POST", f"/keying/{sheet_id}/body?by=x"),
            ("POST", f"/keying/{sheet_id}/send-back?by=x&reason=unreadable"),
        )
        for method, path in asked:
            answer = await at_the_desk(made, method, path, practice=member.practice_id)
            assert answer.status_code == 404, path
        page = await at_the_desk(made, "GET", f"/sheets/{sheet_id}/pages/1", practice="stranger")
        assert page.status_code == 404
        own = await at_the_desk(
            made, "GET", f"/sheets/{sheet_id}/pages/1?turn=1", practice=member.practice_id
        )
        assert own.headers["content-type"] == PNG
        assert Image.open(io.BytesIO(own.content)).size[0] > 700

    play(tmp_path, scene)


def test_a_practices_own_sheet_is_known_by_its_code_and_no_other_practice_may_send_it(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        other = await cast.join(made, cast.doctor(MONDAY, 2))
        headers = {"Authorization": f"Bearer {member.token}"}
        positions = [{"tariff": "007", "code": "AA.00.0010", "name": "Konsultation"}]
        for _ in range(2):
            chosen = await made.door.put(
                "/v1/sheet-template/positions", json={"positions": positions}, headers=headers
            )
            assert chosen.json() == {"version": 1, "positions": positions}
        printed = await made.door.get("/v1/sheet-template", headers=headers)
        assert len(codes_on(printed.content)) == 1
        answer = await hand_in(made, member, printed.content, "application/pdf")
        sheet = answer.json()
        assert (sheet["kind"], sheet["template_version"]) == ("sheet", 1)
        at_desk = (await at_the_desk(made, "GET", f"/keying/{sheet['sheet_id']}")).json()
        assert at_desk["template"] == {"version": 1, "positions": positions}
        astray = await hand_in(made, other, printed.content, "application/pdf")
        assert (astray.status_code, astray.json()["code"]) == (403, "sheet_not_yours")
        rejected = await made.get(other, "/v1/submissions", state="rejected")
        assert len(rejected["items"]) == 1

    play(tmp_path, scene)


def annexed(invoice: Invoice, *, missing: bool = False) -> bytes:
    """Return the scan of an annex that holds a message, a little askew."""
    texts = forms.pieces(message(invoice))
    page = forms.annex(texts[:-1] if missing else texts)
    return scan(page=forms.scanned(page, 2, specks=5_000))


def test_a_form_of_5_0_with_its_message_in_codes_becomes_an_invoice_by_itself(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        doctor = cast.doctor(MONDAY)
        member = await cast.join(made, doctor)
        one, torn = cast.invoices(doctor, MONDAY, "TG")[:2]
        answer = await hand_in(made, member, annexed(one))
        assert answer.status_code == 202, answer.text
        sheet = answer.json()
        assert (sheet["kind"], sheet["state"]) == ("form", "taken")
        assert sheet["receipt"]["request_id"] == one.request_id
        attached = await made.get(member, f"/v1/invoices/{sheet['invoice_id']}/attachments")
        assert [item["media_type"] for item in attached["items"]] == [PNG]
        again = await hand_in(made, member, annexed(one))
        assert (again.status_code, again.json()["repeated"]) == (200, True)
        partly = await hand_in(made, member, annexed(torn, missing=True))
        assert partly.json()["state"] == "waiting", "what cannot be read whole, a person keys"

    play(tmp_path, scene)


def test_b12_b15_b16_what_is_no_sheet_is_refused_and_shown_to_the_practice(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, cast.doctor(MONDAY))
        told = {}
        for why, data, kind in (
            ("html", b"<html/>", "application/pdf"),
            ("script", papers.hostile()["a script"], "application/pdf"),
            ("small", papers.pdf()[:90], "application/pdf"),
            ("type", scan(), "text/html"),
            ("large", bytes(10_000_001), PNG),
        ):
            answer = await hand_in(made, member, data, kind)
            told[why] = answer.status_code, answer.json()["code"]
        assert told == {
            "html": (415, "sheet_type_unknown"),
            "script": (422, "pdf_active"),
            "small": (422, "pdf_broken"),
            "type": (415, "unsupported_media_type"),
            "large": (413, "too_large"),
        }
        rejected = await made.get(member, "/v1/submissions", state="rejected")
        assert len(rejected["items"]) == 3

    play(tmp_path, scene)
