"""Fees, VAT and advances in whole rappen. Pure; every rate by the date that the rule names."""

from datetime import date

FULL_BP = 10_000
"""A rate of one, in basis points."""

VAT_BP: tuple[tuple[date, int], ...] = ((date(2018, 1, 1), 770), (date(2024, 1, 1), 810))
"""Normal rate of VAT by the day from which it holds. Source: BR-46."""

UNKNOWN_BEFORE = VAT_BP[0][0]


def vat_bp(on: date) -> int:
    """Return the VAT rate on the cooperative's own services. Source: BR-46, BR-51.

    Fees follow the day of the act. A day before the table is a bug of its caller.
    """
    assert on >= UNKNOWN_BEFORE, f"no VAT rate is known for {on}"
    return next(rate for valid_from, rate in reversed(VAT_BP) if valid_from <= on)


def share(amount_rappen: int, rate_bp: int) -> int:
    """Return a share of an amount, rounded half up to the rappen. Source: BR-142, BR-153."""
    assert amount_rappen >= 0
    return (amount_rappen * rate_bp + FULL_BP // 2) // FULL_BP
