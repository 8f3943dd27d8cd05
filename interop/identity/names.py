"""Names as they are compared: without case, accents and punctuation; short forms as what they are short for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

import jellyfish

from interop.identity.reading import given_names

LONGEST: Final = 40
"""Letters of a name that are compared."""
PLACEHOLDERS: Final = frozenset(
    {
        "baby",
        "babyboy",
        "babygirl",
        "boy",
        "girl",
        "infant",
        "male",
        "female",
        "twin",
        "twina",
        "twinb",
        "twinone",
        "twintwo",
        "triplet",
        "newborn",
        "unknown",
        "unk",
        "notknown",
        "na",
        "nk",
    }
)
"""Given names that name nobody: newborns before they are named, and people whom nobody knew."""
_FOLDED: Final = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})


@lru_cache(maxsize=16_384)
def words(text: str) -> tuple[str, ...]:
    """The words of a name, plain: blanks and hyphens part them, apostrophes do not."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    spaced = "".join(letter if letter.isalnum() else " " if letter.isspace() or letter in "-‐‑–/" else "" for letter in folded)
    return tuple(word[:LONGEST] for word in spaced.split())


def plain(text: str) -> str:
    """Letters and digits alone."""
    return "".join(words(text))[:LONGEST]


def parts(family: str) -> set[str]:
    """The halves of a double-barrelled name."""
    return set(words(family))


@lru_cache(maxsize=16_384)
def metaphone(name: str) -> str:
    """How a name sounds (metaphone); '' where that says little."""
    sound = jellyfish.metaphone(name).replace(" ", "")
    return sound if len(sound) > 1 else ""


def canonical(given: str) -> frozenset[str]:
    """What a given name may be short for, itself included; nothing where it is in no table."""
    return given_names().get(given, frozenset())
