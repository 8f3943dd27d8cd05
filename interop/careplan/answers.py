"""What the answer to a question makes of it: a code whose value is no is denied by it, and is confirmed by nothing but a yes."""

from __future__ import annotations

from typing import Any, Final

from interop.careplan.words import codes
from interop.fhir.searching.text import plain
from interop.fhir.shapes import Json, chosen, text

YES, NO, OTHER, UNANSWERED = "yes", "no", "other", "unanswered"
_CODES: Final = {"373066001": YES, "52101004": YES, "Y": YES, "373067005": NO, "2667000": NO, "N": NO}
"""SNOMED CT Yes, Present, No, Absent; HL7 table 0136."""
_WORDS: Final = {"yes": YES, "true": YES, "present": YES, "y": YES, "no": NO, "false": NO, "absent": NO, "n": NO}


def answer(place: Json) -> str:
    """How an Observation, a component or an answer is answered: '' where it asks nothing, else one of the words above."""
    held = chosen(place, "value")
    if held is None:
        return UNANSWERED if "dataAbsentReason" in place else ""
    return bare(held[1]) or OTHER


def bare(value: Any) -> str:
    """``yes`` or ``no`` for a value that says no more than that, else ''."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, str):
        return _WORDS.get(plain(value).rstrip(" .;"), "")
    found = {_CODES.get(code.code, "") for code in codes(value)} - {""}
    said = text(value, "text")
    if said:
        found.add(bare(said))
    return found.pop() if len(found) == 1 else ""
