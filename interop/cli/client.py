"""``interop client``: backend services that may sign on by themselves, in a file that a running engine reads again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from interop.signon.clients import NAME, BadClients, read_client, read_clients, written
from interop.signon.keyfile import keep


def clients(data: Path, file: Path | None, *, as_json: bool) -> int:
    """List them."""
    try:
        found = read_clients(file or data / NAME)
    except BadClients as bad:
        return _wrong(str(bad))
    for client in found.values():
        scope = " ".join(map(str, client.scopes))
        print(json.dumps(client.said()) if as_json else f"{client.id}  {client.organisation or '-'}  {client.role}  {scope}")
    return 0


def register(data: Path, file: Path | None, id: str, said: dict[str, Any], keys: str, *, as_json: bool) -> int:
    """Add a client, or replace the one of that id. ``keys``: a file with its JSON Web Key Set, or the URL where that is."""
    path = file or data / NAME
    try:
        given = {"jwks_url": keys} if "://" in keys else {"jwks": json.loads(Path(keys).read_bytes())}
        client = read_client({"id": id, **said, **given}, f"The client {id}")
        known = read_clients(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep(path, written({**known, client.id: client}.values()))
    except BadClients as bad:
        return _wrong(str(bad))
    except (OSError, ValueError):
        return _wrong(f"{keys} cannot be read: --jwks is a file with a JSON Web Key Set, or the https:// URL where one is.")
    print(json.dumps(client.said()) if as_json else f"The client {client.id} may sign on, with what {path} says of it.")
    return 0


def remove(data: Path, file: Path | None, id: str, *, as_json: bool) -> int:
    """Take a client out: it gets no further token."""
    path = file or data / NAME
    try:
        known = read_clients(path)
        if id not in known:
            return _wrong(f"There is no client {id!r} in {path}.")
        keep(path, written(client for client in known.values() if client.id != id))
    except BadClients as bad:
        return _wrong(str(bad))
    sentence = f"The client {id} gets no further token; those it has end within five minutes."
    print(json.dumps({"id": id, "removed": True}) if as_json else sentence)
    return 0


def _wrong(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2
