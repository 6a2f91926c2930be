"""When a practice hands in, said on a page of the portal (BR-169)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.browser.served import FIRST_REMINDER, Served, served
from tests.flows.test_portal import logged_in, page_at, plain
from tests.system import MONDAY

PATH = "/submissions/calendar"


@pytest.fixture
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("calendar"), invoices=1) as running:
        yield running


def test_what_a_practice_says_of_its_rhythm_is_missed_when_it_does_not_come(
    portal: Served,
) -> None:
    today = MONDAY + FIRST_REMINDER + timedelta(days=2)
    with logged_in(portal, portal.member.login, portal.member.password) as browser:
        page = page_at(browser, PATH)
        (form,) = [one for one in page.forms if one.action == PATH]
        assert form.fields["rhythm"] == "none"
        sent = dict(form.fields) | {"rhythm": "daily", "grace_days": "0"}
        kept = browser.post(PATH, data=sent)
        assert kept.headers["location"] == f"{PATH}?done=1"
        assert "gilt ab heute" in browser.get(f"{PATH}?done=1").text
        (again,) = [one for one in page_at(browser, PATH).forms if one.action == PATH]
        assert again.fields["canton"], "whose holidays count stays as it was"
        stale = browser.post(PATH, data=sent | {"rhythm": "weekly"})
        assert stale.status_code == 409
        assert "inzwischen geändert" in stale.text
    portal.settle()
    portal.wait(portal.made.days(today + timedelta(days=4)))
    portal.settle()
    with logged_in(portal, portal.member.login, portal.member.password) as browser:
        assert "Erwartete Lieferung fehlt" in plain(browser.get("/").text)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rhythm": "fortnightly", "starts_on": ""}, "braucht es den ersten Tag"),
        ({"rhythm": "other", "starts_on": "2026-01-05", "every_days": "1"}, "2 bis 180"),
        ({"rhythm": "monthly", "day_of_month": "32"}, "nicht möglich"),
        ({"rhythm": "hourly"}, "nicht möglich"),
        ({"rhythm": "weekly", "cut_off": "25:00"}, "nicht möglich"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(
    portal: Served, given: dict[str, str], told: str
) -> None:
    with logged_in(portal, portal.member.login, portal.member.password) as browser:
        (form,) = [one for one in page_at(browser, PATH).forms if one.action == PATH]
        answer = browser.post(PATH, data=dict(form.fields) | {"grace_days": "7"} | given)
        assert answer.status_code == 422
        assert told in answer.text
        assert 'name="grace_days" type="number" min="0" max="10" value="7"' in answer.text
        (again,) = [one for one in page_at(browser, PATH).forms if one.action == PATH]
        assert again.fields["rhythm"] == "none", "nothing was kept"
