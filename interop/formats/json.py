"""JSON in and out, with numbers as they were written (RFC 8259; FHIR R4, decimal: precision is to be kept)."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from interop.errors import Problem
from interop.formats.limits import VALUES, bounded
from interop.formats.tree import Node

DEPTH = 200
SIZE = 20 * 1024 * 1024
ITEM = "item"
_SAFE_DIGITS = 18
_SHORT = 64 * 1024
MAGNITUDE = 307
"""The greatest exponent of ten that a number may have, up or down: what a double holds, so that all readers of JSON can read it."""


class Number(Decimal):
    """A number that keeps its literal: ``str(Number("72.50"))`` is ``72.50``, ``str(Number("1e2"))`` is ``1e2``."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str | Number) -> Number:
        written = str(text)
        self = super().__new__(cls, written)
        self.text = written
        return self

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


def read_json(body: bytes, *, depth: int = DEPTH, size: int = SIZE) -> Node:
    """The tree of a JSON text in UTF-8; a byte order mark is allowed.

    Objects are nodes, arrays several kids of one name (``item`` for an array at the root or in an array), a null has no value.
    The root has no name. ``raw`` is what ``load_json`` gives. Raises the Problems of ``load_json``.
    """
    return as_node(load_json(body, depth=depth, size=size))


def as_node(value: Any) -> Node:
    """The tree of a value of ``load_json``."""
    root = Node("", None, None, value)
    _fill(root, value)
    return root


def load_json(body: bytes, *, depth: int = DEPTH, size: int = SIZE, values: int | None = VALUES) -> Any:
    """The Python value: fractions, exponents, ``-0`` and integers of more than 18 digits are ``Number``, others ``int``.

    Raises Problem ``too-large`` (bytes or values), ``too-deep`` (``depth`` counts objects and arrays), ``character-set``, or
    ``unreadable`` (also for a name twice in an object, NaN, Infinity, half a surrogate pair, a magnitude beyond 10^307), with
    line and column only.
    """
    if len(body) > size:
        raise Problem("too-large", detail=f"more than {size} bytes")
    bounded(body, ",[{", limit=values)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem("character-set", detail="JSON is UTF-8") from None
    try:
        value = _decoded(text, body)
    except json.JSONDecodeError as error:
        raise Problem("unreadable", detail=f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Problem("too-deep") from None
    if body.count(b"{") + body.count(b"[") > depth:
        if too_deep(value, depth):
            raise Problem("too-deep", detail=f"more than {depth} objects and arrays within each other")
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
        except UnicodeEncodeError:
            raise Problem("unreadable", detail="half a surrogate pair") from None
    return value


def write_json(value: Any) -> bytes:
    """``value`` as JSON without blanks; ``Number`` and Decimal as they are written. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps(value, default=_other)


def _other(value: Any) -> Any:
    if value.__class__ is Number:
        return orjson.Fragment(value.text)
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"no JSON for {type(value).__name__}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Problem("unreadable", detail="an object holds a name twice")
    return members


def _integer(text: str) -> int | Number:
    return _number(text) if len(text) > _SAFE_DIGITS or text == "-0" else int(text)


def _number(text: str) -> Number:
    try:
        number = Number(text)
    except InvalidOperation:
        raise Problem("unreadable", detail="a number out of range") from None
    if abs(number.adjusted()) > MAGNITUDE:
        raise Problem("unreadable", detail="a number out of range")
    return number


def _constant(_: str) -> Any:
    raise Problem("unreadable", detail="NaN and Infinity are no JSON")


def _decoded(text: str, body: bytes) -> Any:
    """The value. A name that stands twice in an object is looked for only where there may be one: dropped, it takes a colon too."""
    if len(body) <= _SHORT and b"\\u003" not in body:
        value = _QUICK.decode(text)
        with suppress(TypeError):  # half a surrogate pair
            if write_json(value).count(b":") == body.count(b":"):
                return value
    return _CAREFUL.decode(text)


_QUICK = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=_constant)
_CAREFUL = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_constant)


def too_deep(value: Any, depth: int = DEPTH) -> bool:
    """Whether more than ``depth`` objects and arrays stand within each other."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        if not level:
            return False
        below = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        level = [inner for inner in below if isinstance(inner, dict | list)]
    return bool(level)


def _fill(node: Node, value: Any) -> None:
    if isinstance(value, dict):
        if value:
            node.kids = kids = {}
            for name, member in value.items():
                if isinstance(member, list):
                    if member:
                        kids[name] = _items(node, name, member)
                else:
                    kids[name] = [_made(node, name, member)]
    elif isinstance(value, list):
        if value:
            node.kids = {ITEM: _items(node, ITEM, value)}
    else:
        node.value = _literal(value)


def _items(node: Node, name: str, items: list[Any]) -> list[Node]:
    return [_made(node, name, item) for item in items]


def _made(up: Node, name: str, value: Any) -> Node:
    if isinstance(value, str):
        return Node(name, value, up, value)
    node = Node(name, None, up, value)
    _fill(node, value)
    return node


def _literal(value: Any) -> str | None:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return None if value is None else str(value)
