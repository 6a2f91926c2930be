"""As much of PromQL as our rules and panels use: read, and worked out over samples of a test.

What a rule says cannot be seen from its text alone: whether it fires on the numbers that it is
for, and keeps quiet on others, is what a test asks of it.
"""

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Labels: TypeAlias = frozenset[tuple[str, str]]
Vector: TypeAlias = dict[Labels, float]
Samples: TypeAlias = Mapping[tuple[str, Labels], Sequence[tuple[float, float]]]
"""By name and labels: (second, value), rising in time."""

TOKEN = re.compile(
    r'\s*(?:(?P<name>[a-zA-Z_:][\w:]*)|(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd])?'
    r'|(?P<text>"[^"]*")|(?P<sign>[=!]~|[=!<>]=|[-+*/<>=(){}\[\],]))'
)  # fmt: skip
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
FRESH_SECONDS = 300
"""A series that said nothing for so long is gone, as for Prometheus."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, "==": operator.eq,
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne,
}  # fmt: skip
REDUCE: Mapping[str, Callable[[Sequence[float]], float]] = {"sum": sum, "max": max, "min": min}


class Unreadable(ValueError):
    """The expression is none, or says more than this module understands."""


@dataclass(frozen=True)
class Node:
    """One step of an expression: what is done, with what, to what."""

    kind: str
    value: str = ""
    parts: tuple["Node", ...] = ()
    matchers: tuple[tuple[str, str, str], ...] = ()
    by: tuple[str, ...] = ()
    seconds: int = 0


def parse(text: str) -> Node:
    """Return an expression. Raises Unreadable."""
    reader = _Reader(text)
    node = reader.compared()
    if reader.sign:
        raise Unreadable(f"{reader.sign!r} in {text}")
    return node


def metrics(node: Node) -> set[str]:
    """Return the names of all series that an expression asks for."""
    own = {node.value} if node.kind == "series" else set()
    return own.union(*map(metrics, node.parts))


class _Reader:
    """Recursive descent, one method for each strength of binding."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.step()

    def step(self) -> None:
        found = TOKEN.match(self._text, self._at)
        if found is None:
            if self._text[self._at :].strip():
                raise Unreadable(self._text[self._at :])
            self.name = self.number = self.unit = self.string = self.sign = ""
            return
        self._at = found.end()
        told = {key: value or "" for key, value in found.groupdict().items()}
        self.name, self.number, self.unit = told["name"], told["number"], told["unit"]
        self.string, self.sign = told["text"].strip('"'), told["sign"]

    def take(self, sign: str) -> None:
        if self.sign != sign:
            raise Unreadable(f"{sign} is missing in {self._text}")
        self.step()

    def compared(self) -> Node:
        return self._chain(self._added, COMPARE)

    def _added(self) -> Node:
        return self._chain(self._multiplied, "+-")

    def _multiplied(self) -> Node:
        return self._chain(self._one, "*/")

    def _chain(self, inner: Callable[[], Node], signs: str | Mapping[str, object]) -> Node:
        left = inner()
        while self.sign and self.sign in signs:
            sign = self.sign
            self.step()
            left = Node("pair", sign, (left, inner()))
        return left

    def _one(self) -> Node:
        if self.number:
            node = Node("number", self.number)
            self.step()
            return node
        if self.sign == "(":
            self.step()
            node = self.compared()
            self.take(")")
            return node
        name = self.name
        if not name:
            raise Unreadable(f"nothing stands where a value should: {self._text}")
        self.step()
        if name in REDUCE:
            return self._reduced(name)
        if self.sign == "(":
            return Node("call", name, tuple(self._listed(self.compared, "(", ")")))
        return self._series(name)

    def _reduced(self, name: str) -> Node:
        by: tuple[str, ...] = ()
        if self.name == "by":
            self.step()
            by = tuple(self._listed(self._label, "(", ")"))
        (inner,) = self._listed(self.compared, "(", ")")
        return Node("reduce", name, (inner,), by=by)

    def _label(self) -> str:
        name = self.name
        self.step()
        return name

    def _series(self, name: str) -> Node:
        matchers = self._listed(self._matcher, "{", "}") if self.sign == "{" else []
        seconds = 0
        if self.sign == "[":
            self.step()
            seconds = int(self.number) * SECONDS[self.unit]
            self.step()
            self.take("]")
        return Node("series", name, matchers=tuple(matchers), seconds=seconds)

    def _matcher(self) -> tuple[str, str, str]:
        name = self._label()
        sign = self.sign
        self.step()
        text = self.string
        self.step()
        return name, sign, text

    def _listed(self, inner: Callable[[], T], first: str, last: str) -> Sequence[T]:
        """Return what stands between brackets, parted by commas."""
        self.take(first)
        found: list[T] = []
        while self.sign != last:
            found.append(inner())
            if self.sign != last:
                self.take(",")
        self.step()
        return found


