"""Discriminators: from what a slice demands at the end of each path, a test whether an occurrence belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from interop.fhir import facts
from interop.fhir.shapes import Json, chosen
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.paths import Reached, Step, Unreadable, follow, parsed
from interop.fhir.validation.profiles.run import Rule, Run, keeps, worse
from interop.fhir.validation.profiles.slicing import Matcher
from interop.fhir.validation.profiles.tree import Definition, profiles_of
from interop.fhir.validation.profiles.values import same, within

Verdict = bool | None
_URL = (Step("child", "url"),)
Test = Callable[[Occurrence, Run], Verdict]


class Sources(NamedTuple):
    """What the building of tests asks of the compiler."""

    tree: Callable[[str], Definition | None]
    """The tree of a profile, None where it cannot be had."""
    url: Callable[[str], str]
    """The URL that an Extension of that profile has."""
    type_of: Callable[[str], str]
    content: Callable[[Definition], Rule | None]
    binds: Callable[[Definition], bool]
    """Whether an element has a binding that base R4 has not."""


class Projected(NamedTuple):
    """A part of a fixed value (``exact``) or pattern that stands higher up than the path leads."""

    value: Any
    exact: bool


Place = Definition | Projected


def matcher(discriminators: list[Json], slice: Definition, sources: Sources) -> Matcher:
    """The test of a slice: all its discriminators. Without any, the content of the slice itself decides."""
    tests: list[Test] = []
    if not discriminators:
        content = sources.content(slice)
        return _conforming(content) if content else (lambda one, run: None)
    for each in discriminators:
        kind, path = str(each.get("type", "value")), str(each.get("path", "$this"))
        try:
            steps = parsed(path)
        except Unreadable:
            return lambda one, run: None
        tests.append(_one(kind, steps, slice, sources))
    return tests[0] if len(tests) == 1 else _all(tests)


def _all(tests: list[Test]) -> Test:
    def test(one: Occurrence, run: Run) -> Verdict:
        unsure = False
        for each in tests:
            verdict = each(one, run)
            if verdict is False:
                return False
            unsure = unsure or verdict is None
        return None if unsure else True

    return test


def _one(kind: str, steps: tuple[Step, ...], slice: Definition, sources: Sources) -> Test:
    if steps == _URL and slice.name in ("extension", "modifierExtension") and (urls := extension_urls(slice, sources)):
        return lambda one, run: isinstance(one.value, dict) and one.value.get("url") in urls
    places = list(_reach(slice, steps, sources))
    if kind == "exists" or any(isinstance(each, Definition) and each.element.get("max") == "0" for each in places):
        return _exists(steps, places)
    if kind == "type":
        return _typed(steps, {code for each in places if isinstance(each, Definition) for code in _kinds(each)})
    if kind == "profile":
        return _profiled(steps, [url for each in places if isinstance(each, Definition) for url in _profiles(each)], sources)
    tests = [found for each in places if (found := _criterion(each, sources)) is not None]
    if not tests:
        return _presence(steps, places)
    anyone = any(each.kind == "resolve" for each in steps)
    text = _text(places)
    plain = tuple(each.argument for each in steps) if text is not None and all(each.kind == "child" for each in steps) else ()

    def test(one: Occurrence, run: Run) -> Verdict:
        if plain and text is not None and (found := _says(one.value, plain, 0, text)) is not None:
            return found
        reached = follow(one, steps, run)
        verdicts = [_some(each, reached) for each in tests]
        if anyone:
            return True if True in verdicts else None if None in verdicts or not verdicts else False
        return False if False in verdicts else None if None in verdicts else True

    return test


def _text(places: list[Place]) -> str | None:
    """The one text that a path must lead to, None where it is more or other than that."""
    values = [_value(each) if isinstance(each, Definition) else each for each in places]
    known = [each.value for each in values if each is not None]
    return known[0] if len(known) == len(places) == 1 and isinstance(known[0], str) else None


def _says(value: Any, names: tuple[str, ...], place: int, text: str) -> bool | None:
    """Whether a path of names leads to a text in JSON; None where a name is not there (it may be a choice)."""
    if isinstance(value, list):
        verdicts = [_says(each, names, place, text) for each in value]
        return True if True in verdicts else None if None in verdicts or not verdicts else False
    if place == len(names):
        return bool(value == text)
    if not isinstance(value, dict) or names[place] not in value:
        return None
    return _says(value[names[place]], names, place + 1, text)


def _some(test: Test, reached: Reached) -> Verdict:
    """Whether any that a path reaches passes."""
    unsure = bool(reached.missing)
    for each, run in reached.items:
        verdict = test(each, run)
        if verdict:
            return True
        unsure = unsure or verdict is None
    return None if unsure else False


def _reach(start: Place, steps: tuple[Step, ...], sources: Sources) -> Iterator[Place]:
    """Where a path leads in the definition of a slice; slices on the way count where they are mandatory."""
    if not steps:
        yield start
        return
    step, rest = steps[0], steps[1:]
    if isinstance(start, Projected):
        if step.kind == "type":
            yield from _reach(start, rest, sources)
        elif step.kind == "child":
            for value in _parts(start.value, step.argument):
                yield from _reach(Projected(value, start.exact), rest, sources)
        return
    if step.kind == "child" and (value := _value(start)) is not None and _parts(value.value, step.argument):
        yield from _reach(value, steps, sources)
        return
    for each in _next(start, step, sources):
        yield from _reach(each, rest, sources)


def _value(definition: Definition) -> Projected | None:
    for stem, exact in (("fixed", True), ("pattern", False)):
        if (said := chosen(definition.element, stem)) is not None:
            return Projected(said[1], exact)
    return None


def _parts(value: Any, name: str) -> list[Any]:
    """The children of a value by an element's name, a choice in any form."""
    if not isinstance(value, dict):
        return []
    found = value.get(name)
    if found is None and (said := chosen(value, name)) is not None:
        found = said[1]
    return found if isinstance(found, list) else [] if found is None else [found]


