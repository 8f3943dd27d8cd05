"""Which datatypes each type of search parameter takes, and what makes rows of them (FHIR R4 search, section 3.1.1.4)."""

from __future__ import annotations

from typing import Final

from interop.fhir.searching import pointers, quantities, strings, times, tokens
from interop.fhir.searching.making import Convert, Make, always

_TEXTS: Final = ("string", "id", "markdown", "uri", "url", "canonical", "oid", "uuid")
FAMILY: Final = "family"
"""The parameter, and what stands for the datatype, of family names by themselves."""
_URIS: Final = ("uri", "url", "oid", "uuid")
_QUANTITIES: Final = ("Quantity", "Age", "Count", "Distance", "Duration", "Money")
_NUMBERS: Final = ("decimal", "integer", "positiveInt", "unsignedInt")

_FIXED: Final[dict[str, dict[str, Convert]]] = {
    "token": {
        "Coding": tokens.coding,
        "CodeableConcept": tokens.concept,
        "Identifier": tokens.identifier,
        "ContactPoint": tokens.contact,
        "boolean": tokens.boolean,
    },
    "string": {
        "HumanName": strings.parts(strings.NAME),
        "Address": strings.parts(strings.ADDRESS),
        "code": strings.string,
        FAMILY: strings.family,
        **dict.fromkeys(_TEXTS, strings.string),
    },
    "reference": {
        "Reference": pointers.reference,
        "Resource": pointers.resource,
        "canonical": pointers.canonical("reference"),
        **dict.fromkeys(_URIS, pointers.canonical("reference")),
    },
    # A string is no date, but where R4 lets one stand in its place (CarePlan.activity.detail.scheduled) people write dates.
    "date": {
        **dict.fromkeys(("date", "dateTime", "instant", "string"), times.date),
        "Period": times.period,
        "Timing": times.timing,
    },
    "number": {**dict.fromkeys(_NUMBERS, quantities.number), "Range": quantities.covers("number")},
    "quantity": {**dict.fromkeys(_QUANTITIES, quantities.quantity), "Range": quantities.covers("quantity")},
    "uri": {**dict.fromkeys(_URIS, pointers.canonical("uri")), "canonical": pointers.canonical("uri")},
    "special": {"Location.position": quantities.position},
}
CONVERTERS: Final[dict[str, dict[str, Make]]] = {
    type_: {datatype: always(convert) for datatype, convert in known.items()} for type_, known in _FIXED.items()
}
CONVERTERS["token"].update({**dict.fromkeys(("code", *_TEXTS), tokens.code), "string": tokens.word})
"""Parameter type -> datatype -> maker of a converter from the required value set."""
