"""``interop backup`` and ``interop restore``."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from interop.cli.progress import Working, progress
from interop.cli.shown import json_line, wrong
from interop.clock import SystemClock, instant
from interop.errors import Problem


def backup(directory: Path, source: dict[str, Any], secret: Path | None, *, without_keys: bool, as_json: bool) -> int:
    """Make a backup; 1 where that cannot be, with one sentence on standard error."""
    from interop.app.backup.making import Source, back_up
    from interop.app.backup.sealing import passphrase

    os.umask(0o077)

    async def work(told: Callable[[str, int], None]) -> Any:
        found = passphrase(secret) if secret is not None else b""
        return await back_up(Source(**source), directory, SystemClock(), told, secret=found, keys=not without_keys)

    manifest = _done(work, "backing up", "see that there is room and that the directory can be written")
    if manifest is None:
        return 1
    said = _said(manifest)
    if as_json:
        json_line({"backup": str(directory), **said})
        return 0
    print(f"The backup in {directory} has {said['messages']:,} messages, {_until(manifest)}; {said['bytes']:,} bytes.")
    if without_keys:
        print(f"It is without {', '.join(manifest.keys)}: keep them elsewhere; nothing can be restored without them.")
    elif not manifest.salt:
        print(f"It holds the keys ({', '.join(manifest.keys)}) and is not encrypted: whoever can read it can read everything.")
    if "audit.key" not in manifest.keys:
        print("The audit's key is not in the data directory, so not in the backup: keep it by itself.")
    return 0


def restore(directory: Path, target: dict[str, Any], secret: Path | None, keys: Path | None, public: str, *, as_json: bool) -> int:
    """Restore a backup; 1 where that cannot be, 2 for an option that cannot be."""
    from interop.app.backup.restoring import Target, restore
    from interop.app.backup.sealing import passphrase
    from interop.audit.key import Verifier

    os.umask(0o077)
    try:
        by = Verifier(bytes.fromhex(public)) if public else None
    except ValueError:
        return wrong("--public is no public key: interop audit verify prints it.")

    async def work(told: Callable[[str, int], None]) -> Any:
        found = passphrase(secret) if secret is not None else b""
        return await restore(directory, Target(**target), SystemClock(), told, secret=found, keys=keys, by=by)

    manifest = _done(work, "restoring", "see that there is room and that the directory can be written")
    if manifest is None:
        return 1
    if as_json:
        json_line({"data": str(target["data"]), **_said(manifest)})
        return 0
    print(f"{manifest.journal['messages']:,} messages are back in {target['data']}, {_until(manifest)}.")
    print(f"What was taken in or written after {instant(manifest.made)} is not there: ask the senders for it.")
    if not manifest.record or (target["database"] is not None):
        print("The record is made from the journal at the next start; until then reads find only a part.")
    return 0


def _said(manifest: Any) -> dict[str, Any]:
    return {
        "made": instant(manifest.made),
        "messages": manifest.journal["messages"],
        "last": manifest.journal["last"],
        "received": instant(manifest.journal["received"]) if manifest.journal["received"] else None,
        "bytes": sum(size for size, _ in manifest.files.values()),
        "files": len(manifest.files),
        "keys": manifest.with_keys,
        "encrypted": bool(manifest.salt),
        "record": manifest.record,
    }


def _until(manifest: Any) -> str:
    if not manifest.journal["last"]:
        return "none yet"
    return f"the last is {manifest.journal['last']}, received {instant(manifest.journal['received'])}"


def _done(work: Callable[[Callable[[str, int], None]], Coroutine[Any, Any, Any]], what: str, action: str) -> Any:
    from interop.app.backup.manifest import BadBackup

    try:
        with progress(what, size=True) as working:
            return asyncio.run(work(partial(_tell, working, what)))
    except (BadBackup, ValueError) as bad:
        wrong(bad)
    except (OSError, sqlite3.Error) as error:
        wrong(f"It could not be done ({getattr(error, 'strerror', None) or error}): {action}.")
    except Problem as problem:
        wrong(f"{problem.reason.sentence} {problem.reason.action}")
    return None


def _tell(working: Working, what: str, name: str, size: int) -> None:
    working.says(f"{what}: {name}")
    working.more(size)
