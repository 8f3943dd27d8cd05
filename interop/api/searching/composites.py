"""Values of composites (FHIR R4 search, 3.1.1.4.14)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Final

from interop.api.searching.combining import any_of
from interop.api.searching.escapes import split
from interop.api.searching.ground import Ground
from interop.api.searching.unsupported import malformed
from interop.fhir.parameters import SearchParameter
from interop.store.where import Any, Composite, Where

ALTERNATIVES: Final = 100
"""So many combinations of values of the components at most."""
One = Callable[[Ground, SearchParameter, str, str], Where]
"""Ground, parameter, the name under which it is indexed, one value."""


def composite(ground: Ground, parameter: SearchParameter, parts: tuple[SearchParameter, ...], value: str, one: One) -> Where:
    """``a$b`` and alternatives ``a$b,c$d``. Where commas stand inside a component, as in ``a,b$c``, they are alternatives of it."""
    alternatives = [split(each, "$") for each in split(value, ",") if each]
    whole = [split(each, ",") for each in split(value, "$")]
    if alternatives and all(len(each) == len(parts) for each in alternatives):
        combinations = [tuple(each) for each in alternatives]
    elif len(whole) == len(parts) and prod(len(each) for each in whole) <= ALTERNATIVES:
        combinations = list(product(*whole))
    else:
        raise malformed(parameter.code, f"{len(parts)} values are wanted, with $ between")
    if len(combinations) > ALTERNATIVES:
        raise malformed(parameter.code, f"at most {ALTERNATIVES} values are taken")
    found: list[Where] = []
    for values in combinations:
        if not all(values):
            raise malformed(parameter.code, "every component needs a value")
        singles = [one(ground, part, str(place), each) for place, (part, each) in enumerate(zip(parts, values, strict=True))]
        found += [Composite(parameter.code, tuple(each)) for each in product(*map(_singles, singles))]
    return any_of(found)


def _singles(part: Where) -> tuple[Where, ...]:
    """The alternatives that one value stands for: a composite takes them one by one."""
    return part.parts if isinstance(part, Any) else (part,)
