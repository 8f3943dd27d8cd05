"""Expressions that no walker takes, of parameters that clients define: evaluated as FHIRPath, at FHIRPath's speed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interop.fhir import facts
from interop.fhir.fhirpath import Environment, FhirPathError, Item, compile
from interop.fhir.parameters import SearchParameter
from interop.fhir.references import literal_type
from interop.fhir.rows import IndexRow
from interop.fhir.searching.convert import CONVERTERS
from interop.fhir.searching.expression import Unreadable
from interop.fhir.searching.making import Convert, Rows

BUDGET = 5_000
"""Steps of an evaluation: a few milliseconds. A resource that would take more has no rows."""
_SYSTEM = {"System.Boolean": "boolean", "System.Integer": "integer", "System.Decimal": "decimal", "System.String": "string"}


class Evaluated:
    """A parameter whose expression is evaluated. Raises Unreadable for what is no FHIRPath."""

    __slots__ = ("_code", "_converters", "_expression")

    def __init__(self, parameter: SearchParameter) -> None:
        try:
            self._expression = compile(parameter.expression)
        except FhirPathError as error:
            raise Unreadable(parameter.expression) from error
        made = CONVERTERS[parameter.type].items()
        self._code = parameter.code
        self._converters: dict[str, Convert] = {datatype: make(None) for datatype, make in made}

    def rows(self, resource: dict[str, Any], rows: list[IndexRow]) -> None:
        """Append the rows of what the expression yields; none where it fails."""
        environment = Environment(resource=resource, resolve=_somebody, budget=BUDGET, polymorphic=True)
        try:
            found = self._expression.evaluate(resource, environment)
        except FhirPathError:
            return
        for datatype, value in (end for item in found for end in _ends(item)):
            convert = self._converters.get(datatype)
            if convert is not None:
                bare: Rows = []
                convert(value, bare)
                rows.extend(IndexRow(self._code, *row) for row in bare)


def _ends(item: Item) -> Iterator[tuple[str, Any]]:
    """Datatype and value; of an extension those of its value."""
    if item.type == "Extension" and isinstance(item.value, dict):
        block = facts.block("Extension")
        yield from ((block[name].types[0], each) for name, each in item.value.items() if name.startswith("value") and name in block)
    else:
        yield "Resource" if facts.kind(item.type) == "resource" else _SYSTEM.get(item.type, item.type), item.value


def _somebody(reference: str) -> dict[str, Any] | None:
    """For ``resolve() is``: somebody of the type that the reference names."""
    kind = literal_type(reference)
    return {"resourceType": kind} if kind else None
