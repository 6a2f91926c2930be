"""What a service has at hand of its own log is what the log would say, or nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from libs.runtime.engines import open_engine
from libs.runtime.feed import NEWEST_EVENTS, Wake
from libs.runtime.store import Store
from tests.logs import create_log, practice, recorded

KINDS = ("InvoiceIssued", "ReminderEscalated")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Store]:
    engine = open_engine(f"sqlite:///{tmp_path / 'log.db'}")
    create_log(engine)
    yield Store("invoicing", engine)
    engine.dispose()


def write(log: Store, wake: Wake, count: int, *, heard: bool = True) -> None:
    """Append events of changing kinds; the process may or may not know of them."""
    with log.writing() as db:
        at = log.head(db)
        new = [
            recorded(practice(n), 1, KINDS[n % 2], log.service)
            for n in range(at + 1, at + count + 1)
        ]
        log.append(db, new)
    if heard:
        wake.notify([replace(event, position=at + n) for n, event in enumerate(new, start=1)])


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("kinds", [KINDS, KINDS[:1], ("Other",)])
def test_what_is_at_hand_is_what_the_log_says(
    log: Store, limit: int, kinds: tuple[str, ...]
) -> None:
    wake = Wake()
    write(log, wake, 3, heard=False)
    write(log, wake, 5)
    write(log, wake, 4)
    for after in range(14):
        at_hand = wake.after(after, limit, kinds)
        with log.reading() as db:
            asked = log.read(db, after, limit, kinds)
            mark = log.mark(db, asked[1])
        if 3 <= after < 12:
            assert at_hand == (*asked, mark)
        else:
            assert at_hand is None


def test_what_another_instance_wrote_in_between_is_not_skipped(log: Store) -> None:
    wake = Wake()
    write(log, wake, 2)
    write(log, wake, 2, heard=False)
    write(log, wake, 2)
    assert wake.after(2, 10, KINDS) is None
    found = wake.after(4, 10, KINDS)
    assert found is not None
    assert [event.position for event in found[0]] == [5, 6]


def test_only_the_newest_are_kept(log: Store) -> None:
    wake = Wake()
    write(log, wake, NEWEST_EVENTS + 10)
    assert wake.after(9, 10, KINDS) is None
    assert wake.after(10, 10, KINDS) is not None
