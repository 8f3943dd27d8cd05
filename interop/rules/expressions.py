"""The FHIRPath of the tables: checked when they are loaded, evaluated over one resource and what is known of the person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from interop.clock import MICROSECONDS
from interop.fhir.fhirpath import Environment, Expression, FhirPathError, Item, TooCostly, compile
from interop.fhir.fhirpath.analysis import everything
from interop.fhir.fhirpath.tree import External
from interop.fhir.searching import interval
from interop.formats.instants import EPOCH, LONDON, iso_instant
from interop.rules.coded import strange
from interop.rules.typed import compared, timeless, untrue

BEFORE: Final = "before"
VARIABLES: Final = {
    BEFORE: "",
    "patient": "Patient",
    "person": "Patient",
    "deceased": "Patient",
    "teams": "CareTeam",
    "plans": "CarePlan",
    "flags": "Flag",
    "problems": "Condition",
    "encounters": "Encounter",
    "bookings": "Appointment",
    "tasks": "Task",
    "goals": "Goal",
    "episodes": "EpisodeOfCare",
}
"""What a condition may name beside the resource, and of which type it is ('' = of that of the resource)."""
_FIXED: Final = frozenset(("resource", "rootResource", "context", "ucum", "sct", "loinc"))
BUDGET: Final = 300_000
"""Steps that one evaluation may take."""
MANY: Final = 20 * BUDGET
"""Steps that it may take to find whom something befalls."""
Variables = Mapping[str, Any]


class RuleFailed(Exception):
    """An expression of the tables failed over a resource; it says which and nothing of the resource."""


ANYTHING: Final = "anything"
TRUTH: Final = "truth"
TIME: Final = "time"


def read(text: str, type: str, variables: Mapping[str, str] = VARIABLES, yields: str = ANYTHING) -> Expression:
    """An expression over resources of a type, which ``yields`` a TRUTH, a TIME or ANYTHING. Raises ValueError, which says what is
    wrong with it."""
    found = compile(text)
    named = {part.name for part in everything(found.tree) if isinstance(part, External)}
    for name in sorted(named - _FIXED):
        if name not in variables:
            raise ValueError(f"%{name} is not known: {', '.join(f'%{each}' for each in variables)}")
    known = {name: of or type for name, of in variables.items()}
    known |= {"resource": type, "rootResource": type, "context": type}
    found.check(type, known)
    wrong = strange(found.tree, type, known) or next(filter(None, compared(found.tree, type, known)), "")
    if not wrong and yields != ANYTHING:
        wrong = (untrue if yields == TRUTH else timeless)(found.tree, type, known)
    if wrong:
        raise ValueError(wrong)
    return found


def named(expression: Expression | None) -> frozenset[str]:
    """The variables that an expression names."""
    if expression is None:
        return frozenset()
    return frozenset(part.name for part in everything(expression.tree) if isinstance(part, External)) & set(VARIABLES)


def holds(expression: Expression | None, resource: Mapping[str, Any] | None, variables: Variables, now: int) -> bool:
    """Whether it is true of a resource; False of none, True where there is no expression. Raises RuleFailed."""
    if resource is None:
        return False
    if expression is None:
        return True
    try:
        return expression.truth(dict(resource), _environment(variables, now)) is True
    except (FhirPathError, TooCostly) as error:
        raise RuleFailed(str(error)) from None


def values(expression: Expression, resource: Mapping[str, Any], variables: Variables, now: int, budget: int = BUDGET) -> list[Any]:
    """What it yields, as JSON. Raises RuleFailed."""
    try:
        found = expression.evaluate(dict(resource), _environment(variables, now, budget))
    except (FhirPathError, TooCostly) as error:
        raise RuleFailed(str(error)) from None
    return [_plain(item) for item in found]


def when(expression: Expression | None, resource: Mapping[str, Any], variables: Variables, now: int) -> int | None:
    """The latest moment that the first time it yields may mean (microseconds), None where it yields none. Days are those of
    London."""
    if expression is None:
        return None
    for value in values(expression, resource, variables, now):
        span = interval(str(value))
        if span is not None:
            over = span[1] if "T" in str(value) else _local(span[1])
            return max(span[0], over - 1)
    return None


def _local(midnight: int) -> int:
    """When the day begins in London that begins in UTC at that instant."""
    day = (EPOCH + timedelta(microseconds=midnight)).date()
    return iso_instant(day.isoformat()) or midnight


def _plain(item: Item) -> Any:
    return item.value if isinstance(item.value, str | int | bool | dict | list | type(None)) else str(item.value)


def _environment(variables: Variables, now: int, budget: int = BUDGET) -> Environment:
    return Environment(variables=variables, now=datetime.fromtimestamp(now / MICROSECONDS, LONDON), budget=budget)
