"""What an evaluation may ask of its surroundings, and its state while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from interop.fhir.canonicals import LOINC, SNOMED_CT, UCUM
from interop.fhir.fhirpath.errors import FhirPathError, TooCostly
from interop.fhir.fhirpath.item import EMPTY, Collection, Item, one, system
from interop.fhir.fhirpath.temporal import Temporal, from_datetime

BUDGET = 1_000_000
"""Steps that an evaluation may take unless told otherwise."""

_FIXED = {
    "ucum": UCUM,
    "sct": SNOMED_CT,
    "loinc": LOINC,
}


@dataclass(slots=True)
class Environment:
    """The surroundings of an evaluation (FHIR R4, FHIRPath, section 2.1.9.1.6).

    ``resource`` and ``root_resource`` are JSON; left out, the focus is the resource and the resource is its own root.
    ``variables`` are JSON values, items or lists of them, by name without ``%``. ``resolve`` finds what a reference outside
    the resource leads to; ``member_of(value_set, item)``, ``conforms_to(item, profile)`` and ``subsumes(one, other)`` judge,
    and give None for what cannot be judged. ``trace(name, items)`` is told what ``trace`` sees. ``strict`` makes the name of
    an element that the type lacks an error, and ``as`` on more than one item, which R4's own invariants and search
    parameters use as a filter. ``polymorphic`` lets a choice be named with its type (``valueQuantity``), an error otherwise.
    ``spent`` is the sum of the steps that evaluations with this environment took, ``budget`` what each of them may take.
    """

    resource: dict[str, Any] | None = None
    root_resource: dict[str, Any] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    resolve: Callable[[str], dict[str, Any] | None] | None = None
    member_of: Callable[[str, Item], bool | None] | None = None
    conforms_to: Callable[[Item, str], bool | None] | None = None
    subsumes: Callable[[Item, Item], bool | None] | None = None
    trace: Callable[[str, list[Item]], None] | None = None
    now: datetime | None = None
    budget: int = BUDGET
    strict: bool = False
    polymorphic: bool = False
    spent: int = field(default=0, init=False, compare=False)
    targets: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict, init=False, repr=False, compare=False)


class State:
    """One evaluation under way."""

    index: int | None = None
    total: Collection = EMPTY
    moment: Temporal | None = None
    regex_seconds = 0.25
    defined: Mapping[str, Collection] = MappingProxyType({})
    owners: dict[int, Any] | None = None

    def __init__(self, environment: Environment, context: Collection) -> None:
        self.environment = environment
        self.context = context
        self.left = environment.budget
        self.memory: dict[object, Collection] = {}
        self.sets: dict[object, Any] = {}

    def pay(self, steps: int) -> None:
        """Count steps; raises TooCostly when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly("the evaluation takes too many steps")

    @property
    def now(self) -> Temporal:
        """The one moment that this evaluation takes for now."""
        if self.moment is None:
            self.moment = from_datetime(self.environment.now or datetime.now(UTC))
        return self.moment

    def resource(self) -> Collection:
        """``%resource``."""
        said = self.environment.resource
        return self.context if said is None else [Item.of(said)]

    def root(self) -> Collection:
        """``%rootResource``."""
        said = self.environment.root_resource
        return self.resource() if said is None else [Item.of(said)]

    def external(self, name: str) -> Collection:
        """The value of ``%name``; raises FhirPathError for one that nobody set."""
        if name in self.defined:
            return self.defined[name]
        if name == "resource":
            return self.resource()
        if name == "context":
            return self.context
        if name == "rootResource":
            return self.root()
        variables = self.environment.variables
        if name in variables:
            return _collection(variables[name])
        if name in _FIXED:
            return one(_FIXED[name])
        for prefix, base in (("vs-", "ValueSet"), ("ext-", "StructureDefinition")):
            if name.startswith(prefix):
                return one(f"http://hl7.org/fhir/{base}/{name.removeprefix(prefix)}")
        raise FhirPathError(f"%{name} is not set")


def _collection(value: Any) -> Collection:
    if value is None:
        return EMPTY
    values = value if isinstance(value, list) else [value]
    return [each if isinstance(each, Item) else system(each) for each in values]