def _next(start: Definition, step: Step, sources: Sources) -> Iterator[Definition]:
    if step.kind == "child":
        trees = [sources.tree(url) for kind in start.types for url in profiles_of(kind)]
        for each in (start, *trees):
            child = each and (each.children.get(step.argument) or each.children.get(step.argument + "[x]"))
            if child:
                yield child
                yield from _mandatory(child)
    elif step.kind == "type":
        if not start.types or step.argument in start.codes:
            yield start
        for each in start.slices:
            if step.argument in each.codes:
                yield each
    elif step.kind == "extension":
        entry = start.children.get("extension")
        for each in entry.slices if entry else ():
            if step.argument in extension_urls(each, sources):
                yield each
                yield from _mandatory(each)
    else:
        for url in _profiles(start):
            if (tree := sources.tree(url)) is not None:
                yield tree


def _mandatory(child: Definition) -> Iterator[Definition]:
    for each in child.slices:
        if each.element.get("min"):
            yield each
            yield from _mandatory(each)


def _kinds(definition: Definition) -> set[str]:
    """The types of an element; of a choice with one form those of that form, though it be written as a slice."""
    if definition.name.endswith("[x]") and len(definition.slices) == 1 and not definition.slice:
        return set(definition.slices[0].codes)
    return set(definition.codes) or ({definition.name} if definition.parent is None else set())


def _profiles(definition: Definition) -> list[str]:
    """The profiles that the type says: of a reference those of its target."""
    key = "targetProfile" if set(definition.codes) & {"Reference", "canonical"} else "profile"
    own = [each for kind in definition.types for each in profiles_of(kind, key)]
    return own or ([definition.url] if definition.url else [])


def extension_urls(definition: Definition, sources: Sources) -> list[str]:
    """The URLs that an Extension of this slice may have."""
    child = definition.children.get("url")
    said = chosen(child.element, "fixed") if child else None
    if said is not None:
        return [str(said[1])]
    return [sources.url(each) for kind in definition.types for each in kind.get("profile", ()) if isinstance(each, str)]


def _criterion(place: Place, sources: Sources) -> Test | None:
    """The test at the end of a path, None where the definition demands nothing there."""
    if isinstance(place, Projected):
        return _valued(place.value, place.exact)
    value = _value(place)
    if value is not None:
        return _valued(value.value, value.exact)
    binding = place.element.get("binding")
    required = isinstance(binding, dict) and binding.get("strength") == "required" and isinstance(binding.get("valueSet"), str)
    if isinstance(binding, dict) and required and sources.binds(place):
        value_set = str(binding["valueSet"])
        return lambda one, run: run.judge.member(value_set, one)
    content = sources.content(place)
    return _conforming(content) if content else None


def _valued(expected: Any, exact: bool) -> Test:
    if exact:
        return lambda one, run: same(expected, one.value)
    return lambda one, run: within(expected, one.value)


def _conforming(content: Rule) -> Test:
    return lambda one, run: not worse(content(one, run))


def _presence(steps: tuple[Step, ...], places: list[Place]) -> Test:
    """A discriminator of value with nothing to compare: that the element is there, or is not."""
    definitions = [each for each in places if isinstance(each, Definition)]
    if any(each.element.get("max") == "0" or each.element.get("min") for each in definitions):
        return _exists(steps, places)
    return lambda one, run: None


def _exists(steps: tuple[Step, ...], places: list[Place]) -> Test:
    definitions = [each for each in places if isinstance(each, Definition)]
    absent = any(each.element.get("max") == "0" for each in definitions)
    present = any(each.element.get("min") for each in definitions) or (bool(places) and not definitions)

    def test(one: Occurrence, run: Run) -> Verdict:
        reached = follow(one, steps, run)
        if reached.missing and not reached.items:
            return None
        if absent:
            return not reached.items
        return bool(reached.items) if present else None

    return test


def _typed(steps: tuple[Step, ...], codes: set[str]) -> Test:
    resources = bool(codes & {"Resource", "DomainResource"})

    def test(one: Occurrence, run: Run) -> Verdict:
        if not codes:
            return None
        reached = follow(one, steps, run)
        kinds = [each.type for each, _ in reached.items] + [each for each in reached.missing if each]
        if any(kind in codes or (resources and facts.kind(kind) == "resource") for kind in kinds):
            return True
        return None if "" in reached.missing else False

    return test


def _profiled(steps: tuple[Step, ...], urls: list[str], sources: Sources) -> Test:
    def test(one: Occurrence, run: Run) -> Verdict:
        reached = follow(one, steps, run)
        unsure = bool(reached.missing) or not urls
        for each, its in reached.items:
            for url in urls:
                said = sources.type_of(url)
                if said and said not in (each.type, "Resource", "DomainResource"):
                    continue
                kept, _ = keeps(each, url, its)
                if kept:
                    return True
                unsure = unsure or kept is None
        return None if unsure else False

    return test
