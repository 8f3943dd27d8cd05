"""What the answer to a question makes of it: a code whose value is no is denied by it, and is confirmed by nothing but a yes."""

from __future__ import annotations

from typing import Any, Final

from interop.careplan.tables import Content
from interop.careplan.words import NOT, codes
from interop.fhir.searching.text import plain
from interop.fhir.shapes import Json, chosen, text

YES, NO, OTHER, UNANSWERED = "yes", "no", "other", "unanswered"
FALSE: Final = "Not so: "
"""Begins what an Observation names by its code and denies by its value."""
ASKED: Final = "Not answered: "
"""Begins what an Observation names by its code and says nothing of but why (``dataAbsentReason``)."""
GRANTED: Final = {"permit": "Permitted: ", "deny": "Refused: "}
"""Begins what a provision of a Consent is about (FHIR R4, Consent.provision.type)."""
UNSAID: Final = "Not said whether refused: "
"""Begins what a provision is about that does not tell its type."""
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


def negated(place: Any, row: Content, at: str) -> str:
    """What turns the meaning of a part round, as words before it: ``doNotPerform`` of it or its detail, the kind of a provision,
    or where its code is what is said the value that denies it, or that there is none."""
    if not isinstance(place, dict):
        return ""
    detail = place.get("detail")
    if place.get("doNotPerform") is True or (isinstance(detail, dict) and detail.get("doNotPerform") is True):
        return NOT
    if row.type == "Consent" and row.each.text:
        return GRANTED.get(text(place, "type"), UNSAID)
    if row.type != "Observation" or at != "code":
        return ""
    return {NO: FALSE, UNANSWERED: ASKED}.get(answer(place), "")
