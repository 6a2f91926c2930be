"""A practice's own sheet: which positions are printed on it, in numbered versions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from libs.events import Event
from libs.events.values import PracticeId


class Printed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position that a practice often uses."""

    tariff: str
    code: str
    name: str = ""


class SheetTemplateChosen(Event, frozen=True, kw_only=True):
    """A practice chose what is printed on its sheets; older versions stay known."""

    version: int
    positions: tuple[Printed, ...]
    by: str


@dataclass(frozen=True, kw_only=True)
class ChooseTemplate:
    practice_id: PracticeId
    positions: tuple[Printed, ...]
    by: str


TemplateEvent: TypeAlias = SheetTemplateChosen
Command: TypeAlias = ChooseTemplate


@dataclass(frozen=True, kw_only=True)
class Template:
    """What is printed now; version 0 is the sheet without positions."""

    version: int = 0
    positions: tuple[Printed, ...] = ()


State: TypeAlias = Template
INITIAL: Final[State] = Template()


def decide(state: State, command: ChooseTemplate) -> Sequence[SheetTemplateChosen]:
    """Begin a version; the same positions again are the same version."""
    if command.positions == state.positions:
        return []
    return [
        SheetTemplateChosen(
            practice_id=command.practice_id,
            version=state.version + 1,
            positions=command.positions,
            by=command.by,
        )
    ]


def evolve(state: State, event: SheetTemplateChosen) -> State:  # noqa: ARG001
    """Apply a fact."""
    return Template(version=event.version, positions=event.positions)
