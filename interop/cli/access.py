"""``interop break-glass``, ``interop claim``, ``interop why``: access to one person's record, in a running engine."""

from __future__ import annotations

from typing import Any

from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.shown import json_line, one, plain


def break_glass(engine: Engine, patient: str, *, reason: str, minutes: int | None, as_json: bool) -> int:
    """Declare an emergency; 1 where it could not be."""
    said = call(
        engine, f"Patient/{patient}/$break-glass", ("reason", "valueString", reason), ("minutes", "valuePositiveInt", minutes)
    )
    if said is None:
        return 1
    _, made = said
    one(made, f"The record is open to you until {made['provision']['period']['end']}. It is reported.", as_json=as_json)
    return 0


def claim(engine: Engine, patient: str, *, reason: str, until: str, as_json: bool) -> int:
    """Say that one is involved in the care; 1 where it could not be."""
    period = {"end": until} if until else None
    said = call(
        engine, f"Patient/{patient}/$claim-relationship", ("reason", "valueString", reason), ("period", "valuePeriod", period)
    )
    if said is None:
        return 1
    _, made = said
    one(made, f"You count as involved in the care until {made['period']['end']}. It is reviewed.", as_json=as_json)
    return 0


def why(engine: Engine, patient: str, *, type: str, as_json: bool) -> int:
    """Tell why something may be seen or not; 1 where it could not be."""
    said = call(engine, f"Patient/{patient}/$why", ("type", "valueCode", type))
    if said is None:
        return 1
    _, told = said
    if as_json:
        json_line(told)
        return 0
    parameters = told.get("parameter", [])
    permitted = any(each["name"] == "permitted" and each["valueBoolean"] for each in parameters)
    print("It may be seen." if permitted else "It may not be seen.")
    for each in parameters:
        if each["name"] == "clause":
            print(f"  {'yes' if _part(each, 'holds') else 'no '}  {plain(_part(each, 'words'))}")
    changes = [_part(each, "words") for each in parameters if each["name"] == "change"]
    if changes:
        print("What would change it:")
    for words in changes:
        print(f"  {plain(words)}")
    return 0


def _part(parameter: dict[str, Any], name: str) -> Any:
    found = (each for each in parameter.get("part", []) if each["name"] == name)
    return next((value for each in found for key, value in each.items() if key != "name"), None)
