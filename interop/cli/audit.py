"""``interop audit``: whether it is as it was written, what waits for the privacy officer, the index made anew."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.cli.progress import progress
from interop.cli.shown import cut, json_line, moment, one, remark, table, wrong
from interop.clock import SystemClock, instant

if TYPE_CHECKING:
    from interop.audit.trail import Trail

MOST = 1_000
"""Items of the queue that are shown."""
AT_A_TIME = 20_000
"""Entries of a chain between two words of how far it is."""
NONE = "There is no audit in {}. Name the engine's directory with --data."


def verify(data: Path, checkpoints: Path | None, key: Path | None, public: str, as_json: bool) -> int:
    """Look at every row; 1 where one is not as it was written, which is named. With ``public`` the public key alone, in
    hexadecimal."""
    from interop.audit.checkpoints import kept
    from interop.audit.key import AuditKey, Verifier
    from interop.audit.parts import chains
    from interop.audit.verify import verify as look

    directory, elsewhere = _places(data, checkpoints)
    if not chains(directory) and not kept(elsewhere):
        return wrong(NONE.format(directory))
    path = key or data / "audit.key"
    try:
        by: Verifier = Verifier(bytes.fromhex(public)) if public else AuditKey(path.read_bytes())
    except (OSError, ValueError):
        what = "--public is no public key" if public else f"The key of the audit cannot be read from {path}: name it with --key"
        return wrong(f"{what}, or give the public key alone with --public.")
    with progress("verifying", sum(path.stat().st_size for path in directory.glob("*.log")), size=True) as told:
        found = look(directory, elsewhere, by, told.more)
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
        json_line(said)
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
        return wrong(NONE.format(directory))
    if alive(directory):
        return wrong(f"An engine has {data}: stop it first; it brings the index up to date by itself.", 1)
    for path in directory.glob("index.sqlite*"):
        path.unlink()
    trail = Trail(directory)
    try:
        rows = _caught_up(trail)
    finally:
        trail.close()
    one({"rows": rows}, f"{rows} entries are in the index.", as_json=as_json)
    return 0


def queue(data: Path, closed: bool, as_json: bool) -> int:
    """What waits for the privacy officer, oldest first."""
    from interop.audit.trail import Trail

    directory, _ = _places(data, None)
    if not directory.is_dir():
        return wrong(NONE.format(directory))
    trail = Trail(directory)
    try:
        _caught_up(trail)
        items = trail.index.items(open=not closed, count=MOST + 1)
    finally:
        trail.close()
    shown, now = items[:MOST], instant(SystemClock().now())
    if as_json:
        for item in shown:
            json_line({**item._asdict(), "time": instant(item.time), "judged": instant(item.judged) if item.judged else ""})
    elif shown:
        rows = [
            (item.item, moment(instant(item.time), now), item.user, item.role, item.organisation, item.patients, item.outcome)
            for item in shown
        ]
        table(("item", "time", "user", "role", "organisation", "patients", "outcome"), rows)
    else:
        remark("Nothing has an outcome yet." if closed else "Nothing waits for the privacy officer.")
    if len(items) > MOST:
        cut(MOST, None, "judge these with interop audit outcome, then ask again.")
    return 0


def outcome(item: str, found: str, data: Path, checkpoints: Path | None, key: Path | None, *, as_json: bool) -> int:
    """Write down what was found of an item, in a chain of its own: a running engine reads it too."""
    import getpass

    from interop.audit.key import AuditKey
    from interop.audit.log import AuditLog
    from interop.audit.privacy import OUTCOMES
    from interop.audit.row import JUDGED
    from interop.audit.trail import Trail

    directory, elsewhere = _places(data, checkpoints)
    if found not in OUTCOMES:
        return wrong(f"One of {', '.join(OUTCOMES)} is wanted.")
    if not directory.is_dir():
        return wrong(NONE.format(directory))
    trail = Trail(directory)
    try:
        _caught_up(trail)
        known = trail.index.item(item)
    finally:
        trail.close()
    if known is None:
        return wrong("There is no such item; interop audit queue lists them.", 1)
    log = AuditLog.open(directory, elsewhere, AuditKey.kept(key or data / "audit.key"), SystemClock(), background=False)
    try:
        who = (f"system|{getpass.getuser()}", "operator", "", "interop audit outcome")
        log.write(JUDGED, who, "$privacy-outcome", more={"item": item, "outcome": found})
    finally:
        log.close()
    one({"item": item, "outcome": found}, f"{item}: {found}", as_json=as_json)
    return 0


def _caught_up(trail: Trail) -> int:
    """Bring the index up to date, however far it is behind; how many entries that were."""
    rows = 0
    with progress("indexing the audit") as told:
        while done := trail.catch_up(AT_A_TIME, patience=inf):
            rows += done
            told.at(rows)
    return rows


def _places(data: Path, checkpoints: Path | None) -> tuple[Path, Path]:
    from interop.audit.parts import places

    return places(data, checkpoints)
