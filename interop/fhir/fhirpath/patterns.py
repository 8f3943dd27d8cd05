"""Regular expressions with bounds (N1 2.0.0, matches, replaceMatches)."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError, TooCostly

LENGTH, SIZE = 2000, 20_000
"""The longest pattern in characters, and the largest with its counted repeats written out."""

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


def _size(text: str) -> int:
    """How long a pattern is when repeats are written out as often as they must occur."""
    totals, last = [0], 0
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match[1]:
            totals[-1] += last * (min(int(match[1][:7]), SIZE) - 1)
            last *= min(int(match[1][:7]), SIZE)
        elif piece == "(":
            totals.append(0)
        elif piece == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        else:
            last = 1
            totals[-1] += 1
        if totals[-1] > SIZE:
            return totals[-1]
    return sum(totals)


@lru_cache(maxsize=512)
def pattern(text: str) -> Any:
    """A compiled pattern in which a dot matches line ends too; raises FhirPathError."""
    if len(text) > LENGTH or _size(text) > SIZE:
        raise FhirPathError("the regular expression is too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return regex.compile(text, regex.DOTALL)
    except (regex.error, RecursionError, OverflowError, ValueError, MemoryError):
        raise FhirPathError("not a regular expression") from None


def timed(state: State, work: Callable[[float], Any]) -> Any:
    """Do what takes a time limit in seconds, within what is left to the evaluation; raises TooCostly."""
    if state.regex_seconds <= 0:
        raise TooCostly("regular expressions take too long")
    begun = time.perf_counter()
    try:
        return work(state.regex_seconds)
    except TimeoutError:
        raise TooCostly("a regular expression takes too long") from None
    finally:
        state.regex_seconds -= time.perf_counter() - begun
