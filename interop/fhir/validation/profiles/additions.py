"""What an ElementDefinition adds to the same element of base R4, as rules on one occurrence."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import bare
from interop.fhir.findings import ERROR, Finding
from interop.fhir.shapes import Json, chosen
from interop.fhir.validation.profiles import values as of
from interop.fhir.validation.profiles.constraints import constraint
from interop.fhir.validation.profiles.extended import extended
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Rule, Run, keeps, run_of, unchecked
from interop.fhir.validation.profiles.targets import targets
from interop.fhir.validation.profiles.tree import Definition, code_of, profiles_of

TypeOf = Callable[[str], str]
FIVE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."


def constraints(element: Json, *bases: Json) -> list[Rule]:
    """The invariants that none of the base definitions has."""
    known = {"ele-1", "ext-1"}
    known.update(str(each.get("key")) for base in bases for each in base.get("constraint", ()))
    said = [each for each in element.get("constraint", ()) if isinstance(each, dict)]
    return [constraint(each) for each in said if each.get("key") not in known and each.get("expression")]


def binding(element: Json, base: Json) -> list[Rule]:
    """The binding where it is another than that of the base."""
    said = element.get("binding")
    if not isinstance(said, dict) or not said.get("valueSet"):
        return []
    if _key(said) == _key(base.get("binding")) or said.get("strength") in ("example", None):
        return []

    def rule(one: Occurrence, run: Run) -> Found:
        run.budget.bound.add(id(one.value))
        return run.judge.bound(said, one)

    return [rule]


def _key(said: Any) -> tuple[Any, ...]:
    if not isinstance(said, dict):
        return ()
    return said.get("strength"), bare(str(said.get("valueSet"))), str(said.get("extension", ""))


def values(element: Json, base: Json) -> list[Rule]:
    """Fixed values, patterns, bounds and lengths that the base has not."""
    element = {key: value for key, value in element.items() if key == "extension" or key not in base or value != base[key]}
    rules: list[Rule] = []
    if (said := chosen(element, "fixed")) is not None:
        rules.append(_on_value(partial(of.fixed, said[1])))
    if (said := chosen(element, "pattern")) is not None:
        rules.append(_on_value(partial(of.pattern, said[1])))
    least, most = chosen(element, "minValue"), chosen(element, "maxValue")
    if least or most:
        rules.append(_on_value(of.bounded(least and least[1], most and most[1])))
    if isinstance(limit := element.get("maxLength"), int):
        rules.append(_on_value(of.longest(limit)))
    return rules + _present(element) + extended(element)


def _present(element: Json) -> list[Rule]:
    """R5's ``mustHaveValue`` and ``valueAlternatives``, as R4 writes them: as extensions of the definition."""
    said = [each for each in element.get("extension", ()) if isinstance(each, dict)]
    must = any(each.get("url") == FIVE + "mustHaveValue" and each.get("valueBoolean") is True for each in said)
    instead = {each.get("valueCanonical") for each in said if each.get("url") == FIVE + "valueAlternatives"}
    if not must and not instead:
        return []

    def rule(one: Occurrence, run: Run) -> Found:
        beside = one.shadow.get("extension", ()) if isinstance(one.shadow, dict) else ()
        if one.value is not None or any(isinstance(each, dict) and each.get("url") in instead for each in beside):
            return None
        message = "must have a value, or an extension that the profile allows instead" if instead else "must have a value"
        return [Finding(ERROR, "", "required", message, "cardinality")]

    return [rule]


def _on_value(rule: Callable[[Any], Found]) -> Rule:
    return lambda one, run: rule(one.value)


def types(one: Definition, base: Json, type_of: TypeOf) -> list[Rule]:
    """Narrowed types, the profiles that a type must keep to, and the targets of references."""
    if not one.types:
        return []
    kinds = [each for each in base.get("type", ()) if isinstance(each, dict)]
    before = {code_of(each): each for each in kinds}
    allowed = frozenset(one.codes)
    rules: list[Rule] = []
    if before and not allowed >= before.keys() and not (one.slice and one.name.endswith("[x]")):
        if one.name.endswith("[x]") or "Resource" in before:
            rules.append(_allowed(allowed))
    profiles = {code_of(each): _added(each, before.get(code_of(each)), "profile") for each in one.types}
    if any(profiles.values()) and not (allowed == {"Extension"} and one.slice):
        rules.append(_profiled(profiles, type_of))
    for each in one.types:
        code = code_of(each)
        said = _added(each, before.get(code), "targetProfile")
        modes = [str(mode) for mode in each.get("aggregation", ())]
        if code == "Reference" and (said or modes):
            rules.append(targets(tuple(said), modes, type_of))
    return rules


def _added(kind: Json, base: Json | None, key: str) -> list[str]:
    """The profiles of a type, [] where the base says the same."""
    said = profiles_of(kind, key)
    before = base.get(key, ()) if base else ()
    return [] if {bare(each) for each in said} == {bare(str(each)) for each in before} else said


def _allowed(codes: frozenset[str]) -> Rule:
    resources = bool(codes & {"Resource", "DomainResource"})

    def rule(one: Occurrence, run: Run) -> Found:
        if one.type in codes or (resources and facts.kind(one.type) == "resource"):
            return None
        return [Finding(ERROR, "", "structure", f"is of type {_named(one.type)}, which the profile does not allow", "structure")]

    return rule


def _named(kind: str) -> str:
    return kind if facts.kind(kind) else "?"


def _profiled(by_type: dict[str, list[str]], type_of: TypeOf) -> Rule:
    """The value keeps to one at least of the profiles of its type."""

    def rule(one: Occurrence, run: Run) -> Found:
        urls = by_type.get("BackboneElement" if "." in one.type else one.type)
        if urls is None and facts.kind(one.type) == "resource":
            urls = by_type.get("Resource") or by_type.get("DomainResource")
        if not urls:
            return None
        return one_of(urls, one, run_of(one, run), type_of, "structure")

    return rule


def one_of(urls: list[str], one: Occurrence, run: Run, type_of: TypeOf, rule: str) -> Found:
    """Findings where a value keeps to none of the profiles: those of the only one, else one for them all."""
    fitting = [url for url in urls if "#" in url or type_of(url) in ("", one.type, "Resource", "DomainResource")]
    if not fitting:
        return [Finding(ERROR, "", "structure", f"is of type {_named(one.type)}, which no profile allowed here is of", rule)]
    first: Found = None
    unknown = False
    for url in fitting:
        if not type_of(url):
            unknown = True
            continue
        kept, found = keeps(one, url, run)
        if kept:
            return found
        unknown = unknown or kept is None
        first = first or found
    if unknown:
        return unchecked("the profile is not loaded, or cannot be used", rule)
    if len(fitting) == 1:
        return first
    return [Finding(ERROR, "", "structure", f"keeps to none of {len(fitting)} profiles: {', '.join(fitting)}", rule)]
