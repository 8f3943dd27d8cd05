"""From tree to closures: whatever the text alone decides is decided once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from interop.fhir.fhirpath.analysis import defines, everything, fixed
from interop.fhir.fhirpath.arithmetic import calculate
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.equality import distinct, equal, equivalent
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions import FUNCTIONS
from interop.fhir.fhirpath.functions.registry import Run, StepRun, StepTruth, Truth
from interop.fhir.fhirpath.functions.types import cast, check
from interop.fhir.fhirpath.item import EMPTY, INTEGER, Collection, Item, boolean, one
from interop.fhir.fhirpath.navigation import Way, member
from interop.fhir.fhirpath.operators import equals_text, logic, ordered, within, within_fixed
from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.tree import Call, External, Index, Literal, Member, Operation, Path, Sign, Special, Step, Tree, TypeTest
from interop.fhir.fhirpath.types import is_a, is_loosely
from interop.fhir.fhirpath.values import ARITHMETIC, integer_of, is_number, string_of, truth_of, value_of

_LOGIC = frozenset(("and", "or", "xor", "implies"))
_TESTS = frozenset(("=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains"))


class Compiler:
    """Compiles the parts of one expression; see ``registry.Compiling`` for what functions ask of it."""

    def run(self, tree: Tree) -> Run:
        """The collection that an expression yields."""
        if self._yields_truth(tree):
            test = self.truth(tree)
            return lambda this, state: boolean(test(this, state))
        match tree:
            case Literal(value):
                constant = EMPTY if value is None else one(value)
                return lambda this, state: constant
            case Special():
                return _special(tree.name)
            case External(name):
                return lambda this, state: state.external(name)
            case Sign():
                return self._sign(tree)
            case TypeTest():
                operand, step = self.run(tree.operand), cast(tree.type, tree.position, filters=False)
                return lambda this, state: step(operand(this, state), this, state)
            case Operation():
                return self._operation(tree)
            case Path():
                return self._walk(tree)

    def truth(self, tree: Tree) -> Truth:
        """An expression as a boolean, by singleton evaluation."""
        match tree:
            case Operation(operator, operands) if operator in _LOGIC:
                return logic(operator, [self.truth(each) for each in operands])
            case Operation(operator) if operator in _TESTS:
                return self._test(tree)
            case TypeTest(operator) if operator == "is":
                operand, step = self.run(tree.operand), check(tree.type, is_loosely)
                return lambda this, state: step(operand(this, state), this, state)
            case Path(start, steps) if self._yields_truth(tree):
                last = self._step_truth(steps[-1])
                if start is None and len(steps) == 1:
                    return lambda this, state: last(this, this, state)
                before = self._walk(Path(start, steps[:-1]))
                return lambda this, state: last(before(this, state), this, state)
        run = self.run(tree)
        return lambda this, state: truth_of(run(this, state))

    def run_step(self, step: Step) -> StepRun:
        """One step of a path: what it makes of the items before it."""
        return self._step(step)

    def type_of(self, tree: Tree) -> str:
        """The type that an argument names."""
        if isinstance(tree, Path) and tree.start is None and all(isinstance(each, Member) for each in tree.steps):
            return ".".join(each.name for each in tree.steps if isinstance(each, Member))
        raise FhirPathError("expected the name of a type")

    def counts(self, tree: Tree) -> bool:
        """Whether an expression asks for ``$index``."""
        return any(isinstance(each, Special) and each.name == "index" for each in everything(tree))

    def weight(self, tree: Tree) -> int:
        """How many steps one evaluation costs."""
        return sum(1 for _ in everything(tree))

    def _yields_truth(self, tree: Tree) -> bool:
        match tree:
            case Operation(operator):
                return operator in _LOGIC or operator in _TESTS
            case TypeTest(operator):
                return operator == "is"
            case Path(_, steps):
                last = steps[-1] if steps else None
                if not isinstance(last, Call) or defines(tree):
                    return False
                known = FUNCTIONS.get(last.name)
                return known is not None and known.test is not None
            case _:
                return False

    def _call(self, step: Call) -> Any:
        known = FUNCTIONS.get(step.name)
        if known is None:
            raise FhirPathError(f"no function {step.name}", step.position)
        if not known.least <= len(step.arguments) <= known.most:
            raise FhirPathError(f"{step.name} takes another number of arguments", step.position)
        return known

    def _step_truth(self, step: Step) -> StepTruth:
        assert isinstance(step, Call)
        found: StepTruth = self._call(step).test(self, step.arguments)
        return found

    def _step(self, step: Step) -> StepRun:
        match step:
            case Member(name):
                return _member(name)
            case Index(place):
                at = self.run(place)

                def item(items: Collection, this: Collection, state: State) -> Collection:
                    wanted = integer_of(at(this, state), "an index")
                    return items[wanted : wanted + 1] if wanted is not None and wanted >= 0 else EMPTY

                return item
            case Call():
                known = self._call(step)
                if known.make is not None:
                    made: StepRun = known.make(self, step.arguments)
                    return made
                test = self._step_truth(step)
                return lambda items, this, state: boolean(test(items, this, state))

    def _path(self, tree: Path) -> Run:
        steps = [self._step(each) for each in tree.steps]
        start = self.run(tree.start) if tree.start is not None else None
        first = tree.steps[0] if tree.steps else None
        if start is None and isinstance(first, Member):
            start, steps = _root(first.name, steps[0]), steps[1:]
        run = _chained(start, steps)
        return _scoped(run) if defines(tree) else run

    def _walk(self, tree: Path) -> Run:
        """A path; one that yields the same wherever it stands is walked once an evaluation."""
        run = self._path(tree)
        if not tree.steps or not fixed(tree):
            return run
        key = object()

        def recall(this: Collection, state: State) -> Collection:
            known = state.memory.get(key)
            if known is None:
                known = state.memory[key] = run(this, state)
            return known

        return recall

    def _sign(self, tree: Sign) -> Run:
        operand, minus = self.run(tree.operand), tree.minus

        def signed(this: Collection, state: State) -> Collection:
            value = value_of(operand(this, state), "a sign")
            if value is None:
                return EMPTY
            if isinstance(value, Quantity):
                return one(value._replace(value=ARITHMETIC.minus(value.value)) if minus else value)
            if not is_number(value):
                raise FhirPathError("a sign takes a number")
            return one((ARITHMETIC.minus(value) if isinstance(value, Decimal) else -value) if minus else value)

        return signed

    def _operation(self, tree: Operation) -> Run:
        operands = [self.run(each) for each in tree.operands]
        operator = tree.operator
        if operator == "|":

            def union(this: Collection, state: State) -> Collection:
                found: Collection = []
                for each in operands:
                    found = found + each(this, state)
                return distinct(found, state)

            return union
        if operator == "&":

            def concatenated(this: Collection, state: State) -> Collection:
                said = "".join(string_of(each(this, state), "&") or "" for each in operands)
                state.pay(1 + len(said) // 16)
                return one(said)

            return concatenated

        def calculated(this: Collection, state: State) -> Collection:
            total = value_of(operands[0](this, state), operator)
            for each in operands[1:]:
                other = value_of(each(this, state), operator)
                total = None if total is None or other is None else calculate(operator, total, other, state)
            return EMPTY if total is None else one(total)

        return calculated

    def _test(self, tree: Operation) -> Truth:
        operator = tree.operator
        left, right = (self.run(each) for each in tree.operands)
        literal = tree.operands[1]
        if operator in ("=", "!="):
            negative = operator == "!="
            if isinstance(literal, Literal) and isinstance(literal.value, str):
                return equals_text(left, literal.value, right, negative)

            def equals(this: Collection, state: State) -> bool | None:
                said = equal(left(this, state), right(this, state), state)
                return said if said is None or not negative else not said

            return equals
        if operator in ("~", "!~"):
            alike = operator == "~"
            return lambda this, state: equivalent(left(this, state), right(this, state), state) is alike
        if operator in ("in", "contains"):
            item, items = (left, right) if operator == "in" else (right, left)
            if fixed(tree.operands[1 if operator == "in" else 0]):
                key = object()
                return lambda this, state: within_fixed(item(this, state), items(this, state), state, key)
            return lambda this, state: within(item(this, state), items(this, state), state)
        return ordered(operator, left, right)


def _special(name: str) -> Run:
    if name == "this":
        return lambda this, state: this
    if name == "total":
        return lambda this, state: state.total
    return lambda this, state: EMPTY if state.index is None else [Item(state.index, INTEGER)]


def _scoped(run: Run) -> Run:
    def scoped(this: Collection, state: State) -> Collection:
        outer = state.defined
        found = run(this, state)
        state.defined = outer
        return found

    return scoped


def _member(name: str) -> StepRun:
    ways: dict[str, Way] = {}
    return lambda items, this, state: member(items, name, ways, state)


def _root(name: str, step: StepRun) -> Run:
    """The first step: the name of a child or, in capitals, the type of what is at hand."""
    if not name[:1].isupper():
        return lambda this, state: step(this, this, state)

    def start(this: Collection, state: State) -> Collection:
        kept = [item for item in this if is_a(item.type, name) or (not item.type and _says(item.value, name))]
        if kept:
            return kept
        if state.environment.strict and this:
            raise FhirPathError("an expression for another type")
        return step(this, this, state)

    return start


def _says(value: Any, name: str) -> bool:
    return isinstance(value, dict) and value.get("resourceType") == name


def _chained(start: Run | None, steps: list[StepRun]) -> Run:
    begin: Run = start if start is not None else lambda this, state: this
    if not steps:
        return begin
    if len(steps) == 1:
        only = steps[0]
        return lambda this, state: only(begin(this, state), this, state)
    if len(steps) == 2:
        first, second = steps
        return lambda this, state: second(first(begin(this, state), this, state), this, state)

    def run(this: Collection, state: State) -> Collection:
        items = begin(this, state)
        for step in steps:
            items = step(items, this, state)
        return items

    return run
