"""Webhooks in the portal: added, tried, stopped and told of, removed, by who leads the practice."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from services.gateway.decider.webhook import DisableWebhook
from services.gateway.portal.webhook_pages import kinds_of, types_of
from tests.flows.test_webhooks import Scene, play

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@asynccontextmanager
async def browser(on: Scene) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Give the browser of who leads the practice, and what its forms carry."""
    transport = httpx.ASGITransport(on.made.system.apps["gateway"])
    base = "http://quittance.example"
    async with httpx.AsyncClient(transport=transport, base_url=base) as visitor:
        form = {"login": on.member.login, "password": on.member.password}
        assert (await visitor.post("/login", data=form)).status_code == 303
        (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', (await visitor.get("/")).text))
        yield visitor, csrf


def test_who_leads_a_practice_adds_a_webhook_and_sees_what_was_sent(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        async with browser(on) as (visitor, csrf):
            assert "/webhooks" in (await visitor.get("/")).text
            once = re.findall(r'name="once" value="([^"]+)"', (await visitor.get("/webhooks")).text)
            form = {"csrf": csrf, "once": once[0], "url": on.server.url, "kind_ingest": "yes"}
            added = await visitor.post("/webhooks", data=form)
            again = await visitor.post("/webhooks", data=form)
            (secret,) = set(SECRET.findall(added.text))
            assert SECRET.findall(again.text) == [secret], "the same form is the same webhook"
            (hook,) = (await on.ask("GET", "/v1/webhooks")).json()["items"]
            assert hook["types"] == list(types_of(["ingest"]))
            path = f"/webhooks/{hook['webhook_id']}"
            assert secret not in (await visitor.get(path)).text, "it is shown once"
            await on.hand_in()
            await on.tried(hook, 1)
            tried = await visitor.post(f"{path}/test", data={"csrf": csrf})
            assert tried.status_code == 200
            assert on.server.got[-1].signed_with(secret) == [True]
            shown = (await visitor.get(path)).text
            assert shown.count("SubmissionAccepted") == 1
            resent = await visitor.post(
                f"{path}/deliveries/{on.server.ids[0]}", data={"csrf": csrf}
            )
            assert resent.status_code == 200
            assert on.server.ids.count(on.server.ids[0]) == 2
            renewed = await visitor.post(f"{path}/secret", data={"csrf": csrf})
            assert SECRET.findall(renewed.text) != [secret]
            assert "nichts mehr gemeldet" in (await visitor.get(f"{path}/remove")).text
            assert (await visitor.post(f"{path}/remove", data={"csrf": csrf})).status_code == 303
            assert (await visitor.get(path)).status_code == 404

    play(tmp_path, scene)


def test_a_webhook_that_was_stopped_is_told_on_the_start_page_and_goes_on(tmp_path: Path) -> None:
    """P25: a message to the practice, and one press to go on where it stopped."""

    async def scene(on: Scene) -> None:
        hook = await on.add(types=["SubmissionAccepted"])
        await on.made.system.hosts["gateway"].handle(
            DisableWebhook(
                practice_id=on.member.practice_id,
                webhook_id=hook["webhook_id"],
                reason="FAILING",
                at=on.made.clock.now(),
            )
        )
        await on.hand_in()
        async with browser(on) as (visitor, csrf):
            assert "Webhook abgestellt" in (await visitor.get("/")).text
            path = f"/webhooks/{hook['webhook_id']}"
            assert "drei Tagen" in (await visitor.get(path)).text
            sent = {"csrf": csrf, "active": "yes"}
            assert (await visitor.post(f"{path}/active", data=sent)).status_code == 303
            await on.server.until(1)
            assert "Webhook abgestellt" not in (await visitor.get("/")).text

    play(tmp_path, scene)


def test_b59_a_forbidden_address_is_explained_and_what_was_typed_stays(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        async with browser(on) as (visitor, csrf):
            for url, why in (
                ("https://10.0.0.1/hook", "nicht zum öffentlichen Netz"),
                ("ftp://praxis.example/", "mit https://"),
                ("https://nowhere.invalid/", "diesem Namen"),
                ("https://u:p@10.0.0.1/", "ohne Benutzername"),
            ):
                form = {"csrf": csrf, "once": url, "url": url, "kind_dunning": "yes"}
                answer = await visitor.post("/webhooks", data=form)
                assert answer.status_code == 422, url
                assert why in answer.text, url
                assert f'value="{url}"' in answer.text
            none = await visitor.post("/webhooks", data={"csrf": csrf, "url": on.server.url})
            assert none.status_code == 422
        assert (await on.ask("GET", "/v1/webhooks")).json()["items"] == []

    play(tmp_path, scene)


def test_all_kinds_are_no_filter_so_that_new_events_come_too() -> None:
    assert types_of(kinds_of([])) == ()
    assert kinds_of(types_of(["dunning", "ingest"])) == ["ingest", "dunning"]
