"""Benches do what they say, tried small: a bench that no longer runs shows here, not on the day."""

import asyncio
from pathlib import Path

import pytest

from bench import archive, chain, consume, dunning_day, growth, pricing, queries
from bench.servers import on_sqlite


def test_a_small_dunning_day_reminds_every_case_that_is_due(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dunning_day, "CASES", 900)
    monkeypatch.setattr(dunning_day, "PRACTICES", 30)
    with on_sqlite() as create:
        seconds, reminders, _ = asyncio.run(dunning_day.day(create, tmp_path))
    assert reminders == 90
    assert seconds > 0


def test_a_small_chain_says_where_its_time_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "COUNT", 12)
    monkeypatch.setattr(chain, "TURNS", 1)
    whole, *parts = chain.figures()
    of_it = sum(one.ours for one in parts if one.what.startswith("of it "))
    assert of_it == pytest.approx(whole.ours)


def test_small_pages_are_heard_message_by_message_and_together() -> None:
    with on_sqlite() as create:
        pages = consume.Listener(create, "pages", 20, 2)
        single = consume.Listener(create, "single", 1, 3)
        assert (pages(0), single(0), pages(1)) == (40, 3, 40)
        pages.close()
        single.close()


def test_a_system_grows_to_the_sizes_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "MEASURED", 4)
    monkeypatch.setattr(growth, "TEMPLATES", 5)
    monkeypatch.setattr(growth, "PRACTICES", 3)
    first, _, second, _ = growth.grown((10, 30))
    assert (first.what, second.what) == ("at 10 invoices: one more", "at 30 invoices: one more")
    assert second.anchor == first.ours


def test_pages_are_timed_over_a_few_invoices() -> None:
    found = asyncio.run(queries.embedded(200))
    assert len({one.what for one in found}) == len(found) > 5
    assert all(one.ours > 0 for one in found)


def test_a_small_archive_is_worked_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "COUNT", 60)
    monkeypatch.setattr(archive, "SINGLE", 5)
    packed, memory = archive.figures()
    assert packed.ours > 0
    assert packed.what.startswith("60 messages in one archive")
    assert memory.what.startswith("memory that 60 messages")


def test_a_few_records_are_priced_and_a_short_list_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pricing, "COUNT", 3)
    monkeypatch.setattr(pricing, "POSITIONS", 50)
    monkeypatch.setattr(pricing, "SEARCHES", 4)
    *priced, searched = pricing.figures()
    assert all(one.ours > 0 and one.against == "as XML 5.0" for one in priced)
    assert searched.unit == "ms"
