"""``Location.near`` (FHIR R4, Location search parameters)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from interop.api.searching.escapes import plain, split
from interop.api.searching.unsupported import malformed
from interop.fhir.searching import base_units
from interop.store.where import Near, Where

DISTANCE: Final = "50"
"""Kilometres, where the search says no distance: the standard leaves it to the server."""
FARTHEST: Final = 20_100_000
"""Metres: half around the globe."""
_MILES: Final = {"mi": "[mi_i]", "mile": "[mi_i]", "miles": "[mi_i]"}


def near(name: str, value: str) -> Where:
    """``latitude|longitude|distance|units``; units of UCUM, without them km."""
    parts = [plain(part).strip() for part in split(value, "|")]
    if not 2 <= len(parts) <= 4:
        raise malformed(name, "latitude|longitude|distance|units is wanted")
    latitude, longitude = (_number(name, part) for part in parts[:2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise malformed(name, "latitude and longitude are wanted in degrees")
    distance = _number(name, parts[2] if len(parts) > 2 and parts[2] else DISTANCE)
    unit = parts[3] if len(parts) > 3 and parts[3] else "km"
    found = base_units(distance, _MILES.get(unit, unit))
    if found is None or found[1] != "m" or distance < 0:
        raise malformed(name, "the distance is wanted in a unit of length, such as km or m")
    return Near(name, float(latitude), float(longitude), min(float(found[0]), FARTHEST))


def _number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text.replace(" ", "+"))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or len(text) > 40 or abs(found) > 10**9:
        raise malformed(name, "latitude|longitude|distance|units is wanted")
    return found
