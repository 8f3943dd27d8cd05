"""Writing generated messages: MLLP frames or ndjson in one file, or a file each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from conformance.generate.families import Family, Message


class Format(StrEnum):
    """How messages are written."""

    MLLP = "mllp"
    FILES = "files"
    NDJSON = "ndjson"


class Unsuitable(ValueError):
    """The format cannot carry the families asked for; the text says why."""


_WANTS = {Format.MLLP: ("hl7", "MLLP frames carry HL7 v2"), Format.NDJSON: ("json", "ndjson carries one JSON resource a line")}


def suitable(form: Format | None, families: list[Family]) -> Format:
    """The format to use: the one asked for, else the natural one of a single family, else files. Raises Unsuitable."""
    suffixes = {family.suffix for family in families}
    if form is None:
        natural = {"hl7": Format.MLLP, "json": Format.NDJSON}
        return natural.get(next(iter(suffixes)), Format.FILES) if len(suffixes) == 1 else Format.FILES
    if form in _WANTS and suffixes != {_WANTS[form][0]}:
        raise Unsuitable(f"{_WANTS[form][1]}; write {', '.join(family.name for family in families)} as files")
    return form


def write_stream(messages: Iterable[Message], form: Format, to: BinaryIO) -> int:
    """Frame each message (``<VT>`` body ``<FS><CR>``) or end it with a line feed; returns how many."""
    before, after = (b"\x0b", b"\x1c\r") if form is Format.MLLP else (b"", b"\n")
    count = 0
    for count, message in enumerate(messages, 1):  # noqa: B007
        to.write(before + message.body + after)
    return count


def write_files(messages: Iterable[Message], folder: Path) -> int:
    """One file each, numbered in order, named for the family; a thousand to a folder where there are more. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, message in enumerate(messages, 1):
        part = folder if count <= 1000 else folder / f"{(count - 1) // 1000:05d}"
        if count % 1000 == 1:
            part.mkdir(exist_ok=True)
        (part / f"{count:08d}-{message.family.name}.{message.family.suffix}").write_bytes(message.body)
    return count
