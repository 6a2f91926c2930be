"""Rules as sentences: given events, when a command, then events, nothing, or a refusal."""

from collections.abc import Sequence
from typing import Any

import pytest

from libs.events import Event, Refused
from libs.runtime.service import Decider


class Scenario:
    """Speaks with one decider; `given` folds, `when` decides, `then…` compares."""

    def __init__(self, decider: Decider[Any, Any, Any], events: Sequence[Event] = ()) -> None:
        self.decider = decider
        self.events = tuple(events)

    def given(self, *events: Event) -> "Scenario":
        """Return the scenario in which these events have happened."""
        return Scenario(self.decider, self.events + events)

    @property
    def state(self) -> Any:
        """The state after what was given."""
        state = self.decider.initial
        for event in self.events:
            state = self.decider.evolve(state, event)
        return state

    def when(self, command: Any) -> "Outcome":
        """Decide a command on the state."""
        return Outcome(self, command)


class Outcome:
    """What a command led to."""

    def __init__(self, scenario: Scenario, command: Any) -> None:
        self.scenario = scenario
        self.command = command

    def decided(self) -> tuple[Event, ...]:
        """Return the events; raises what the rule raises."""
        return tuple(self.scenario.decider.decide(self.scenario.state, self.command))

    def then(self, *expected: Event) -> Scenario:
        """Say exactly what happens; return the scenario in which it has."""
        assert self.decided() == expected
        return self.scenario.given(*expected)

    def then_nothing(self) -> Scenario:
        """Say that it had already happened."""
        assert self.decided() == ()
        return self.scenario

    def then_refused(self, kind: type[Refused]) -> None:
        """Say that it must not happen now, and why."""
        with pytest.raises(kind):
            self.decided()
