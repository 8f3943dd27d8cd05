"""``interop application``: applications through which people sign on at the embedded issuer, in a file that an engine reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from interop.signon.apps import NAME, BadApps, read_app, read_apps, written
from interop.signon.keyfile import keep


def applications(data: Path, file: Path | None, *, as_json: bool) -> int:
    """List them."""
    try:
        found = read_apps(file or data / NAME)
    except BadApps as bad:
        return _wrong(str(bad))
    for app in found.values():
        print(json.dumps(app.said()) if as_json else f"{app.id}  {app.name}  {' '.join(sorted(app.addresses))}")
    return 0


def register(data: Path, file: Path | None, id: str, name: str, addresses: Sequence[str], scope: str, *, as_json: bool) -> int:
    """Add an application, or replace the one of that id."""
    path = file or data / NAME
    try:
        app = read_app({"id": id, "name": name, "redirect_uris": list(addresses), "scope": scope}, f"The application {id}")
        known = read_apps(path)
    except BadApps as bad:
        return _wrong(str(bad))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep(path, written({**known, app.id: app}.values()))
    print(json.dumps(app.said()) if as_json else f"People may sign on through {app.id}, with what {path} says of it.")
    return 0


def remove(data: Path, file: Path | None, id: str, *, as_json: bool) -> int:
    """Take an application out: it gets no further code, and none of its refresh tokens is of use."""
    path = file or data / NAME
    try:
        known = read_apps(path)
    except BadApps as bad:
        return _wrong(str(bad))
    if id not in known:
        return _wrong(f"There is no application {id!r} in {path}.")
    keep(path, written(app for app in known.values() if app.id != id))
    sentence = f"Nobody signs on through {id} any more; the tokens that it has end within the hour."
    print(json.dumps({"id": id, "removed": True}) if as_json else sentence)
    return 0


def _wrong(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2
