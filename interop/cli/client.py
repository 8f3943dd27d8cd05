"""``interop client``: backend services that may sign on by themselves, in a file that a running engine reads again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from interop.cli.shown import json_line, one, remark, table, wrong
from interop.signon.clients import NAME, BadClients, read_client, read_clients, written
from interop.signon.keyfile import keep


def clients(data: Path, file: Path | None, *, as_json: bool) -> int:
    """List them."""
    try:
        found = read_clients(file or data / NAME)
    except BadClients as bad:
        return wrong(str(bad))
    if as_json:
        for client in found.values():
            json_line(client.said())
    elif not found:
        remark("No backend service is registered: interop client ID --jwks FILE --org CODE --scope SCOPES does that.")
    else:
        rows = [(client.id, client.organisation, client.role, " ".join(map(str, client.scopes))) for client in found.values()]
        table(("client", "organisation", "role", "scope"), rows)
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
        return wrong(str(bad))
    except (OSError, ValueError):
        return wrong(f"{keys} cannot be read: --jwks is a file with a JSON Web Key Set, or the https:// URL where one is.")
    one(client.said(), f"The client {client.id} may sign on, with what {path} says of it.", as_json=as_json)
    return 0


def remove(data: Path, file: Path | None, id: str, *, as_json: bool) -> int:
    """Take a client out: it gets no further token."""
    path = file or data / NAME
    try:
        known = read_clients(path)
        if id not in known:
            return wrong(f"There is no client {id!r} in {path}.")
        keep(path, written(client for client in known.values() if client.id != id))
    except BadClients as bad:
        return wrong(str(bad))
    sentence = f"The client {id} gets no further token; those it has end within five minutes."
    one({"id": id, "removed": True}, sentence, as_json=as_json)
    return 0
