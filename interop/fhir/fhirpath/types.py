"""Types and what they are built on (FHIR R4, types; N1 2.0.0, types and reflection)."""

from __future__ import annotations

from functools import lru_cache

from interop.fhir import facts
from interop.fhir.tables import table

SYSTEM = frozenset(("Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"))


@lru_cache(maxsize=8192)
def base(name: str) -> str:
    """The type that a type or backbone element is built on; '' for none."""
    known = table("structures").get(name)
    return str(known[1]) if known else ""


@lru_cache(maxsize=8192)
def ancestors(name: str) -> tuple[str, ...]:
    """A type and all it is built on."""
    found = []
    while name:
        found.append(name)
        name = base(name)
    return tuple(found)


@lru_cache(maxsize=8192)
def known(specifier: str) -> bool:
    """Whether a type specifier, with or without ``FHIR.`` or ``System.``, names a type."""
    space, _, name = specifier.rpartition(".")
    fhir = (name in table("structures") and "." not in name) or name in ("SimpleQuantity", "MoneyQuantity")
    return (space in ("", "FHIR") and fhir) or (space in ("", "System") and name in SYSTEM)


@lru_cache(maxsize=8192)
def is_a(actual: str, specifier: str) -> bool:
    """Whether an item's type is the one specified, or built on it."""
    if actual.startswith("System."):
        return specifier in (actual, actual[7:])
    name = specifier.removeprefix("FHIR.")
    return not specifier.startswith("System.") and name in ancestors(actual)


@lru_cache(maxsize=8192)
def is_loosely(actual: str, specifier: str) -> bool:
    """As ``is_a``; the bare name of a system type means the primitive of FHIR too, as R4's invariants have it (``is Boolean``)."""
    if is_a(actual, specifier):
        return True
    return specifier in SYSTEM and is_a(actual, _lowered(specifier))


def _lowered(specifier: str) -> str:
    return specifier[:1].lower() + specifier[1:]


@lru_cache(maxsize=8192)
def casts(actual: str, specifier: str) -> bool:
    """Whether ``as`` and ``ofType`` keep an item of that type: a primitive only as the very type it has.

    The bare name of a system type means the primitive of FHIR too (``as String``).
    """
    if facts.kind(actual) == "primitive":
        return actual in (specifier.removeprefix("FHIR."), _lowered(specifier) if specifier in SYSTEM else "")
    return is_a(actual, specifier)


@lru_cache(maxsize=8192)
def shown(actual: str) -> tuple[str, str]:
    """Namespace and name of an item's type; a backbone element is one of BackboneElement or Element."""
    if actual.startswith("System."):
        return "System", actual[7:]
    return "FHIR", base(actual) if "." in actual else actual
