"""Sessions of the portal: how they begin, what they are worth elsewhere, and how they end (P31)."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.gateway import access, registration, sessions
from services.gateway.decider.user import ChangePassword, DeactivateUser
from services.gateway.passwords import hashed
from tests.gateway_door import PASSWORD, Door, at_the_door
from tests.unit.gateway.facts import DAY


def test_a_session_begins_anew_at_login_and_ends_at_logout_p31(tmp_path: Path) -> None:
    async def scene(door: Door) -> None:
        async with door.visitor() as visitor:
            away = await visitor.get("/invoices")
            assert (away.status_code, away.headers["location"]) == (303, "/login?back=/invoices")
        async with door.logged_in() as visitor:
            cookie = visitor.cookies["session"]
            assert (await visitor.get("/invoices")).status_code == 200
            second = await visitor.post("/login", data={"login": "anna", "password": PASSWORD})
            attributes = second.headers["set-cookie"].lower()
            assert all(one in attributes for one in ("httponly", "samesite=lax", "path=/"))
            assert visitor.cookies["session"] != cookie
            async with door.visitor() as thief:
                thief.cookies.set("session", cookie)
                assert (await thief.get("/invoices")).status_code == 303, (
                    "the old session has ended"
                )
                thief.cookies.set("session", visitor.cookies["session"])
                assert (await thief.get("/invoices")).status_code == 200
                without = await visitor.post("/logout", data={"csrf": "x"})
                assert without.status_code == 403
                out = await visitor.post("/logout", data={"csrf": await csrf_of(door)})
                assert out.status_code == 303
                assert (await thief.get("/invoices")).status_code == 303, (
                    "logout ends it on our side"
                )

    at_the_door(tmp_path, scene)


async def csrf_of(door: Door) -> str:
    """Return the word that forms of the newest session carry."""
    newest = access.sessions.select().order_by(access.sessions.c.began_at.desc()).limit(1)
    return str(await door.among.host.read(lambda db: db.execute(newest).one().csrf))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_another_site_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async def scene(door: Door) -> None:
        async with door.visitor() as visitor:
            form = {"login": "anna", "password": PASSWORD}
            refused = await visitor.post("/login", data=form, headers=headers)
            assert refused.status_code == 403
            assert "set-cookie" not in refused.headers
        async with door.logged_in() as visitor:
            form = {"csrf": await csrf_of(door)}
            assert (await visitor.post("/logout", data=form, headers=headers)).status_code == 403
            own = {"Origin": "http://quittance.example", "Sec-Fetch-Site": "same-origin"}
            assert (await visitor.post("/logout", data=form, headers=own)).status_code == 303

    at_the_door(tmp_path, scene)


@pytest.mark.parametrize("event", ["idle", "absolute", "password", "deactivated"])
def test_a_session_ends_by_time_password_and_role_p31(tmp_path: Path, event: str) -> None:
    async def scene(door: Door) -> None:
        clock = door.among.clock
        begun = clock.now()
        user_id = registration.user_id_of("anna")
        async with door.logged_in() as visitor:
            at = begun
            if event == "idle":
                at = begun + sessions.IDLE + timedelta(minutes=1)
            elif event == "absolute":
                while at - begun < sessions.ABSOLUTE:
                    assert (await visitor.get("/invoices")).status_code == 200
                    at += timedelta(minutes=14)
                    door.stand(at)
            elif event == "password":
                new = hashed("Sonne am Lindenhof")
                await door.handle(
                    ChangePassword(practice_id=door.anna, user_id=user_id, password_hash=new)
                )
            else:
                await door.handle(DeactivateUser(practice_id=door.anna, user_id=user_id, today=DAY))
            door.stand(at)
            assert (await visitor.get("/invoices")).status_code == 303

    at_the_door(tmp_path, scene)
