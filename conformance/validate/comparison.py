"""Two validators on one file: what both say, what only we say, and what only the other says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from interop.fhir.findings import ERROR, INFORMATION, WARNING

_CHOICE = re.compile(r"\.(?:ofType|as)\((\w+)\)")
_SLICE = re.compile(r":[\w-]+")
_ENTRY = re.compile(r"/\*[^*]*\*/")
_PLACE = re.compile(r"\[(\d+)\]")
_LACKS = re.compile(r"(?:Slice ')?[\w.:\[\]-]*\.(\w+)(?:\[x\])?(?::[\w-]+)*'?: minimum required")
_UNABLE = "Unable to check"
_SEVERITIES = {"fatal": ERROR, ERROR: ERROR, WARNING: WARNING, INFORMATION: INFORMATION}


class Said(NamedTuple):
    """What one of them says: the severity, and where; ``message`` is for the reader and is not compared."""

    severity: str
    expression: str
    message: str = ""


class Comparison(NamedTuple):
    """The two sides of one file, each in the order in which it was said."""

    both: list[Said]
    ours: list[Said]
    theirs: list[Said]

    @property
    def agrees(self) -> bool:
        """Whether neither says what the other does not."""
        return not self.ours and not self.theirs


def normal(expression: str) -> str:
    """An expression as both write it: ``value.ofType(Quantity)`` as ``valueQuantity``, without comments and slice names, and a
    place of 0 left out, for where an element does not repeat one of them writes it and the other does not."""
    text = _CHOICE.sub(lambda found: found[1][:1].upper() + found[1][1:], _ENTRY.sub("", expression))
    text = _SLICE.sub("", text.replace("[x]", ""))
    return _PLACE.sub(lambda found: "" if found[1] == "0" else found[0], text)


def compare(ours: Iterable[Said], theirs: Iterable[Said]) -> Comparison:
    """Match by severity and normalised expression; errors and warnings only, for what is informative is each one's own.

    What is missing one of them tells of the element that lacks it, the other of the element itself: that is one place."""
    left, right = _graver(ours), _graver(theirs)
    open_: Counter[tuple[str, str]] = Counter(_key(each) for each in right)
    both: list[Said] = []
    only_ours: list[Said] = []
    for each in left:
        if open_[_key(each)] > 0:
            open_[_key(each)] -= 1
            both.append(each)
        else:
            only_ours.append(each)
    matched = Counter(_key(each) for each in both)
    only_theirs: list[Said] = []
    for each in right:
        if matched[_key(each)] > 0:
            matched[_key(each)] -= 1
        else:
            only_theirs.append(each)
    return Comparison(both, only_ours, only_theirs)


def _graver(said: Iterable[Said]) -> list[Said]:
    """Errors and warnings; what the other could not check it calls a warning, and it is none."""
    known = [each._replace(severity=_SEVERITIES.get(each.severity, each.severity)) for each in said]
    return [each for each in known if each.severity in (ERROR, WARNING) and not each.message.startswith(_UNABLE)]


def _key(said: Said) -> tuple[str, str]:
    expression = normal(said.expression)
    lacks = _LACKS.match(said.message)
    if lacks is not None and expression.rpartition(".")[2] != lacks[1]:
        expression = f"{expression}.{lacks[1]}"
    return said.severity, expression
