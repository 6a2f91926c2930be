"""The laws of all deciders, found by themselves, on histories that nobody thought of (style 5).

`decide` is deterministic and changes nothing; `evolve` never raises; every event is evolved and
survives JSON; a command said twice equals once.
"""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.days.calendar import Calendar
from libs.days.holidays_ch import calendar_around
from libs.events import Event, Refused, handed, values
from libs.runtime.service import Decider
from libs.runtime.vault import private_fields
from tests.described import DECIDERS

FIRST = date(2026, 1, 5)


_words = st.sampled_from(["a1", "b2", "c3"])
_days = st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n))
for _value in vars(values).values():
    if hasattr(_value, "__supertype__") and _value.__supertype__ is str:
        st.register_type_strategy(_value, _words)
st.register_type_strategy(date, _days)
st.register_type_strategy(int, st.integers(0, 100_000))
st.register_type_strategy(
    handed.Finding,
    st.builds(handed.Finding, code=_words, severity=st.just("warning"), params=st.just({})),
)
st.register_type_strategy(
    values.Private,
    lambda kind: st.builds(values.Private, subject=_words, value=st.from_type(get_args(kind)[0])),
)
# A calendar of a few invented days would refuse to exist; rules get the real one.
st.register_type_strategy(Calendar, st.just(calendar_around(FIRST, FIRST + timedelta(days=800))))
st.register_type_strategy(Decimal, st.integers(0, 5000).map(lambda n: Decimal(n) / 100))


@st.composite
def _history(draw: st.DrawFn, decider: Decider[Any, Any, Any]) -> Sequence[Any]:
    """Return commands in a row; those that cannot be built are left out."""
    commands = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(decider.commands))
        try:
            commands.append(draw(st.from_type(kind)))
        except (ValueError, AssertionError):
            continue
    return commands


@pytest.mark.parametrize("name", sorted(DECIDERS))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_laws(name: str, data: st.DataObject) -> None:
    decider = DECIDERS[name]
    state = decider.initial
    for command in data.draw(_history(decider)):
        decided = _decide(decider, state, command)
        if decided is None:
            continue
        before = state
        for event in decided:
            assert type(event) in decider.events, "an event that evolve does not know"
            state = decider.evolve(state, _stored(event))
        again = _decide(decider, state, command)
        for event in again or ():
            state = decider.evolve(state, _stored(event))
        assert not again or _once(decider, before, decided) == state, "said twice is not once"


def _decide(decider: Decider[Any, Any, Any], state: Any, command: Any) -> Sequence[Event] | None:
    """Decide twice and see that nothing moved; None if refused."""
    kept, said = deepcopy(state), deepcopy(command)
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(tuple(decider.decide(state, command)))
        except Refused as refused:
            outcomes.append((type(refused),))
    assert outcomes[0] == outcomes[1], "decide is not deterministic"
    assert state == kept, "decide changed the state"
    assert command == said, "decide changed the command"
    first = outcomes[0]
    return None if first and isinstance(first[0], type) else first


def _once(decider: Decider[Any, Any, Any], state: Any, events: Sequence[Event]) -> Any:
    for event in events:
        state = decider.evolve(state, _stored(event))
    return state


def _stored(event: Event) -> Event:
    """Return the event as it comes back from the log: through JSON, private fields closed."""
    closed: dict[str, Any] = {
        name: values.Private(subject=private.subject, sealed=b"sealed")
        for name in private_fields(type(event))
        if (private := getattr(event, name)) is not None
    }
    sealed = msgspec.structs.replace(event, **closed) if closed else event
    again = msgspec.json.decode(msgspec.json.encode(sealed), type=type(event))
    assert again == sealed, "the event does not survive JSON"
    return again
