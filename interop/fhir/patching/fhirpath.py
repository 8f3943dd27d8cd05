"""FHIRPath Patch (FHIR R4, fhirpatch.html): add, insert, delete, replace and move, as a Parameters resource."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from interop.errors import Problem
from interop.fhir.fhirpath import FhirPathError, TooCostly
from interop.fhir.fhirpath.places import Allowance, Place, parent, places
from interop.fhir.patching.elements import Pair, choice, forms, made, read, target, write
from interop.fhir.patching.parts import Operation, operations
from interop.fhir.patching.pruning import MOST_OPERATIONS, pruned, weight


def fhirpath_patch(resource: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The resource after all operations, in order; an element that a deletion leaves empty goes as well.

    Raises Problem ``bad-patch`` for what is no FHIRPath Patch and ``patch-failed`` for an operation that cannot be done, ``where``
    the FHIRPath of its parameter.
    """
    asked = operations(parameters)
    if len(asked) > MOST_OPERATIONS:
        raise Problem("too-large", detail=f"more than {MOST_OPERATIONS} operations")
    patched = pruned(deepcopy(resource))
    allowed, size = Allowance(), weight(resource)
    for operation in asked:
        try:
            _OPERATIONS[operation.kind](patched, operation, allowed)
            if operation.kind == "delete":
                allowed.pay(size)
                patched = pruned(patched)
        except FhirPathError as error:
            raise Problem("bad-patch", where=operation.where, detail=f"the path: {error.reason}") from None
        except TooCostly:
            raise Problem("patch-failed", where=operation.where, detail="the path takes too many steps") from None
    whole: dict[str, Any] = pruned(patched)
    return whole


def _add(resource: dict[str, Any], operation: Operation, allowed: Allowance) -> None:
    owner = _one(places(operation.path, resource, allowed), operation)
    assert operation.value is not None
    into = target(owner.item.type, operation.name, operation.value, operation.where)
    holder = _content(owner)
    there = [] if into.many else [key for key in forms(owner.item.type, into.key) if read(holder, key)]
    if there:
        raise Problem("patch-failed", where=operation.where, detail="the element is there already; replace is for that")
    write(holder, into.key, [*read(holder, into.key), made(into, operation.value, operation.where)], many=into.many)


def _insert(resource: dict[str, Any], operation: Operation, allowed: Allowance) -> None:
    owners, name = parent(operation.path, resource, allowed)
    owner = _one(owners, operation)
    assert operation.value is not None
    assert operation.index is not None
    into = target(owner.item.type, name, operation.value, operation.where)
    if not into.many:
        raise Problem("patch-failed", where=operation.where, detail="the element does not repeat")
    holder = _content(owner)
    listed = read(holder, into.key)
    if operation.index > len(listed):
        raise Problem("patch-failed", where=operation.where, detail="the index is beyond the end of the list")
    listed.insert(operation.index, made(into, operation.value, operation.where))
    write(holder, into.key, listed, many=True)


def _delete(resource: dict[str, Any], operation: Operation, allowed: Allowance) -> None:
    found = places(operation.path, resource, allowed)
    if not found:
        return
    place = _one(found, operation)
    holder = _held(place, operation)
    listed = read(holder, place.key)
    del listed[place.index or 0]
    write(holder, place.key, listed, many=place.index is not None)


def _replace(resource: dict[str, Any], operation: Operation, allowed: Allowance) -> None:
    place = _one(places(operation.path, resource, allowed), operation)
    holder = _held(place, operation)
    assert operation.value is not None
    into = target(place.owner, choice(place.owner, place.key), operation.value, operation.where)
    element: Pair = made(into, operation.value, operation.where)
    if into.key == place.key:
        listed = read(holder, place.key)
        listed[place.index or 0] = element
        write(holder, place.key, listed, many=place.index is not None)
    else:
        write(holder, place.key, [], many=False)
        write(holder, into.key, [element], many=False)


def _move(resource: dict[str, Any], operation: Operation, allowed: Allowance) -> None:
    owners, name = parent(operation.path, resource, allowed)
    owner = _one(owners, operation)
    holder = _content(owner)
    listed = read(holder, name)
    source, destination = operation.source, operation.destination
    assert source is not None
    assert destination is not None
    if not isinstance(holder.get(name, holder.get("_" + name)), list) or max(source, destination) >= len(listed):
        raise Problem("patch-failed", where=operation.where, detail="there is no list that is so long")
    listed.insert(destination, listed.pop(source))
    write(holder, name, listed, many=True)


_OPERATIONS: Final[dict[str, Callable[[dict[str, Any], Operation, Allowance], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}


def _one(found: list[Place], operation: Operation) -> Place:
    if len(found) != 1:
        said = "several elements" if found else "nothing"
        raise Problem("patch-failed", where=operation.where, detail=f"the path leads to {said}, one element is wanted")
    return found[0]


def _held(place: Place, operation: Operation) -> dict[str, Any]:
    """The object that has the element as a member."""
    if place.holder is None:
        raise Problem("patch-failed", where=operation.where, detail="the path leads to the resource itself")
    return place.holder


def _content(place: Place) -> dict[str, Any]:
    """The object for the element's children; a primitive that has none yet gets one."""
    content = place.content
    if content is None:
        content = {}
        assert place.holder is not None
        listed = read(place.holder, place.key)
        listed[place.index or 0] = (place.item.value, content)
        write(place.holder, place.key, listed, many=place.index is not None)
    return content
