"""``interop retention``: what the settings no longer keep goes, in a running engine; certificates of what was purged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from interop.cli.governed import Engine, call


def run(engine: Engine, *, dry_run: bool, as_json: bool) -> int:
    """Dispose of what is due, portion after portion; 1 where that fails, with a sentence: asked again it goes on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console, total = Console(stderr=True), _nothing()
    columns = TextColumn("{task.description}"), BarColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("disposing", total=None)
        while True:
            answer = call(engine, "$retention", ("dry-run", "valueBoolean", dry_run or None))
            if answer is None:
                return 1
            more = _add(total, answer[1])
            bar.update(task, description=f"disposing: {total['messages']:,} messages, {total['versions']:,} versions")
            if not more or dry_run:
                break
    total["dryRun"] = dry_run
    if as_json:
        print(json.dumps(total))
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
        print("The key of the audit cannot be read: name the engine's directory with --data, or give --public.", file=sys.stderr)
        return 2
    status = 0
    for made in issued(places(data, checkpoints)[1]):
        said = made["certificate"]
        good = genuine(made, key)
        status |= not good
        if as_json:
            print(json.dumps({**said, "genuine": good}))
            continue
        print(
            f"{said['number']}: {said['source']} withdrew on {said['withdrawn']}; {said['resources']:,} resources of "
            f"{said['people']:,} people, {said['versions']:,} versions and {said['messages']:,} messages were purged by "
            f"{said['made']}. "
            f"SHA-256 {said['sha256']['resources'] or '-'} {said['sha256']['messages'] or '-'}"
            + ("" if good else "  NOT AS IT WAS SIGNED")
        )
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
