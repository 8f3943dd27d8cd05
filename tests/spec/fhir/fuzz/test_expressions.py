"""Any text as an expression, over any resource: a result, FhirPathError or TooCostly, and nothing else."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.fhirpath import Environment, FhirPathError, TooCostly, compile
from tests.spec.fhir.fuzz.mutating import made, mutated


def words(text: str) -> list[str]:
    return text.split()


ATOMS = words(
    """
    name given family identifier value $this $index $total %resource %context %ucum %nobody true false 1 0 1.5
    100000000000000000000 'a' '(a+)+$' '' @2024 @2024-01-01T10:00:00Z @T10:00 1'mg' 2years {} contained id
    extension Patient.name 10.power(10)
    """
)
FUNCTIONS = words(
    """
    empty exists all allTrue subsetOf count distinct isDistinct where select repeat ofType single first last tail
    skip take intersect exclude union combine iif toBoolean toInteger toDecimal toDate toDateTime toTime toString
    toQuantity indexOf substring startsWith contains upper replace matches replaceMatches length toChars split join
    abs ceiling exp floor ln log power round sqrt truncate children descendants trace now today extension hasValue
    getValue resolve conformsTo memberOf subsumes htmlChecks is as not aggregate lowBoundary highBoundary precision
    encode decode escape unescape trim convertsToInteger
    """
)
OPERATORS = words(
    """
    + - * / div mod & | = != ~ !~ < > <= >= and or xor implies in contains is as
    """
)
SPLINTERS = ("", "(", ")", "'", "`", "@", "\\", "%", "\x00", "é", "$", ".", "//", "/*", "1", "--", "[", "{", "T", " ")


def expression(chance: random.Random, deep: int) -> str:
    kind = chance.randrange(10)
    if deep <= 0 or kind < 2:
        return chance.choice(ATOMS)
    if kind < 6:
        arguments = ", ".join(expression(chance, deep - 1) for _ in range(chance.randrange(3)))
        return f"{expression(chance, deep - 1)}.{chance.choice(FUNCTIONS)}({arguments})"
    if kind < 8:
        return f"({expression(chance, deep - 1)} {chance.choice(OPERATORS)} {expression(chance, deep - 1)})"
    return f"{expression(chance, deep - 1)}[{expression(chance, deep - 1)}]" if kind == 8 else "-" + expression(chance, deep - 1)


@given(st.integers(0, 2**32))
def test_expressions_put_together_at_random(seed: int) -> None:
    chance = random.Random(seed)
    text = expression(chance, chance.randrange(1, 6))
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(SPLINTERS) + text[at + 1 :]
    resource = mutated(made(chance), chance, chance.randrange(3))
    focus = resource if isinstance(resource, dict) else {}
    with contextlib.suppress(FhirPathError, TooCostly):
        compiled = compile(text)
        environment = Environment(resource=focus, budget=20_000, strict=chance.random() < 0.3)
        assert isinstance(compiled.evaluate(focus, environment), list)
        assert compiled.truth(focus, environment) in (True, False, None)


@given(st.text(max_size=40) | st.text(alphabet="ab.()[]'\"`@%$ 0123456789+-*/|&=~<>,{}T:\\", max_size=40))
def test_any_text(text: str) -> None:
    with contextlib.suppress(FhirPathError, TooCostly):
        compile(text).evaluate({"resourceType": "Patient", "active": True}, Environment(budget=20_000))


LARGE = {
    "resourceType": "Patient",
    "name": [{"given": ["a"] * 50, "family": "a" * 1000} for _ in range(50)],
    "extension": [{"url": "x", "valueString": "a" * 50_000 + "!"}],
}


@pytest.mark.parametrize(
    "text",
    [
        "descendants().where(%resource.descendants().where(%resource.descendants().exists()).exists())",
        "descendants().select(%resource.descendants())",
        "repeat(children()).repeat(children())",
        "repeat($this + 'a')",
        "name.given.aggregate($total & $total & 'aaaa', 'a')",
        "name.given.aggregate(iif($total.empty(), 1 | 2, $total.combine($total)))",
        "extension.value.matches('(a+)+$')",
        "extension.value.matches('(a|aa)+$')",
        "extension.value.replaceMatches('(a*)*b', 'c')",
        "extension.value.replace('a', '" + "b" * 5000 + "')",
        "10.power(100000000)",
        "(1/3).round(100000000)",
        "@2024-01-01 + 99999999999999 days",
        "(" * 50_000 + "1" + ")" * 50_000,
        "-" * 50_000 + "1",
        "1+" * 50_000 + "1",
        "a." * 50_000 + "a",
        "1 '" + "(" * 5_000 + "m" + ")" * 5_000 + "' = 1 'm'",
    ],
)
def test_bombs_cost_no_more_than_the_budget(text: str) -> None:
    with contextlib.suppress(FhirPathError, TooCostly):
        assert isinstance(compile(text).evaluate(LARGE, Environment(budget=100_000)), list)
