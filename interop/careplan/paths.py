"""Paths into a resource, as the tables write them: names with dots, ``value[x]`` for a choice, ``item*`` for what is nested in
itself at any depth, ``extension[URL]``, ``resolve()`` for what a reference leads to, ``/`` in front for the resource as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from interop.fhir import facts
from interop.fhir.shapes import Json, chosen

Resolve = Callable[[Any], Json | None]
"""What a Reference leads to among what the asker may see, None where to nothing."""
_STEP: Final = re.compile(r"(/?)([A-Za-z]+)(\[x\]|\*|\(\)|\[[^\[\]]+\])?")


class PathRefused(ValueError):
    """A path that is none, or that R4 does not have."""


class Path:
    """A path, compiled. ``values`` gives what stands there; what has the wrong shape is as good as absent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.whole = text.startswith("/")
        self.steps = tuple(_steps(text.removeprefix("/")))

    def values(self, within: Any, resource: Json, resolve: Resolve) -> list[Any]:
        """Everything at the path, from ``within`` or, where it begins with ``/``, from the resource."""
        found: list[Any] = [resource if self.whole else within]
        for name, form in self.steps:
            found = [value for each in found for value in _step(each, name, form, resolve)]
        return found

    def check(self, start: str) -> None:
        """Raise PathRefused where R4 has no such element below ``start``, a type or the path of an element."""
        places = {start.partition(".")[0] if self.whole else start}
        for name, form in self.steps:
            places = {below for place in places for below in _below(place, name, form)}
            if not places:
                raise PathRefused(f"R4 has no {self.text} in {start}")


def _steps(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"\.(?![^\[]*\])", text) if text else ():
        found = _STEP.fullmatch(part)
        if found is None or found[1]:
            raise PathRefused(f"{text} is no path")
        form = found[3] or ""
        if (form == "()" and found[2] != "resolve") or (form[:1] == "[" and form != "[x]" and found[2] != "extension"):
            raise PathRefused(f"{text} is no path")
        yield found[2], form


def _step(value: Any, name: str, form: str, resolve: Resolve) -> Iterable[Any]:
    if not isinstance(value, dict):
        return ()
    if form == "()":
        target = resolve(value)
        return () if target is None else (target,)
    if form == "[x]":
        found = chosen(value, name)
        return () if found is None else (found[1],)
    if form == "*":
        return tuple(_nested(value, name))
    held = value.get(name)
    listed = held if isinstance(held, list) else [] if held is None else [held]
    if form:
        return [each for each in listed if isinstance(each, dict) and each.get("url") == form[1:-1]]
    return listed


def _nested(value: Json, name: str) -> Iterator[Json]:
    for key, held in value.items():
        for each in held if isinstance(held, list) else (held,):
            if isinstance(each, dict):
                if key == name:
                    yield each
                yield from _nested(each, name)


def _below(place: str, name: str, form: str) -> Iterator[str]:
    element = facts.element(place) if "." in place else None
    if form == "()":
        yield from (element.targets if element is not None and "Reference" in element.types else ())
        return
    path = f"{place}.{name}{form if form == '[x]' else ''}"
    if facts.element(path) is not None:
        yield path
    elif element is not None and element.choice == element.name:  # a choice has the elements of any of its types
        stem = place.removesuffix("[x]")
        yield from (
            below for each in element.types if facts.element(below := f"{stem}{each[0].upper()}{each[1:]}.{name}") is not None
        )
