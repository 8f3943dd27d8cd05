"""The deployment's key of resource ids, and the database that knows it."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from interop.ids.secret import kept
from interop.store.plan import Meta
from interop.store.seam import Store
from interop.store.values import Change


def id_key(directory: Path) -> bytes:
    """The deployment's key of resource ids: made at the first start, kept beside the data, readable by its owner alone."""
    return kept(directory / "id.key", lambda: secrets.token_bytes(32))


def key_digest(key: bytes) -> str:
    """The digest by which a database knows the key that its ids were made with."""
    return hashlib.sha256(b"interop id key" + key).hexdigest()


async def check_key(store: Store, key: bytes) -> None:
    """A database keeps the digest of the key that its ids were made with: beside another, every person would be there twice.

    Raises ValueError where it is another."""
    digest = key_digest(key)
    kept = await store.query(Meta("id key"))
    if not kept:
        await store.commit(Change(meta=[("id key", digest)]))
    elif kept != [digest]:
        raise ValueError("The id.key in the data directory is not the one that this database's ids were made with: restore it.")
