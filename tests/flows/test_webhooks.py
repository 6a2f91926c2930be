"""Webhooks: what becomes of invoices is said to a practice's own server (P25, F41, F43, F46)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from libs.runtime.clock import ZURICH
from services.gateway import deliveries
from services.gateway.deliveries import FAILING_MAX, WAITS
from tests import cast
from tests.attacks.target import leader
from tests.receiver import ENDLESS, HANG, Receiver, receiver
from tests.system import MONDAY, Cooperative, Member, cooperative

HOOKS = "/v1/webhooks"


class Scene:
    """A practice, its leader's program, and a server that takes its webhooks."""

    def __init__(self, made: Cooperative, member: Member, token: str, server: Receiver) -> None:
        self.made = made
        self.member = member
        self.token = token
        self.server = server
        self.messages = [cast.xml(one) for one in cast.invoices(cast.doctor(MONDAY), MONDAY, "TG")]
        self.keys = 0

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.made.door.request(method, path, headers=headers, **more)

    async def add(self, url: str = "", **more: Any) -> dict[str, Any]:
        """Add a webhook with a key of its own."""
        self.keys += 1
        body = {"url": url or self.server.url, **more}
        key = {"Idempotency-Key": f"key-{self.keys}"}
        answer = await self.ask("POST", HOOKS, json=body, headers=key)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def hand_in(self) -> None:
        answer = await self.made.submit(self.member, self.messages.pop())
        assert answer.status_code == 202, answer.text
        await self.made.system.settle(effects=True)
        await self.made.system.settle()

    async def later(self, wait: timedelta) -> None:
        """Let time pass."""
        clock = self.made.clock
        at = (clock.now() + wait).astimezone(ZURICH)
        clock.set_day(at.date(), at.time())
        self.token = await leader(self.made, self.member)
        self.made.system.hosts["gateway"].news.tell([self.member.practice_id])
        self.member.token = await self.made.token(self.member.client_id, self.member.secret)

    async def state(self, hook: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("GET", f"{HOOKS}/{hook['webhook_id']}")).json()
        return found

    async def sent(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what was sent to a webhook, the oldest first."""
        path = f"{HOOKS}/{hook['webhook_id']}/deliveries"
        return list(reversed((await self.ask("GET", path)).json()["items"]))

    async def tried(self, hook: dict[str, Any], count: int) -> None:
        """Wait until so many tries are noted."""

        async def noted() -> bool:
            return len(await self.sent(hook)) >= count

        await self.until(noted)

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await true():  # noqa: ASYNC110 - what is asked is another's state
                await asyncio.sleep(0.02)


def play(folder: Path, scene: Callable[[Scene], Awaitable[None]], networks: str = "") -> None:
    """Run a scene in a cooperative whose webhooks may go to this machine."""

    async def run() -> None:
        allowed = networks or "127.0.0.0/8"
        async with receiver() as server, cooperative(folder, webhook_networks=allowed) as made:
            member = await cast.join(made, cast.doctor(MONDAY))
            await scene(Scene(made, member, await leader(made, member), server))

    asyncio.run(run())


def test_what_becomes_of_an_invoice_is_said_in_order_signed_and_once(tmp_path: Path) -> None:
    """P25, P48: from the moment on at which the webhook was added."""

    async def scene(on: Scene) -> None:
        await on.hand_in()
        hook = await on.add()
        await on.hand_in()
        feed = (await on.made.get(on.member, "/v1/events", limit="200"))["items"]
        wanted = {one["id"]: one for one in feed if one["request_id"] != feed[0]["request_id"]}
        await on.server.until(len(wanted))
        assert sorted(on.server.ids) == sorted(wanted)
        for source in ("ingest", "invoicing", "dunning", "factoring"):
            said = [one for one in on.server.ids if wanted[one]["source"] == source]
            assert said == [one for one in wanted if wanted[one]["source"] == source]
        for got in on.server.got:
            one = wanted[got.headers["webhook-id"]]
            assert (got.told["type"], got.told["data"]) == (one["type"], one)
            assert got.signed_with(hook["secret"], "whsec_" + "A" * 43 + "=") == [True, False]
        await on.tried(hook, len(wanted))
        assert {one["outcome"] for one in await on.sent(hook)} == {"delivered"}
        assert "secret" not in await on.state(hook), "a secret is shown once"

    play(tmp_path, scene)


def test_f41_a_server_that_fails_gets_the_same_message_later_and_nothing_is_left_out(
    tmp_path: Path,
) -> None:
    async def scene(on: Scene) -> None:
        hook = await on.add(types=["SubmissionAccepted", "InvoiceIssued"])
        on.server.answers = [500, 302, 429]
        await on.hand_in()
        for tries in range(1, 4):
            await on.tried(hook, tries)
            await on.later(WAITS[tries - 1] * 2)
        await on.tried(hook, 5)
        assert on.server.ids[:4] == [on.server.ids[0]] * 4, "under one id, and the next waits"
        assert [one.told["type"] for one in on.server.got[3:]] == [
            "SubmissionAccepted",
            "InvoiceIssued",
        ]
        told = await on.sent(hook)
        assert [one["outcome"] for one in told] == [
            "refused", "redirected", "refused", "delivered", "delivered",
        ]  # fmt: skip
        assert [one["tries"] for one in told] == [1, 2, 3, 4, 1]

    play(tmp_path, scene)


def test_p25_days_of_failing_or_a_410_end_it_and_the_practice_begins_again_where_it_stopped(
    tmp_path: Path,
) -> None:
    async def scene(on: Scene) -> None:
        hook = await on.add(types=["SubmissionAccepted"])
        path = f"{HOOKS}/{hook['webhook_id']}"
        on.server.always = 500
        await on.hand_in()
        for tries, wait in enumerate(WAITS, 1):
            await on.tried(hook, tries)
            assert (await on.state(hook))["active"], "three days are not over"
            await on.later(wait * 3 // 2)
            if sum(WAITS[:tries], timedelta()) * 3 // 2 > FAILING_MAX:
                break
        await on.until(lambda: is_disabled(on, hook, "FAILING"))
        before = len(on.server.got)
        await on.hand_in()
        on.server.always = 204
        changed = await on.ask("PATCH", path, json={"active": True}, headers={"If-Match": "*"})
        assert changed.json()["disabled"] is None, changed.text
        await on.server.until(before + 2)
        assert on.server.ids[before] == on.server.ids[0], "nothing was left out"
        on.server.always = 410
        await on.hand_in()
        await on.until(lambda: is_disabled(on, hook, "GONE"))

    async def is_disabled(on: Scene, hook: dict[str, Any], why: str) -> bool:
        return bool((await on.state(hook))["disabled"] == why)

    play(tmp_path, scene)


def test_f43_a_server_that_hangs_or_never_ends_holds_up_no_other(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        async with receiver() as slow, receiver() as endless:
            slow.always, endless.always = HANG, ENDLESS
            await on.add(slow.url)
            cut = await on.add(endless.url)
            await on.add(types=["InvoiceIssued"])
            await on.hand_in()
            await on.server.until(1, 25)
            await slow.until(1)
            await endless.until(1)
            await on.tried(cut, 1)
            assert [one["outcome"] for one in await on.sent(cut)] == ["answer_too_long"]

    play(tmp_path, scene)


def test_f46_a_new_secret_signs_beside_the_old_one_for_a_day(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        hook = await on.add()
        path = f"{HOOKS}/{hook['webhook_id']}"
        key = {"Idempotency-Key": "rotation"}
        rotated = await on.ask("POST", f"{path}/secret", headers=key)
        again = await on.ask("POST", f"{path}/secret", headers=key)
        assert rotated.status_code == 201, rotated.text
        assert again.content == rotated.content
        assert again.headers["idempotency-replayed"] == "true"
        new = rotated.json()["secret"]
        assert new != hook["secret"]
        assert (await on.ask("POST", f"{path}/test")).json()["outcome"] == "delivered"
        await on.later(timedelta(hours=25))
        assert (await on.ask("POST", f"{path}/test")).json()["status"] == 204
        first, second = on.server.got
        assert first.signed_with(hook["secret"], new) == [True, True]
        assert second.signed_with(hook["secret"], new) == [False, True]
        assert first.told["type"] == "webhook.test"

    play(tmp_path, scene)


def test_a_person_has_an_event_sent_once_more(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        hook = await on.add(types=["InvoiceIssued"])
        await on.hand_in()
        await on.server.until(1)
        path = f"{HOOKS}/{hook['webhook_id']}/deliveries/{on.server.ids[0]}"
        answer = await on.ask("POST", path)
        assert (answer.json()["tries"], answer.json()["outcome"]) == (0, "delivered")
        assert on.server.ids == [on.server.ids[0]] * 2
        assert on.server.got[0].body == on.server.got[1].body
        unknown = await on.ask(
            "POST", f"{HOOKS}/{hook['webhook_id']}/deliveries/{hook['webhook_id']}"
        )
        assert unknown.status_code == 404

    play(tmp_path, scene)


def test_b55_a_webhook_is_changed_and_removed_by_who_saw_it(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        hook = await on.add()
        path = f"{HOOKS}/{hook['webhook_id']}"
        seen = (await on.ask("GET", path)).headers["etag"]
        body = {"description": "Praxissoftware", "types": ["InvoiceSettled"]}
        assert (await on.ask("PATCH", path, json=body)).status_code == 428
        done = await on.ask("PATCH", path, json=body, headers={"If-Match": seen})
        assert (done.status_code, done.json()["types"]) == (200, ["InvoiceSettled"])
        old = await on.ask("PATCH", path, json={"active": False}, headers={"If-Match": seen})
        assert (old.status_code, old.json()["code"]) == (412, "webhook_changed_meanwhile")
        program = {"Authorization": f"Bearer {on.member.token}"}
        refused = await on.made.door.delete(path, headers=program)
        assert refused.status_code == 403, "a program rotates, who leads the practice removes"
        assert (await on.ask("DELETE", path)).status_code == 204
        assert (await on.ask("GET", path)).status_code == 404
        assert (await on.made.get(on.member, HOOKS)) == {"items": []}

    play(tmp_path, scene)


def test_p9_a_key_makes_one_webhook_however_often_it_is_sent(tmp_path: Path) -> None:
    """B31 to B33: twenty at once, again later, with another body, without or with a bad key."""

    async def scene(on: Scene) -> None:
        body = {"url": on.server.url}

        async def add(key: str | None, **other: Any) -> httpx.Response:
            headers = {} if key is None else {"Idempotency-Key": key}
            return await on.ask("POST", HOOKS, json=body | other, headers=headers)

        at_once = await asyncio.gather(*(add("one") for _ in range(12)))
        answers = [one for one in at_once if one.status_code == 201]
        assert {one.status_code for one in at_once} <= {201, 409}
        assert all(one.headers["retry-after"] for one in at_once if one.status_code == 409)
        assert len({one.content for one in answers}) == 1
        again = await add("one")
        assert again.content == answers[0].content
        assert again.headers["idempotency-replayed"] == "true"
        assert len((await on.made.get(on.member, HOOKS))["items"]) == 1
        for key, other, status, code in (
            ("one", {"description": "x"}, 422, "idempotency_key_reused"),
            (None, {}, 400, "idempotency_key_required"),
            ("x" * 256, {}, 400, "idempotency_key_invalid"),
            ("a\x01b", {}, 400, "idempotency_key_invalid"),
        ):
            answer = await add(key, **other)
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    play(tmp_path, scene)


def test_b34_a_key_of_another_practice_is_a_new_one(tmp_path: Path) -> None:
    async def scene(on: Scene) -> None:
        other = await cast.join(on.made, cast.doctor(MONDAY, 2))
        first = await on.add()
        stranger = Scene(on.made, other, await leader(on.made, other), on.server)
        second = await stranger.add()
        assert first["webhook_id"] != second["webhook_id"]
        assert first["secret"] != second["secret"]

    play(tmp_path, scene)


def test_b33_a_request_that_died_on_its_way_is_done_once_by_who_sends_it_again(
    tmp_path: Path,
) -> None:
    """P9: killed between commit and answer; its key is held for a minute, then it is the same."""

    async def scene(on: Scene) -> None:
        hook = await on.add()

        def died(db: Any) -> None:
            from services.gateway.answers import answers  # noqa: PLC0415 - a look behind the scene

            db.execute(answers.update().values(held_until=on.made.clock.now() + deliveries.HELD))

        await on.made.system.hosts["gateway"].write(died)
        on.keys -= 1
        body = {"url": on.server.url}
        key = {"Idempotency-Key": "key-1"}
        waits = await on.ask("POST", HOOKS, json=body, headers=key)
        assert (waits.status_code, waits.json()["code"]) == (409, "idempotency_key_in_use")
        await on.later(timedelta(minutes=2))
        assert await on.add() == hook
        assert len((await on.made.get(on.member, HOOKS))["items"]) == 1

    play(tmp_path, scene)
