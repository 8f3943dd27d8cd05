"""One ElementDefinition over another (FHIR R4, Profiling: what a profile may and may not change)."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions.snapshot import types
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.shapes import Json

TEXTS = frozenset(
    (
        "short", "definition", "comment", "requirements", "alias", "mapping", "example", "meaningWhenMissing", "isModifierReason",
        "label", "code", "condition", "orderMeaning", "base",
    )
)  # fmt: skip
"""What no rule reads: left out of a made snapshot."""


def without_texts(data: Json) -> Json:
    """An ElementDefinition as it is kept: no texts, no flags that are false."""
    return {
        name: value
        for name, value in data.items()
        if name not in TEXTS and name[:1] != "_" and not (value is False and name in ("isModifier", "isSummary", "mustSupport"))
    }


def merged(base: Json, said: Json, where: str, profile: str, *, most: str = "") -> tuple[Json, list[str]]:
    """What holds for an element when a differential says ``said`` about it, and what of that the base does not allow.

    Texts are left out. Invariants are added to those of the base, marked with the profile as their source, and so are
    extensions; anything else that is said takes the place of the base's, but for a cardinality wider than the base's. A binding
    of what has no codes is left out. ``most``: of a new slice, the bound of its ``max``; its minimum counts for itself. Raises
    Unusable for a minimum beyond the maximum.
    """
    made = dict(base)
    said = without_texts(said)
    for name, value in said.items():
        if name == "constraint":
            made[name] = _constraints(base.get(name, []), value, profile)
        elif name == "binding":
            made[name] = _binding(base.get(name), value)
        elif name == "slicing":
            made[name] = _slicing(value, where)
        elif name == "extension":
            made[name] = base.get(name, []) + [each for each in value if each not in base.get(name, [])]
        elif name == "contentReference" and "type" in base:
            continue
        else:
            made[name] = value
    if "binding" in said and not types.bindable(made):
        made.pop("binding", None)
    return made, _narrowed(base, made, said, where, most)


def _constraints(base: list[Json], said: Any, profile: str) -> list[Json]:
    """The base's invariants and what is new; one said again is replaced."""
    added = {each["key"]: each for each in said if isinstance(each, dict) and isinstance(each.get("key"), str)}
    kept = [each for each in base if each["key"] not in added or _same(each, added[each["key"]])]
    known = {each["key"] for each in kept}
    return kept + [_kept(each, profile) for key, each in added.items() if key not in known]


def _same(one: Json, other: Json) -> bool:
    return bool(one.get("expression") == other.get("expression") and one.get("severity") == other.get("severity"))


def _kept(constraint: Json, profile: str) -> Json:
    made = {name: value for name, value in constraint.items() if name not in ("xpath", "requirements", "id")}
    return {**made, "source": made.get("source") or profile}


def _binding(base: Any, said: Any) -> Any:
    """A binding without its words; what it does not say, strength or value set, is the base's."""
    if not isinstance(said, dict):
        return base
    made = {name: value for name, value in said.items() if name in ("extension", "strength", "valueSet")}
    if isinstance(base, dict):
        made.update((name, base[name]) for name in ("strength", "valueSet") if name in base and name not in made)
    return made


DISCRIMINATORS = frozenset(("value", "exists", "pattern", "type", "profile"))


def _slicing(said: Any, where: str) -> Json:
    """A slicing without its words. Raises Unusable for a kind of discriminator that the standard does not have."""
    made = {name: said[name] for name in ("discriminator", "ordered", "rules") if name in said}
    for each in made.get("discriminator", ()):
        if each.get("type") not in DISCRIMINATORS:
            raise Unusable(f"{where}: is sliced by an unknown kind of discriminator")
    return made


def bound(most: Any) -> float:
    """``max`` as a number; infinity for ``*`` and for what cannot be read."""
    return float(most) if isinstance(most, str) and most.isdecimal() else float("inf")


def _narrowed(base: Json, made: Json, said: Json, where: str, most: str) -> list[str]:
    """Keep the base's bound where the profile's is wider: what conforms to a profile conforms to its base. Tells what was wider."""
    remarks = []
    least, lowest = said.get("min"), base.get("min", 0)
    if least is not None and (not isinstance(least, int) or isinstance(least, bool) or least < 0):
        raise Unusable(f"{where}: min is no number")
    if not most and isinstance(least, int) and least < lowest:
        made["min"] = lowest
        remarks.append(f"{where}: min {least} is less than the base's, {lowest} counts")
    bounded = most or base.get("max", "*")
    if "max" in said and bound(said["max"]) > bound(bounded):
        made["max"] = bounded
        remarks.append(f"{where}: max {said['max']} is more than the base's, {bounded} counts")
    if made.get("min", 0) > bound(made.get("max", "*")):
        raise Unusable(f"{where}: min is more than max")
    return remarks
