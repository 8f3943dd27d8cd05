"""``interop retention``: what the settings no longer keep goes, in a running engine; certificates of what was purged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.progress import progress
from interop.cli.shown import json_line, remark, table, wrong

CERTIFICATE = ("certificate", "source", "withdrawn", "made", "resources", "people", "versions", "messages", "genuine")


def run(engine: Engine, *, dry_run: bool, as_json: bool) -> int:
    """Dispose of what is due, portion after portion; 1 where that fails, with a sentence: asked again it goes on."""
    total = _nothing()
    with progress("disposing") as working:
        while True:
            answer = call(engine, "$retention", ("dry-run", "valueBoolean", dry_run or None))
            if answer is None:
                return 1
            more = _add(total, answer[1])
            working.says(f"disposing: {total['messages']:,} messages, {total['versions']:,} versions")
            working.at(total["messages"] + total["versions"])
            if not more or dry_run:
                break
    total["dryRun"] = dry_run
    if as_json:
        json_line(total)
        return 0
    lose, go = ("would lose", "would go") if dry_run else ("have lost", "went")
    print(f"{total['messages']:,} messages {lose} their content ({total['bytes']:,} bytes); {total['versions']:,} versions {go}.")
    if total["audit-parts"]:
        print(f"{total['audit-parts']:,} parts of the audit {'would go' if dry_run else 'went'}, under signed statements.")
    for name, count in total["sources"].items():
        print(f"{name}: {count:,} {'resources would be purged' if dry_run else 'resources and messages purged'}.")
    for number in total["certificates"]:
        print(f"Certificate {number}: interop retention certificates shows it.")
    return 0


def certificates(data: Path, checkpoints: Path | None, public: str, *, as_json: bool) -> int:
    """Show what was certified; 1 where one is not as the key signed it."""
    from interop.audit.certificates import genuine, issued
    from interop.audit.key import AuditKey, Verifier
    from interop.audit.parts import places

    try:
        key: Verifier = Verifier(bytes.fromhex(public)) if public else AuditKey((data / "audit.key").read_bytes())
    except (OSError, ValueError):
        return wrong("The key of the audit cannot be read: name the engine's directory with --data, or give --public.")
    status = 0
    rows: list[list[Any]] = []
    notes: list[str] = []
    for made in issued(places(data, checkpoints)[1]):
        said = made["certificate"]
        good = genuine(made, key)
        status |= not good
        if as_json:
            json_line({**said, "genuine": good})
            continue
        counts = [said[name] for name in ("resources", "people", "versions", "messages")]
        rows.append([said["number"], said["source"], said["withdrawn"], said["made"], *counts, "genuine" if good else "forged"])
        for what, digest in said["sha256"].items():
            notes.append(f"{said['number']}: SHA-256 of the {what} {digest or '-'}")
        if not good:
            remark(f"Certificate {said['number']} is NOT AS IT WAS SIGNED: restore it from a copy of the checkpoints.")
    if rows:
        table(CERTIFICATE, rows, notes=notes)
    elif not as_json:
        remark("No source was purged yet.")
    return status


def _nothing() -> dict[str, Any]:
    return {"messages": 0, "bytes": 0, "versions": 0, "audit-parts": 0, "sources": {}, "certificates": []}


def _add(total: dict[str, Any], answer: dict[str, Any]) -> bool:
    more = False
    for each in answer.get("parameter", ()):
        value = next((value for name, value in each.items() if name.startswith("value")), None)
        match each["name"]:
            case "messages" | "bytes" | "versions" | "audit-parts":
                total[each["name"]] += int(value or 0)
            case "source":
                said = {part["name"]: next(value for name, value in part.items() if name != "name") for part in each["part"]}
                total["sources"][said["name"]] = total["sources"].get(said["name"], 0) + said["resources"]
            case "certificate":
                total["certificates"].append(value)
            case "more":
                more = bool(value)
    return more
