"""FHIRPath over files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.ask.written import as_json as written
from conformance.ask.written import fail, say, say_json
from conformance.validate.inputs import STANDARD_INPUT, Missing, files, required
from conformance.validate.loading import Unusable, definitions_of, releases_of
from interop.fhir.documents import read
from interop.fhir.fhirpath import Environment, Expression, FhirPathError, Item, TooCostly
from interop.fhir.fhirpath import compile as compiled
from interop.fhir.terminology import Terminology


def evaluate(
    expression: str, paths: Sequence[Path], packages: Sequence[Path], releases: Sequence[Path], *, strict: bool, as_json: bool
) -> int:
    """Print each item on a line (or ``--json``: a line a resource); 1 where it fails on a resource, 2 where it is no expression."""
    try:
        required(paths)
        ready = compiled(expression)
        codes = Terminology(definitions_of(packages), releases_of(releases))
    except FhirPathError as problem:
        return fail(f"This is no FHIRPath expression: {problem}")
    except (Unusable, Missing) as problem:
        return fail(str(problem))
    environment = Environment(member_of=lambda value_set, item: _member(codes, value_set, item), strict=strict)
    failed = 0
    for path in files(paths):
        body = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
        for document in read(body, str(path)):
            if document.resource is None:
                failed = fail(f"{document.label}: {document.findings[0].message if document.findings else 'no resource'}", 1)
                continue
            try:
                _tell(document.label, _items(ready, document.resource, environment), as_json=as_json)
            except (FhirPathError, TooCostly) as problem:
                failed = fail(f"{document.label}: {problem}", 1)
    return failed


def _items(expression: Expression, resource: dict[str, object], environment: Environment) -> list[Item]:
    return expression.evaluate(Item.of(resource), environment)


def _tell(label: str, items: list[Item], *, as_json: bool) -> None:
    if as_json:
        say_json({"file": label, "items": [{"type": item.type, "value": item.value} for item in items]})
        return
    for item in items:
        say(f"{item.type}  {written(item.value)}")


def _member(codes: Terminology, value_set: str, item: Item) -> bool | None:
    value = item.value
    if isinstance(value, dict) and item.type == "CodeableConcept":
        return codes.validate_concept(value_set, value).result
    if isinstance(value, dict):
        return codes.validate_code(value_set, value.get("system"), str(value.get("code", ""))).result
    return codes.validate_code(value_set, None, str(value)).result
