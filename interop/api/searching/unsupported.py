"""What a search asks for and this server does not answer, and what cannot be read."""

from __future__ import annotations

from interop.errors import Problem


class Unsupported(Exception):
    """A parameter or result parameter that is not answered: passed over or, with ``handling=strict``, refused. ``why`` is for the
    client."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def malformed(name: str, wanted: str) -> Problem:
    """A value that cannot be read; the value itself is not repeated."""
    return Problem("bad-parameter", where=name, detail=wanted)


def unmodified(name: str, modifiers: tuple[str, ...]) -> Problem:
    """A modifier that a known parameter does not take: always refused (FHIR R4 search, 3.1.1.4.1 and 3.1.1.4.5)."""
    known = ", ".join(f":{each}" for each in modifiers if each)
    return Problem(
        "bad-parameter", where=name, detail=f"the modifier is not supported; {f'it takes {known}' if known else 'it takes none'}"
    )
