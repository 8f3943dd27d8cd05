"""``/tables/``: the versions of tables that the engine has worked by, and what changed between two of them; for who runs it.

| request | gives |
|---|---|
| GET ``/tables/`` | every version, newest first: mappings by family and site, and those of policy |
| GET ``/tables/DIGEST?since=DIGEST`` | the files of one with their rows, or with ``since`` what changed from that one |
"""

from __future__ import annotations

import gzip
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, NamedTuple

import orjson

from interop.api.asgi import JSON, Request, Response, parameters
from interop.api.parts import check
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.clock import Clock, instant
from interop.errors import Problem
from interop.mapping.changes import changes
from interop.mapping.sites import FOLDER
from interop.store.plan import KeptTables, Meta, Noted
from interop.store.seam import Store
from interop.store.values import Change

PREFIX: Final = "/tables/"
POLICY: Final = "policy"
"""What the tables of policy are called among the families."""
POLICIES: Final = "policy tables "
"""Begins the names under which the store keeps them: the digest follows, the value is JSON of first use and files."""


class Version(NamedTuple):
    """Tables of one digest. ``first``: when they were first used, in microseconds, 0 where nobody knows."""

    digest: str
    family: str
    site: str
    first: int
    files: dict[str, str]


async def answer(services: Services, request: Request) -> Response:
    """Raises Problem ``forbidden``, ``not-found``, ``bad-parameter``."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    check(services, request, "tables")
    known = await versions(services)
    digest = request.path[len(PREFIX) :]
    if not digest:
        return _json({"tables": [_line(each) for each in sorted(known.values(), key=lambda each: (-each.first, each.family))]})
    meant = known.get(digest)
    if meant is None:
        raise Problem("not-found")
    since = dict(parameters(request.scope.get("query_string", b""))).get("since", "")
    if not since:
        return _json({**_line(meant), "files": meant.files})
    before = known.get(since)
    if before is None or before.family != meant.family:
        raise Problem("bad-parameter", where="since", detail="the digest of another version of the same tables is wanted")
    found = [{**each._asdict(), "cells": [list(cell) for cell in each.cells]} for each in changes(before.files, meant.files)]
    return _json({**_line(meant), "since": since, "changes": found})


async def versions(services: Services) -> dict[str, Version]:
    """All of them, by digest."""
    found = {}
    kept: list[tuple[str, int, bytes]] = await services.store.query(KeptTables())
    for digest, first, content in kept:
        texts: dict[str, str] = orjson.loads(gzip.decompress(content))
        family = next((path.partition("/")[0] for path in texts if path.endswith("/routes.csv")), "")
        above = f"{family}/{FOLDER}/"
        site = next((path.removeprefix(above).partition("/")[0] for path in texts if path.startswith(above)), "")
        found[digest] = Version(digest, family, site, first, texts)
    for name, value in await services.store.query(Noted(POLICIES)):
        said, digest = orjson.loads(value), name.removeprefix(POLICIES)
        found[digest] = Version(digest, POLICY, "", said["first"], said["files"])
    return found


async def keep_policy(store: Store, clock: Clock) -> None:
    """Keep the tables of policy that hold now under their digest, where they are not kept yet."""
    folder = files("interop.policy").joinpath("tables")
    texts = {f"{POLICY}/{each.name}": each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".csv")}
    digest = sha256(orjson.dumps(texts, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if not await store.query(Meta(POLICIES + digest)):
        said = orjson.dumps({"first": clock.now(), "files": texts}).decode()
        await store.commit(Change(meta=[(POLICIES + digest, said)]))


def _line(version: Version) -> dict[str, Any]:
    said: dict[str, Any] = {"digest": version.digest, "family": version.family}
    if version.site:
        said["site"] = version.site
    if version.first:
        said["first"] = instant(version.first)
    return said


def _json(said: dict[str, Any]) -> Response:
    return Response(200, orjson.dumps(said), JSON)
