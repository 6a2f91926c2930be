"""Elements of a tree that was made of a body in JSON, and the field that each came from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.ingest.message.xml_tree import Node


@dataclass(frozen=True)
class Places:
    """The field of each element and attribute, by the identity of elements that live on."""

    found: dict[int, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def of(self, node: Node, attribute: str) -> str:
        """Return the JSON Pointer of a place; the body as a whole where it was made of none."""
        pointer, fields = self.found.get(id(node), ("", {}))
        name = fields.get(attribute, "")
        return f"{pointer}/{name}" if name else pointer


class Elements:
    """Makes elements; `places` remembers what each was made of."""

    def __init__(self) -> None:
        self.places = Places()

    def node(
        self,
        name: str,
        values: Mapping[str, str],
        children: Sequence[Node] = (),
        *,
        at: str = "",
        fields: Mapping[str, str] | None = None,
        text: str = "",
    ) -> Node:
        """Return an element; attributes without a value are not written."""
        kept = {key: value for key, value in values.items() if value != ""}
        made = Node(name, tuple(kept), list(kept.values()), 0, 0, text, list(children))
        self.places.found[id(made)] = (at, fields or {})
        return made
