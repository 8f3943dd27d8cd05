"""How text is compared: without case, accents and surplus blanks (FHIR R4 search, section 3.1.1.4.8)."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, normalize


@lru_cache(maxsize=16_384)
def normalise(text: str) -> str:
    """``plain`` of a short text, kept: names and search values come again and again."""
    return plain(text)


def plain(text: str) -> str:
    """``text`` casefolded, without combining marks, blanks collapsed; index rows and search values both go through it."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join("".join(each for each in normalize("NFKD", text.casefold()) if not combining(each)).split())
