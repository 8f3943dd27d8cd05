"""``interop application``: applications through which people sign on at the embedded issuer, in a file that an engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interop.cli.shown import json_line, one, remark, table, wrong
from interop.signon.apps import NAME, BadApps, read_app, read_apps, written
from interop.signon.keyfile import keep


def applications(data: Path, file: Path | None, *, as_json: bool) -> int:
    """List them."""
    try:
        found = read_apps(file or data / NAME)
    except BadApps as bad:
        return wrong(str(bad))
    if as_json:
        for app in found.values():
            json_line(app.said())
    elif not found:
        remark("No application is registered: interop application ID --redirect ADDRESS does that.")
    else:
        table(("application", "name", "redirect"), [(app.id, app.name, sorted(app.addresses)) for app in found.values()])
    return 0


def register(data: Path, file: Path | None, id: str, name: str, addresses: Sequence[str], scope: str, *, as_json: bool) -> int:
    """Add an application, or replace the one of that id."""
    path = file or data / NAME
    try:
        app = read_app({"id": id, "name": name, "redirect_uris": list(addresses), "scope": scope}, f"The application {id}")
        known = read_apps(path)
    except BadApps as bad:
        return wrong(str(bad))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep(path, written({**known, app.id: app}.values()))
    one(app.said(), f"People may sign on through {app.id}, with what {path} says of it.", as_json=as_json)
    return 0


def remove(data: Path, file: Path | None, id: str, *, as_json: bool) -> int:
    """Take an application out: it gets no further code, and none of its refresh tokens is of use."""
    path = file or data / NAME
    try:
        known = read_apps(path)
    except BadApps as bad:
        return wrong(str(bad))
    if id not in known:
        return wrong(f"There is no application {id!r} in {path}.")
    keep(path, written(app for app in known.values() if app.id != id))
    sentence = f"Nobody signs on through {id} any more; the tokens that it has end within the hour."
    one({"id": id, "removed": True}, sentence, as_json=as_json)
    return 0
