"""Fields without which a message cannot be told apart or put anywhere (HL7 v2.4 chapters 3, 7, 9, 10, 11 and 12, usage R).

Fewer than the standard requires: what a receiver can do without is not asked of a sender that leaves it out.
"""

from __future__ import annotations

from typing import Final

from interop.formats.er7 import Header

_VISIT: Final = ("PID-3", "PV1-2")
_VISITS: Final = "A01 A02 A03 A04 A05 A06 A07 A09 A10 A11 A12 A13 A14 A15 A16 A21 A22 A23 A25 A26 A27 A32 A33 A38 A52 A53 A54 A55"
_MERGES: Final = "A18 A30 A34 A36 A39 A40 A46 A47 A48"
REQUIRED: Final = {
    **{f"ADT^{event}": _VISIT for event in _VISITS.split()},
    **{f"ADT^{event}": ("PID-3",) for event in ("A08", "A17", "A28", "A29", "A31", "A60")},
    **{f"ADT^{event}": ("PID-3", "MRG-1") for event in _MERGES.split()},
    **{f"ADT^{event}": ("PID-3",) for event in ("A24", "A35", "A37", "A41", "A43", "A44", "A49")},
    **{f"ADT^{event}": ("PID-3", "MRG-5") for event in ("A42", "A50", "A51")},
    "ADT^A20": ("NPU-1",),
    "ADT^A45": _VISIT,
    "ORU^R01": ("PID-3", "OBR"),
    **{f"MDM^T{number:02}": ("PID-3", "TXA") for number in range(1, 12)},
    **{f"PPR^{event}": ("PID-3", "PRB") for event in ("PC1", "PC2", "PC3")},
    **{f"REF^I{number}": ("PID-3", "RF1") for number in range(12, 16)},
    **{f"SIU^{event}": ("SCH",) for event in ("S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19", "S22", "S26")},
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
