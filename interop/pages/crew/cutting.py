"""The beginning of long words for a closed row: whole sentences, and never up to a word that turns what follows round. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MOST, FARTHEST = 130, 240
"""Characters up to which whole sentences are taken; up to which the first is, where it is longer."""
SENTENCE: Final = re.compile(r"\n+|(?<=[.!?])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bNo\.)\s+(?=[A-Z0-9])")
"""Where one ends: a line, or a full stop with a capital or a number after it."""
TURNS: Final = frozenset(
    ("not", "no", "never", "nor", "neither", "without", "except", "unless", "until", "only", "if", "don't", "cannot", "do", "must",
     "but", "and", "or", "for", "than", "stop", "avoid", "refuses", "declines")
)  # fmt: skip
"""Words after which nobody may stop reading."""


class Begun(NamedTuple):
    """What is shown, and whether there is more of it."""

    words: str
    more: bool


def begun(words: str) -> Begun:
    """The whole sentences with which ``words`` begin, as many as have room, at least one. One that is too long by itself ends
    between two words, with dots, before any word that needs what comes after it."""
    ends = [match.start() for match in SENTENCE.finditer(words)] + [len(words)]
    first = ends[0]
    if first > FARTHEST:
        kept = words[:MOST].rsplit(None, 1)[0].split(" ")
        while len(kept) > 1 and (kept[-1].lower().strip(",;:") in TURNS or re.search(r"\d", kept[-1])):
            kept.pop()
        return Begun(f"{' '.join(kept).rstrip(',;:')} …", True)
    end = max((each for each in ends if each <= MOST), default=first)
    return Begun(words[:end].strip(), bool(words[end:].strip()))
