"""One tree for XML, JSON and CSV: what the tables of the mapping read."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from interop.formats.narrative import narrative


class Node:
    """An element, attribute, object, member, row or cell.

    ``name`` is the local name, ``@name`` for an attribute; ``value`` the text of a leaf, blanks around it stripped, or None (for
    JSON the literal: ``72.50``, ``true``; a JSON null is None); ``kids`` the children by name, in order; ``up`` the parent, None
    at the root; ``raw`` the lxml element, the Python value of JSON (``interop.formats.json``) or the text of a cell; ``read``
    is set by whoever reads the node, so that ``leaves`` can tell what nobody read.
    """

    __slots__ = ("kids", "name", "raw", "read", "up", "value")

    def __init__(self, name: str, value: str | None = None, up: Node | None = None, raw: Any = None) -> None:
        self.name = name
        self.value = value
        self.kids: dict[str, list[Node]] = {}
        self.up = up
        self.raw = raw
        self.read = False

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {sum(map(len, self.kids.values()))} kids)"

    def add(self, name: str, value: str | None = None, raw: Any = None) -> Node:
        """A new last child."""
        node = Node(name, value, self, raw)
        if name in self.kids:
            self.kids[name].append(node)
        else:
            self.kids[name] = [node]
        return node

    def kid(self, name: str) -> Node | None:
        """The first child of that name."""
        found = self.kids.get(name)
        return found[0] if found else None

    def find(self, path: str) -> Node | None:
        """The first node at a path of names such as ``id/@root``; every branch is tried."""
        name, _, rest = path.partition("/")
        for node in self.kids.get(name, ()):
            found = node.find(rest) if rest else node
            if found is not None:
                return found
        return None

    def text(self, path: str) -> str | None:
        """The value of ``find(path)``, None where there is no such node."""
        node = self.find(path)
        return node.value if node is not None else None

    def leaves(self, prefix: str = "") -> Iterator[tuple[str, Node]]:
        """Every node below that has a value, with its path from here, such as ``adminDomain/person/surname``; in order of names."""
        stack = [(prefix, self)]
        while stack:
            path, node = stack.pop()
            if node.value is not None and path:
                yield path, node
            below = [(f"{path}/{name}" if path else name, kid) for name, kids in node.kids.items() for kid in kids]
            stack.extend(reversed(below))

    def digest(self) -> bytes:
        """SHA-256, cut to 16 bytes, of every value below with its path: layout, notation and the order of members aside."""
        said = sha256()
        for line in sorted(f"{path}={node.value}" for path, node in self.leaves()):
            said.update(line.encode("utf-8", "surrogatepass") + b"\n")
        return said.digest()[:16]

    def narrative(self) -> str:
        """The whole text of an XML element with markup in it (CDA ``StrucDoc``, xhtml); see ``interop.formats.narrative``."""
        return narrative(self.raw) if hasattr(self.raw, "itertext") else self.value or ""
