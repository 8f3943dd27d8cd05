"""Discriminator paths: the restricted FHIRPath of ElementDefinition.slicing.discriminator.path, and where it leads."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from interop.fhir.references import literal_type
from interop.fhir.validation.profiles.occurrence import Occurrence, names_of, occurrences
from interop.fhir.validation.profiles.run import Run

_STEP = re.compile(
    r"""(?P<call>resolve|ofType|as|extension)\(\s*(?P<argument>'[^']*'|[\w.]+)?\s*\)|(?P<name>`?[A-Za-z][A-Za-z0-9]*(?:\[x\])?`?)|\$this"""
)


class Step(NamedTuple):
    """``kind`` is child, resolve, type or extension; ``argument`` a name, a type or a URL."""

    kind: str
    argument: str


class Unreadable(ValueError):
    """The path is outside the restricted grammar."""


@cache
def parsed(path: str) -> tuple[Step, ...]:
    """The steps of a path, () for ``$this``. Raises Unreadable."""
    steps: list[Step] = []
    place = 0
    text = path.strip()
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            raise Unreadable(path)
        place = found.end()
        if place < len(text):
            if text[place] != "." or place + 1 == len(text):
                raise Unreadable(path)
            place += 1
        call, argument = found["call"], (found["argument"] or "").strip("'")
        if found["name"]:
            steps.append(Step("child", found["name"].strip("`").removesuffix("[x]")))
        elif call == "resolve":
            steps.append(Step("resolve", ""))
        elif call:
            if not argument:
                raise Unreadable(path)
            steps.append(Step("extension" if call == "extension" else "type", argument.removeprefix("FHIR.")))
    return tuple(steps)


class Reached(NamedTuple):
    """Where a path leads in an instance, each with the run of the resource that it is in; ``missing`` types of references
    that could not be resolved ('' for one whose type does not tell)."""

    items: list[tuple[Occurrence, Run]]
    missing: list[str]


def follow(one: Occurrence, steps: tuple[Step, ...], run: Run) -> Reached:
    """What the path reaches from an occurrence."""
    items, missing = [(one, run)], list[str]()
    for step in steps:
        after: list[tuple[Occurrence, Run]] = []
        for each, its in items:
            its.budget.spend()
            after.extend(_taken(each, step, its, missing))
        items = after
    return Reached(items, missing)


def _taken(one: Occurrence, step: Step, run: Run, missing: list[str]) -> list[tuple[Occurrence, Run]]:
    holder = one.value if isinstance(one.value, dict) else one.shadow
    if step.kind == "type":
        return [(one, run)] if one.type == step.argument else []
    if step.kind == "resolve":
        literal = one.value.get("reference") if isinstance(one.value, dict) else one.value
        if not isinstance(literal, str):
            return []
        found = run.resolve(literal)
        if found is None:
            said = one.value.get("type") if isinstance(one.value, dict) else None
            missing.append(literal_type(literal) or (said if isinstance(said, str) else ""))
            return []
        target, its = found
        return [(Occurrence(target, None, str(target.get("resourceType", "")), ""), its)]
    if step.kind == "extension":
        inner = occurrences(holder, {"extension": "Extension"})
        return [(each, run) for each in inner if isinstance(each.value, dict) and each.value.get("url") == step.argument]
    names = names_of(one.type, step.argument) or names_of(one.type, step.argument + "[x]")
    return [(each, run) for each in occurrences(holder, names)]
