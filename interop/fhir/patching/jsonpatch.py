"""JSON Patch (RFC 6902)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from interop.errors import Problem
from interop.fhir.patching.pointer import END, at, index, missing, tokens
from interop.fhir.patching.pruning import MOST_COPIED, MOST_OPERATIONS, weight
from interop.formats.json import too_deep

_ABSENT: Final = object()


def json_patch(resource: dict[str, Any], operations: list[Any]) -> Any:
    """The document after all operations, in order; numbers keep their digits.

    Raises Problem ``bad-patch`` for what is no JSON Patch and ``patch-failed`` for an operation that cannot be done or a test
    that fails, ``where`` its number from 1.
    """
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise Problem("bad-patch", detail="an array of operations is wanted")
    if len(operations) > MOST_OPERATIONS:
        raise Problem("too-large", detail=f"more than {MOST_OPERATIONS} operations")
    document: Any = deepcopy(resource)
    copied = 0
    for number, operation in enumerate(operations, 1):
        where = f"operation {number}"
        name = operation.get("op")
        if name == "copy":
            copied += weight(at(document, tokens(operation.get("from"), where), where))
            if copied > MOST_COPIED:
                raise Problem("too-large", where=where, detail=f"the copies hold more than {MOST_COPIED} values")
        perform = _OPERATIONS.get(name) if isinstance(name, str) else None
        if perform is None:
            raise Problem("bad-patch", where=where, detail="op is none of add, remove, replace, move, copy and test")
        try:
            document = perform(document, operation, where)
        except RecursionError:
            raise Problem("too-deep", where=where) from None
    if too_deep(document):
        raise Problem("too-deep")
    return document


def _add(document: Any, operation: dict[str, Any], where: str) -> Any:
    return _put(document, tokens(operation.get("path"), where), deepcopy(_value(operation, where)), where)


def _remove(document: Any, operation: dict[str, Any], where: str) -> Any:
    return _take(document, tokens(operation.get("path"), where), where)


def _replace(document: Any, operation: dict[str, Any], where: str) -> Any:
    path = tokens(operation.get("path"), where)
    value = deepcopy(_value(operation, where))
    if not path:
        return value
    at(document, path, where)
    holder = at(document, path[:-1], where)
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = value
    return document


def _move(document: Any, operation: dict[str, Any], where: str) -> Any:
    source, target = tokens(operation.get("from"), where), tokens(operation.get("path"), where)
    value = at(document, source, where)
    if source == target:
        return document
    if target[: len(source)] == source:
        raise Problem("patch-failed", where=where, detail="a value cannot be moved into itself")
    return _put(_take(document, source, where), target, value, where)


def _copy(document: Any, operation: dict[str, Any], where: str) -> Any:
    value = deepcopy(at(document, tokens(operation.get("from"), where), where))
    return _put(document, tokens(operation.get("path"), where), value, where)


def _test(document: Any, operation: dict[str, Any], where: str) -> Any:
    if not same(at(document, tokens(operation.get("path"), where), where), _value(operation, where)):
        raise Problem("patch-failed", where=where, detail="the test found another value")
    return document


_OPERATIONS: Final[dict[str, Callable[[Any, dict[str, Any], str], Any]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _value(operation: dict[str, Any], where: str) -> Any:
    value = operation.get("value", _ABSENT)
    if value is _ABSENT:
        raise Problem("bad-patch", where=where, detail="it has no value")
    return value


def _put(document: Any, path: list[str], value: Any, where: str) -> Any:
    if not path:
        return value
    holder = at(document, path[:-1], where)
    if isinstance(holder, dict):
        holder[path[-1]] = value
    elif isinstance(holder, list):
        holder.insert(len(holder) if path[-1] == END else index(path[-1], len(holder), where), value)
    else:
        raise missing(where)
    return document


def _take(document: Any, path: list[str], where: str) -> Any:
    at(document, path, where)
    if not path:
        return None
    holder = at(document, path[:-1], where)
    del holder[int(path[-1]) if isinstance(holder, list) else path[-1]]
    return document


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values (RFC 6902, 4.6): numbers by what they are worth, objects whatever their order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, int | float | Decimal):
        return type(one) is type(other) and bool(one == other)
    return isinstance(other, int | float | Decimal) and bool(one == other)
