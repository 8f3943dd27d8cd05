"""What an Observation says, as a clinician reads it: value, range, whether it is out of range and who says so, and how far it is
settled. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from interop.careplan.words import Words
from interop.fhir.shapes import Json, chosen, dicts, text
from interop.formats.json import Number

HIGH, LOW, ABNORMAL, NORMAL = "high", "low", "abnormal", "normal"
SAID: Final = {
    "HH": ("Critically high", HIGH), "HU": ("Significantly high", HIGH), "H": ("High", HIGH), "H>": ("Significantly high", HIGH),
    "LL": ("Critically low", LOW), "LU": ("Significantly low", LOW), "L": ("Low", LOW), "L<": ("Significantly low", LOW),
    ">": ("Above what can be measured", HIGH), "<": ("Below what can be measured", LOW),
    "AA": ("Critically abnormal", ABNORMAL), "A": ("Abnormal", ABNORMAL), "POS": ("Positive", ABNORMAL),
    "DET": ("Detected", ABNORMAL),
    "R": ("Resistant", ABNORMAL), "I": ("Intermediate", ABNORMAL), "E": ("Equivocal", ABNORMAL), "IND": ("Indeterminate", ABNORMAL),
    "N": ("Normal", NORMAL), "NEG": ("Negative", NORMAL), "ND": ("Not detected", NORMAL), "S": ("Susceptible", NORMAL),
}  # fmt: skip
"""Words and standing of ObservationInterpretation (HL7 v3, as R4 binds it)."""
CRITICAL: Final = frozenset(("HH", "LL", "AA", "HU", "LU", "H>", "L<"))
STATUS: Final = {
    "registered": "Registered: no result yet",
    "preliminary": "Preliminary: may change",
    "final": "",
    "amended": "Amended: changed after it was final",
    "corrected": "Corrected: an earlier version was wrong",
    "cancelled": "Cancelled",
    "entered-in-error": "Entered in error: do not use",
    "unknown": "Status not known",
    "partial": "Partial: more is to come",
    "appended": "Added to after it was final",
}
"""What is said of a status beside the value; of ``final`` nothing."""
VOID: Final = frozenset(("cancelled", "entered-in-error"))
"""Results that nobody may rely on."""
ABOVE, BELOW = "Above the range", "Below the range"
_NUMBER: Final = r"([-+]?\d+(?:\.\d+)?)"
_SPAN: Final = re.compile(rf"[\[(]?\s*{_NUMBER}\s*(?:-|–|to|\^-\^)\s*{_NUMBER}\s*[\])]?")
_LIMIT: Final = re.compile(rf"(<=|>=|<|>|≤|≥|up to|less than|greater than|more than)\s*{_NUMBER}")
_UPPER: Final = frozenset(("<", "<=", "≤", "up to", "less than"))


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range in the unit of its value: either side may be open; ``words`` as its author has it."""

    low: Decimal | None
    high: Decimal | None
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One value. ``number`` is None for what is no number; ``comparator`` is FHIR's (``<``, ``>=``), '' for none. ``flag`` is high,
    low, abnormal, normal or '' where nobody says and no range tells; ``flag_words`` says it and ``flagged_by`` whether the source
    did or the range does. ``name`` is '' for the Observation itself, else what the component is called."""

    words: str
    number: Decimal | None = None
    comparator: str = ""
    unit: str = ""
    range: Range | None = None
    flag: str = ""
    flag_words: str = ""
    flagged_by: str = ""
    critical: bool = False
    name: str = ""
    codes: tuple[tuple[str, str], ...] = ()


def readings(observation: Json, words: Words) -> list[Reading]:
    """All values of an Observation, its own first and then those of its components; none for one that has no value."""
    own = reading(observation, words)
    parts = [reading(each, words, component=True) for each in dicts(observation, "component")]
    return [each for each in ([own] if own is not None else []) + [part for part in parts if part is not None] if each.words]


def reading(holder: Json, words: Words, *, component: bool = False) -> Reading | None:
    """The value of an Observation or of a component; None where it has none and says nothing of why."""
    value = chosen(holder, "value")
    name = words.of(holder.get("code")) if component else ""
    codes = tuple((text(each, "system"), text(each, "code")) for each in dicts(holder.get("code"), "coding"))
    if value is None:
        reason = words.of(holder.get("dataAbsentReason"))
        flag, flagged, critical = _said(holder, words)
        if not reason and not flagged:
            return None
        return Reading(f"No value: {reason}" if reason else "No value", flag=flag, flag_words=flagged,
                       flagged_by="source" if flagged else "", critical=critical, name=name, codes=codes)  # fmt: skip
    quantity = value[1] if value[0] in ("Quantity", "Integer") else None
    number, comparator, unit = _quantity(quantity)
    limits = _range(holder, words)
    flag, flagged, critical = _said(holder, words)
    by = "source" if flagged else ""
    if not flagged and number is not None and limits is not None:
        flag, flagged = _judged(number, comparator, limits)
        by = "range" if flagged else ""
    said = words.of(quantity) if value[0] != "Quantity" else f"{comparator}{number if number is not None else ''} {unit}".strip()
    said = said if value[0] in ("Quantity", "Integer") else worded(value[0], value[1], words)
    return Reading(said, number, comparator, unit, limits, flag, flagged, by, critical, name, codes)


def worded(kind: str, value: Any, words: Words) -> str:
    """A value that is no quantity."""
    if kind == "SampledData":
        return "A tracing: see its source"
    return words.of(value)


def _quantity(value: Any) -> tuple[Decimal | None, str, str]:
    if isinstance(value, bool) or value is None:
        return None, "", ""
    if isinstance(value, (int, Decimal)):
        return (value if isinstance(value, Number) else Number(str(value))), "", ""
    held = value.get("value") if isinstance(value, dict) else None
    number = Number(str(held)) if isinstance(held, (int, float, Decimal)) and not isinstance(held, bool) else None
    return number, text(value, "comparator"), text(value, "unit") or text(value, "code")


def _said(holder: Json, words: Words) -> tuple[str, str, bool]:
    """How the source interprets it: the gravest that it says."""
    found: list[tuple[int, str, str, bool]] = []
    for concept in dicts(holder, "interpretation"):
        codes = [text(each, "code") for each in dicts(concept, "coding")]
        code = next((each for each in codes if each in SAID), "")
        if code:
            said, flag = SAID[code]
            found.append((0 if code in CRITICAL else 2 if flag == NORMAL else 1, flag, said, code in CRITICAL))
        elif told := words.of(concept):
            found.append((1, ABNORMAL if told.casefold() not in ("normal", "negative") else NORMAL, told, False))
    if not found:
        return "", "", False
    _, flag, said, critical = min(found, key=lambda each: each[0])
    return flag, said, critical


def _range(holder: Json, words: Words) -> Range | None:
    """The range that is for normal values: the first of that type or of no type."""
    for each in dicts(holder, "referenceRange"):
        kinds = {text(code, "code") for code in dicts(each.get("type"), "coding")}
        if kinds - {"normal"}:
            continue
        low, high = (_quantity(each.get(name))[0] for name in ("low", "high"))
        said = text(each, "text")
        if low is None and high is None:
            low, high = limits(said)
        told = said.replace("^-^", "–") or _told(low, high, words, each)
        for_whom = ", ".join(filter(None, (words.of(one) for one in dicts(each, "appliesTo"))))
        if told:
            return Range(low, high, f"{told} ({for_whom})" if for_whom else told)
    return None


def _told(low: Decimal | None, high: Decimal | None, words: Words, said: Json) -> str:
    if low is not None and high is not None:
        return f"{low}–{high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def limits(words: str) -> tuple[Decimal | None, Decimal | None]:
    """A range that a laboratory has written, ``120-160`` or ``<5``: both None for what is no such range as a whole."""
    said = " ".join(words.split()).casefold()
    if (span := _SPAN.fullmatch(said)) is not None:
        low, high = Number(span[1]), Number(span[2])
        return (low, high) if low <= high else (None, None)
    if (limit := _LIMIT.fullmatch(said)) is not None:
        return (None, Number(limit[2])) if limit[1] in _UPPER else (Number(limit[2]), None)
    return None, None


def _judged(number: Decimal, comparator: str, range: Range) -> tuple[str, str]:
    """What the range tells of the number: '' where a comparator leaves it open."""
    at_most, at_least = comparator in ("<", "<="), comparator in (">", ">=")
    if range.high is not None and not at_most and (number > range.high or (comparator == ">" and number == range.high)):
        return HIGH, ABOVE
    if range.low is not None and not at_least and (number < range.low or (comparator == "<" and number == range.low)):
        return LOW, BELOW
    return "", ""
