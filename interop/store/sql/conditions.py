"""What the predicates of Decisions come to as conditions, kept by their shape: a clinician's is a long tree, and going through it
takes longer than most questions take to answer.

Kept is what asks rows of the people of a resource, its sources, types and labels, and nothing that leads elsewhere; values have
names by their place in the predicate (``r0``), which no other part of a statement uses.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import Any as Value

from interop.store.sql.dialect import Dialect
from interop.store.sql.index import NAMED as BITS
from interop.store.sql.index import PLAIN, SOLE
from interop.store.sql.joining import ALWAYS
from interop.store.sql.links import Targets
from interop.store.sql.marks import Marks, Masked, Values, literal
from interop.store.sql.names import LABELS, Names
from interop.store.sql.past import was
from interop.store.sql.ruling import ruling
from interop.store.sql.start import NONE, flatten, rank
from interop.store.sql.where import Compiler
from interop.store.where import About, All, Any, Ids, Not, Present, Sources, Token, Tokens, Types, Updated, Where

FIRST = 1_000_000
"""Parameters of a condition are numbered from here on, beyond those of the statement that it becomes part of."""
NAMED = re.compile(r":(p\d+)\b")
ROOM = 200
"""Conditions that are kept of one shape: types, rows, places."""
UNMADE = "?"
"""Stands for a text that is not kept: another thread may clear what is kept at any time."""
OWN = About | Sources | Masked | Types | Token | Tokens | Present | Ids | Updated
"""Parts that ask one row of ``resource`` and what is said about its people."""


class Conditions:
    """The conditions of all predicates of one shape; ``values`` are those of any of them."""

    def __init__(self, predicate: Where, values: Values, names: Names, dialect: Dialect) -> None:
        self._names, self._dialect = names, dialect
        self._marks = Marks(1)
        self._predicate = self._marks.marked(predicate, values)
        self._left: dict[str | None, Where | None] = {}
        self._follows: dict[str | None, bool] = {}
        self._texts: dict[tuple[Value, ...], str | None] = {}

    def left(self, type_: str | None) -> Where | None:
        """The predicate for resources of a type (None: of any), with marks for values; None where it holds nothing back."""
        if type_ not in self._left:
            self._left[type_] = ruling(self._predicate, type_)
        return self._left[type_]

    def follows(self, type_: str | None) -> bool:
        """Whether it is only asked of rows that the question leaves: no part of it is one that a search might begin with."""
        known = self._follows.get(type_)
        if known is None:
            left = self.left(type_)
            known = self._follows[type_] = own(left) and all(rank(part) >= NONE for part in flatten(left))
        return known

    def text(self, type_: str | None, row: str, focus: Targets | None = None, *, past: bool = False) -> str | None:
        """The condition on a row of ``resource``, or with ``past`` of ``version``; '' where nothing is held back, None where it is
        of no kind that is kept."""
        key = (type_, row, focus, past)
        known = self._texts.get(key, UNMADE)
        if known is UNMADE:
            if len(self._texts) >= ROOM:
                self._texts.clear()
            known = self._texts[key] = self._made(type_, row, focus, past)
        return known

    def _made(self, type_: str | None, row: str, focus: Targets | None, past: bool) -> str | None:
        left = self.left(type_)
        if left is None:
            return ""
        if not own(left):
            return None
        compiler = Compiler(self._names, self._dialect, first=FIRST)
        compiler.focus = focus
        text = was(compiler, left, type_, row) if past else compiler.probe(left, type_, row)
        assert not compiler.prologue
        if text == ALWAYS and not past:
            return ""
        made = self._marks.made
        said = {name: f":r{made[value]}" if value in made else literal(value) for name, value in compiler.parameters.items()}
        return NAMED.sub(lambda found: said.get(found[1], found[0]), text)


def own(where: Where | None) -> bool:
    """Whether each part asks only the row itself and its people."""
    match where:
        case None:
            return True
        case All(parts) | Any(parts):
            return all(own(part) for part in parts)
        case Not(part):
            return own(part)
        case Token(kind=kind):
            return kind == "token"
    return isinstance(where, OWN)


def alike(where: Where, names: Names, type_: str) -> int | None:
    """Resources of a type that have these bits of ``named`` are alike in what is asked where they are in subject, contributors and
    ``named``; None where more is asked than whose they are, where they come from and how they are labelled."""
    match where:
        case All(parts) | Any(parts):
            bits = [alike(part, names, type_) for part in parts]
            return None if None in bits else reduce(or_, [one for one in bits if one is not None], 0)
        case Not(part):
            return alike(part, names, type_)
        case About():
            return SOLE
        case Token(parameter, kind="token") | Tokens(parameter) if parameter == LABELS:
            return PLAIN
        case Present(parameter) if parameter in BITS:
            return BITS[parameter] if names.present(type_, parameter) else 0
        case Sources() | Types():
            return 0
    return None
