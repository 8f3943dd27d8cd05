"""Search expressions from their text."""

from __future__ import annotations

from interop.fhir.searching.expression import Expression


def parse(text: str) -> Expression:
    """The operations of an expression; raises Unreadable."""
    # The reader of FHIRPath is loaded when the first expression is read.
    from interop.fhir.searching.reading import read

    return read(text)
