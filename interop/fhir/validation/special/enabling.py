"""Whether an item of a questionnaire is enabled by the answers given (FHIR R4, Questionnaire.item.enableWhen)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from interop.fhir.fhirpath import Environment, FhirPathError, Item, TooCostly, compile
from interop.fhir.validation.special.reading import Json, choice, extensions, objects, text
from interop.fhir.validation.work import Exhausted, Work

_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"


STEPS = 4
"""Steps of FHIRPath that take as long as a comparison."""


class Enabling:
    """Judges the items of one response. Its answers are indexed once, so that many conditions cost no more than few."""

    def __init__(self, response: Json, work: Work) -> None:
        self._response = response
        self._work = work
        self._environment = Environment(resource=response, root_resource=response)
        self._given: dict[tuple[int, str], list[Json]] = {}
        self._index(response, ())

    def _index(self, holder: Json, about: tuple[int, ...]) -> None:
        about = (*about, id(holder))
        answers = [answer for _place, answer in objects(holder, "answer")]
        if answers and (link := text(holder, "linkId")):
            for scope in about:
                self._given.setdefault((scope, link), []).extend(answers)
        for each in (holder, *answers):
            within = about if each is holder else (*about, id(each))
            for _place, child in objects(each, "item"):
                self._index(child, within)

    def enabled(self, item: Json, scopes: Sequence[Json]) -> bool | None:
        """Whether an item of the questionnaire is enabled; None where that cannot be told.

        ``scopes`` are the elements of the response that surround the item, innermost last, the response first: a question is
        sought in the nearest scope that answers it, so that each repetition of a group sees its own answers.
        """
        for extension in extensions(item, _EXPRESSION):
            return self._by_expression(extension.get("valueExpression"))
        conditions = [each for _place, each in objects(item, "enableWhen")]
        if not conditions:
            return True
        verdicts = [self._holds(each, scopes) for each in conditions]
        if text(item, "enableBehavior") == "any":
            return True if True in verdicts else None if None in verdicts else False
        return False if False in verdicts else None if None in verdicts else True

    def _by_expression(self, expression: Any) -> bool | None:
        source = text(expression, "expression")
        if text(expression, "language") != "text/fhirpath" or not source:
            return None
        surroundings, before = self._environment, self._environment.spent
        surroundings.budget = self._work.left * STEPS
        try:
            return compile(source).truth(Item.of(self._response), surroundings)
        except FhirPathError:
            return None
        except TooCostly:
            raise Exhausted from None
        finally:
            self._work.spend((surroundings.spent - before) // STEPS + 1)

    def _holds(self, condition: Json, scopes: Sequence[Json]) -> bool | None:
        question = text(condition, "question")
        answers = next((found for scope in reversed(scopes) if (found := self._given.get((id(scope), question)))), [])
        kind, wanted = choice(condition, "answer")
        operator = text(condition, "operator")
        if operator == "exists":
            return bool(answers) is wanted if isinstance(wanted, bool) else None
        test = _TESTS.get(operator)
        if test is None or not kind:
            return None
        self._work.spend(len(answers))
        verdicts = [test(kind, choice(answer, "value")[1], wanted) for answer in answers]
        return True if True in verdicts else None if None in verdicts else False


def _same(kind: str, left: Any, right: Any) -> bool | None:
    if kind == "Coding":
        if not isinstance(left, dict) or not isinstance(right, dict):
            return False
        return left.get("code") == right.get("code") and (left.get("system") or "") == (right.get("system") or "")
    if kind == "Reference":
        return text(left, "reference") == text(right, "reference")
    order = _order(kind, left, right)
    return None if order is None else order == 0


def _order(kind: str, left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None where the two cannot be compared."""
    if kind == "Quantity":
        if not isinstance(left, dict) or not isinstance(right, dict):
            return None
        if (left.get("code") or left.get("unit")) != (right.get("code") or right.get("unit")):
            return None
        left, right = left.get("value"), right.get("value")
    if isinstance(left, bool) or isinstance(right, bool):
        return None if type(left) is not type(right) else int(left) - int(right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    try:
        first, second = Decimal(str(left)), Decimal(str(right))
    except InvalidOperation:
        return None
    return (first > second) - (first < second)


def _ordered(test: Callable[[int], bool]) -> Callable[[str, Any, Any], bool | None]:
    def compare(kind: str, left: Any, right: Any) -> bool | None:
        order = _order(kind, left, right)
        return None if order is None else test(order)

    return compare


def _different(kind: str, left: Any, right: Any) -> bool | None:
    same = _same(kind, left, right)
    return None if same is None else not same


_TESTS: dict[str, Callable[[str, Any, Any], bool | None]] = {
    "=": _same,
    "!=": _different,
    ">": _ordered(lambda order: order > 0),
    "<": _ordered(lambda order: order < 0),
    ">=": _ordered(lambda order: order >= 0),
    "<=": _ordered(lambda order: order <= 0),
}
