"""Answers about codes, each as lines or as one line of JSON. Exit codes: 0 yes, 1 no, 2 it cannot be told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from conformance.ask.written import fail, say, say_json
from interop.fhir.terminology import Terminology, TooCostly, Uncomputable

YES, NO, UNKNOWN = 0, 1, 2


def validated(
    codes: Terminology, code: str, system: str | None, value_set: str | None, display: str | None, *, as_json: bool
) -> int:
    """Whether a code is of a value set, or where none is given of its code system."""
    if value_set is not None:
        verdict = codes.validate_code(value_set, system, code, display=display)
    else:
        verdict = codes.validate_in_system(system or "", code, display)
    if as_json:
        say_json(verdict._asdict())
    else:
        word = "cannot be told" if verdict.result is None else "yes" if verdict.result else "no"
        say("  ".join(part for part in (word, verdict.display, verdict.message) if part))
    return UNKNOWN if verdict.result is None else YES if verdict.result else NO


def expanded(codes: Terminology, value_set: str, text: str | None, offset: int, count: int | None, *, as_json: bool) -> int:
    """The codes of a value set."""
    try:
        made = codes.expand(value_set, filter=text, offset=offset, count=count)
    except (Uncomputable, TooCostly) as problem:
        return fail(f"The value set cannot be expanded: {problem}")
    if as_json:
        say_json({**asdict(made), "contains": [each._asdict() for each in made.contains]})
        return YES
    for each in made.contains:
        say(f"{each.system}  {each.code}  {each.display}".rstrip())
    return YES


def looked_up(codes: Terminology, system: str, code: str, *, as_json: bool) -> int:
    """All that is known of a code."""
    found = codes.lookup(system, code)
    if found is None:
        why = codes.validate_in_system(system, code).message or "the code system has no such code"
        return fail(f"The code is not known: {why}", NO)
    answer: dict[str, Any] = found._asdict()
    answer["concept"] = {**found.concept._asdict(), "designations": [each._asdict() for each in found.concept.designations]}
    if as_json:
        say_json(answer)
        return YES
    say(f"{found.concept.code}  {found.concept.display}")
    for each in found.concept.designations:
        say(f"  text  {each.text}")
    for name, values in (("parent", found.parents), ("child", found.children)):
        for value in values:
            say(f"  {name}  {value}")
    for name, value in found.properties:
        say(f"  {name}  {value}")
    return YES


def related(codes: Terminology, system: str, a: str, b: str, *, as_json: bool) -> int:
    """How two codes stand to each other."""
    found = codes.subsumes(system, a, b)
    if as_json:
        say_json({"outcome": found})
    elif found is not None:
        say(found)
    if found is None:
        return UNKNOWN if as_json else fail("It cannot be told: one of the codes, or the code system, is not known.")
    return YES


def translated(
    codes: Terminology,
    system: str,
    code: str,
    concept_map: str | None,
    source: str | None,
    target: str | None,
    *,
    reverse: bool,
    as_json: bool,
) -> int:
    """What a code is in another code system."""
    found = codes.translate(system, code, concept_map=concept_map, source=source, target=target, reverse=reverse)
    if as_json:
        say_json([each._asdict() for each in found])
    else:
        for each in found:
            say(f"{each.equivalence}  {each.system}  {each.code}  {each.display}".rstrip())
    return YES if found else NO
