"""Our reading of fields, repetitions, components and subcomponents beside hl7apy's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import InvalidName
from hl7apy.parser import parse_segment

from interop.formats import er7

Place = tuple[int, int, int, int]
VERSIONS = ("2.8.2", "2.5.1", "2.4", "2.3")
"""A place that one version lacks, or has withdrawn, another names."""
NEWER = {("OBX", 32)}
"""Fields of 2.9, which hl7apy does not know."""


def test_hl7apy_finds_the_same_values_at_the_same_places(admission: str) -> None:
    assert agreeing([admission.encode()]) > 60


@pytest.mark.timeout(300)
def test_hl7apy_agrees_on_every_field_of_every_sample(shared: Callable[[str], Path]) -> None:
    """International and ITK messages of all events."""
    files = [*shared("samples/acute/hl7v2/input").iterdir(), *shared("samples/acute/itk").glob("*.txt")]
    bodies = []
    for file in sorted(files):
        with file.open("rb") as stream:
            bodies += list(er7.messages(stream))
    assert len(bodies) >= len(files)
    assert agreeing(bodies) > 100 * len(files)


def agreeing(bodies: list[bytes]) -> int:
    """How many values hl7apy has at the same places; fails on a value that is elsewhere or otherwise, or that it does not find."""
    seen: dict[str, int] = {}
    for body in bodies:
        message = er7.Message.parse(body)
        for fields in message.segments[1:]:
            line = message.delimiters.field.join(fields)
            if line not in seen:
                seen[line] = agreed(line, ours_of(fields, message.delimiters))
    return sum(seen.values())


def agreed(line: str, ours: dict[Place, str]) -> int:
    """How many values of a segment agree, which must be all."""
    left = {place for place in ours if (line[:3], place[0]) not in NEWER}
    count = len(left)
    for version in VERSIONS:
        for place, value in theirs_of(line, version).items():
            said = ours[place]
            assert value in (said, said.lstrip("0")), place  # hl7apy reads SI and NM as numbers
            left.discard(place)
        if not left:
            break
    assert left == set(), line[:3]
    return count


def ours_of(fields: list[str], delimiters: er7.Delimiters) -> dict[Place, str]:
    found = {}
    for number, field in enumerate(fields[1:], 1):
        for turn, repetition in enumerate(field.split(delimiters.repetition), 1):
            for place, component in enumerate(repetition.split(delimiters.component), 1):
                for part, value in enumerate(component.split(delimiters.subcomponent), 1):
                    if value:
                        found[number, turn, place, part] = value
    return found


def theirs_of(line: str, version: str) -> dict[Place, str]:
    """The values that hl7apy finds in places that this version names."""
    try:
        segment = parse_segment(line, version=version, validation_level=VALIDATION_LEVEL.TOLERANT)
    except InvalidName:
        return {}
    found: dict[Place, str] = {}
    turns: dict[int, int] = {}
    for field in segment.children:
        number = ordinal(field, 0)
        turns[number] = turns.get(number, 0) + 1
        for place, component in enumerate(field.children, 1):
            for part, sub in enumerate(component.children, 1):
                where = number, turns[number], ordinal(component, place), ordinal(sub, part)
                if all(where) and (value := sub.to_er7()):
                    found[where] = value
    return found


def ordinal(element: Any, otherwise: int) -> int:
    """The number at the end of a name such as PID_3 or CX_4; elements of a simple type have none, what is not named is 0."""
    if element.name is None:
        return 0
    digits = element.name.rpartition("_")[2]
    return int(digits) if digits.isdigit() else otherwise
