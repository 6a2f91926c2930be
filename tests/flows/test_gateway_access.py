"""Who gets in, over REST and in the portal, and what nobody but the owner gets to see.

The gateway runs by itself on its real log and tables; other services are speakers.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from libs.events.values import (
    COOPERATIVE,
    InvoiceId,
    SubmissionId,
)
from libs.runtime.ids import derived
from services.gateway import access, registration
from services.gateway.decider.client import RevokeClient
from tests.gateway_door import PASSWORD, Door, at_the_door
from tests.unit.gateway.facts import DAY, INVOICE, PATIENT, issued

RANDOM = InvoiceId(derived("nobody's"))
DOCUMENT = "0" * 64


def test_b63_a_wrong_password_and_an_unknown_login_get_the_same_answer(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        right = await door.password("Anna", PASSWORD)
        assert right.status_code == 200
        assert right.json()["expires_in"] >= (8 * 60 + 15) * 60
        assert right.headers["cache-control"] == "no-store"
        wrong, unknown = await door.password("anna", "x"), await door.password("nobody", PASSWORD)
        assert (wrong.status_code, wrong.json()) == (401, unknown.json())
        assert unknown.status_code == 401
        assert wrong.json()["error_description"] == "The user name or the password is wrong."
        assert "www-authenticate" in wrong.headers

    at_the_door(tmp_path, scene)


def test_b63_guessing_makes_the_guesser_wait_and_nobody_else(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        for login in ("anna", "nobody"):
            for _ in range(access.FAILURES_FREE):
                assert (await door.password(login, "x")).status_code == 401
            answer = await door.password(login, PASSWORD)
            assert answer.status_code == 429
            assert answer.json()["error"] == "temporarily_unavailable"
            assert 0 < int(answer.headers["retry-after"]) <= 31
        assert (await door.password("bruno", PASSWORD)).status_code == 200
        now = door.among.clock.now()
        door.among.clock.set_day(DAY, (now + timedelta(minutes=1, hours=1)).time())
        assert (await door.password("anna", PASSWORD)).status_code == 200

    at_the_door(tmp_path, scene)


def test_programs_get_tokens_by_secret_in_either_grant_and_lose_them_when_revoked(
    tmp_path: Path,
) -> None:
    async def scene(door: Door) -> None:
        client_id, secret, token = await door.program(door.anna)
        assert (await door.password(client_id, secret)).status_code == 200
        wrong = await door.ask_token(
            grant_type="client_credentials",
            client_id=client_id,
            client_secret="x",  # noqa: S106
        )
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        more = await door.ask_token(
            grant_type="client_credentials",
            client_id=client_id,
            client_secret=secret,
            scope="bank:write",
        )
        assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
        async with door.visitor(token) as program:
            assert (await program.get("/v1/invoices")).status_code == 200
            revoke = RevokeClient(practice_id=door.anna, client_id=client_id, today=DAY)
            await door.handle(revoke)
            assert (await program.get("/v1/invoices")).status_code == 401

    at_the_door(tmp_path, scene)


def test_scopes_decide_and_only_operators_hand_in_bank_files(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        _, _, reader = await door.program(door.anna, "invoices:read")
        _, _, operator = await door.program(COOPERATIVE, "bank:write", "invoices:read")
        async with door.visitor(reader) as program:
            for method, path in (
                ("POST", "/v1/submissions"),
                ("POST", "/v1/bank-files"),
                ("POST", f"/v1/invoices/{INVOICE}/holds"),
                ("GET", "/v1/account"),
                ("PUT", "/v1/practice/settings/terms"),
            ):
                refused = await program.request(method, path)
                assert refused.status_code == 403, path
                assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
            other = {"Quittance-Account": "40113"}
            foreign = await program.get("/v1/invoices", headers=other)
            assert (foreign.status_code, foreign.json()["code"]) == (403, "account_not_yours")
        async with door.visitor(operator) as program:
            unnamed = await program.get("/v1/invoices")
            assert (unnamed.status_code, unnamed.json()["code"]) == (400, "account_required")
            named = {"Quittance-Account": "40 113"}
            assert (await program.get("/v1/invoices", headers=named)).status_code == 200

    at_the_door(tmp_path, scene)


def test_another_practices_invoice_is_like_none_b54(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        await door.among.hear(issued(practice_id=door.anna))
        _, _, own = await door.program(door.anna)
        _, _, foreign = await door.program(door.bruno)
        paths = [
            ("GET", "/v1/invoices/{}"),
            ("GET", "/v1/invoices/{}/timeline"),
            ("GET", "/v1/invoices/{}/documents"),
            ("GET", f"/v1/invoices/{{}}/documents/{DOCUMENT}"),
            ("DELETE", "/v1/invoices/{}/holds"),
        ]
        async with door.visitor(own) as owner, door.visitor(foreign) as stranger:
            mine = (await owner.get(f"/v1/invoices/{INVOICE}")).json()
            assert mine["patient"] == {"name": "Zürcher-Müller", "given_name": "Änna"}
            for method, path in paths:
                answers = []
                for invoice_id in (INVOICE, RANDOM, "x", "'; drop table invoices; --"):
                    answer = await stranger.request(method, path.format(invoice_id))
                    answers.append((answer.status_code, without_request_id(answer)))
                assert answers == [(404, answers[0][1])] * 4, path
            assert (await stranger.get("/v1/invoices")).json()["items"] == []
            lost = await owner.get(f"/v1/invoices/{INVOICE}/documents/{DOCUMENT}")
            assert lost.status_code == 404

    at_the_door(tmp_path, scene)


def without_request_id(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert body.pop("request_id")
    return body


def test_a_list_is_paged_filtered_and_searched(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        for number in range(7):
            await door.among.hear(
                issued(
                    practice_id=door.anna,
                    invoice_id=InvoiceId(derived("i", str(number))),
                    submission_id=SubmissionId(derived("s", str(number))),
                    number=f"26-{number:06}",
                    issued_on=DAY + timedelta(days=number // 2),
                    open_rappen=10_000 + number,
                )
            )
        _, _, token = await door.program(door.anna)
        async with door.visitor(token) as program:
            seen: list[str] = []
            more: dict[str, str] = {}
            while True:
                page = (await program.get("/v1/invoices", params={"limit": "2", **more})).json()
                seen += [one["number"] for one in page["items"]]
                if page["next_cursor"] is None:
                    break
                more = {"cursor": page["next_cursor"]}
            assert sorted(seen) == [f"26-{number:06}" for number in range(7)]
            for params, count in (
                ({"q": "zurcher"}, 7),
                ({"q": "26-000003"}, 1),
                ({"q": "100.05"}, 1),
                ({"q": "%' OR 1=1 --"}, 0),
                ({"state": "overdue"}, 0),
                ({"state": "open"}, 7),
                ({"issued_since": (DAY + timedelta(days=3)).isoformat()}, 1),
            ):
                page = (await program.get("/v1/invoices", params=params)).json()
                assert len(page["items"]) == count, params
            for params in ({"limit": "1000000000"}, {"limit": "-1"}, {"q": "\x00"}, {"state": "x"}):
                assert (await program.get("/v1/invoices", params=params)).status_code == 422
            forged = await program.get("/v1/invoices", params={"cursor": "AAAA"})
            assert forged.status_code == 400

    at_the_door(tmp_path, scene)


def test_everything_that_happened_is_told_with_its_reason_and_what_is_next(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        await door.among.hear(issued(practice_id=door.anna))
        _, _, token = await door.program(door.anna)
        async with door.visitor(token) as program:
            told = (await program.get(f"/v1/invoices/{INVOICE}/timeline")).json()
        (event,) = told["events"]
        assert (event["type"], event["source"], event["position"]) == (
            "InvoiceIssued",
            "invoicing",
            1,
        )
        assert event["because"]["rules"] == ["BR-43", "BR-60"]
        assert "patient" not in event["data"]
        assert told["next"] == {"step": "payment_due", "on": "2026-04-01"}
        assert told["next_because"]["facts"] == {"due_on": "2026-04-01"}

    at_the_door(tmp_path, scene)


def test_settings_change_by_version_and_never_backwards_b55(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        _, _, token = await door.program(door.anna)
        path = "/v1/practice/settings/reminding"
        wanted = {"settings": {"wait_days": [60, 30, 10, 10, 25]}}
        async with door.visitor(token) as program:
            before = await program.get(path)
            assert (before.json()["version"], before.headers["etag"]) == (0, '"reminding-0"')
            assert (await program.put(path, json=wanted)).status_code == 428
            match = {"If-Match": before.headers["etag"]}
            done = await program.put(path, json=wanted, headers=match)
            assert (done.status_code, done.headers["etag"]) == (200, '"reminding-1"')
            assert done.json()["valid_from"] == DAY.isoformat()
            again = await program.put(path, json=wanted, headers=match)
            assert (again.status_code, again.json()) == (200, done.json())
            other = {"settings": {"rappel_plus": False}}
            old = await program.put(path, json=other, headers=match)
            assert (old.status_code, old.json()["code"]) == (412, "changed_meanwhile")
            match = {"If-Match": "*"}
            for wrong, status in (
                ({"settings": {}, "valid_from": "2020-01-01"}, 409),
                ({"settings": {"wait_days": [1, 1, 1, 1, 1]}}, 422),
                ({"settings": {"unknown": 1}}, 422),
                ({"settings": {}, "tenant_id": "x"}, 422),
                ({}, 422),
            ):
                refused = await program.put(path, json=wrong, headers=match)
                assert refused.status_code == status, wrong
            text = await program.put(path, content=b"{}", headers=match)
            assert text.status_code == 415
            twice = b'{"settings": {}, "settings": {}}'
            kind = {"Content-Type": "application/json", **match}
            assert (await program.put(path, content=twice, headers=kind)).status_code == 400
            contract = "/v1/practice/settings/contract"
            refused = await program.put(contract, json={"settings": {}}, headers=match)
            assert refused.status_code == 403
            shown = (await program.get("/v1/practice")).json()
            assert [one["version"] for one in shown["settings"]] == [0, 1, 0, 0]
            assert shown["account_no"] == 40112

    at_the_door(tmp_path, scene)


def test_a_forgotten_person_has_no_name_anywhere_f48(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        await door.among.hear(issued(practice_id=door.anna))
        _, _, token = await door.program(door.anna)
        asked = await door.among.host.read(
            registration.erasure_request, PATIENT, DAY, "dpo", "order 7"
        )
        await door.handle(_with_nothing_open(asked))
        await door.among.system.settle(effects=True)
        async with door.visitor(token) as program:
            shown = (await program.get(f"/v1/invoices/{INVOICE}")).json()
            assert (shown["patient"], shown["amount_rappen"]) == (None, 10_000)
            found = await program.get("/v1/invoices", params={"q": "zurcher"})
            assert found.json()["items"] == []
            told = (await program.get(f"/v1/invoices/{INVOICE}/timeline")).json()
            assert len(told["events"]) == 1

    at_the_door(tmp_path, scene)


def _with_nothing_open(asked: Any) -> Any:
    """Return the request as if the invoice had been paid: this test is about the key."""
    return type(asked)(**{**vars(asked), "open_invoices": 0})
