"""What a practice wants, section by section; dated by `PracticeConfigured` (BR-159)."""

from typing import Literal, TypeAlias

import msgspec


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


Settings: TypeAlias = Terms | Reminding | Contract
