"""Invariants of datatypes."""

from __future__ import annotations

from interop.fhir.validation.invariants.native.reading import Native, distinct, has, has_choice, number, objects, ordered
from interop.fhir.validation.structure.run import Json, Run

_MEALS = frozenset({"C", "CM", "CD", "CV"})


def _ext_1(value: Json, _: Run) -> bool:
    """Either extensions or a value; the usual extension has its URL and one of them."""
    if len(value) == 2 and "url" in value and "id" not in value and "_url" not in value:
        return True
    return ("extension" in value) != has_choice(value, "value")


def _per_1(value: Json, _: Run) -> bool | None:
    start, end = value.get("start"), value.get("end")
    return True if start is None or end is None else ordered(start, end)


def _rng_2(value: Json, _: Run) -> bool | None:
    low, high = value.get("low"), value.get("high")
    if low is None or high is None:
        return True
    if not isinstance(low, dict) or not isinstance(high, dict):
        return None
    if any(low.get(name) != high.get(name) for name in ("unit", "system", "code")) or "comparator" in low or "comparator" in high:
        return None
    first, last = low.get("value"), high.get("value")
    return bool(first <= last) if number(first) and number(last) else None


def _rat_1(value: Json, _: Run) -> bool:
    numerator, denominator = "numerator" in value, "denominator" in value
    return numerator == denominator and (numerator or "extension" in value)


def _tim_9(value: Json, _: Run) -> bool | None:
    if not has(value, "offset"):
        return True
    when = value.get("when")
    if not isinstance(when, list) or len(when) != 1 or not isinstance(when[0], str):
        return None if has(value, "when") else False
    return when[0] not in _MEALS


def _not_negative(name: str) -> Native:
    def test(value: Json, _: Run) -> bool | None:
        if not has(value, name):
            return True
        found = value.get(name)
        return bool(found >= 0) if number(found) else None

    return test


def _needs(name: str, other: str) -> Native:
    """``name`` only beside ``other``."""
    return lambda value, _: not has(value, name) or has(value, other)


def _of_references(name: str) -> Native:
    """An element of ElementDefinition.type that only references and canonicals have."""

    def test(value: Json, _: Run) -> bool | None:
        code = value.get("code")
        return not has(value, name) or (code in ("Reference", "canonical") if isinstance(code, str) else None)

    return test


def _eld_2(value: Json, _: Run) -> bool | None:
    least, most = value.get("min"), value.get("max")
    if least is None or most is None:
        return None if has(value, "min") and has(value, "max") else True
    if most == "*":
        return True
    return bool(least <= int(most)) if number(least) and isinstance(most, str) and most.isdecimal() and most.isascii() else None


def _eld_5(value: Json, _: Run) -> bool:
    """What repeats the content of another element says nothing of its own."""
    if not has(value, "contentReference"):
        return True
    if any(has(value, name) for name in ("type", "example", "maxLength", "binding")):
        return False
    return not any(has_choice(value, stem) for stem in ("defaultValue", "fixed", "pattern", "minValue", "maxValue"))


def _eld_one_type(stem: str) -> Native:
    return lambda value, _: len(objects(value.get("type", ()))) <= 1 or not has_choice(value, stem)


def _eld_11(value: Json, _: Run) -> bool | None:
    """A binding is of something that has codes; the expression asks for one type or more."""
    return True if "binding" not in value or not any(has(each, "code") for each in objects(value.get("type", ()))) else None


def _all_distinct(value: Json, name: str, part: str) -> bool | None:
    said = [each.get(part) for each in objects(value.get(name, ()))]
    return distinct(said) if all(isinstance(each, str) for each in said) else None


def _eld_18(value: Json, _: Run) -> bool | None:
    if "isModifier" not in value and "_isModifier" in value:
        return None
    return value.get("isModifier") is not True or has(value, "isModifierReason")


DATATYPES: dict[str, Native] = {
    "ext-1": _ext_1,
    "per-1": _per_1,
    "qty-3": _needs("code", "system"),
    "rng-2": _rng_2,
    "rat-1": _rat_1,
    "att-1": _needs("data", "contentType"),
    "cpt-2": _needs("value", "system"),
    "exp-1": lambda value, _: has(value, "expression") or has(value, "reference"),
    "drq-1": lambda value, _: has(value, "path") != has(value, "searchParam"),
    "drq-2": lambda value, _: has(value, "path") != has(value, "searchParam"),
    "tim-1": _needs("duration", "durationUnit"),
    "tim-2": _needs("period", "periodUnit"),
    "tim-4": _not_negative("duration"),
    "tim-5": _not_negative("period"),
    "tim-6": _needs("periodMax", "period"),
    "tim-7": _needs("durationMax", "duration"),
    "tim-8": _needs("countMax", "count"),
    "tim-9": _tim_9,
    "tim-10": lambda value, _: not (has(value, "timeOfDay") and has(value, "when")),
    "trd-1": lambda value, _: "data" not in value or not has_choice(value, "timing"),
    "trd-2": lambda value, _: "condition" not in value or "data" in value,
    "eld-1": lambda value, _: "discriminator" in value or has(value, "description"),
    "eld-4": _of_references("aggregation"),
    "eld-2": _eld_2,
    "eld-5": _eld_5,
    "eld-6": _eld_one_type("fixed"),
    "eld-7": _eld_one_type("pattern"),
    "eld-8": lambda value, _: not has_choice(value, "pattern") or not has_choice(value, "fixed"),
    "eld-11": _eld_11,
    "eld-13": lambda value, _: _all_distinct(value, "type", "code"),
    "eld-14": lambda value, _: _all_distinct(value, "constraint", "key"),
    "eld-15": lambda value, _: not has_choice(value, "defaultValue") or not has(value, "meaningWhenMissing"),
    "eld-17": _of_references("targetProfile"),
    "eld-18": _eld_18,
    "eld-21": lambda value, _: has(value, "expression"),
    "eld-22": _needs("sliceIsConstraining", "sliceName"),
}
