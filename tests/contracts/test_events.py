"""Events are a public contract: schemas, golden corpus, upward compatibility (P16)."""

import json
from pathlib import Path

import msgspec
import pytest

from libs.events import PUBLIC, Event
from libs.events.describe import files
from libs.runtime.vault import private_fields
from tests.described import DECIDERS

CORPUS = Path(__file__).parents[1] / "data" / "events"
EVENTS = PUBLIC | {
    event.__name__: event for decider in DECIDERS.values() for event in decider.events
}
"""Public events, and those that a service keeps to itself: both are read for years."""


@pytest.mark.parametrize("path", sorted(files()), ids=lambda path: path.name)
def test_what_is_committed_is_what_the_events_say(path: Path) -> None:
    assert path.exists(), "run `make schemas` and look at the difference"
    assert path.read_text() == files()[path], "run `make schemas` and look at the difference"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_version_of_an_event_that_was_ever_released_can_be_read(name: str) -> None:
    released = sorted(CORPUS.glob(f"{name}.*.json"))
    assert released, f"add tests/data/events/{name}.1.json: an event of this version in full"
    for file in released:
        event = msgspec.json.decode(file.read_bytes(), type=EVENTS[name])
        again = json.loads(msgspec.json.encode(event))
        golden = json.loads(file.read_bytes())
        assert again == {key: golden[key] for key in again}, f"{file.name} lost what it said"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_field_that_an_older_program_does_not_know_is_no_reason_to_fail(name: str) -> None:
    golden = json.loads(max(CORPUS.glob(f"{name}.*.json")).read_bytes())
    golden["a_field_of_tomorrow"] = {"deep": [1]}
    assert isinstance(msgspec.json.decode(json.dumps(golden), type=EVENTS[name]), Event)


def test_no_clear_field_of_a_public_event_is_named_like_personal_data() -> None:
    personal = {"given_name", "family_name", "ahv", "born_on", "diagnoses", "lines", "debtor"}
    for name, kind in PUBLIC.items():
        clear = set(kind.__struct_fields__) - set(private_fields(kind))
        assert not clear & personal, f"{name} carries {clear & personal} in the clear"
