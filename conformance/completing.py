"""What a shell offers for values of ``conformance``: words of fixed lists, so that nothing is loaded for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

BENCHES: Final = ("convert", "mllp", "apply", "feeds", "read", "lag", "backlog", "console", "validate", "serve", "pages", "all")
FAMILIES: Final = ("hl7v2", "openhr", "nhs111", "ers")
FORMATS: Final = ("mllp", "files", "ndjson")
FRONTS: Final = ("auto", "haproxy", "own")
OUTPUTS: Final = ("terminal", "outcome", "junit", "html")
SEVERITIES: Final = ("error", "warning", "information")


def words(of: tuple[str, ...]) -> Callable[[], list[str]]:
    """Some of a fixed list."""
    return lambda: list(of)
