"""Why who asks may see what of a person, from ``$why``, as it is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from interop.fhir.shapes import Json, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.opening import clauses

KINDS: Final = {
    "CarePlan": "Plan",
    "Observation": "Results, problems, allergies and medicines",
    "DocumentReference": "Letters",
    "Appointment": "Appointments",
}
"""Types that stand for classes of a record, and what people call what is of the class."""
ROLE: Final = "role"
AGREEMENT: Final = "agreement"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a record: whether any of it may be seen, and where not why not."""

    name: str
    seen: bool
    why: str


@dataclass(frozen=True, slots=True)
class Sharing:
    """An organisation that contributes, whether it shares with who asks, and where not how it stands with the agreement."""

    name: str
    shares: bool
    state: str


@dataclass(frozen=True, slots=True)
class Permission:
    """``because`` is what opens the record, ``not_because`` what keeps it closed, ``changes`` what would open more of it; ``ways``
    are the codes of those."""

    parts: tuple[Part, ...]
    because: tuple[str, ...]
    not_because: tuple[str, ...]
    sharing: tuple[Sharing, ...]
    changes: tuple[str, ...]
    ways: frozenset[str]

    @property
    def nothing(self) -> bool:
        """Whether nothing of the record is open."""
        return not any(each.seen for each in self.parts)

    @property
    def all(self) -> bool:
        """Whether every part of it is."""
        return all(each.seen for each in self.parts)


def organisations(answers: Iterable[Json]) -> set[str]:
    """The codes of those of whom the answers tell."""
    parts = [part for answer in answers for each in dicts(answer, "parameter") for part in dicts(each, "part")]
    return {text(part, "valueString") for part in parts if text(part, "name") == "organisation"} - {""}


def permission(answers: Mapping[str, Json], known: Known) -> Permission:
    """Of the answers of ``$why``, by type."""
    parts = []
    because: dict[str, None] = {}
    against: dict[str, None] = {}
    changes: dict[str, None] = {}
    codes: set[str] = set()
    sharing: dict[str, Sharing] = {}
    names = {code: known.organisation(code) for code in organisations(answers.values())}
    for type_, answer in answers.items():
        told = clauses(answer, "clause")
        seen = any(text(each, "name") == "permitted" and each.get("valueBoolean") is True for each in dicts(answer, "parameter"))
        failing = [_said(each, names) for each in told if each["holds"] is False and each["code"] != AGREEMENT]
        parts.append(Part(KINDS.get(type_, type_), seen, "" if seen else " ".join(failing)))
        for each in told:
            words = _said(each, names)
            if each["code"] == AGREEMENT:
                sharing[words] = _sharing(words, each["holds"] is True)
            elif each["code"] != ROLE:
                (because if each["holds"] else against)[words] = None
        for each in clauses(answer, "change"):
            changes[_said(each, names)] = None
            codes.add(each["code"])
    shown = tuple(sorted(sharing.values(), key=lambda each: (each.shares, each.name)))
    return Permission(tuple(parts), tuple(because), tuple(against), shown, tuple(changes), frozenset(codes))


def _sharing(words: str, shares: bool) -> Sharing:
    """Of the sentence of an agreement: ``RX1 does not share for this purpose (pending).``"""
    name = words.partition(" does not share" if not shares else " shares")[0]
    state = words.rpartition("(")[2].rstrip(").")
    return Sharing(name, shares, "" if shares else "no agreement" if state == "none" else f"agreement {state}")


def _said(clause: Json, names: Mapping[str, str]) -> str:
    """With organisations by name: a clause begins with the code of the one that it is about."""
    words = str(clause["words"])
    code, blank, rest = words.partition(" ")
    return f"{names[code]}{blank}{rest}" if code in names else words
