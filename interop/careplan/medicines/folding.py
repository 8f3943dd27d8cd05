"""The fold: every statement of a person's medicines about one stay, whatever order they come in.

Nothing is resolved silently: a medicine is called stopped, started or unchanged only where a source says so, and what sources do
not agree in is shown side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interop.careplan.medicines.comparing import ENDED, change
from interop.careplan.medicines.naming import grouped
from interop.careplan.medicines.reading import TYPES, Reader
from interop.careplan.medicines.stays import stay_of
from interop.careplan.medicines.values import AFTER, KINDS, LATER, TAKING, UNDATED, Aside, Changes, Told
from interop.careplan.plan import Given
from interop.careplan.resolving import Resolving
from interop.fhir.shapes import text

SINCE: Final = "begun since the stay began, by others than the hospital"
OVER: Final = "over, nobody says when"


def changes(given: Iterable[Given], encounter: str) -> Changes:
    """What became of each medicine in the stay of that Encounter.

    ``given`` are resources that the asker may see: the person's Encounters, Compositions, Lists, what is said of medicines (with
    versions before the stay, where they are held) and what they refer to. Never raises, whatever they hold."""
    every = {(text(each.resource, "resourceType"), text(each.resource, "id"), each.version): each for each in given}
    known = [every[key] for key in sorted(every)]
    present = {(text(each.resource, "resourceType"), text(each.resource, "id")): each for each in known}
    stay = stay_of(present.values(), encounter)
    if stay is None:
        return Changes(None)
    reader = Reader(stay, Resolving(present.values()))
    told: list[Told] = []
    aside: list[Aside] = []
    versions: dict[tuple[str, str], list[Given]] = {}
    for each in known:
        if text(each.resource, "resourceType") in TYPES:
            versions.setdefault((text(each.resource, "resourceType"), text(each.resource, "id")), []).append(each)
    for several in versions.values():
        found, left = reader.read(several)
        told += found
        aside += left
    after = sorted({each.name for each in told if each.side == AFTER and each.standing not in ENDED})
    lines = []
    for by, group in grouped(told):
        sides = {each.side for each in group}
        if sides == {LATER} or (sides == {UNDATED} and all(each.standing != TAKING for each in group)):
            aside += [Aside(each.origin, SINCE if sides == {LATER} else OVER) for each in group]
        else:
            lines.append(change(group, by, stay, after))
    lines.sort(key=lambda each: (KINDS.index(each.kind), each.name.casefold(), each.told[0].order))
    aside.sort(key=lambda each: (each.origin.type, each.origin.id, each.origin.version))
    return Changes(stay, tuple(lines), tuple(aside))
