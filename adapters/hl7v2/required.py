"""Fields without which a message cannot be told apart or put anywhere (HL7 v2.4 chapters 3, 7, 9, 10 and 11, usage R).

Fewer than the standard requires: what a receiver can do without is not asked of a sender that leaves it out.
"""

from __future__ import annotations

from typing import Final

from interop.formats.er7 import Header

_VISIT: Final = ("PID-3", "PV1-2")
REQUIRED: Final = {
    **{f"ADT^{event}": _VISIT for event in ("A01", "A02", "A03", "A04", "A05", "A11", "A12", "A13")},
    **{f"ADT^{event}": ("PID-3",) for event in ("A08", "A28", "A31")},
    "ADT^A40": ("PID-3", "MRG-1"),
    "ORU^R01": ("PID-3", "OBR"),
    **{f"MDM^T{number:02}": ("PID-3", "TXA") for number in range(1, 12)},
    **{f"REF^I{number}": ("PID-3", "RF1") for number in range(12, 16)},
    **{f"SIU^{event}": ("SCH",) for event in ("S12", "S13", "S14", "S15", "S26")},
}
"""By message type: a segment, or a field of its first occurrence, that must be valued."""
IF_PRESENT: Final = ("PV1-2",)
"""Fields that must be valued in these messages wherever their segment is sent (PV1-2: chapter 3, 3.4.3.2)."""


def missing(message: str, head: Header) -> str:
    """The first field or segment that ``message`` requires and has not; empty where none is, or the type is not in the table."""
    required = REQUIRED.get(message)
    if required is None:
        return ""
    first, separator = head.first, head.delimiters.field
    for place in required:
        segment, _, field = place.partition("-")
        line = first.get(segment + separator)
        if line is None or (field and not _valued(line, int(field), head)):
            return place
    for place in IF_PRESENT:
        segment, _, field = place.partition("-")
        line = first.get(segment + separator)
        if line is not None and not _valued(line, int(field), head):
            return place
    return ""


def _valued(line: str, field: int, head: Header) -> bool:
    """Whether a repetition of the field has a first component that is neither empty nor the delete indicator."""
    fields = line.split(head.delimiters.field, field + 1)
    if len(fields) <= field or not fields[field]:
        return False
    repetition, component = head.delimiters.repetition, head.delimiters.component
    for value in fields[field].split(repetition) if repetition else (fields[field],):
        said = (value.split(component, 1)[0] if component else value).strip()
        if said and said != '""':
            return True
    return False
