"""Collects what is noticed in one message, each with its place. Holds no values (P21)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from libs.events.handed import Finding
from services.ingest.bodies.places import Places
from services.ingest.findings import CATALOGUE
from services.ingest.message.xml_tree import Node

FINDINGS_MAX: Final = 100
"""What follows is only counted: nobody reads more, and an event must stay small."""


@dataclass(frozen=True, slots=True)
class _Noticed:
    code: str
    severity: Literal["error", "warning"]
    node: Node
    attribute: str
    params: dict[str, str]


class Report:
    """Findings about the elements of one tree; paths are made once, at the end.

    `places` says where elements come from that stand in no message: their paths are theirs.
    `grave` are codes that are errors where they would be hints in a message: what is priced here
    is not priced wrongly.
    """

    def __init__(
        self, root: Node, places: Places | None = None, grave: frozenset[str] = frozenset()
    ) -> None:
        self._root = root
        self._places = places
        self._grave = grave
        self._settled: set[tuple[str, int]] = set()
        self._noticed: list[_Noticed] = []
        self._more = 0
        self._errors = 0

    def error(self, code: str, node: Node, attribute: str = "", **params: str) -> None:
        """Notice what makes the message unusable."""
        if (code, id(node)) in self._settled:
            return
        self._errors += 1
        self._add(_Noticed(code, "error", node, attribute, params))

    def warning(self, code: str, node: Node, attribute: str = "", **params: str) -> None:
        """Notice what the sender should mend but what does not stand in the way."""
        if (code, id(node)) in self._settled:
            return
        if code in self._grave:
            self.error(code, node, attribute, **params)
            return
        self._add(_Noticed(code, "warning", node, attribute, params))

    def by_severity(
        self, code: str, node: Node, attribute: str = "", *, lenient: bool, **params: str
    ) -> None:
        """Notice a warning where the value serves nothing, else an error."""
        (self.warning if lenient else self.error)(code, node, attribute, **params)

    def settle(self, code: str, nodes: Iterable[int]) -> None:
        """Leave a code out at these elements: somebody knows more of them than the rule."""
        self._settled.update((code, node) for node in nodes)

    def failed(self) -> bool:
        """Return whether anything makes the message unusable."""
        return self._errors > 0

    def findings(self) -> tuple[Finding, ...]:
        """Return errors first, each in the order of the message."""
        if not self._noticed:
            return ()
        paths = self._paths({id(noticed.node) for noticed in self._noticed})
        found = [self._finding(noticed, paths) for noticed in self._noticed]
        found.sort(key=lambda finding: (finding.severity, finding.line, finding.column))
        if self._more:
            severity: Literal["error", "warning"] = "error" if self._errors else "warning"
            found.append(
                Finding(code="findings_cut", severity=severity, params={"more": str(self._more)})
            )
        return tuple(found)

    def _add(self, noticed: _Noticed) -> None:
        """Keep it; where there are too many, an error still takes the place of a warning."""
        if self._places is not None and noticed in self._noticed:
            return  # who made the price has told it already
        if len(self._noticed) < FINDINGS_MAX:
            self._noticed.append(noticed)
            return
        self._more += 1
        if noticed.severity == "error":
            for place, other in enumerate(self._noticed):
                if other.severity == "warning":
                    self._noticed[place] = noticed
                    return

    def _finding(self, noticed: _Noticed, paths: dict[int, tuple[str, int]]) -> Finding:
        path, record_id = paths[id(noticed.node)]
        if self._places is not None:
            path = self._places.of(noticed.node, noticed.attribute)
        elif noticed.attribute:
            path = f"{path}/@{noticed.attribute}"
        return Finding(
            code=noticed.code,
            severity=noticed.severity,
            path=path,
            line=noticed.node.line,
            column=noticed.node.column,
            record_id=record_id,
            rule=CATALOGUE[noticed.code].rule,
            params=noticed.params,
        )

    def _paths(self, wanted: set[int]) -> dict[int, tuple[str, int]]:
        """Return the XPath of elements, and the record id of the service line they stand in."""
        found: dict[int, tuple[str, int]] = {}
        waiting = [(self._root, f"/{_step(self._root.name)}", 0)]
        while waiting and len(found) < len(wanted):
            node, path, record_id = waiting.pop()
            record = node.raw("record_id")
            if record.isascii() and record.isdigit() and len(record) < 10:  # noqa: PLR2004
                record_id = int(record)
            if id(node) in wanted:
                found[id(node)] = (path, record_id)
            totals: dict[str, int] = {}
            for child in node.children:
                totals[child.name] = totals.get(child.name, 0) + 1
            counts: dict[str, int] = {}
            for child in node.children:
                counts[child.name] = counts.get(child.name, 0) + 1
                index = f"[{counts[child.name]}]" if totals[child.name] > 1 else ""
                waiting.append((child, f"{path}/{_step(child.name)}{index}", record_id))
        return found


def _step(name: str) -> str:
    """Return a step with the usual prefix; the name of a foreign element is not repeated (P21)."""
    if name.startswith("{"):
        return "*"
    return name if ":" in name else f"invoice:{name}"
