"""The tables that all families share, read once a process."""

from __future__ import annotations

from functools import cache

from interop.mapping.shared import read_shared
from interop.mapping.tables import Shared


@cache
def shared_tables() -> Shared:
    """Required fillers, fold strategies and precedence."""
    return read_shared()
