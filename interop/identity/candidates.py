"""Which records are worth comparing with a Patient: searches of the index, so that nobody is compared with everybody."""

from __future__ import annotations

from typing import Final

from interop.fhir.searching import interval, normalise
from interop.fhir.shapes import Json, dicts, text, texts
from interop.store.where import All, Span, Text, Token, Where

VALUES: Final = 5
"""Identifiers, names, addresses and contacts of each kind that are looked for."""


def candidates(patient: Json) -> list[Where]:
    """The searches that find who may be the same: who shares an identifier, or two of family name, given name, date of birth and
    postcode."""
    families, givens, born, places = _parts(patient)
    wheres: list[Where] = [
        Token("identifier", text(each, "value"), text(each, "system") or None)
        for each in dicts(patient, "identifier")[:VALUES]
        if text(each, "value")
    ]
    for ones, others in ((families, born), (givens, born), (places, born), (families, givens), (families, places)):
        wheres += [All((one, other)) for one in ones for other in others]
    return wheres


def more_candidates(patient: Json) -> list[Where]:
    """Who was born on the same day, whatever the names; who shares a given name and postcode, or a telephone number or e-mail; who
    has the names in the other fields."""
    _, givens, born, places = _parts(patient)
    wheres: list[Where] = [*born, *(All((given, place)) for given in givens for place in places)]
    contacts = [text(each, "value") for each in dicts(patient, "telecom")[:VALUES]]
    wheres += [Token("telecom", value) for value in contacts if value]
    for name in dicts(patient, "name")[:1]:
        family, given = text(name, "family"), texts(name, "given")[:1]
        if family and given:
            wheres.append(All((Text("family", normalise(given[0])), Text("given", normalise(family)))))
    return wheres


def _parts(patient: Json) -> tuple[list[Where], list[Where], list[Where], list[Where]]:
    names = dicts(patient, "name")[:VALUES]
    families: list[Where] = [Text("family", normalise(family)) for each in names if (family := text(each, "family"))]
    givens: list[Where] = [Text("given", normalise(given)) for each in names for given in texts(each, "given")[:1] if given]
    span = interval(text(patient, "birthDate")) if text(patient, "birthDate") else None
    born: list[Where] = [Span("birthdate", "eq", *span)] if span else []
    codes = [text(each, "postalCode") for each in dicts(patient, "address")[:VALUES]]
    return families, givens, born, [Text("address-postalcode", normalise(code)) for code in codes if code]
