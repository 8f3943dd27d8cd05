"""What makes index rows: a converter takes a value and appends rows; what cannot be read appends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir.rows import IndexRow

Rows = list[IndexRow]
Convert = Callable[[Any, Rows], None]
Make = Callable[[str, str | None], Convert]
"""From parameter code and required value set to a converter."""
