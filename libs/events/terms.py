"""What a practice wants, section by section; dated by `PracticeConfigured` (BR-159)."""

from datetime import date, time
from typing import Literal, TypeAlias

import msgspec


class UnfitSetting(ValueError):
    """A setting cannot be like this beside the others; `setting` is its name."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(why)
        self.setting = setting


class Terms(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Days to pay by payer (BR-29)."""

    patient_days: int = 30
    insurer_days: int = 30


class Reminding(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How a practice wants its debtors reminded (BR-120, BR-123)."""

    rappel_plus: bool = True
    """Rappel+ (letter with proposal, call, formal notice), or the plain ladder."""
    wait_days: tuple[int, ...] = ()
    """Waits before each step; empty: the defaults of the ladder. Each 10 to 120."""
    collection_agency: str = ""
    """The practice's contracted agency (BR-107); without one, nothing is handed over."""
    secrecy_basis: Literal["", "CONSENT", "AUTHORITY_RELEASE", "CANTONAL_LAW"] = ""
    """On what ground a claim may be disclosed to the agency (BR-100)."""

    def __post_init__(self) -> None:
        steps = 5 if self.rappel_plus else 4
        if len(self.wait_days) not in {0, steps}:
            raise ValueError(f"This ladder has {steps} steps: name a wait for each, or none.")
        if any(not 10 <= days <= 120 for days in self.wait_days):  # noqa: PLR2004 - BR-123
            raise ValueError("A wait is 10 to 120 days (BR-123).")


class Contract(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The factoring contract of a practice; rates in basis points (BR-142, BR-143, BR-158)."""

    product: Literal["MANDATE", "PER_INVOICE"] = "MANDATE"
    advance_bp: int = 8000
    limit_rappen: int = 0
    fee_bp: int = 120


class Deliveries(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """When a practice hands in, so that a batch which does not come is missed (BR-169)."""

    rhythm: Literal["none", "daily", "weekly", "fortnightly", "monthly", "other"] = "none"
    """None: nothing is expected. Daily is every working day of the canton."""
    weekday: int = 5
    """Of a weekly delivery: 1 is Monday, 7 is Sunday."""
    day_of_month: int = 1
    """Of a monthly delivery; a month that is shorter has it on its last day."""
    starts_on: date | None = None
    """First delivery of a fortnightly or another rhythm, from which it is counted."""
    every_days: int = 0
    """Days from one delivery to the next of another rhythm; 2 to 180."""
    cut_off: time = time(18)
    """In Zurich; what comes later on the day belongs to the next delivery."""
    grace_days: int = 2
    """Working days that a delivery may be late; 0 to 10."""
    canton: str = ""
    """Whose holidays count; empty: the practice's own, which is then filled in."""

    def __post_init__(self) -> None:
        if not 1 <= self.weekday <= 7:  # noqa: PLR2004 - a week
            raise ValueError("A weekday is 1 (Monday) to 7 (Sunday).")
        if not 1 <= self.day_of_month <= 31:  # noqa: PLR2004 - a month
            raise ValueError("A day of the month is 1 to 31.")
        if not 0 <= self.grace_days <= 10:  # noqa: PLR2004
            raise ValueError("A delivery may be late by 0 to 10 working days (BR-169).")
        if self.canton and not (len(self.canton) == 2 and self.canton.isalpha()):  # noqa: PLR2004
            raise ValueError("A canton is named by its two letters.")
        counted = self.rhythm in {"fortnightly", "other"}
        if counted and self.starts_on is None:
            why = "Say with starts_on from which day this rhythm is counted."
            raise UnfitSetting("starts_on", why)
        if self.rhythm == "other" and not 2 <= self.every_days <= 180:  # noqa: PLR2004
            why = "Say with every_days how many days lie between deliveries: 2 to 180."
            raise UnfitSetting("every_days", why)


Settings: TypeAlias = Terms | Reminding | Contract | Deliveries
