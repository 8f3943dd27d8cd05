"""Which source fields reach the output of a converter: those whose removal, alone, changes it.

The same question is put to every converter, whatever it makes of a value (a code, a date, an id): each populated component of
a message is blanked in turn, and the outputs of message and variant are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Converter = Callable[[list[bytes]], list[Any]]
"""Messages to outputs, None where one is refused."""
METHOD = "a source component counts as carried where blanking it alone changes the Bundle (Provenance and message file aside)"


def variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Place and message without the value there, for each populated component but MSH-1 and MSH-2."""
    segments = body.rstrip(b"\r").split(b"\r")
    for at, segment in enumerate(segments):
        fields = segment.split(b"|")
        name = fields[0].decode()
        header = name == "MSH"
        for number, field in enumerate(fields):
            if not field or number == 0 or (header and number == 1):
                continue
            repetitions = field.split(b"~")
            for which, repetition in enumerate(repetitions):
                components = repetition.split(b"^")
                for part, component in enumerate(components):
                    if not component:
                        continue
                    less = b"^".join([*components[:part], b"", *components[part + 1 :]])
                    whole = b"~".join([*repetitions[:which], less, *repetitions[which + 1 :]])
                    line = b"|".join([*fields[:number], whole, *fields[number + 1 :]])
                    place = f"{name}[{at}]-{number + header}[{which}].{part + 1}"
                    yield place, b"\r".join([*segments[:at], line, *segments[at + 1 :]]) + b"\r"


def carried(bodies: list[bytes], convert: Converter) -> tuple[int, int]:
    """How many of the populated components of all these messages are carried, and how many there are."""
    work: list[bytes] = []
    owners: list[int] = []
    for owner, body in enumerate(bodies):
        for _, variant in variants(body):
            work.append(variant)
            owners.append(owner)
    plain = convert(bodies)
    outputs = convert(work)
    changed = sum(output != plain[owner] for output, owner in zip(outputs, owners, strict=True))
    return changed, len(work)
