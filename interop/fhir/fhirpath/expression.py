"""Compiled expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

from interop.fhir.fhirpath.compiler import Compiler
from interop.fhir.fhirpath.environment import Environment, State
from interop.fhir.fhirpath.errors import FhirPathError, TooCostly
from interop.fhir.fhirpath.item import Item, system
from interop.fhir.fhirpath.parser import parse
from interop.fhir.fhirpath.semantics import check

T = TypeVar("T")


class Expression:
    """An expression, ready to be evaluated any number of times and from any thread."""

    __slots__ = ("_run", "_truth", "text", "tree")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        compiler = Compiler()
        try:
            self._run = compiler.run(self.tree)
            self._truth = compiler.truth(self.tree)
        except RecursionError:
            raise FhirPathError("the expression nests too deep") from None

    def check(self, type: str, variables: Mapping[str, str] = MappingProxyType({})) -> None:
        """Whether the expression suits nodes of that type, as far as its text tells; ``variables`` are the types of what ``%name``
        stands for.

        Raises FhirPathError for an element that no type there has, and for the order of what has none (``children().first()``).
        """
        check(self.tree, frozenset((type,)), variables)

    def evaluate(self, focus: Item | dict[str, Any] | list[Item], environment: Environment | None = None) -> list[Item]:
        """The collection that the expression yields over a resource (JSON), a node or a collection of nodes.

        Raises FhirPathError where it fails and TooCostly where it takes more than the environment allows.
        """
        return list(self._evaluated(self._run, focus, environment))

    def truth(self, focus: Item | dict[str, Any] | list[Item], environment: Environment | None = None) -> bool | None:
        """The expression as a boolean by singleton evaluation, None for empty; raises as ``evaluate``."""
        return self._evaluated(self._truth, focus, environment)

    def _evaluated(self, run: Callable[[list[Item], State], T], focus: Any, environment: Environment | None) -> T:
        this = [focus] if isinstance(focus, Item) else focus if isinstance(focus, list) else [system(focus)]
        if environment is None:
            environment = Environment()
        elif environment.strict:
            check(self.tree, frozenset(item.type for item in this))
        state = State(environment, this)
        try:
            return run(this, state)
        except (ArithmeticError, TypeError, ValueError, AttributeError) as error:
            raise _failure(error) from None
        except RecursionError:
            raise TooCostly("the resource nests too deep") from None
        finally:
            environment.spent += environment.budget - state.left

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _failure(error: Exception) -> FhirPathError:
    return error if isinstance(error, FhirPathError) else FhirPathError("the expression does not fit what it is evaluated over")


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """The expression of a text; those used last are kept. Raises FhirPathError with the position of an error."""
    return Expression(text)
