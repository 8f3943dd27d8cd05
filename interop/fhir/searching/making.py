"""What makes index rows: a converter takes a value and appends rows without parameter; what cannot be read appends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Bare = tuple[str, Any, Any, Any]
"""Kind, a, b and c of an ``IndexRow``: what a value yields for whichever parameters look at it."""
Rows = list[Bare]
Convert = Callable[[Any, Rows], None]
Make = Callable[[str | None], Convert]
"""From a required value set to a converter; the same one for the same value set."""


def always(convert: Convert) -> Make:
    """Makes this converter, whatever the value set."""
    return lambda binding: convert
