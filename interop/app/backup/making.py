"""Makes a backup beside a running engine, or of a directory that none has.

The record is copied first and the journal after it, each as at one moment: so the journal reaches at least as far as the record,
and what the record lacks is made from it at the start. Then the audit, its checkpoints before its rows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from interop.app.backup import logs
from interop.app.backup.manifest import NAME, BadBackup, Manifest, digest_of
from interop.app.backup.sealing import Seal
from interop.app.copying import copy_journal, has_journal
from interop.audit.key import AuditKey
from interop.audit.parts import places, sync_directory
from interop.clock import Clock
from interop.store.sqlite.connection import JOURNAL, RECORD
from interop.store.sqlite.copy import copy_at_once, schema_of, standing

FEEDS: Final = "feeds.csv"
KEY: Final = ".key"
STAGE: Final = "backup.tmp"
"""Where files lie in the data directory until they are encrypted."""
Told = Callable[[str, int], None]
"""Hears which file so many bytes more were done of."""


class Source(NamedTuple):
    """What is backed up: as the engine was told with the options of the same names."""

    data: Path
    database: str | None = None
    checkpoints: Path | None = None
    audit_key: Path | None = None
    feeds: Path | None = None


async def back_up(source: Source, target: Path, clock: Clock, told: Told, *, secret: bytes = b"", keys: bool = True) -> Manifest:
    """Make a backup in the directory ``target``; ``secret`` encrypts it, ``keys`` False leaves the key files out.

    Raises BadBackup where ``target`` is in use or there is nothing to back up, OSError, sqlite3.Error, and what a database raises.
    A backup that fails is taken away."""
    if target.exists() and any(target.iterdir()):
        raise BadBackup(f"{target} is not empty: a backup overwrites nothing; name a new directory.")
    if not (source.data / "id.key").is_file() or not await has_journal(source.data, source.database):
        raise BadBackup(f"There is no engine's data in {source.data}: name its directory with --data, and its --database.")
    made = not target.exists()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    stage = target if not secret else source.data / STAGE
    try:
        if secret:
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir(mode=0o700)
        return await _made(source, target, stage, clock, told, Seal.new(secret) if secret else None, keys=keys)
    except BaseException:
        _empty(target, itself=made)
        raise
    finally:
        if secret:
            shutil.rmtree(stage, ignore_errors=True)


async def _made(source: Source, target: Path, stage: Path, clock: Clock, told: Told, seal: Seal | None, *, keys: bool) -> Manifest:
    now = clock.now()
    manifest = Manifest(now, version("interop"), "", {}, {}, source.database is None, keys, {}, {})
    manifest.database = "files" if source.database is None else "postgresql"
    manifest.salt = seal.salt.hex() if seal is not None else ""

    def put(name: str) -> None:
        """A file is in ``stage``: bring it where it belongs and note its digest."""
        path = target / name
        if seal is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            seal.close(stage / name, path, name, lambda size: told(name, size))
            (stage / name).unlink()
        manifest.files[name] = path.stat().st_size, digest_of(path, lambda size: told(name, size))

    if source.database is None:
        copy_at_once(source.data / RECORD, stage / RECORD, lambda size: told(RECORD, size))
        manifest.schema["record"] = schema_of(stage / RECORD)
        put(RECORD)
        copy_at_once(source.data / JOURNAL, stage / JOURNAL, lambda size: told(JOURNAL, size))
    else:
        await copy_journal((source.data, source.database), (stage, None))
        for path in (*stage.glob(f"{RECORD}*"), stage / "lock"):
            path.unlink()
    manifest.schema["journal"] = schema_of(stage / JOURNAL)
    manifest.journal = standing(stage / JOURNAL)
    put(JOURNAL)
    directory, elsewhere = places(source.data, source.checkpoints)
    manifest.audit = logs.copy(directory, elsewhere, stage / "audit", lambda name: put(f"audit/{name}"))
    for path, name in _beside(source):
        if path.suffix == KEY:
            manifest.keys[name] = digest_of(path)
            if not keys:
                continue
        _copied(path, stage / name)
        put(name)
    for folder in {target, *(path.parent for path in target.rglob("*"))}:
        sync_directory(folder)
    manifest.write(target, _signing(source))
    return manifest


def _beside(source: Source) -> Iterator[tuple[Path, str]]:
    """Keys, clients, applications and feeds, with their names in the backup."""
    for path in sorted(source.data.iterdir()):
        if path.is_file() and path.suffix in (KEY, ".json", ".toml", ".csv") and path.name not in (NAME, FEEDS):
            yield path, path.name
    if source.feeds is not None:
        yield source.feeds, FEEDS


def _copied(path: Path, target: Path) -> None:
    with path.open("rb") as file, os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        shutil.copyfileobj(file, out)
        out.flush()
        os.fsync(out.fileno())


def _signing(source: Source) -> AuditKey | None:
    try:
        return AuditKey((source.audit_key or source.data / "audit.key").read_bytes())
    except (OSError, ValueError):
        return None


def _empty(target: Path, *, itself: bool) -> None:
    for path in target.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if itself:
        target.rmdir()
