"""What pricing works with and what it leaves: the case, the lines, their sums. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from libs.events.values import Language, Law
from services.ingest.bodies.written import Sums
from services.ingest.message.xml_tree import Node
from services.ingest.prices.price_lists import Position


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a price depends on beside the line itself."""

    law: Law
    canton: str
    provider_kind: str
    provider_gln: str
    insurer_gln: str
    language: Language
    taxable: bool
    """Whether the practice has a VAT number (BR-50)."""
    born_on: date | None = None


@dataclass(frozen=True)
class Noticed:
    """What is to be told at an element."""

    code: str
    severity: Literal["error", "warning"]
    node: Node
    attribute: str
    params: Mapping[str, str]


@dataclass
class Priced:
    """The lines of an invoice, and what came up while they were priced."""

    nodes: list[Node] = field(default_factory=list)
    positions: list[Position | None] = field(default_factory=list)
    """By which row each of the body's lines was priced."""
    noticed: list[Noticed] = field(default_factory=list)
    gross: dict[Decimal, int] = field(default_factory=lambda: defaultdict(int))
    """Rappen by VAT rate of lines that contain their VAT."""
    net: dict[Decimal, int] = field(default_factory=lambda: defaultdict(int))
    """The same of lines to which it is added."""
    care: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    """Home care of each day."""
    sums: Sums = field(default_factory=lambda: Sums(amount_rappen=0, due_rappen=0, groups=()))
    share_rappen: int | None = None
    """What of home care the patient bears at most (BR-42)."""

    @property
    def failed(self) -> bool:
        """Whether a line has no price."""
        return any(one.severity == "error" for one in self.noticed)

    def beside_flat_rate(self) -> frozenset[int]:
        """Return the elements that the contract lets stand beside a flat rate (BR-32)."""
        rows = zip(self.nodes, self.positions, strict=False)
        return frozenset(id(node) for node, row in rows if row is not None and row.beside_flat_rate)

    def unlisted(self) -> frozenset[int]:
        """Return the elements of lines that no list knows: told once, they need no hint more."""
        rows = zip(self.nodes, self.positions, strict=False)
        return frozenset(id(node) for node, row in rows if row is None)

    def and_then(self, other: "Priced") -> "Priced":
        """Return both together, as a preview shows a record that becomes two invoices."""
        mine, theirs = self.sums, other.sums
        shares = [one for one in (self.share_rappen, other.share_rappen) if one is not None]
        return Priced(
            nodes=[*self.nodes, *other.nodes],
            positions=[*self.positions, *other.positions],
            noticed=[*self.noticed, *other.noticed],
            sums=Sums(
                amount_rappen=mine.amount_rappen + theirs.amount_rappen,
                due_rappen=mine.due_rappen + theirs.due_rappen,
                groups=(*mine.groups, *theirs.groups),
            ),
            share_rappen=sum(shares) if shares else None,
        )

    def error(self, code: str, node: Node, attribute: str, **params: str) -> None:
        """Notice what makes a price impossible."""
        self.noticed.append(Noticed(code, "error", node, attribute, params))

    def warning(self, code: str, node: Node, attribute: str, **params: str) -> None:
        """Notice what the practice should look at."""
        self.noticed.append(Noticed(code, "warning", node, attribute, params))
