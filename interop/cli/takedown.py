"""``interop takedown``: what came about the wrong person is taken back in a running engine, and who saw it is listed."""

from __future__ import annotations

from functools import partial
from typing import Any

from interop.cli.asking import confirmed
from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.shown import json_line, say, table

MISSING = "Check it: interop messages lists what came, interop explain TYPE/ID which message a resource came with."
COLUMNS = ("when", "organisation", "role", "user", "how", "what")
QUESTION = "Take this down? What is withheld is never given again."


def takedown(engine: Engine, *, message: int | None, reference: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Tell what would go and, once that is confirmed, take it down; 1 where it could not be, 2 where nobody confirmed it."""

    def asked(dry: bool) -> list[dict[str, Any]] | None:
        said = call(
            engine,
            "$takedown",
            ("message", "valuePositiveInt", message),
            ("reference", "valueString", reference),
            ("reason", "valueString", reason),
            ("dry-run", "valueBoolean", dry or None),
            missing=MISSING,
        )
        return None if said is None else said[1].get("parameter", [])

    told = asked(True) if dry_run or not yes else None
    if told is None and (dry_run or not yes):
        return 1
    if told is not None and not dry_run and _all(told, "dry-run")[0]:
        _show(told, to_errors=as_json)
        if not confirmed(QUESTION):
            return 2
        told = None
    told = told if told is not None else asked(False)
    if told is None:
        return 1
    if as_json:
        json_line(_plain(told))
    else:
        _show(told)
    return 0


def _plain(told: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "dryRun": _all(told, "dry-run")[0],
        "takedown": next(iter(_all(told, "takedown")), None),
        "resources": _all(told, "resource"),
        "people": _all(told, "people")[0],
        "seen": _all(told, "seen"),
        "uncertain": _all(told, "uncertain"),
    }


def _show(told: list[dict[str, Any]], *, to_errors: bool = False) -> None:
    line, said = partial(say, errors=to_errors), _plain(told)
    for each in said["resources"]:
        line(f"{each['reference']}: {_fate(each)}; versions withheld: {each.get('withheld', 0)}")
        if each.get("path"):
            line("  spoken of: " + ", ".join(each["path"]))
    if not said["resources"]:
        line("Nothing of it is in the record.")
    people = f"{said['people']} who asked" if said["people"] != 1 else "One who asked"
    if said["dryRun"]:
        line(f"Nothing has been done yet. {people} may have seen it.")
    elif said["takedown"]:
        line(f"Taken down (message {said['takedown']}). {people} may have seen it; whoever did is in the outbox to be told:")
    else:
        line("There was nothing to take down.")
    if said["seen"]:
        table(COLUMNS, [[each.get(name, "") for name in COLUMNS] for each in said["seen"]], errors=to_errors)
    for each in said["uncertain"]:
        line(
            f"The engine ended without a word between {each['after']} and {each['before']}: if the power went, reads of its last "
            "second may lack in this list."
        )


def _fate(resource: dict[str, Any]) -> str:
    if resource.get("gone"):
        return "goes"
    return "stays as it was written since" if resource.get("stands") else "is as it was without it"


def _all(told: list[dict[str, Any]], name: str) -> list[Any]:
    return [_value(each) for each in told if each["name"] == name]


def _value(parameter: dict[str, Any]) -> Any:
    if "part" not in parameter:
        return next(value for name, value in parameter.items() if name != "name")
    found: dict[str, Any] = {}
    for part in parameter["part"]:
        if part["name"] == "path":
            found.setdefault("path", []).append(_value(part))
        else:
            found[part["name"]] = _value(part)
    return found
