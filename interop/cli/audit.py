"""``interop audit``: whether it is as it was written, what waits for the privacy officer, the index made anew."""

from __future__ import annotations

import json
import sys
from math import inf
from pathlib import Path
from typing import Any

from interop.cli.shown import plain
from interop.clock import instant


def verify(data: Path, checkpoints: Path | None, key: Path | None, public: str, as_json: bool) -> int:
    """Look at every row; 1 where one is not as it was written, which is named. With ``public`` the public key alone, in
    hexadecimal."""
    from interop.audit.checkpoints import kept
    from interop.audit.key import AuditKey, Verifier
    from interop.audit.parts import chains
    from interop.audit.verify import verify as look

    directory, elsewhere = _places(data, checkpoints)
    if not chains(directory) and not kept(elsewhere):
        print(f"There is no audit in {directory}. Name the engine's directory with --data.", file=sys.stderr)
        return 2
    path = key or data / "audit.key"
    try:
        by: Verifier = Verifier(bytes.fromhex(public)) if public else AuditKey(path.read_bytes())
    except (OSError, ValueError):
        what = "--public is no public key" if public else f"The key of the audit cannot be read from {path}: name it with --key"
        print(f"{what}, or give the public key alone with --public.", file=sys.stderr)
        return 2
    with _Progress(sum(path.stat().st_size for path in directory.glob("*.log"))) as told:
        found = look(directory, elsewhere, by, told)
    bad = found.bad
    said: dict[str, Any] = {
        "rows": found.rows,
        "chains": found.chains,
        "checkpoints": found.checkpoints,
        "beyond": found.beyond,
        "lost": found.lost,
        "removed": found.removed,
        "key": by.public.hex(),
        "bad": None if bad is None else {**bad._asdict()},
    }
    if as_json:
        print(json.dumps(said))
    elif bad is not None:
        print(f"Entry {bad.sequence} of chain {bad.chain} ({bad.file}) {bad.what}. What is before it is as it was written.")
    else:
        print(
            f"{found.rows} entries of {found.chains} chains are as they were written; {found.checkpoints} checkpoints agree, "
            f"{found.beyond} entries came after the last of their chain. Public key {by.public.hex()}."
        )
        if found.removed:
            print(f"{found.removed} entries before them are no longer kept, under statements that the key has signed.")
        if found.lost:
            print(
                f"A backup was restored: of chain {', '.join(map(str, found.lost))} entries are missing that were written after it "
                "was made."
            )
    return 0 if bad is None else 1


def index(data: Path, as_json: bool) -> int:
    """Make the index anew from the logs, while no engine runs."""
    from interop.audit.parts import alive
    from interop.audit.trail import Trail

    directory, _ = _places(data, None)
    if not directory.is_dir():
        print(f"There is no audit in {directory}. Name the engine's directory with --data.", file=sys.stderr)
        return 2
    if alive(directory):
        print(f"An engine has {data}: stop it first; it brings the index up to date by itself.", file=sys.stderr)
        return 1
    for path in directory.glob("index.sqlite*"):
        path.unlink()
    trail = Trail(directory)
    try:
        rows = trail.catch_up(patience=inf)
    finally:
        trail.close()
    print(json.dumps({"rows": rows}) if as_json else f"{rows} entries are in the index.")
    return 0


def queue(data: Path, closed: bool, as_json: bool) -> int:
    """What waits for the privacy officer, oldest first."""
    from interop.audit.trail import Trail

    directory, _ = _places(data, None)
    if not directory.is_dir():
        print(f"There is no audit in {directory}. Name the engine's directory with --data.", file=sys.stderr)
        return 2
    trail = Trail(directory)
    try:
        trail.catch_up(patience=inf)
        items = trail.index.items(open=not closed, count=1000)
    finally:
        trail.close()
    for item in items:
        said = {**item._asdict(), "time": instant(item.time), "judged": instant(item.judged) if item.judged else ""}
        if as_json:
            print(json.dumps(said))
        else:
            by = plain(f"{item.user} ({item.role}, {item.organisation})")
            print(f"{item.item}  {instant(item.time)}  {by}  {item.patients}  {item.outcome}".rstrip())
    if not items and not as_json:
        print("Nothing has an outcome yet." if closed else "Nothing waits for the privacy officer.")
    return 0


def outcome(item: str, found: str, data: Path, checkpoints: Path | None, key: Path | None) -> int:
    """Write down what was found of an item, in a chain of its own: a running engine reads it too."""
    import getpass

    from interop.audit.key import AuditKey
    from interop.audit.log import AuditLog
    from interop.audit.privacy import OUTCOMES
    from interop.audit.row import JUDGED
    from interop.audit.trail import Trail
    from interop.clock import SystemClock

    directory, elsewhere = _places(data, checkpoints)
    if found not in OUTCOMES:
        print(f"One of {', '.join(OUTCOMES)} is wanted.", file=sys.stderr)
        return 2
    if not directory.is_dir():
        print(f"There is no audit in {directory}. Name the engine's directory with --data.", file=sys.stderr)
        return 2
    trail = Trail(directory)
    try:
        trail.catch_up(patience=inf)
        known = trail.index.item(item)
    finally:
        trail.close()
    if known is None:
        print("There is no such item; interop audit queue lists them.", file=sys.stderr)
        return 1
    log = AuditLog.open(directory, elsewhere, AuditKey.kept(key or data / "audit.key"), SystemClock(), background=False)
    try:
        who = (f"system|{getpass.getuser()}", "operator", "", "interop audit outcome")
        log.write(JUDGED, who, "$privacy-outcome", more={"item": item, "outcome": found})
    finally:
        log.close()
    print(f"{item}: {found}")
    return 0


def _places(data: Path, checkpoints: Path | None) -> tuple[Path, Path]:
    from interop.audit.parts import places

    return places(data, checkpoints)


class _Progress:
    """A bar on a terminal; hears of how many bytes more were read."""

    def __init__(self, size: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("verifying", total=size)

    def __enter__(self) -> Any:
        self._bar.start()
        return lambda size: self._bar.advance(self._task, size)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
