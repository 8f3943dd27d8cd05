"""Expression constraints of SNOMED CT (Expression Constraint Language 2): the simple forms, in brief and in long syntax.

    < X  << X  <! X  <<! X  > X  >> X  >! X  >>! X  ^ X  X  *  ( … )  … AND …  … OR …  … MINUS …
    descendantOf, descendantOrSelfOf, childOf, childOrSelfOf, ancestorOf, ancestorOrSelfOf, parentOf, parentOrSelfOf, memberOf

Refinements, attribute values and filters are not computed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Protocol

from interop.fhir.terminology.releases.store import Store

Walk = Callable[[int], Iterable[int]]
"""From a concept to others."""
LONGEST = 50_000
"""Characters of a constraint."""
DEEP = 30
"""Brackets within brackets."""
WAYS = 2
"""Walks (``<<`` and the like) within walks: each multiplies the work."""


class NotComputed(ValueError):
    """A constraint cannot be computed; the message is the reason."""


class Node(Protocol):
    """A set of concepts, as positions in a release."""

    def holds(self, at: int) -> bool: ...

    def positions(self) -> Iterable[int]: ...


class One:
    """One concept."""

    def __init__(self, store: Store, at: int) -> None:
        self._at = at

    def holds(self, at: int) -> bool:
        return at == self._at

    def positions(self) -> Iterable[int]:
        return (self._at,)


class Every:
    """Every active concept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def holds(self, at: int) -> bool:
        return not self._store.flags[at] & 1

    def positions(self) -> Iterable[int]:
        return (at for at in range(len(self._store)) if self.holds(at))


class Members:
    """The members of a reference set, as ascending positions."""

    def __init__(self, members: Sequence[int]) -> None:
        self._members = members

    def holds(self, at: int) -> bool:
        place = bisect_left(self._members, at)
        return place < len(self._members) and self._members[place] == at

    def positions(self) -> Iterable[int]:
        return self._members


class Below:
    """``<``, ``<<``, ``<!`` and ``<<!``: judged by walking up."""

    def __init__(self, store: Store, sign: str, inner: Node) -> None:
        self._inner = inner
        self._self = sign.startswith("<<")
        self._down: Walk = store.children if sign.endswith("!") else store.descendants
        self._up: Walk = store.parents if sign.endswith("!") else store.ancestors

    def holds(self, at: int) -> bool:
        if self._self and self._inner.holds(at):
            return True
        return any(self._inner.holds(each) for each in self._up(at) if each != at)

    def positions(self) -> Iterable[int]:
        return _walked(self._inner, self._down, self._self)


class Above:
    """``>``, ``>>``, ``>!`` and ``>>!``: few concepts, found once."""

    def __init__(self, store: Store, sign: str, inner: Node) -> None:
        walk: Walk = store.parents if sign.endswith("!") else store.ancestors
        self._find: Callable[[], list[int]] = lambda: _walked(inner, walk, sign.startswith(">>"))

    @cached_property
    def _found(self) -> dict[int, None]:
        return dict.fromkeys(self._find())

    def holds(self, at: int) -> bool:
        return at in self._found

    def positions(self) -> Iterable[int]:
        return self._found


def _walked(inner: Node, walk: Walk, itself: bool) -> list[int]:
    found: set[int] = set()
    for start in inner.positions():
        found.update(each for each in walk(start) if each != start)
        if itself:
            found.add(start)
    return sorted(found)


class Joined:
    """AND, OR, MINUS."""

    def __init__(self, word: str, left: Node, right: Node) -> None:
        self._word = word
        self._left = left
        self._right = right

    def holds(self, at: int) -> bool:
        if self._word == "or":
            return self._left.holds(at) or self._right.holds(at)
        return self._left.holds(at) and self._right.holds(at) == (self._word == "and")

    def positions(self) -> Iterable[int]:
        if self._word == "or":
            return sorted({*self._left.positions(), *self._right.positions()})
        return [at for at in self._left.positions() if self._right.holds(at) == (self._word == "and")]


_TOKEN = re.compile(
    r"\s*(?:(?P<sign><<!|<<|<!|<|>>!|>>|>!|>|\^)|(?P<id>[0-9]{6,18})|(?P<mark>[()*,])|(?P<word>[A-Za-z]+)"
    r"|(?P<term>\|[^|]*\|)|(?P<note>/\*.*?\*/))",
    re.DOTALL,
)
_LONG = {
    "descendantof": "<", "descendantorselfof": "<<", "childof": "<!", "childorselfof": "<<!",
    "ancestorof": ">", "ancestororselfof": ">>", "parentof": ">!", "parentorselfof": ">>!", "memberof": "^",
}  # fmt: skip
_JOINS = ("and", "or", "minus")


def parse(text: str, store: Store) -> Node:
    """The concepts of a constraint in a release. Raises NotComputed."""
    if len(text) > LONGEST:
        raise NotComputed("the expression constraint is too long")
    parser = _Parser(_tokens(text), store)
    node = parser.joined(0, 0)
    if parser.next():
        raise NotComputed("the expression constraint has a form that is not computed")
    return node


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotComputed("the expression constraint has a form that is not computed")
        at = found.end()
        if found["word"]:
            word = found["word"].lower()
            if word not in _JOINS and word not in _LONG:
                raise NotComputed("the expression constraint has a form that is not computed")
            tokens.append(_LONG.get(word, word))
        elif not found["term"] and not found["note"]:
            tokens.append("and" if found[0].strip() == "," else found[0].strip())
    return tokens


class _Parser:
    def __init__(self, tokens: list[str], store: Store) -> None:
        self._tokens = tokens
        self._at = 0
        self._store = store

    def next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self.next()
        self._at += 1
        return token

    def joined(self, depth: int, ways: int) -> Node:
        """Operands with one kind of AND or OR between them, or two with MINUS."""
        parts = [self._operand(depth, ways)]
        words: list[str] = []
        while self.next() in _JOINS:
            words.append(self._take())
            parts.append(self._operand(depth, ways))
        kinds = set(words)
        if len(kinds) > 1 or (kinds == {"minus"} and len(words) > 1):
            raise NotComputed("the expression constraint mixes AND, OR and MINUS without brackets")
        return _tree(words[0], parts) if words else parts[0]

    def _operand(self, depth: int, ways: int) -> Node:
        if depth > DEEP:
            raise NotComputed("the expression constraint is too deep")
        token = self._take()
        if token == "(":
            node = self.joined(depth + 1, ways)
            if self._take() != ")":
                raise NotComputed("a bracket of the expression constraint does not close")
            return node
        if token == "*":
            return Every(self._store)
        if token == "^":
            members = self._store.members(self._number())
            if members is None:
                raise NotComputed("a reference set is not in the release")
            return Members(members)
        if token[:1] in ("<", ">") and token:
            if ways >= WAYS:
                raise NotComputed("the expression constraint walks too often")
            return (Below if token[0] == "<" else Above)(self._store, token, self._operand(depth + 1, ways + 1))
        self._at -= 1
        at = self._store.position(self._number())
        if at < 0:
            raise NotComputed("a concept of the expression constraint is not in the release")
        return One(self._store, at)

    def _number(self) -> int:
        token = self._take()
        if not token.isdigit():
            raise NotComputed("the expression constraint has a form that is not computed")
        return int(token)


def _tree(word: str, parts: list[Node]) -> Node:
    """A balanced tree, so that long lists are not deep."""
    if len(parts) == 1:
        return parts[0]
    half = (len(parts) + 1) // 2
    return Joined(word, _tree(word, parts[:half]), _tree(word, parts[half:]))
