"""Applications through which people sign on: public clients, which hold no secret, with the addresses that codes go to.

A JSON file: ``{"apps": [{"id", "name", "redirect_uris": [...], "scope"}]}``. ``scope`` is what the application may ask for at most,
everything unless given. On this machine an application need not be registered (RFC 8252, 7.3): its address there is its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from interop.policy.scopes import Scope, read_scopes

NAME: Final = "apps.json"
PAGES: Final = "interop-pages"
"""The engine's own pages."""
CALLBACK: Final = "/auth/callback"
"""Where codes for them go."""
SCOPE: Final = "openid profile"
"""What they ask a configured issuer for."""
LARGEST: Final = 1024 * 1024
"""Bytes of the file."""
LONGEST: Final = 2_000
"""Characters of an address."""
EVERYTHING: Final = read_scopes("patient/*.cruds user/*.cruds")
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_ADDRESS: Final = re.compile(r"[!-~]+")
_HERE: Final = ("127.0.0.1", "::1", "localhost")


class BadApps(ValueError):
    """The file cannot be used."""


@dataclass(frozen=True, slots=True)
class App:
    """A public client; ``name`` is what the sign-on page calls it."""

    id: str
    name: str
    addresses: frozenset[str]
    scopes: tuple[Scope, ...] = EVERYTHING

    def said(self) -> dict[str, Any]:
        """As the file holds it."""
        scope = {"scope": " ".join(map(str, self.scopes))} if self.scopes != EVERYTHING else {}
        return {"id": self.id, "name": self.name, "redirect_uris": sorted(self.addresses), **scope}


def read_apps(path: Path) -> dict[str, App]:
    """The applications of a file by id, {} where it is not there. Raises BadApps, which names the entry."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadApps(f"{path.name} is larger than {LARGEST} bytes.")
        listed = json.loads(path.read_bytes())["apps"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadApps(f"{path.name} cannot be read: it is JSON, an object with a list apps.") from error
    apps = [read_app(each, f"{path.name}, apps[{place}]") for place, each in enumerate(listed if isinstance(listed, list) else ())]
    if len({each.id for each in apps}) != len(apps):
        raise BadApps(f"{path.name} names an application twice.")
    return {each.id: each for each in apps}


def written(apps: Iterable[App]) -> bytes:
    """The file of these applications."""
    return json.dumps({"apps": [each.said() for each in apps]}, indent=1).encode("utf-8")


def read_app(said: Any, where: str) -> App:
    """An application of the file; raises BadApps, which begins with ``where``."""
    if not isinstance(said, dict) or not isinstance(said.get("id"), str) or not fit(said["id"]) or said["id"] == PAGES:
        raise BadApps(f"{where}: id is of letters, digits, '_', '.', '-', and none of the engine's own.")
    addresses, scope = said.get("redirect_uris"), said.get("scope", "")
    if not isinstance(addresses, list) or not addresses or not all(isinstance(each, str) and sound(each) for each in addresses):
        raise BadApps(f"{where}: redirect_uris are https://… or of this machine, without fragment.")
    scopes = read_scopes(scope) if isinstance(scope, str) else ()
    if scope and (not scopes or any(each.context == "system" for each in scopes)):
        raise BadApps(f"{where}: scope is of scopes such as patient/Observation.rs, with blanks between.")
    return App(said["id"], str(said.get("name") or said["id"]), frozenset(addresses), scopes or EVERYTHING)


def fit(client: str) -> bool:
    """Whether this can be the id of an application: never that of a person, whom a token names beside it."""
    return _ID.fullmatch(client) is not None and not client.startswith("demo-")


def sound(address: str) -> bool:
    """Whether a code may go to an address: by TLS or on this machine, without a fragment or credentials (RFC 9700, 2.1)."""
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address) or "#" in address or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or (parts.scheme == "http" and host in _HERE))


def here(address: str) -> bool:
    """Whether an address is of this machine."""
    return sound(address) and urlsplit(address).scheme == "http"
