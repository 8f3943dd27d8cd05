"""Puts a backup in the place of a data directory, when every file of it is as it was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from interop.app.backup import logs
from interop.app.backup.manifest import BadBackup, Manifest, digest_of
from interop.app.backup.sealing import Seal
from interop.app.copying import copy_journal, has_journal
from interop.audit.key import Verifier
from interop.audit.parts import sync_directory
from interop.clock import Clock
from interop.signon.keyfile import keep
from interop.store.sql.schema import migrations
from interop.store.sqlite.connection import JOURNAL, RECORD

RESTORED: Final = "restored.json"
"""What the next start tells the audit of, and takes away."""
Told = Callable[[str, int], None]


class Target(NamedTuple):
    """Where a backup goes. ``checkpoints``: where the audit's are kept, None = beside it; what is there stays."""

    data: Path
    database: str | None = None
    checkpoints: Path | None = None


async def restore(
    backup: Path,
    target: Target,
    clock: Clock,
    told: Told,
    *,
    secret: bytes = b"",
    keys: Path | None = None,
    by: Verifier | None = None,
) -> Manifest:
    """Restore; what the backup says of itself. ``keys``: where the key files are that it was made without; ``by``: who has to have
    signed it.

    Raises BadBackup where the backup is not whole or not as it was written, or the target in use; OSError."""
    manifest = Manifest.read(backup, by)
    if bool(secret) != bool(manifest.salt):
        raise BadBackup(
            "The backup is encrypted: name the file of its passphrase with --passphrase-file."
            if manifest.salt
            else "The backup is not encrypted: leave --passphrase-file out."
        )
    for name, number in manifest.schema.items():
        known = migrations(name, "sqlite")[-1][0]
        if number > known:
            raise BadBackup(f"The backup's {name} has schema {number}, this version knows {known}: restore it with that version.")
    await _free(target)
    _know(manifest, keys)
    manifest.check(backup, lambda size: told("checking", size))
    seal = Seal(secret, bytes.fromhex(manifest.salt)) if secret else None
    made = not target.data.exists()
    target.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        await _filled(backup, manifest, target, seal, told, keys)
        said = {"backup": manifest.made, "restored": clock.now(), **manifest.audit}
        keep(target.data / RESTORED, orjson.dumps(said))
    except BaseException:
        for path in target.data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if made:
            target.data.rmdir()
        raise
    return manifest


async def _free(target: Target) -> None:
    if target.data.exists() and any(target.data.iterdir()):
        raise BadBackup(f"{target.data} is not empty: a restore overwrites nothing; stop its engine and name a new directory.")
    if target.database is not None and await has_journal(target.data, target.database):
        raise BadBackup("The database holds messages: a restore overwrites nothing; name an empty one with --database.")


def _know(manifest: Manifest, keys: Path | None) -> None:
    """Whether the keys are those of the backup."""
    if manifest.with_keys:
        return
    if keys is None:
        raise BadBackup(f"The backup was made without its keys ({', '.join(manifest.keys)}): say with --keys where they are.")
    for name, digest in manifest.keys.items():
        if not (keys / name).is_file():
            raise BadBackup(f"{name} is not in {keys}: without it what is restored could not be used; put it there.")
        if digest_of(keys / name) != digest:
            raise BadBackup(f"{name} in {keys} is not the key that the backup was made with: put that there.")


async def _filled(backup: Path, manifest: Manifest, target: Target, seal: Seal | None, told: Told, keys: Path | None) -> None:
    for name in manifest.files:
        if target.database is not None and name == RECORD:
            continue
        into = _place(target, name)
        into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if into.exists():
            continue
        if seal is not None:
            seal.open(backup / name, into, name, lambda size: told("restoring", size))
        else:
            _copied(backup / name, into, told)
    if keys is not None and not manifest.with_keys:
        for name in manifest.keys:
            _copied(keys / name, target.data / name, told)
    if target.database is not None:
        await copy_journal((target.data, None), (target.data, target.database))
        for path in (*target.data.glob(f"{JOURNAL}*"), *target.data.glob(f"{RECORD}*")):
            path.unlink()
    for folder in {target.data, *(path.parent for path in target.data.rglob("*"))}:
        sync_directory(folder)


def _place(target: Target, name: str) -> Path:
    head, _, last = name.rpartition("/")
    if head == f"audit/{logs.PLACE}" and target.checkpoints is not None:
        return target.checkpoints / last
    return target.data / name


def _copied(path: Path, into: Path, told: Told) -> None:
    with path.open("rb") as file, os.fdopen(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        while block := file.read(1 << 20):
            out.write(block)
            told("restoring", len(block))
        out.flush()
        os.fsync(out.fileno())
