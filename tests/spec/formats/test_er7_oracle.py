"""Our reading of fields, repetitions, components and subcomponents beside hl7apy's."""

from __future__ import annotations

from typing import Any

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_segment

from interop.formats import er7


def test_hl7apy_finds_the_same_values_at_the_same_places(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    lines = admission.split("\r")
    checked = 0
    for position, line in enumerate(lines):
        if not line.startswith(("MSH", "Z")):
            theirs = theirs_of(line)
            assert ours_of(message.segments[position], message.delimiters) == theirs
            checked += len(theirs)
    assert checked > 60


def ours_of(fields: list[str], delimiters: er7.Delimiters) -> dict[tuple[int, int, int, int], str]:
    found = {}
    for number, field in enumerate(fields[1:], 1):
        for turn, repetition in enumerate(field.split(delimiters.repetition), 1):
            for place, component in enumerate(repetition.split(delimiters.component), 1):
                for part, value in enumerate(component.split(delimiters.subcomponent), 1):
                    if value:
                        found[number, turn, place, part] = value
    return found


def theirs_of(line: str) -> dict[tuple[int, int, int, int], str]:
    segment = parse_segment(line, version="2.4", validation_level=VALIDATION_LEVEL.TOLERANT)
    found: dict[tuple[int, int, int, int], str] = {}
    turns: dict[int, int] = {}
    for field in segment.children:
        number = ordinal(field, 0)
        turns[number] = turns.get(number, 0) + 1
        for place, component in enumerate(field.children, 1):
            for part, sub in enumerate(component.children, 1):
                value = sub.to_er7()
                if value:
                    found[number, turns[number], ordinal(component, place), ordinal(sub, part)] = value
    return found


def ordinal(element: Any, otherwise: int) -> int:
    """The number at the end of a name such as PID_3 or CX_4; elements of a simple type have none."""
    digits = (element.name or "").rpartition("_")[2]
    return int(digits) if digits.isdigit() else otherwise
