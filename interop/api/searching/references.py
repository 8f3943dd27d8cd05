"""Values of references (FHIR R4 search, 3.1.1.4.12)."""

from __future__ import annotations

import re
from typing import Final

from interop.api.searching.combining import NOTHING, any_of
from interop.api.searching.escapes import plain
from interop.api.searching.ground import Ground
from interop.api.searching.unsupported import malformed
from interop.fhir import facts
from interop.fhir.parameters import SearchParameter
from interop.store.where import Ids, Person, Reference, Where

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LITERAL: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?")
PATIENT: Final = "patient"
FEW: Final = 8
"""Up to so many types, a bare id is also looked for under our own absolute address."""
PERSONS: Final = (PATIENT, "subject")
"""Parameters that find whatever is about the same person, whichever Patient it names."""


def ids(name: str, value: str) -> Where:
    """``_id``."""
    text = plain(value)
    if not ID.fullmatch(text):
        raise malformed(name, "an id is wanted")
    return Ids((text,))


def reference(ground: Ground, parameter: SearchParameter, name: str, value: str, narrowed: str = "") -> Where:
    """``id``, ``Type/id`` or a URL. ``narrowed`` is the type of a modifier such as ``:Patient``. A version that is named is looked
    for as it is written, save where the person is meant."""
    text = plain(value)
    if ":" in text and text.startswith(ground.base + "/"):
        text = text[len(ground.base) + 1 :]
    found = _LITERAL.fullmatch(text)
    if found is not None and found[1] in facts.resource_types():
        if narrowed and found[1] != narrowed:
            return NOTHING
        if found[1] == "Patient" and name in PERSONS:
            return Person(name, (found[2],))
        return Reference(name, (text, f"{ground.base}/{text}") if ground.base else (text,))
    if ID.fullmatch(text):
        types = (narrowed,) if narrowed else parameter.targets or tuple(sorted(facts.resource_types()))
        if name == PATIENT and "Patient" in types:
            return Person(name, (text,))
        person = "Patient" in types and name in PERSONS
        local = tuple(f"{type_}/{text}" for type_ in types if not (person and type_ == "Patient"))
        if len(local) <= FEW and ground.base:
            local += tuple(f"{ground.base}/{each}" for each in local)
        local += (text,)  # a canonical may be relative, and be written so
        if person:
            return any_of([Person(name, (text,)), Reference(name, local)]) if local else Person(name, (text,))
        return Reference(name, local)
    if ":" not in text:
        raise malformed(name, "an id, Type/id or a URL is wanted")
    return Reference(name, (text,))
