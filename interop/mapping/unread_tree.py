"""Which texts of a tree no row has read: one walk over the marks, along paths that are remembered."""

from __future__ import annotations

from interop.formats.csv import Row
from interop.formats.tree import Node
from interop.mapping.contribution import Loss
from interop.mapping.runtime import Run, loss

MARKUP = frozenset(("@schemaLocation", "@noNamespaceSchemaLocation", "@nullFlavor", "@key", "@ref", "@name"))
"""Attributes that say nothing of the person: where a schema lies, why an element is empty, what a reader has added."""
LIMIT = 50_000
"""Paths that a route remembers before it begins anew."""


class Trail(dict[str, "Trail"]):
    """A path of names: what a text lost there is told as, None where it is not; the paths one name longer."""

    __slots__ = ("_names", "_plan", "lost")

    def __init__(self, plan: TreePlan, names: tuple[str, ...]) -> None:
        self._plan, self._names = plan, names
        self.lost: Loss | None = None
        if names[-1:] and names[-1] not in MARKUP:
            row = plan.row(names)
            self.lost = loss("/".join(names), "not-carried" if row else "unmapped", row)

    def __missing__(self, name: str) -> Trail:
        self._plan.paths += 1
        made = self[name] = Trail(self._plan, (*self._names, name))
        return made


class TreePlan:
    """What a route leaves out deliberately: endings of paths, with their rows."""

    def __init__(self, left: dict[tuple[str, ...], str]) -> None:
        self._left = left
        self._longest = max(map(len, left), default=0)
        self.paths = 0
        self._start = Trail(self, ())

    def row(self, names: tuple[str, ...]) -> str:
        """The row that leaves out what stands there; '' where none does."""
        return next((self._left[names[-n:]] for n in range(1, self._longest + 1) if names[-n:] in self._left), "")

    def unread(self, run: Run, root: Node) -> None:
        """Note every text that nobody read, and let go of the tree: whoever holds a node no longer holds what encloses it."""
        if self.paths > LIMIT:
            self.paths, self._start = 0, Trail(self, ())
        if root.value:
            run.carried += root.read
        run.carried += self._visit(root, self._start, run.losses)
        while root.up is not None:
            above, root.up = root.up, None
            _loosen(above, root)
            above.kids = {}
            root = above

    def _visit(self, node: Node, trail: Trail, losses: list[Loss]) -> int:
        carried = 0
        for name, kids in node.kids.items():
            along = trail[name]
            lost = along.lost
            for kid in kids:
                kid.up = None
                if isinstance(kid, Row):
                    carried += self._row(kid, along, losses)
                    continue
                if kid.value:
                    if kid.read:
                        carried += 1
                    elif lost is not None:
                        losses.append(lost)
                if kid.kids:
                    if isinstance(kid.raw, str):  # a reference: its parts were made of its text
                        for parts in kid.kids.values():
                            for part in parts:
                                part.up = None
                    else:
                        carried += self._visit(kid, along, losses)
        return carried

    def _row(self, row: Row, trail: Trail, losses: list[Loss]) -> int:
        if row.nodes is not None:
            return self._visit(row, trail, losses)
        if len(row.seen) < len(row.cells):
            for column in row.cells:
                if column not in row.seen and (lost := trail[column].lost) is not None:
                    losses.append(lost)
        return len(row.seen)


def _loosen(node: Node, done: Node) -> None:
    """Let go of what lies beside the tree that was mapped."""
    for kids in node.kids.values():
        for kid in kids:
            kid.up = None
            if kid is not done and kid.kids and not isinstance(kid, Row):
                _loosen(kid, done)
