"""Which stay is meant, and what its letters hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from interop.careplan.medicines.values import Stay
from interop.careplan.plan import Given
from interop.careplan.words import codes
from interop.fhir.references import literal_type, versionless
from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, dicts, text

SNOMED: Final = "http://snomed.info/sct"
ACTIVE_LIST: Final = "1102411000000102"
"""Active medications: the list bounds all that the person takes (NHS Digital, Medication Statement of transfers of care)."""
DISCONTINUED_LIST: Final = "1102191000000100"
"""Discontinued medications."""
STAYING: Final = frozenset(("IMP", "ACUTE", "NONAC", "OBSENC", "SS"))
UNDONE: Final = frozenset(("cancelled", "entered-in-error", "planned"))


def latest_stay(given: Iterable[Given]) -> str:
    """The id of the Encounter of the stay that ended last, one that goes on before all; '' where there is none."""
    found = [each.resource for each in given if _is_stay(each.resource)]
    found.sort(key=lambda each: (_period(each)[1], _period(each)[0], text(each, "id")))
    return text(found[-1], "id") if found else ""


def stay_of(given: Iterable[Given], encounter: str) -> Stay | None:
    """The stay that an Encounter is of, with the others that tell of the same: those in hospital of which the times overlap. None
    where the Encounter is not given."""
    known = sorted(given, key=lambda each: (text(each.resource, "resourceType"), text(each.resource, "id"), each.version))
    one = next((each.resource for each in known if _key(each.resource) == f"Encounter/{encounter}"), None)
    if one is None:
        return None
    start, end = _period(one)
    same = [one]
    for each in known:
        low, high = _period(each.resource)
        if each.resource is not one and _is_stay(each.resource) and low < end and start < high and (low, high) != _NONE:
            same.append(each.resource)
    encounters = frozenset(map(_key, same))
    letters = [each.resource for each in known if _is_letter(each.resource, encounters, start, end)]
    gone = {
        text(to.get("targetIdentifier"), "value")
        for each in letters
        for to in dicts(each, "relatesTo")
        if text(to, "code") == "replaces"
    }
    gone |= {
        _to(to.get("targetReference")) for each in letters for to in dicts(each, "relatesTo") if text(to, "code") == "replaces"
    }
    gone -= {""}
    past = [each for each in letters if _key(each) in gone or text(each.get("identifier"), "value") in gone]
    letters = [each for each in letters if not any(each is other for other in past)]
    lists = {_key(each.resource): each.resource for each in known if text(each.resource, "resourceType") == "List"}
    held, replaced = _held(letters, lists), _held(past, lists)
    ours = [
        each
        for key, each in lists.items()
        if (key in held or _to(each.get("encounter")) in encounters) and text(each, "status") == "current" and key not in replaced
    ]
    items = {_to(entry.get("item")) for each in ours for entry in dicts(each, "entry") if entry.get("deleted") is not True}
    stopped = {
        _to(entry.get("item"))
        for each in ours
        for entry in dicts(each, "entry")
        if _coded(each, DISCONTINUED_LIST) or entry.get("deleted") is True
    }
    seen = {_key(each.resource) for each in known}
    periods = [value for each in same if isinstance(value := each.get("period"), dict)]
    return Stay(
        encounters,
        start,
        end,
        next((said for each in periods if (said := text(each, "start"))), ""),
        next((said for each in periods if (said := text(each, "end"))), ""),
        tuple(sorted(map(_key, letters))),
        frozenset(held | items | stopped) - {""},
        frozenset(stopped) - {""},
        frozenset(replaced - held) - {""},
        any(_complete(each, seen) for each in ours),
    )


def _complete(found: Json, seen: set[str]) -> bool:
    """By the list's own word all that is taken, and none of it is hidden from who looks."""
    if not _coded(found, ACTIVE_LIST) or text(found, "mode") not in ("snapshot", "working") or "modifierExtension" in found:
        return False
    entries = dicts(found, "entry")
    if not entries:
        return any(each.code == "nilknown" for each in codes(found.get("emptyReason")))
    return all(_to(each.get("item")) in seen for each in entries)


def _coded(found: Json, code: str) -> bool:
    return any((each.system, each.code) == (SNOMED, code) for each in codes(found.get("code")))


def _held(letters: Iterable[Json], lists: dict[str, Json]) -> set[str]:
    """What letters refer to, and what the lists do that they refer to."""
    found = {_to(each) for letter in letters for section in _sections(letter) for each in dicts(section, "entry")}
    return found | {_to(entry.get("item")) for key in found & lists.keys() for entry in dicts(lists[key], "entry")}


def _sections(holder: Json) -> Iterator[Json]:
    for each in dicts(holder, "section"):
        yield each
        yield from _sections(each)


def _is_letter(resource: Json, encounters: frozenset[str], start: int, end: int) -> bool:
    if text(resource, "resourceType") != "Composition" or text(resource, "status") not in ("final", "amended"):
        return False
    if "encounter" in resource:
        return _to(resource["encounter"]) in encounters
    spans = [_period(each) for each in dicts(resource, "event")]
    return any(low < end and start < high and (low, high) != _NONE for low, high in spans)


def _is_stay(resource: Json) -> bool:
    return (
        text(resource, "resourceType") == "Encounter"
        and text(resource.get("class"), "code") in STAYING
        and text(resource, "status") not in UNDONE
    )


_NONE: Final = (EARLIEST, LATEST)


def _period(holder: Json) -> tuple[int, int]:
    """The first moment and the first one after; what is open has none."""
    period = holder.get("period")
    low, high = interval(text(period, "start") or ""), interval(text(period, "end") or "")
    return (low[0] if low else EARLIEST, high[1] if high else LATEST)


def _key(resource: Json) -> str:
    return f"{text(resource, 'resourceType')}/{text(resource, 'id')}"


def _to(reference: Any) -> str:
    """``Type/id`` that a Reference leads to, '' for none."""
    literal = text(reference, "reference")
    type_ = literal_type(literal)
    return f"{type_}/{versionless(literal).rpartition('/')[2]}" if type_ else ""
