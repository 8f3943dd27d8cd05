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

    ``kind`` is ``token`` (a=system, b=code), ``string`` (a=normalised), ``reference`` (a=Type/id or URL), ``identifier``
    (a=system, b=value of a reference's identifier), ``date`` (a=low, b=high, microseconds, high exclusive),
    ``number``/``quantity`` (a=low, b=high as floats, both inclusive, c=unit), ``uri`` (a).
    """

    parameter: str
    kind: str
    a: Any
    b: Any = None
    c: Any = None
