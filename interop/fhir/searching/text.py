"""How text is compared: without case, accents and surplus blanks (FHIR R4 search, section 3.1.1.4.8)."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, combining, normalize

_MARK = re.compile(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)|_")


@lru_cache(maxsize=16_384)
def normalise(text: str) -> str:
    """``plain`` of a short text, kept: names and search values come again and again."""
    return plain(text)


@lru_cache(maxsize=16_384)
def unpunctuated(text: str) -> str:
    """A normalised text without its punctuation, save what stands between digits (``5.4``, ``12/7``)."""
    return " ".join(_MARK.sub(lambda found: "" if category(found[0])[0] == "P" else found[0], text).split())


def plain(text: str) -> str:
    """``text`` casefolded, without combining marks, blanks collapsed; index rows and search values both go through it."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join("".join(each for each in normalize("NFKD", text.casefold()) if not combining(each)).split())
