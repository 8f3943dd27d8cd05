"""Another evaluator says the same: fhirpathpy, an oracle for what both know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.fhirpath import Environment, compile
from interop.formats.json import load_json

fhirpathpy = pytest.importorskip("fhirpathpy")

EXPRESSIONS = (
    "Patient.name.given",
    "name.where(use = 'official').family",
    "telecom.where(system = 'phone').select(value & '/' & use)",
    "name.given.distinct().count()",
    "contact.relationship.coding.code",
    "contact.name.family | name.family",
    "name.all(given.exists())",
    "telecom.exists(use = 'work') and active",
    "name.first().given.first() + ' ' + name.first().family",
    "name.given.select(upper().substring(0, 2))",
    "address.line.first().length()",
    "telecom.rank.where($this > 1)",
    "gender.matches('^m')",
    "name.given.first().indexOf('t')",
    "iif(gender = 'male', 'm', 'f')",
    "name.select(given.count()).aggregate($this + $total, 0)",
    "(1 | 2 | 3).where($this mod 2 = 1)",
    "(7 div 2) * 3 - 1",
    "3.14159.round(2)",
    "'a,b'.replace(',', ';')",
    "name.given contains 'Jim'",
    "'Jim' in name.given",
    "deceased.exists() implies deceased = false",
    "name.skip(1).take(1).given",
    "name.tail().given.last()",
    "name.given.exclude('Jim')",
    "name.given.intersect('Jim' | 'Peter')",
    "contact.children().exists()",
    "identifier.period.start <= @2020-01-01",
    "managingOrganization.reference.startsWith('Organization/')",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_both_yield_the_same(text: str, shared: Callable[[str], Path]) -> None:
    from fhirpathpy.models import models

    patient: Any = load_json(shared("conformance/fhirpath/examples/patient-example.json").read_bytes())
    ours = [item.value for item in compile(text).evaluate(patient, Environment())]
    assert ours == fhirpathpy.evaluate(patient, text, {}, models["r4"])
