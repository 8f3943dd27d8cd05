"""The functions that FHIR adds (FHIR R4, FHIRPath, section 2.1.9.1.5)."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import STRUCTURE_DEFINITION, bare
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, StepTruth, function, predicate, simple
from interop.fhir.fhirpath.item import Collection, Item, system
from interop.fhir.fhirpath.navigation import RESOURCE, extensions
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.types import is_a, known
from interop.fhir.fhirpath.values import plain, single, string_of
from interop.fhir.xhtml import problems


@function("extension", 1)
def _extension(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    url = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        said = string_of(url(this, state), "extension")
        return [] if said is None else extensions(items, said)

    return run


@predicate("hasExtension", 1)
def _has_extension(compiler: Compiling, trees: tuple[Tree, ...]) -> StepTruth:
    url = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> bool | None:
        said = string_of(url(this, state), "hasExtension")
        return None if said is None else bool(extensions(items, said))

    return run


@predicate("hasValue")
def _has_value(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepTruth:
    def run(items: Collection, this: Collection, state: State) -> bool | None:
        return len(items) == 1 and items[0][0] is not None and not isinstance(items[0][0], dict | list)

    return run


@function("getValue")
def _get_value(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    def run(items: Collection, this: Collection, state: State) -> Collection:
        if len(items) != 1 or items[0].value is None or isinstance(items[0].value, dict | list):
            return []
        return [system(plain(items[0]))]

    return run


@function("resolve")
def _resolve(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    def run(items: Collection, this: Collection, state: State) -> Collection:
        found = []
        for item in items:
            reference = item.value.get("reference") if isinstance(item.value, dict) else item.value
            if isinstance(reference, str):
                resource = _target(reference, item.value, state)
                if resource is not None:
                    found.append(Item(resource, Item.of(resource).type or RESOURCE))
        return found

    return run


def _target(reference: str, holder: Any, state: State) -> dict[str, Any] | None:
    """What a reference leads to; a fragment first within the resource of a Bundle or of Parameters that holds it."""
    state.pay(1)
    if reference.startswith("#") and (owner := _owners(state).get(id(holder))) is not None:
        return _targets(owner, state).get(reference)
    for item in (*state.root(), *state.resource()):
        found = _targets(item.value, state).get(reference)
        if found is not None:
            return found
    outside = state.environment.resolve
    return outside(reference) if outside and not reference.startswith("#") else None


def _targets(root: Any, state: State) -> dict[str, dict[str, Any]]:
    """What a resource holds by the references that lead there: contained ones, and entries of a Bundle."""
    environment = state.environment
    known = environment.targets if root is environment.resource or root is environment.root_resource else state.sets
    found: dict[str, dict[str, Any]] | None = known.get(id(root))
    if found is None:
        found = known[id(root)] = {}
        if isinstance(root, dict):
            found["#"] = root
            for each in _listed(root, "contained", state):
                found.setdefault(f"#{each.get('id')}", each)
            for entry in _listed(root, "entry", state):
                if isinstance(entry.get("resource"), dict):
                    for name in _names(entry, entry["resource"]):
                        found.setdefault(name, entry["resource"])
    return found


def _owners(state: State) -> dict[int, Any]:
    """The resource of each Reference (by identity) in the resources that stand for themselves inside %resource."""
    if state.owners is None:
        state.owners = {}
        pending: list[tuple[Any, Any]] = [(each.value, None) for each in state.resource()]
        while pending:
            state.pay(1)
            value, owner = pending.pop()
            if isinstance(value, dict):
                if owner is not None and "reference" in value:
                    state.owners[id(value)] = owner
                for name, each in value.items():
                    if isinstance(each, (dict, list)):
                        pending.append((each, each if name == "resource" and isinstance(each, dict) else owner))
            else:
                pending += [(each, owner) for each in value if isinstance(each, (dict, list))]
    return state.owners


def _listed(root: dict[str, Any], name: str, state: State) -> list[dict[str, Any]]:
    found = root.get(name)
    entries = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    state.pay(len(entries))
    return entries


def _names(entry: dict[str, Any], resource: dict[str, Any]) -> list[str]:
    names = [f"{resource.get('resourceType')}/{resource.get('id')}"]
    url = entry.get("fullUrl")
    if isinstance(url, str):
        names += [url, "/".join(url.rsplit("/", 2)[1:])] if url.count("/") > 1 else [url]
    return names


@simple("memberOf", 1)
def _member_of(items: Collection, state: State, value_set: Collection) -> bool | None:
    item, url = single(items, "memberOf"), string_of(value_set, "memberOf")
    judge = state.environment.member_of
    if item is None or url is None:
        return None
    state.pay(10)
    return judge(url, item) if judge else None


@simple("conformsTo", 1)
def _conforms_to(items: Collection, state: State, profile: Collection) -> bool | None:
    item, url = single(items, "conformsTo"), string_of(profile, "conformsTo")
    if item is None or url is None:
        return None
    name = bare(url).removeprefix(STRUCTURE_DEFINITION)
    base = url.startswith(STRUCTURE_DEFINITION) and known(name)
    if base and facts.kind(name) == "resource" and not is_a(item.type, name):
        return False
    judge = state.environment.conforms_to
    if judge is not None:
        state.pay(100)
        return judge(item, url)
    if base:
        return is_a(item.type, name)
    raise FhirPathError("conformsTo: the profile is not known")


@simple("subsumes", 1)
def _subsumes(items: Collection, state: State, other: Collection) -> bool | None:
    return _hierarchy(items, other, state)


@simple("subsumedBy", 1)
def _subsumed_by(items: Collection, state: State, other: Collection) -> bool | None:
    return _hierarchy(other, items, state)


def _hierarchy(above: Collection, below: Collection, state: State) -> bool | None:
    one, other = single(above, "subsumes"), single(below, "subsumes")
    if one is None or other is None:
        return None
    state.pay(10)
    judge = state.environment.subsumes
    if judge is not None:
        return judge(one, other)
    here, there = one.value, other.value
    if isinstance(here, dict) and isinstance(there, dict):
        same = here.get("code") is not None and [here.get(k) for k in ("system", "code")] == [
            there.get(k) for k in ("system", "code")
        ]
        return True if same else None
    return True if here == there else None


@predicate("htmlChecks")
def _html_checks(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepTruth:
    def run(items: Collection, this: Collection, state: State) -> bool | None:
        text = string_of(items, "htmlChecks")
        if text is None:
            return None
        state.pay(1 + len(text) // 16)
        return not problems(text)

    return run


@function("elementDefinition")
def _element_definition(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return _unsupported("elementDefinition")


@function("slice", 2)
def _slice(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return _unsupported("slice")


def _unsupported(name: str) -> StepRun:
    """Reads, so that the rest of an expression may be used, and says so when it is reached."""

    def run(items: Collection, this: Collection, state: State) -> Collection:
        if not items:
            return items
        raise FhirPathError(f"{name} is not supported")

    return run


@function("checkModifiers", 0, 20)
def _check_modifiers(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    allowed = [compiler.run(tree) for tree in trees]

    def run(items: Collection, this: Collection, state: State) -> Collection:
        known = {string_of(each(this, state), "checkModifiers") for each in allowed}
        for item in items:
            listed = item.value.get("modifierExtension") if isinstance(item.value, dict) else None
            for each in listed if isinstance(listed, list) else ():
                if isinstance(each, dict) and each.get("url") not in known:
                    raise FhirPathError("a modifier extension that is not understood")
        return items

    return run
