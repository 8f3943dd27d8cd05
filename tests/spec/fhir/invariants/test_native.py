"""FHIR R4: the invariants that are written out in Python say what their FHIRPath says."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from interop.fhir import facts
from interop.fhir.facts import Invariant
from interop.fhir.fhirpath import Environment, FhirPathError, Item, compile
from interop.fhir.tables import table
from interop.fhir.validation.invariants.known import STRUCTURAL
from interop.fhir.validation.invariants.native import NATIVE, native
from interop.fhir.validation.structure.run import Run
from tests.spec.fhir.invariants.generated import Maker

LENIENT = {"bdl-8", "cid-0", "ras-2"}
"""Where the expression gives nothing the words are met: no fullUrl, no name, no probability."""
AMENDED = {"que-12": "enableWhen.count() > 1 implies enableBehavior.exists()"}
"""The words say "more than one"; the expression that was published counts more than two."""
NEVER_BROKEN = {
    "eld-11": "left to the expression where it is in doubt",
    "cid-0": "the element is none of the resource",
    "con-3": "left to the expression where it is in doubt",
}
NAME, WHOLE_NAME = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')", "name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')"
"""An identifier is a whole name, though the expression that was published has no anchors; later releases have."""
LEAST = 300
"""Rounds; ten times as many until it has held and been broken."""


WITH_THEIR_RESOURCE = {"sdf-8": "snapshot", "sdf-8a": "differential"}
"""What a part of a resource must be by the whole of it; held to the expression by a test of their own."""


def stated() -> list[tuple[str, Invariant]]:
    """Each native invariant once, with the first block or element that states it."""
    seen: dict[str, tuple[str, Invariant]] = {}
    for block in table("structures"):
        for each in facts.invariants(block):
            if native(block, each.key) and each.key not in STRUCTURAL and each.key not in WITH_THEIR_RESOURCE:
                seen.setdefault(f"{block}:{each.key}" if f"{block}:{each.key}" in NATIVE else each.key, (block, each))
        for name in facts.block(block):
            for each in facts.element_invariants(f"{block}.{name}"):
                if native(f"{block}.{name}", each.key):
                    seen.setdefault(each.key, (facts.block(block)[name].block, each))
    return sorted(seen.values(), key=lambda one: (one[1].key, one[0]))


@pytest.mark.parametrize(("block", "invariant"), stated(), ids=lambda one: one if isinstance(one, str) else one.key)
def test_native_and_expression_agree(block: str, invariant: Invariant) -> None:
    """Over values made by chance, both where it holds and where it does not; None leaves it to the expression."""
    random = Random(f"{block} {invariant.key}")
    expression = AMENDED.get(invariant.key, invariant.expression.replace(NAME, WHOLE_NAME))
    maker = Maker(expression, random)
    test = native(block, invariant.key) or native("", invariant.key)
    assert test is not None
    said: Counter[bool] = Counter()
    for round_ in range(LEAST * 10):
        if round_ > LEAST and said[True] and said[False]:
            break
        value = maker.object(block)
        held = test(value, Run(value))
        if held is None:
            continue
        try:
            truth = compile(expression).truth(Item(value, block), Environment(resource=value, root_resource=value))
        except FhirPathError:  # two codes where one is due: the structure pass says so
            continue
        assert held == (truth is True or (truth is None and invariant.key in LENIENT)), value
        said[held] += 1
    assert said[True], "never met"
    assert said[False] or invariant.key in NEVER_BROKEN, "never broken"


def test_every_native_test_is_of_an_invariant_of_r4() -> None:
    known = {each.key for block in table("structures") for each in facts.invariants(block)}
    known |= {
        each.key
        for block in table("structures")
        for name in facts.block(block)
        for each in facts.element_invariants(f"{block}.{name}")
    }
    assert {key.rpartition(":")[2] for key in NATIVE} <= known


PATHS = [
    ["Patient"],
    ["Patient", "Patient.a"],
    ["Patient.a", "Patient.b"],
    ["Patient", "Person.a"],
    ["Person"],
    ["Patient", "Patients"],
    [],
]


@pytest.mark.parametrize("kind", ["resource", "logical"])
@pytest.mark.parametrize("paths", PATHS)
@pytest.mark.parametrize("key", WITH_THEIR_RESOURCE)
def test_a_view_of_a_definition_is_judged_by_the_whole(key: str, paths: list[str], kind: str) -> None:
    name = WITH_THEIR_RESOURCE[key]
    view = {"element": [{"path": path} for path in paths]}
    whole = {"resourceType": "StructureDefinition", "kind": kind, "type": "Patient", name: view}
    block = f"StructureDefinition.{name}"
    test = native(block, key)
    assert test is not None
    held = test(view, Run(whole))
    (expression,) = [each.expression for each in facts.invariants(block) if each.key == key]
    truth = compile(expression).truth(Item(view, block), Environment(resource=whole, root_resource=whole))
    assert held in (None, truth is True)
    assert (held is None) == (not paths)
