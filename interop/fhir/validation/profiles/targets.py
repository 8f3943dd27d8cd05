"""Targets of references: what a profile says of the resource that a reference leads to."""

from __future__ import annotations

from collections.abc import Callable

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding
from interop.fhir.references import target_type
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Rule, Run, keeps, unchecked

_ANY = ("Resource", "DomainResource")


def targets(urls: tuple[str, ...], modes: list[str], type_of: Callable[[str], str]) -> Rule:
    """A reference leads to one of the profiles, where that can be seen, and in one of the aggregation modes."""
    kinds = {url: type_of(url) for url in urls}
    types = frozenset(kinds.values())
    open_ended = not urls or "" in types or bool(types & set(_ANY))

    def rule(one: Occurrence, run: Run) -> Found:
        if not isinstance(one.value, dict):
            return None
        literal = one.value.get("reference")
        if isinstance(literal, str) and (found := run.resolve(literal)) is not None:
            target, its = found
            if modes and not _suits(literal, run, modes):
                return [Finding(ERROR, "", "value", f"must be {' or '.join(modes)}", "reference")]
            return _kept(Occurrence(target, None, str(target.get("resourceType", "")), ""), its)
        if modes and isinstance(literal, str) and "referenced" not in modes:
            return [Finding(ERROR, "", "value", f"must be {' or '.join(modes)}", "reference")]
        kind = target_type(one.value)
        if not open_ended and kind in facts.resource_types() and kind not in types:
            return [Finding(ERROR, "", "value", f"must not point to {kind} by the profile", "reference")]
        return None

    def _kept(target: Occurrence, its: Run) -> Found:
        fitting = [url for url, kind in kinds.items() if kind in (target.type, *_ANY)]
        if not fitting:
            if open_ended or target.type not in facts.resource_types():
                return None
            return [Finding(ERROR, "", "value", f"must not point to {target.type} by the profile", "reference")]
        kept = [keeps(target, url, its)[0] for url in fitting]
        if True in kept:
            return None
        if None in kept:
            return unchecked("the profile of what it leads to cannot be used", "reference")
        return [Finding(ERROR, "", "structure", f"what it leads to keeps to no profile allowed: {', '.join(fitting)}", "reference")]

    return rule


def _suits(literal: str, run: Run, modes: list[str]) -> bool:
    if literal.startswith("#"):
        return "contained" in modes
    return "bundled" in modes or "referenced" in modes
