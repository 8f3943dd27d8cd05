"""Invariants of questionnaires, their answers, and of definitions as a whole."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir.validation.invariants.native.reading import Native, has, has_choice, objects
from interop.fhir.validation.structure.run import Json, Run

_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")
_LIMITED = frozenset({"boolean", "decimal", "integer", "string", "text", "url", "open-choice"})
_CHOSEN = frozenset({"choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity"})
_DEFINED = "adf cid cmd cpb cpd csd ees esc evd evi evv gdf ig lib mea msd nsd opd pdf que red rsd rvs sdf smp spd tcp tst vsd"


def _name(value: Json, _: Run) -> bool:
    """A definition's name may be that of a class; an invariant that is given no name is not met."""
    name = value.get("name")
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _without(name: str, *kinds: str) -> Native:
    """Items of these types lack the element."""

    def test(value: Json, _: Run) -> bool | None:
        if not has(value, name):
            return True
        kind = value.get("type")
        return kind not in kinds if isinstance(kind, str) else None

    return test


def _que_1(value: Json, _: Run) -> bool | None:
    kind = value.get("type")
    if not isinstance(kind, str):
        return None
    return "item" in value if kind == "group" else kind != "display" or "item" not in value


def _que_5(value: Json, _: Run) -> bool | None:
    kind = value.get("type")
    if "answerOption" not in value and not has(value, "answerValueSet"):
        return True
    return kind in _CHOSEN if isinstance(kind, str) else None


def _que_10(value: Json, _: Run) -> bool | None:
    kind = value.get("type")
    return not has(value, "maxLength") or (kind in _LIMITED if isinstance(kind, str) else None)


def _que_13(value: Json, _: Run) -> bool:
    return len(objects(value.get("initial", ()))) <= 1 or value.get("repeats") is True


def _que_12(value: Json, _: Run) -> bool:
    """More than one, as the words of the invariant say; its expression counts more than two."""
    return len(objects(value.get("enableWhen", ()))) <= 1 or has(value, "enableBehavior")


def _paths(view: Any) -> list[str] | None:
    """The paths of the elements of a snapshot or differential; None where one has none."""
    elements = view.get("element") if isinstance(view, dict) else None
    paths = [each.get("path") for each in objects(elements if elements is not None else ())]
    return [str(path) for path in paths] if all(isinstance(path, str) for path in paths) else None


def _sdf_8(value: Json, run: Run) -> bool | None:
    """The root of a snapshot is the type, and all others lie under it."""
    paths, kind, datatype = _paths(value), run.resource.get("kind"), run.resource.get("type")
    if not paths or not isinstance(kind, str) or not isinstance(datatype, str) or value is not run.resource.get("snapshot"):
        return None
    return (kind == "logical" or paths[0] == datatype) and all(path.startswith(paths[0] + ".") for path in paths[1:])


def _sdf_8a(value: Json, run: Run) -> bool | None:
    """The elements of a differential lie under one root, which is the type."""
    paths, kind, datatype = _paths(value), run.resource.get("kind"), run.resource.get("type")
    if not paths or not isinstance(kind, str) or not isinstance(datatype, str) or value is not run.resource.get("differential"):
        return None
    root = paths[0].partition(".")[0] + "."
    return (kind == "logical" or paths[0].startswith(datatype)) and all(path.startswith(root) for path in paths[1:])


FORMS: dict[str, Native] = {
    **{f"{prefix}-0": _name for prefix in _DEFINED.split(" ")},
    "cid-0": lambda _, __: True,  # a ChargeItemDefinition has no name
    "qrs-1": lambda value, _: not ("answer" in value and "item" in value),
    "que-1": _que_1,
    "que-3": _without("code", "display"),
    "que-4": lambda value, _: "answerOption" not in value or not has(value, "answerValueSet"),
    "que-5": _que_5,
    "que-7": lambda value, _: has(value, "answerBoolean") or (value["operator"] != "exists" if "operator" in value else None),
    "que-8": _without("initial", "group", "display"),
    "que-9": _without("readOnly", "display"),
    "que-10": _que_10,
    "que-11": lambda value, _: "answerOption" not in value or "initial" not in value,
    "que-12": _que_12,
    "que-13": _que_13,
    "vsd-1": lambda value, _: has(value, "valueSet") or has(value, "system"),
    "vsd-2": lambda value, _: not ("concept" in value or "filter" in value) or has(value, "system"),
    "vsd-3": lambda value, _: "concept" not in value or "filter" not in value,
    "vsd-6": lambda value, _: has(value, "code") or has(value, "display"),
    "vsd-9": lambda value, _: has(value, "code") or value.get("abstract") is True,
    "vsd-10": lambda value, _: not has(value, "code") or has(value, "system"),
    "sdf-2": lambda value, _: has(value, "name") or has(value, "uri"),
    "sdf-4": lambda value, _: value.get("abstract") is True or has(value, "baseDefinition"),
    "sdf-8": _sdf_8,
    "sdf-8a": _sdf_8a,
    "sdf-6": lambda value, _: "snapshot" in value or "differential" in value,
    "opd-1": lambda value, _: has(value, "type") or "part" in value,
    "trd-3": lambda value, _: None if has_choice(value, "timing") or value.get("type") != "named-event" else has(value, "name"),
}
