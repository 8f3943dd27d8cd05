"""What occurs several times in a message and is one resource: HL7 v2 sends a text with an OBX for each line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from interop.mapping.contribution import Contribution


def join(before: Contribution, again: Contribution) -> Contribution:
    """Two occurrences of a resource as one: texts of its value line by line, lists put together; else the first counts."""
    registers = dict(before.registers)
    for name, value in again.registers.items():
        known = registers.get(name)
        if known is None:
            registers[name] = value
        elif isinstance(known, list) and isinstance(value, list):
            registers[name] = known + [each for each in value if each not in known]
        elif name == "valueString":
            registers[name] = f"{known}\n{value}"
    return replace(before, registers=registers, derived=None)


def name_once(made: Contribution) -> None:
    """A list names what was joined once."""
    for name, value in made.registers.items():
        if isinstance(value, list) and len(value) > 1 and all(isinstance(each, dict) and "reference" in each for each in value):
            once: list[Any] = []
            for each in value:
                if each not in once:
                    once.append(each)
            if len(once) < len(value):
                made.registers[name] = once
