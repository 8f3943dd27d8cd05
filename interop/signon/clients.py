"""Backend services that may sign on by themselves, registered beforehand (SMART Backend Services, 3.2: registering).

A JSON file: ``{"clients": [{"id", "organisation", "role", "scope", "jwks" or "jwks_url", "feed"}]}``. ``scope`` is what the client
may ask for at most; ``role`` ``system`` unless given; ``feed`` the feed under which it may send messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interop.policy.asker import ENGINE
from interop.policy.scopes import Scope, read_scopes
from interop.signon.keys import KeySet

NAME: Final = "clients.json"
ROLES: Final = ("system", "feed", "analyst", "operator")
"""What a program may be: never a person, never the tester."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of the file."""
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class BadClients(ValueError):
    """The file cannot be used."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered backend service. ``keys`` are those it was registered with; where it has none, they are at ``jwks_url``."""

    id: str
    organisation: str
    role: str
    scopes: tuple[Scope, ...]
    jwks: dict[str, Any] | None = None
    jwks_url: str = ""
    feed: str = ""

    @property
    def keys(self) -> KeySet:
        """The keys in its registration."""
        return KeySet(self.jwks)

    def said(self) -> dict[str, Any]:
        """As the file holds it."""
        scope = " ".join(map(str, self.scopes))
        known = {"id": self.id, "organisation": self.organisation, "role": self.role, "scope": scope, "feed": self.feed}
        keys = {"jwks": self.jwks} if self.jwks is not None else {"jwks_url": self.jwks_url}
        return {name: value for name, value in (known | keys).items() if value}


def read_clients(path: Path) -> dict[str, Client]:
    """The clients of a file by id, {} where it is not there. Raises BadClients, which names the entry and what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadClients(f"{path.name} is larger than {LARGEST} bytes.")
        listed = json.loads(path.read_bytes())["clients"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadClients(f"{path.name} cannot be read: it is JSON, an object with a list clients.") from error
    found: dict[str, Client] = {}
    for place, each in enumerate(listed if isinstance(listed, list) else ()):
        client = read_client(each, f"{path.name}, clients[{place}]")
        if client.id in found:
            raise BadClients(f"{path.name}: the client {client.id} is there twice.")
        found[client.id] = client
    return found


def read_client(said: Any, where: str) -> Client:
    """One entry; raises BadClients."""
    if not isinstance(said, dict):
        raise BadClients(f"{where} is no object.")
    texts = {name: said.get(name, "") for name in ("id", "organisation", "role", "scope", "feed", "jwks_url")}
    if not all(isinstance(each, str) for each in texts.values()) or not _ID.fullmatch(texts["id"]):
        raise BadClients(f"{where}: id is of letters, digits, '_', '.', '-', and the others are texts.")
    if texts["id"] in ENGINE:
        raise BadClients(f"{where}: {texts['id']} is what the engine calls itself.")
    role, jwks, url = texts["role"] or "system", said.get("jwks"), texts["jwks_url"]
    if role not in ROLES:
        raise BadClients(f"{where}: role is one of {', '.join(ROLES)}.")
    scopes = read_scopes(texts["scope"])
    if len(scopes) != len(texts["scope"].split()) or any(scope.context != "system" for scope in scopes):
        raise BadClients(f"{where}: scope is of scopes such as system/Observation.rs, with blanks between.")
    if (jwks is None) == (not url) or (jwks is not None and not len(KeySet(jwks))):
        raise BadClients(f"{where}: either jwks with public RSA (2048 bits or more) or P-256, P-384 keys, or jwks_url.")
    if url and not url.startswith("https://"):
        raise BadClients(f"{where}: jwks_url begins with https://.")
    return Client(texts["id"], texts["organisation"].upper(), role, scopes, jwks, url, texts["feed"])


def written(clients: Iterable[Client]) -> bytes:
    """The file of these clients."""
    return json.dumps({"clients": [each.said() for each in clients]}, indent=1).encode("utf-8")
