"""Which software this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Final

NAME: Final = "interop"
DATE: Final = "2026-04-01"
"""When this version was made; moved on by hand with the version."""


@cache
def software_version() -> str:
    """The version of the installed package."""
    return version(NAME)