def evaluate(node: Node, samples: Samples, now: float) -> Vector:
    """Return what an expression is at a moment: a value for each set of labels that it has."""
    match node.kind:
        case "number":
            return {frozenset(): float(node.value)}
        case "series":
            return {labels: values[-1][1] for labels, values in _range(node, samples, now)}
        case "call":
            return _call(node, samples, now)
        case "reduce":
            groups: dict[Labels, list[float]] = defaultdict(list)
            for labels, value in evaluate(node.parts[0], samples, now).items():
                groups[frozenset(pair for pair in labels if pair[0] in node.by)].append(value)
            return {labels: REDUCE[node.value](values) for labels, values in groups.items()}
        case _:
            left, right = (evaluate(part, samples, now) for part in node.parts)
            return _pair(node, left, right)


def _pair(node: Node, left: Vector, right: Vector) -> Vector:
    """Join by equal labels; a number joins with everything. A comparison keeps what is true."""
    numbers = [part.kind == "number" or part.value == "time" for part in node.parts]
    found: Vector = {}
    for labels in left if not numbers[0] else right:
        a = left[frozenset()] if numbers[0] else left[labels]
        other = right.get(frozenset() if numbers[1] else labels)
        if other is None:
            continue
        if node.value in COMPARE:
            if COMPARE[node.value](a, other):
                found[labels] = a
        elif node.value != "/" or other:
            sums = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
            found[labels] = sums[node.value](a, other)
    return found


def _range(
    node: Node, samples: Samples, now: float
) -> Iterator[tuple[Labels, Sequence[tuple[float, float]]]]:
    since = now - (node.seconds or FRESH_SECONDS)
    for (name, labels), values in samples.items():
        heard = [value for value in values if since <= value[0] <= now]
        if name == node.value and heard and _matches(node, dict(labels)):
            yield labels, heard


def _matches(node: Node, labels: Mapping[str, str]) -> bool:
    tests: Mapping[str, Callable[[str, str], bool]] = {
        "=": operator.eq,
        "!=": operator.ne,
        "=~": lambda value, wanted: re.fullmatch(wanted, value) is not None,
        "!~": lambda value, wanted: re.fullmatch(wanted, value) is None,
    }
    return all(tests[sign](labels.get(name, ""), text) for name, sign, text in node.matchers)


def _call(node: Node, samples: Samples, now: float) -> Vector:
    match node.value:
        case "time":
            return {frozenset(): now}
        case "increase" | "rate":
            (inner,) = node.parts
            per = inner.seconds if node.value == "rate" else 1
            return {
                labels: _grown([value for _, value in values]) / per
                for labels, values in _range(inner, samples, now)
                if len(values) > 1
            }
        case "histogram_quantile":
            share, buckets = (evaluate(part, samples, now) for part in node.parts)
            return _quantiles(share[frozenset()], buckets)
        case _:
            raise Unreadable(f"function {node.value}")


def _grown(values: Sequence[float]) -> float:
    """Return by how much a counter rose; a smaller value means that it began again at nothing."""
    pairs = pairwise(values)
    return sum(later - earlier if later >= earlier else later for earlier, later in pairs)


def _quantiles(share: float, buckets: Vector) -> Vector:
    by_rest: dict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"].replace("+Inf", "inf"))
        by_rest[frozenset(p for p in labels if p[0] != "le")].append((bound, count))
    return {rest: _quantile(share, sorted(found)) for rest, found in by_rest.items()}


def _quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    rank = share * buckets[-1][1]
    low, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank and count > below:
            return (
                low
                if bound == float("inf")
                else low + (bound - low) * ((rank - below) / (count - below))
            )
        low, below = bound, count
    return float("nan")
