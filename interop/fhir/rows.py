"""The index row: what a search looks at."""

from __future__ import annotations

from typing import Any, NamedTuple

EARLIEST = -(2**62)
"""Low side of a period without a start, in microseconds since 1970."""
LATEST = 2**62
"""High side of a period without an end."""
LOWEST = -1.0e308
HIGHEST = 1.0e308


class IndexRow(NamedTuple):
    """One index row of a resource.

    ``kind`` is ``token`` (a=system, b=code), ``of-type`` (a=system of an identifier's type, b=``CODE|value``), ``text`` (a=what
    a token or reference is called, normalised), ``string`` (a=normalised, b=as written), ``reference`` (a=Type/id or URL),
    ``part`` (as ``string``: a word of a family name, a text without its punctuation), ``below`` (b=a media type or canonical
    URL, and what is above it), ``identifier`` (a=system, b=value of a reference's identifier), ``date`` (a=low, b=high,
    microseconds, high exclusive), ``number``/``quantity`` (a=low, b=high as floats, both inclusive, c=unit, see
    ``searching.asked_units``), ``measure`` (a quantity in base units of UCUM, c=base unit), ``uri`` (a), ``position``
    (a=latitude, b=longitude, degrees), ``composite`` (a=number of the element, b=number of the component, c=the component's
    row, whose parameter is that number as text), ``words`` (a=text for ``_text`` and ``_content``, as written), ``access`` (a=code,
    b=low, c=high, microseconds, high exclusive: what policy asks of a person; no search does).
    """

    parameter: str
    kind: str
    a: Any
    b: Any = None
    c: Any = None


def row_of(values: tuple[Any, ...]) -> IndexRow:
    """A row whose types were lost on the way from another process."""
    parameter, kind, a, b, c = values
    return IndexRow(parameter, kind, a, b, row_of(c) if kind == "composite" else c)
