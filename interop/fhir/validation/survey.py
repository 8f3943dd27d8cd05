"""A walk over everything in a resource by what base R4 says of it: coded values, extensions, resources inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings, at
from interop.fhir.shapes import Json
from interop.fhir.validation.bindings import CODED, QUANTITIES, Bindings
from interop.fhir.validation.extensions import Extensions, Holder
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Run
from interop.fhir.validation.structure.joining import LIMIT, MORE

Base = Callable[[str, str], Json]
"""The ElementDefinition of base R4 by block and name."""
Trail = tuple[Any, str, int]


class Inner(NamedTuple):
    """A resource inside another: ``name`` is the element that holds it."""

    expression: str
    name: str
    resource: Json


@dataclass(slots=True)
class _Entry:
    type: str
    block: str
    binding: Json | None
    inside: bool


class Survey:
    """Plans by block, made when first met."""

    def __init__(self, base: Base, bindings: Bindings, extensions: Extensions) -> None:
        self._base = base
        self._bindings = bindings
        self._extensions = extensions
        self._plans: dict[str, dict[str, _Entry]] = {}

    def __call__(self, resource: Json, run: Run) -> tuple[Findings, list[Inner], list[tuple[int, Finding]]]:
        """Findings relative to the resource, the resources directly inside it, and what R4's own bindings give for concepts:
        each with the identity of the value, for the binding of a profile stands in its place."""
        found: Findings = []
        inner: list[Inner] = []
        kind = str(resource["resourceType"])
        weak: list[tuple[int, Finding]] = []
        self._walk(resource, kind, kind, None, (), _Task(run, found, inner, weak))
        return found, inner, weak

    def _plan(self, block: str) -> dict[str, _Entry]:
        plan = self._plans.get(block)
        if plan is None:
            plan = self._plans[block] = {}
            for name, element in facts.block(block).items():
                if element.block:
                    kind = element.types[0]
                    binding = self._binding(block, element)
                    if binding or not facts.is_primitive(kind):
                        plan[name] = _Entry(kind, element.block, binding, not facts.is_primitive(kind))
        return plan

    def _binding(self, block: str, element: facts.Element) -> Json | None:
        """A binding that the structural check does not judge."""
        said = self._base(block, element.choice or element.name).get("binding")
        if not isinstance(said, dict) or not said.get("valueSet") or said.get("strength") == "example":
            return None
        if said.get("strength") == "required" and (element.binding is None or facts.codes(element.binding) is not None):
            return None
        return said if element.types[0] in CODED else None

    def _walk(self, value: Json, block: str, path: str, up: Holder | None, trail: Any, task: _Task) -> None:
        """The children of an element: ``path`` is dotted from the resource, ``trail`` leads to it with places."""
        task.run.budget.earn()
        plan = self._plan(block)
        for name, child in value.items():
            if name in _EXTENSIONS:
                if up is None:
                    up = Holder(value, None, block, path, (path,))
                self._extended(child, name, up, trail, task)
                continue
            entry = plan.get(name)
            if entry is None:
                if name[:1] == "_" and block:
                    self._shadows(value, name, child, block, path, trail, task, up.urls if up and block == "Extension" else ())
                continue
            if isinstance(child, list):
                for place, each in enumerate(child):
                    self._one(each, entry, name, block, path, (trail, name, place), task)
            else:
                self._one(child, entry, name, block, path, (trail, name, -1), task)

    def _one(self, value: Any, entry: _Entry, name: str, block: str, path: str, trail: Trail, task: _Task) -> None:
        if entry.binding is not None:
            for each in self._bindings.bound(entry.binding, Occurrence(value, None, entry.type, "")) or ():
                if isinstance(value, dict) and len(task.weak) < LIMIT:
                    task.weak.append((id(value), task.placed(trail, each)))
                else:
                    task.say(trail, each)
        if not entry.inside or not isinstance(value, dict):
            return
        if entry.type == "Resource":
            kind = value.get("resourceType")
            if isinstance(kind, str) and kind in facts.resource_types():
                task.inner.append(Inner(expression(trail), name, value))
            return
        if entry.type == "Coding" or (entry.type in QUANTITIES and "system" in value):
            for each in self._bindings.coding(value) or ():
                task.say(trail, each)
        holder = None
        if "extension" in value or "modifierExtension" in value:
            holder = Holder(
                value,
                None,
                entry.type,
                f"{path}.{name}",
                (f"{path}.{_stem(block, name)}", f"{block}.{_stem(block, name)}", entry.block),
            )
        self._walk(value, entry.block, f"{path}.{name}", holder, trail, task)

    def _shadows(
        self, parent: Json, name: str, shadow: Any, block: str, path: str, trail: Any, task: _Task, urls: tuple[str, ...]
    ) -> None:
        plain = name[1:]
        element = facts.block(block).get(plain)
        if element is None:
            return
        stem = _stem(block, plain)
        values = parent.get(plain)
        for place, each in enumerate(shadow) if isinstance(shadow, list) else [(-1, shadow)]:
            if isinstance(each, dict) and "extension" in each:
                value = (values[place] if isinstance(values, list) and place < len(values) else None) if place >= 0 else values
                holder = Holder(value, each, element.types[0], f"{path}.{plain}", (f"{path}.{stem}", f"{block}.{stem}"), urls)
                self._extended(each["extension"], "extension", holder, (trail, plain, place), task)

    def _extended(self, values: Any, name: str, holder: Holder, trail: Any, task: _Task) -> None:
        for place, each in enumerate(values) if isinstance(values, list) else ():
            if not isinstance(each, dict):
                continue
            here = (trail, name, place)
            for problem in self._extensions.check(each, holder, name == "modifierExtension", task.run) or ():
                task.say(here, problem)
            inner = Holder(each, None, "Extension", f"{holder.path}.{name}", ("Extension",), holder.urls_with(each))
            self._walk(each, "Extension", inner.path, inner, here, task)


class _Task(NamedTuple):
    run: Run
    found: Findings
    inner: list[Inner]
    weak: list[tuple[int, Finding]]

    def say(self, trail: Any, problem: Finding) -> None:
        """A finding relative to where the trail leads; as many of one resource as the structure pass tells of one object."""
        told = len(self.found)
        if told < LIMIT or (problem.severity == ERROR and told < 2 * LIMIT):
            self.found.append(self.placed(trail, problem))
        elif told == LIMIT or told == 2 * LIMIT:
            self.found.append(MORE)

    def placed(self, trail: Any, problem: Finding) -> Finding:
        """A finding relative to the resource."""
        return at(expression(trail), (problem,))[0]


_EXTENSIONS = frozenset(("extension", "modifierExtension"))


def expression(trail: Any) -> str:
    """A trail as an expression relative to the resource."""
    parts: list[str] = []
    while trail:
        trail, name, place = trail
        parts.append(name if place < 0 else f"{name}[{place}]")
    return ".".join(reversed(parts))


def _stem(block: str, name: str) -> str:
    """The name as contexts have it: a choice as ``value[x]``."""
    element = facts.block(block).get(name)
    return element.choice if element and element.choice else name
