"""The delimiters that MSH-1 and MSH-2 declare (HL7 v2.4, 2.8 and 2.16.9.1, 2.16.9.2)."""

from __future__ import annotations

from typing import NamedTuple

from interop.errors import Problem


class Delimiters(NamedTuple):
    """One character each; ``''`` where a short MSH-2 declares none, and then nothing is split or escaped by it."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


STANDARD = Delimiters("|", "^", "~", "\\", "&")
_STANDARD_START = "MSH|^~\\&|"


def declared(text: str) -> Delimiters:
    """The delimiters of a message that begins with MSH.

    MSH-2 has one to four characters (a fifth, for truncation since v2.7, is allowed and not used), no two of them equal.
    Raises Problem ``unreadable`` with ``where`` MSH, MSH-1 or MSH-2.
    """
    if text.startswith(_STANDARD_START):
        return STANDARD
    if not text.startswith("MSH") or len(text) < 5:
        raise Problem("unreadable", where="MSH", detail="a message begins with the segment MSH")
    field = text[3]
    if field.isalnum() or field in "\r\n":
        raise Problem("unreadable", where="MSH-1", detail="the field separator is neither a letter nor a digit nor a line end")
    head, found, _ = text[4:10].partition(field)
    if not found or "\r" in head or "\n" in head:
        raise Problem("unreadable", where="MSH", detail="the segment ends before MSH-3 or MSH-2 is too long")
    if not head or len({field, *head}) <= len(head):
        raise Problem("unreadable", where="MSH-2", detail="MSH-2 declares one to four different characters")
    component, repetition, escape, subcomponent = [*head, "", "", ""][:4]
    return Delimiters(field, component, repetition, escape, subcomponent)
