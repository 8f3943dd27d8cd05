"""Labels that authors write before their words: ``What matters to me: ...``. A row of ``labels.csv`` is a label, in lower case.

``…`` stands for any words of the same sentence. Between a label and what follows stands a colon or a dash; after a label that ends
with a comma or with ``then`` these; after one that ends with ``*`` any end of a word. A line may be a label and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

STEP, ACCESS = "step", "access"
KINDS: Final = ("", STEP, ACCESS)
"""What a label makes of its words besides: ``step``: what stands before the separator is when to do it; ``access``: of an alert how
to get to the person."""
ANY: Final = "…"
MOST: Final = 160
"""Characters that stand for any words."""
FAR: Final = 4_000
"""Characters of a line in which labels are looked for."""
_MARKED: Final = (
    r"[ \t]*(?:(?:[-–—•*·▪●◦○>#+]+|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,5}[.)]|\[[ xX]?\]|☐|☑)[ \t]*){0,4}"
    r"[*_\"'“‘]{0,3}"
)
"""What may stand before the words of a line: bullets and numbers."""
_COLON: Final = r"[*_\"'”’]{0,3}[ \t]*(?:[:：][*_]{0,3}|(?<=[ \t])-|[–—]|-(?=[ \t])ALONE)"
_ENDS: Final = re.compile(r"[.!?;][\"')\]”’]{0,2}[ \t]+")
_SAME: Final = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "\u2011": "-", "\u2010": "-", "\t": " "})


class LabelRefused(ValueError):
    """A label that is none."""


@dataclass(frozen=True, slots=True)
class Label:
    """A row. ``heading``: where its words stand besides; ``kind`` one of KINDS."""

    words: str
    heading: str
    kind: str
    why: str


class Labelled(NamedTuple):
    """A label that stands in a line. ``before``: what stands before the separator, ``rest`` after it; ``first``: the line begins
    with it, and not only one of its sentences."""

    label: Label
    before: str
    rest: str
    first: bool


class Labels:
    """Finds labels in lines. Of several that fit in one place the longest counts. Raises LabelRefused."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self.all = tuple(labels)
        ordered = sorted(self.all, key=lambda label: (ANY in label.words, -len(label.words), label.words))
        self._known = [(label, re.compile(_pattern(label.words), re.IGNORECASE)) for label in ordered]
        self._begins = (
            re.compile(
                rf"{_MARKED}(?=(?:{'|'.join(sorted({re.escape(_stem(each.words)) for each in ordered}, reverse=True))}))",
                re.IGNORECASE,
            )
            if ordered
            else re.compile(r"(?!)")
        )

    def of(self, line: str) -> list[Labelled]:
        """The labels of a line and of its sentences: a label within a sentence is none."""
        told = line[:FAR].translate(_SAME)
        found = []
        for at in (0, *(end.end() for end in _ENDS.finditer(told))):
            begun = self._begins.match(told, at)
            one = self._at(told, begun.end()) if begun is not None else None
            if one is None:
                continue
            label, end, rest = one
            if at == 0 or (told[end:rest].strip() and told[rest - 1] == ":"):
                start = begun.end() if begun is not None else 0
                found.append(Labelled(label, line[start:end].strip(" *_\"'“‘”’"), line[rest:].strip(" *_"), at == 0))
        return found

    def _at(self, told: str, at: int) -> tuple[Label, int, int] | None:
        for label, pattern in self._known:
            if (found := pattern.match(told, at)) is not None:
                return label, found.end("label"), found.end()
        return None


def _stem(words: str) -> str:
    """The first letters that a line with the label has."""
    return re.split(r"[ \-…*]", words, maxsplit=1)[0]


def _pattern(words: str) -> str:
    """The expression that finds a label where it begins."""
    if words != words.strip().lower() or not words.strip("…*, ") or ANY in words[:1] or re.search(r"[:*](?!$)", words):
        raise LabelRefused(f"{words or 'nothing'} is no label")
    ends = _COLON
    if words.endswith(","):
        words, ends = words[:-1], r"[ \t]*,"
    elif words.endswith(" then"):
        words, ends = words.removesuffix(" then"), r",?[ \t]+then\b,?"
    elif words.endswith("*"):
        words, ends = words[:-1], r"(?![\w'])[ \t]*[:：]?"
    parts = [
        rf"(?:[^:：.!?\n]|\.(?![ \t])){{1,{MOST}}}?" if part == ANY else "[ -]{1,3}".join(map(re.escape, re.split(r"[ -]+", part)))
        for part in re.split(rf" ?({ANY}) ?", words)
        if part
    ]
    ends = ends.replace("ALONE", "" if ANY in words else "|$")
    return rf"(?P<label>{' {1,3}'.join(parts)}){ends}"
