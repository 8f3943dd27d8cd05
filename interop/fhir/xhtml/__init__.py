"""What the narrative of a resource may hold (FHIR R4, narrative.html; Narrative invariants txt-1 and txt-2)."""

from __future__ import annotations

from functools import lru_cache

from interop.fhir.xhtml.reasons import BLANK

__all__ = ["BLANK", "problems"]

_CACHED_LENGTH = 4096


def problems(div: str) -> list[str]:
    """What is wrong with a ``Narrative.div``, a reason each time and each reason once; [] where it is as narrative may be.

    Reasons hold nothing of the text but names of HTML. Never raises, for any text.
    """
    return list(_remembered(div) if len(div) <= _CACHED_LENGTH else _judged(div))


def _judged(div: str) -> tuple[str, ...]:
    # The XML parser is loaded where the first narrative is judged.
    from interop.fhir.xhtml.judging import judged

    return judged(div)


_remembered = lru_cache(maxsize=1024)(_judged)
