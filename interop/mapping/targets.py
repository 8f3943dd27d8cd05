"""FHIR paths of the ``to`` column: parsed, checked against R4, and cut where a register ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interop.fhir import facts

_STEP = re.compile(r"([A-Za-z]\w*)(?:\[(\+?)([A-Za-z0-9_-]*)\])?")
_DESCENDED = frozenset({"BackboneElement", "Element", "Meta", "Period"})


class TargetError(ValueError):
    """The path is not one of R4, or its cardinality is not."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a target. ``key`` is the name in JSON (``_birthDate`` on the way to its extensions); ``label`` None for an
    element that does not repeat, else the alias between brackets; ``each`` whether it had a ``+``."""

    key: str
    label: str | None
    each: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked ``to``: ``register`` counts the parts that make the register, ``types`` what stands at its end,
    ``block`` where the parts of that are described (a datatype or a backbone element)."""

    text: str
    parts: tuple[Part, ...]
    register: int
    types: tuple[str, ...]
    targets: tuple[str, ...]
    binding: str | None
    block: str

    @property
    def path(self) -> str:
        """The register's dotted path, without a group."""
        return ".".join(part.key for part in self.parts[: self.register])

    @property
    def repeats(self) -> bool:
        """Whether the register is of an element that repeats."""
        return self.parts[self.register - 1].label is not None

    @property
    def appends(self) -> bool:
        """Whether each row adds a value of its own: the end is a repeating primitive such as ``given[+]``."""
        return self.parts[-1].label is not None and facts.is_primitive(self.types[0])


def parse_target(base: str, text: str, extensions: dict[str, str]) -> Target:
    """Parse and check a path from ``base`` (a resource type or datatype); raises TargetError with the reason."""
    path, parts, register, found = base, [], 0, None
    steps = text.split(".")
    for number, step in enumerate(steps):
        matched = _STEP.fullmatch(step)
        if not matched:
            raise TargetError(f"{step!r} is not a step such as name[+]")
        name, plus, label = matched.groups()
        bracketed = "[" in step
        path = f"{path}.{name}"
        found = facts.element(path)
        if found is None and facts.element(f"{path}[x]"):
            raise TargetError(f"{path}: the type of a choice is part of the name")
        if found is None:
            raise TargetError(f"R4 has no {path}")
        if bracketed and found.max == 1:
            raise TargetError(f"{path} does not repeat")
        if not bracketed and found.max != 1 and name != "extension":
            raise TargetError(f"{path} repeats: say {name}[+] or {name}[label]")
        url = ""
        if name in ("extension", "modifierExtension"):
            if not label or label not in extensions:
                raise TargetError(f"extension[{label}] is not in extensions.csv")
            url = extensions[label]
        last = number == len(steps) - 1
        primitive = len(found.types) == 1 and facts.is_primitive(found.types[0])
        parts.append(Part(f"_{name}" if primitive and not last else name, label if bracketed else None, bool(plus), url))
        if not register:
            inside = (primitive and not last) or any(kind in _DESCENDED for kind in found.types)
            if bracketed or last or not inside:
                register = number + 1
    assert found is not None
    return Target(text, tuple(parts), register, found.types, found.targets, found.binding, found.block)
