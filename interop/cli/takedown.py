"""``interop takedown``: what came about the wrong person is taken back in a running engine, and who saw it is listed."""

from __future__ import annotations

import json
from typing import Any

from interop.cli.governed import Engine, call

COLUMNS = ("when", "organisation", "role", "user", "how", "what")


def takedown(engine: Engine, *, message: int | None, reference: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Take a message or a resource down, or with ``dry_run`` tell what would go; 1 where it could not be."""
    said = call(
        engine,
        "$takedown",
        ("message", "valuePositiveInt", message),
        ("reference", "valueString", reference),
        ("reason", "valueString", reason),
        ("dry-run", "valueBoolean", dry_run or None),
    )
    if said is None:
        return 1
    told = said[1].get("parameter", [])
    if as_json:
        print(json.dumps({"dryRun": dry_run, "takedown": _all(told, "takedown"), "resources": _all(told, "resource"),
                          "people": _all(told, "people")[0], "seen": _all(told, "seen")}))  # fmt: skip
        return 0
    _show(told, dry_run=dry_run)
    return 0


def _show(told: list[dict[str, Any]], *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for each in _all(told, "resource"):
        done = "goes" if each.get("gone") else "is put back"
        console.print(f"{each['reference']} {done}; {each.get('withheld', 0)} versions are withheld", highlight=False)
        if each.get("path"):
            console.print("  " + ", ".join(each["path"]), highlight=False)
    people = _all(told, "people")[0]
    if dry_run:
        console.print(f"Nothing was done. {people} have seen it.", highlight=False)
        return
    console.print(f"Taken down. {people} have seen it and are in the outbox:", highlight=False)
    table = Table(*COLUMNS, box=None)
    for each in _all(told, "seen"):
        table.add_row(*(str(each.get(name, "")) for name in COLUMNS))
    console.print(table)


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
