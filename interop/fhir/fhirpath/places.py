"""Where in the JSON the elements stand that an expression leads to: for those who want to change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.fhir import facts
from interop.fhir.fhirpath.compiler import Compiler
from interop.fhir.fhirpath.environment import Environment, State
from interop.fhir.fhirpath.errors import FhirPathError, TooCostly
from interop.fhir.fhirpath.functions.types import cast
from interop.fhir.fhirpath.item import Item
from interop.fhir.fhirpath.navigation import way
from interop.fhir.fhirpath.parser import parse
from interop.fhir.fhirpath.tree import Call, Literal, Member, Path, Step, Tree, TypeTest

BUDGET = 500_000


@dataclass(slots=True)
class Allowance:
    """What several evaluations may take together: steps, and seconds in regular expressions."""

    steps: int = BUDGET
    regex_seconds: float = State.regex_seconds

    def pay(self, steps: int) -> None:
        """Count steps that are taken elsewhere; raises TooCostly when there are none left."""
        self.steps -= steps
        if self.steps < 0:
            raise TooCostly("the evaluations take too many steps")


@dataclass(eq=False, slots=True)
class Place:
    """An element: ``holder`` is the object that has it as member ``key`` (and, for a primitive, ``_key``), ``index`` its place in
    the array, None where there is no array. ``owner`` is the type of what has it. ``item`` is what stands there. The resource
    itself has no holder and no key.
    """

    item: Item
    holder: dict[str, Any] | None = None
    key: str = ""
    owner: str = ""
    index: int | None = None

    @property
    def content(self) -> dict[str, Any] | None:
        """The object whose members are the children: the element itself or the shadow of a primitive; None where there is none."""
        inside = self.item.shadow if facts.is_primitive(self.item.type) else self.item.value
        return inside if isinstance(inside, dict) else None


def places(expression: str, resource: dict[str, Any], allowed: Allowance | None = None) -> list[Place]:
    """The elements of ``resource`` that an expression leads to by names, ``extension``, indexes and functions that choose among
    elements (``where``, ``first``, ``ofType`` and so on), within what is ``allowed``.

    Raises FhirPathError for a text that is no FHIRPath, for one that makes values instead of choosing elements, and as
    ``Expression.evaluate``; TooCostly.
    """
    return _found(parse(expression), resource, allowed or Allowance())


def parent(expression: str, resource: dict[str, Any], allowed: Allowance | None = None) -> tuple[list[Place], str]:
    """The elements that have what an expression names with its last step, and that step's name; raises as ``places``, and
    FhirPathError where the last step is no name."""
    tree = parse(expression)
    last = tree.steps[-1] if isinstance(tree, Path) and tree.start is None and len(tree.steps) > 1 else None
    if not isinstance(tree, Path) or not isinstance(last, Member):
        raise FhirPathError("expected a path that ends in the name of an element")
    return _found(Path(None, tree.steps[:-1]), resource, allowed or Allowance()), last.name


def _found(tree: Tree, resource: dict[str, Any], allowed: Allowance) -> list[Place]:
    root = Item.of(resource)
    state = State(Environment(strict=True, polymorphic=True, budget=allowed.steps), [root])
    state.regex_seconds = allowed.regex_seconds
    walk = _Walk(state, Place(root))
    try:
        return walk.follow(tree)
    except (ArithmeticError, TypeError, AttributeError):
        raise FhirPathError("the expression does not fit what it is evaluated over") from None
    except RecursionError:
        raise TooCostly("the resource nests too deep") from None
    finally:
        allowed.steps, allowed.regex_seconds = state.left, state.regex_seconds


class _Walk:
    def __init__(self, state: State, root: Place) -> None:
        self.state, self.root, self.compiler = state, root, Compiler()

    def follow(self, tree: Tree) -> list[Place]:
        if isinstance(tree, TypeTest) and tree.operator == "as":
            chosen = cast(tree.type, tree.position, filters=False)
            return self._among(self.follow(tree.operand), chosen)
        if not isinstance(tree, Path):
            raise FhirPathError("the expression does not lead to elements")
        here = [self.root] if tree.start is None else self.follow(tree.start)
        steps = list(tree.steps)
        if tree.start is None and isinstance(steps[0], Member) and steps[0].name[:1].isupper():
            if steps[0].name not in (self.root.item.type, "Resource", "DomainResource"):
                raise FhirPathError("an expression for another type")
            del steps[0]
        for step in steps:
            here = self._step(step, here)
        return here

    def _step(self, step: Step, here: list[Place]) -> list[Place]:
        if isinstance(step, Member):
            return [below for place in here for below in children(place, step.name, self.state)]
        if isinstance(step, Call) and step.name == "extension" and len(step.arguments) == 1:
            (url,) = step.arguments
            said = url.value if isinstance(url, Literal) else None
            listed = [below for place in here for below in children(place, "extension", self.state)]
            return [each for each in listed if isinstance(each.item.value, dict) and each.item.value.get("url") == said]
        return self._among(here, self.compiler.run_step(step))

    def _among(self, here: list[Place], choose: Any) -> list[Place]:
        chosen = choose([place.item for place in here], [self.root.item], self.state)
        known = {id(place.item): place for place in here}
        kept = [known[id(item)] for item in chosen if id(item) in known]
        if len(kept) != len(chosen):
            raise FhirPathError("the expression makes values and does not choose elements")
        return kept


def children(place: Place, name: str, state: State) -> list[Place]:
    """The children of that name, in order; raises FhirPathError for one that the type lacks."""
    known = way(place.item.type, name)
    if known.unknown:
        raise FhirPathError(f"{name} is no element there")
    holder = place.content
    found: list[Place] = []
    for form in known.forms if holder is not None else ():
        assert holder is not None
        value, shadow = holder.get(form.key), holder.get("_" + form.key) if form.primitive else None
        if isinstance(value, list) or isinstance(shadow, list):
            values, shadows = (each if isinstance(each, list) else [] for each in (value, shadow))
            for index in range(max(len(values), len(shadows))):
                item = _item(values[index : index + 1], shadows[index : index + 1], form.type)
                if item.value is not None or item.shadow is not None:
                    found.append(Place(item, holder, form.key, place.item.type, index))
        elif value is not None or shadow is not None:
            found.append(Place(_item([value], [shadow], form.type), holder, form.key, place.item.type))
    state.pay(1 + len(found))
    return found


def _item(values: list[Any], shadows: list[Any], kind: str) -> Item:
    value: Any = values[0] if values else None
    shadow = shadows[0] if shadows else None
    if not kind or kind == "Resource":
        return Item.of(value)
    return Item(value, kind, shadow)
