"""Allergies: who says that there are some, who says that there are none known, and that is not the same as nothing recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from interop.careplan.crew.line import Said, dated, latest_first, merged, plain, sources_of, status
from interop.careplan.plan import Given, Json
from interop.careplan.words import QUALIFIED, Words
from interop.fhir.shapes import dicts, text

NONE_KNOWN: Final = {
    "716186003": "No known allergies",
    "160244002": "No known allergies",
    "409137002": "No known drug allergies",
    "428607008": "No known environmental allergies",
    "429625007": "No known food allergies",
    "428197003": "No known insect allergies",
}
"""SNOMED CT, and what is said where its author has no words for it; the second is the first as it was called before."""
_PART: Final = frozenset(("428607008", "429625007", "428197003"))
PART: Final = "part"
"""The kind of a statement that says of some allergies alone that there are none: of the others nobody has said anything."""
WORDS: Final = frozenset(
    ("no known allergies", "no known allergy", "nka", "nkda", "no known drug allergies", "no known drug allergy", "nil known")
)
_NONE: Final = WORDS | {"none", "none known", "nil"}
ALLERGIES: Final = frozenset(("886921000000105", "52472-8", "48765-2"))
"""What a List of allergies is called: SNOMED CT record heading, LOINC sections."""
NIL: Final = frozenset(("nilknown", "nil-known"))
_OVER: Final = frozenset(("inactive", "resolved"))
_NEVER: Final = frozenset(("refuted", "entered-in-error"))


def allergies(given: Iterable[Given], words: Words) -> tuple[list[Said], list[Said]]:
    """What is an allergy, the most dangerous first; and who asserts that none is known. What was refuted, entered in error or is
    over is neither."""
    found: list[Said] = []
    none: list[Said] = []
    for each in given:
        resource = each.resource
        match text(resource, "resourceType"):
            case "AllergyIntolerance":
                if _codes(resource.get("verificationStatus")) & _NEVER or _codes(resource.get("clinicalStatus")) & _OVER:
                    continue
                if _negative(resource, words):
                    none.append(_none(each, words))
                else:
                    found.append(_line(each, words))
            case "List":
                if _nil(resource):
                    none.append(Said("No known allergies", dated(resource), "", sources_of(each)))
    ordered = sorted(latest_first(_united(found)), key=lambda line: (not line.more.get("critical"), not line.more.get("severe")))
    return ordered, latest_first(merged(none))


def says_none(words: str) -> bool:
    """Whether what somebody wrote of allergies ends with nothing but that none are known: it contradicts nobody who says so. That
    there are none is never read of it."""
    return plain(words).rpartition(":")[2].strip(" .-–") in _NONE


def _united(lines: Iterable[Said]) -> list[Said]:
    """A line for each substance: with the reactions of all who tell of it, dangerous where anybody says so, doubted if all do."""
    groups: dict[tuple[str, int], list[Said]] = {}
    for at, line in enumerate(lines):
        groups.setdefault((plain(line.text), at if line.alone else -1), []).append(line)
    found = []
    for group in groups.values():
        first, *others = latest_first(group)
        more: Json = {}
        for name in ("reaction", "notes"):
            if said := dict.fromkeys(str(each.more[name]) for each in (first, *others) if name in each.more):
                more[name] = "; ".join(said)
        more |= {name: True for name in ("critical", "severe") if any(name in each.more for each in group)}
        more |= {name: first.more[name] for name in ("kind", "status") if all(name in each.more for each in group)}
        if qualified := [each.more["status"] for each in group if QUALIFIED in each.more.get("status", "")]:
            more["status"] = qualified[0]
        sources = tuple(dict.fromkeys(source for each in (first, *others) for source in each.sources))
        found.append(Said(first.text, first.date, first.by, sources, more, first.alone))
    return found


def _line(given: Given, words: Words) -> Said:
    resource = given.resource
    called = words.of(resource.get("code")) or _substances(resource, words)
    more: Json = {}
    reactions = dicts(resource, "reaction")
    manifested = dict.fromkeys(filter(None, (words.of(one) for each in reactions for one in dicts(each, "manifestation"))))
    if manifested:
        more["reaction"] = ", ".join(manifested)
    if any(text(each, "severity") == "severe" for each in reactions):
        more["severe"] = True
    if text(resource, "criticality") == "high":
        more["critical"] = True
    if text(resource, "type") == "intolerance":
        more["kind"] = "intolerance"
    doubt = _codes(resource.get("verificationStatus")) & {"unconfirmed", "presumed"}
    more |= status(resource, min(doubt, default=""))
    notes = " ".join(filter(None, (text(each, "text") for each in dicts(resource, "note"))))
    if notes:
        more["notes"] = notes
    by = words.of(resource.get("asserter")) or words.of(resource.get("recorder"))
    return Said(called or "Substance not stated", dated(resource), by, sources_of(given), more, alone=not called)


def _none(given: Given, words: Words) -> Said:
    """That none are known, of all or of some."""
    line, known = _line(given, words), _codes(given.resource.get("code")) & NONE_KNOWN.keys()
    code = given.resource.get("code")
    if known and not (text(code, "text") or any(text(each, "display") for each in dicts(code, "coding"))):
        line = replace(line, text=NONE_KNOWN[min(known)], alone=False)
    return replace(line, more=line.more | {"kind": PART}) if known and known <= _PART else line


def _substances(resource: Json, words: Words) -> str:
    return ", ".join(filter(None, (words.of(each.get("substance")) for each in dicts(resource, "reaction"))))


def _negative(resource: Json, words: Words) -> bool:
    code = resource.get("code")
    return bool(_codes(code) & NONE_KNOWN.keys()) or plain(words.of(code)) in WORDS


def _nil(resource: Json) -> bool:
    """A List of allergies that is empty, for none are known (FHIR R4, List.emptyReason)."""
    current = text(resource, "status") == "current" and not dicts(resource, "entry")
    return current and bool(_codes(resource.get("code")) & ALLERGIES) and bool(_codes(resource.get("emptyReason")) & NIL)


def _codes(concept: object) -> frozenset[str]:
    return frozenset(text(each, "code") for each in dicts(concept, "coding"))
