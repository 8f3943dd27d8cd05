"""``interop export``: a client of FHIR Bulk Data Access that begins an export, waits for it and fetches its files."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from interop.cli.bearer import bearer
from interop.cli.governed import NEXT, words
from interop.cli.options import Engine
from interop.cli.progress import Working, progress
from interop.cli.shown import json_line, table, wrong

if TYPE_CHECKING:
    import httpx

KINDS: Final = ("output", "deleted", "error")
TRIES: Final = 5
"""How often a file that breaks off is gone on with."""
LONGEST: Final = 60
"""Seconds between two questions at most."""
PATIENCE: Final = 60
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class Asked(NamedTuple):
    """What is wanted, as the command has it."""

    people: bool = False
    group: str = ""
    types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    since: str = ""
    elements: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Below the service base."""
        return f"Group/{self.group}/$export" if self.group else "Patient/$export" if self.people else "$export"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters."""
        said = [("_type", ",".join(self.types)), ("_since", self.since), ("_elements", ",".join(self.elements))]
        return [(name, value) for name, value in said if value] + [("_typeFilter", each) for each in self.filters]


class Refused(Exception):
    """It cannot be had; one sentence, and what to do."""


def export(
    engine: Engine, asked: Asked, into: Path, *, keep: bool, as_json: bool, wait: Callable[[float], None] = time.sleep
) -> int:
    """1 where it could not be had, 2 where the directory cannot be used; 130 where it was interrupted, and given up."""
    import httpx

    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(into.iterdir()):
            return wrong(f"{into} is not empty: name another directory, so that exports are not mixed.")
    except OSError as error:
        return wrong(f"{into} cannot be used ({error.strerror}): name another directory.")
    headers = {"accept": "application/fhir+json", **bearer(engine.url, engine.token, engine.data)}
    place = ""
    try:
        with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
            try:
                with progress("waiting", size=True) as working:
                    place = _begun(client, engine, asked, headers)
                    manifest = _waited(client, place, headers, working, wait)
                    files = list(_fetched(client, engine.url, manifest, headers, into, working, wait))
            except KeyboardInterrupt:
                _given_up(client, place, headers)
                return wrong("Interrupted: the export was given up.", 130)
            if not keep:
                _given_up(client, place, headers)
    except Refused as refused:
        return wrong(refused, 1)
    except httpx.TransportError:
        return wrong(f"No engine answers at {engine.url}. Start it with interop serve, or name it with --url.", 1)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return wrong(f"{engine.url} is no address: name the engine with --url http://HOST:PORT.", 1)
    except OSError as error:
        return wrong(f"{into} does not take it: {error.strerror}. Make room, then begin again.", 1)
    _told(manifest, files, into, as_json=as_json)
    return 0


def _begun(client: httpx.Client, engine: Engine, asked: Asked, headers: dict[str, str]) -> str:
    """Where to ask for it."""
    import httpx

    url = f"{engine.url.rstrip('/')}/fhir/{asked.address}"
    answer = client.get(url, params=httpx.QueryParams([*asked.query]), headers={**headers, "prefer": "respond-async"})
    place = answer.headers.get("content-location", "")
    if answer.status_code != 202 or not place:
        raise _refusal(answer)
    return str(place)


def _waited(
    client: httpx.Client, place: str, headers: dict[str, str], working: Working, wait: Callable[[float], None]
) -> dict[str, Any]:
    """The manifest, once there is one."""
    while True:
        answer = client.get(place, headers={**headers, "accept": "application/json"})
        if answer.status_code == 200:
            manifest: dict[str, Any] = answer.json()
            return manifest
        if answer.status_code not in (202, 429):
            raise _refusal(answer)
        working.says(answer.headers.get("x-progress", "waiting")[:60])
        said = answer.headers.get("retry-after", "")
        wait(min(LONGEST, int(said) if said.isdigit() else 5))


def _fetched(
    client: httpx.Client,
    url: str,
    manifest: dict[str, Any],
    headers: dict[str, str],
    into: Path,
    working: Working,
    wait: Callable[[float], None],
) -> Iterator[dict[str, Any]]:
    """Fetch each file; what each came to. The token goes to nobody but the engine that was named."""
    (into / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    for kind in KINDS:
        for each in manifest.get(kind) or ():
            name = urlsplit(each["url"]).path.rpartition("/")[2]
            if not _NAME.fullmatch(name) or (into / name).exists():
                name = f"{kind}-{len(list(into.iterdir()))}.ndjson"
            own = headers if _same(url, each["url"]) else {}
            working.says(name)
            _fetch(client, each["url"], own, into / name, working, wait)
            yield {"kind": kind, "type": each["type"], "file": name, "count": each.get("count")}


def _fetch(
    client: httpx.Client,
    url: str,
    headers: dict[str, str],
    path: Path,
    working: Working,
    wait: Callable[[float], None],
) -> None:
    """A file, gone on with where it broke off."""
    import httpx

    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        for tried in range(TRIES):
            at = file.tell()
            # Not compressed on the way: what broke off could not be gone on with.
            ask = {**headers, "accept": "application/fhir+ndjson", "accept-encoding": "identity"}
            if at:
                ask["range"] = f"bytes={at}-"
            try:
                with client.stream("GET", url, headers=ask) as answer:
                    if answer.status_code not in (200, 206):
                        answer.read()
                        raise _refusal(answer)
                    if answer.status_code == 200:
                        file.seek(0)
                        file.truncate()
                    size = answer.headers.get("content-length", "")
                    total = file.tell() + int(size) if size.isdigit() else None
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
                        working.at(file.tell(), total)
                break
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout):
                if tried == TRIES - 1:
                    raise
                wait(2.0**tried)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _same(one: str, two: str) -> bool:
    """Whether two addresses are of one server."""
    return urlsplit(one)[:2] == urlsplit(two)[:2]


def _given_up(client: httpx.Client, place: str, headers: dict[str, str]) -> None:
    import httpx

    if place:
        with suppress(httpx.HTTPError):
            client.delete(place, headers=headers)


def _refusal(answer: httpx.Response) -> Refused:
    try:
        said = answer.json()
    except ValueError:
        said = None
    return Refused(
        f"{answer.status_code}: {words(said if isinstance(said, dict) else None)} {NEXT.get(answer.status_code, '')}".strip()
    )


def _told(manifest: dict[str, Any], files: list[dict[str, Any]], into: Path, *, as_json: bool) -> None:
    if as_json:
        for each in files:
            json_line(each)
        total = sum(each["count"] or 0 for each in files if each["kind"] == "output")
        json_line({"transactionTime": manifest["transactionTime"], "resources": total, "directory": str(into)})
        return
    table(("file", "kind", "count"), [(each["file"], each["kind"], each["count"]) for each in files])
    print(f"As of {manifest['transactionTime']}; next time: --since {manifest['transactionTime']}")
