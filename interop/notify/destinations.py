"""Where routes lead: the destinations of a deployment, a TOML file with a table for each.

[gp-practice]
kind = "webhook"                          # webhook, fhir, mllp or file
address = "https://practice.example/in"   # mllps://host:port; a directory
organisation = "A99901"                   # whose it is: what it may see is what it is sent
token = "practice.token"                  # file of a bearer token, beside this file
authorities = "ca.pem"                    # who has signed its certificate
certificate = "us.pem"                    # ours, with key = "us.key"
days = 7                                  # how long one delivery is tried
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from interop.notify.routes import AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY

WEBHOOK, SERVER, MLLP, FILE = "webhook", "fhir", "mllp", "file"
KINDS: Final = {
    WEBHOOK: (AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY),
    SERVER: (FHIR, FHIR_MESSAGE),
    MLLP: (AS_RECEIVED,),
    FILE: (AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY),
}
"""Kind -> the formats that it takes."""
SCHEMES: Final = {WEBHOOK: ("https", "http"), SERVER: ("https", "http"), MLLP: ("mllps", "mllp")}
"""Kind -> scheme over TLS, and the one without, for this machine alone."""
DAYS: Final = 7
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ODS: Final = re.compile(r"[A-Z0-9]{3,10}")
_FILES: Final = ("token", "authorities", "certificate", "key")


class BadDestinations(ValueError):
    """The file cannot be used; it says which table and why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One of them. ``days`` is how long one delivery is tried; the files hold secrets, which are read when they are used."""

    name: str
    kind: str
    address: str
    organisation: str
    token: Path | None = None
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    days: int = DAYS


def read_destinations(path: Path, loopback: Callable[[str], bool]) -> dict[str, Destination]:
    """The destinations of a file by name. Raises BadDestinations, OSError."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BadDestinations(f"{path.name} is no TOML: {error}") from error
    return {name: _destination(path, name, table, loopback) for name, table in said.items()}


def _destination(path: Path, name: str, table: Any, loopback: Callable[[str], bool]) -> Destination:
    def refuse(why: str) -> BadDestinations:
        return BadDestinations(f"{path.name}, [{name}]: {why}")

    if not NAME.fullmatch(name) or not isinstance(table, Mapping):
        raise refuse("a destination is a table whose name is of small letters, digits and '-'")
    days, texts = table.get("days", DAYS), {key: value for key, value in table.items() if key != "days"}
    known = ("kind", "address", "organisation", *_FILES)
    if unknown := sorted(texts.keys() - set(known)):
        raise refuse(f"{unknown[0]} is not known: {', '.join(known)}, days")
    if not all(isinstance(value, str) and value for value in texts.values()):
        raise refuse("all but days are texts")
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 90:
        raise refuse("days is a number from 1 to 90")
    kind, address, organisation = (texts.get(key, "") for key in known[:3])
    if kind not in KINDS:
        raise refuse(f"kind is one of {', '.join(KINDS)}")
    if not _ODS.fullmatch(organisation):
        raise refuse("organisation is an ODS code: what that may see is what is sent")
    if ("certificate" in texts) != ("key" in texts):
        raise refuse("certificate and key go together")
    if kind == FILE:
        address = str(path.parent / address) if address else ""
    else:
        parts = urlsplit(address)
        safe, bare = SCHEMES[kind]
        host = parts.hostname or ""
        if not host or parts.query or parts.fragment or parts.username is not None:
            raise refuse(f"address is {safe}://HOST:PORT, without user, query or fragment")
        if parts.scheme != safe and not (parts.scheme == bare and loopback(host)):
            raise refuse(f"address begins with {safe}://; {bare}:// is for this machine alone")
    if not address:
        raise refuse("address is wanted")
    files = {key: path.parent / texts[key] for key in _FILES if key in texts}
    for key, file in files.items():
        if not file.is_file():
            raise refuse(f"{key}: there is no file {file.name}")
    return Destination(name, kind, address.rstrip("/"), organisation, days=days, **files)
