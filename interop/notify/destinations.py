"""Where routes lead: the destinations of a deployment, a TOML file with a table for each.

[gp-practice]
kind = "webhook"                          # webhook, fhir, mllp, itk, mesh, smtp, sms or file
address = "https://practice.example/in"   # mllps://host:port; a directory
organisation = "A99901"                   # whose it is: what it may see is what it is sent
token = "practice.token"                  # file of a bearer token, beside this file; of MESH the mailbox's password
authorities = "ca.pem"                    # who has signed its certificate
certificate = "us.pem"                    # ours, with key = "us.key"
days = 7                                  # how long one delivery is tried
routes = "itk-route"                      # it takes what these destinations of routes.csv do,
types = "ADT^A01 ADT^A03"                 # of messages only these types
senders = "RX1"                           # and from these facilities (MSH-4), each with blanks between
hours = 24                                # how long an acknowledgement of its own may take,
missing = "tell"                          # then: tell, or shelve

SETTINGS are those of single kinds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from interop.notify.routes import AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY
from interop.ports.destination import DAYS as DAYS
from interop.ports.destination import HOURS
from interop.ports.destination import Destination as Destination

WEBHOOK, SERVER, MLLP, ITK, MESH, FILE = "webhook", "fhir", "mllp", "itk", "mesh", "file"
SMTP, SMS = "smtp", "sms"
KINDS: Final = {
    WEBHOOK: (AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY),
    SERVER: (FHIR, FHIR_MESSAGE),
    MLLP: (AS_RECEIVED,),
    ITK: (AS_RECEIVED,),
    MESH: (AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY),
    FILE: (AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY),
    SMTP: (),
    SMS: (),
}
"""Kind -> the formats that it takes; by e-mail and text message people are told, by no route."""
PEOPLE: Final = (SMS, SMTP)
"""Kinds that tell people."""
SCHEMES: Final = {
    WEBHOOK: ("https", "http"),
    SERVER: ("https", "http"),
    MLLP: ("mllps", "mllp"),
    ITK: ("https", "http"),
    MESH: ("https", "http"),
    SMTP: ("smtps", "smtp"),
    SMS: ("https", "http"),
}
"""Kind -> scheme over TLS, and the one without, for this machine alone."""


class Wanted(NamedTuple):
    """Settings of a kind: what it needs, what it may have, which of them are files beside the declaration."""

    needed: tuple[str, ...] = ()
    able: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


SETTINGS: Final[Mapping[str, Wanted]] = {
    MLLP: Wanted(able=("receiver", "accept")),
    ITK: Wanted(
        ("sender",), ("recipient", "service", "interaction", "profile", "username", "reply", "acknowledgement", "receiver")
    ),
    MESH: Wanted(("mailbox", "recipient", "workflow"), ("subject",), ("shared-key",)),
    SMTP: Wanted(("from", "link"), ("service", "starttls", "username")),
    SMS: Wanted(("link",), ("service", "gateway", "template", "sender")),
}
"""``receiver`` is put into MSH-5 and MSH-6 (``APPLICATION|FACILITY``) of what was addressed to ROUTE; of MLLP
``accept`` is ``always`` or ``as-sent``: whether MSH-15 becomes AL where it is in use; of ITK ``sender`` and
``recipient`` are addresses (``urn:nhs-uk:addressing:ods:RX1``), ``reply`` where acknowledgements are to go, ``acknowledgement``
which is wanted: ``none``, ``infrastructure`` or ``business``; of MESH ``mailbox`` is ours, ``recipient`` theirs. Of
what tells people ``link`` is where they sign in, ``service`` what it is called; of e-mail ``starttls`` (``yes``, ``no``) asks for
TLS once the server is reached; of text messages ``template`` and ``sender`` are ids of the gateway."""
DAYS_MOST: Final = 90
HOURS_MOST: Final = 600
"""Less than what was sent is kept."""
USUAL: Final = {MESH: 144, SMS: 80}
"""Hours that acknowledgements of a kind usually take at most: mailboxes have five days to collect, telephones are tried three."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ODS: Final = re.compile(r"[A-Z0-9]{3,10}")
_FILES: Final = ("token", "authorities", "certificate", "key")
_LISTS: Final = ("routes", "types", "senders")
MISSING: Final = {"tell": False, "shelve": True}


class BadDestinations(ValueError):
    """The file cannot be used; it says which table and why."""


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

    def number(key: str, usual: int, most: int) -> int:
        found = table.get(key, usual)
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= most:
            raise refuse(f"{key} is a number from 1 to {most}")
        return found

    if not NAME.fullmatch(name) or not isinstance(table, Mapping):
        raise refuse("a destination is a table whose name is of small letters, digits and '-'")
    texts = {key: value for key, value in table.items() if key not in ("days", "hours")}
    kind = texts.get("kind", "")
    of = SETTINGS.get(kind, Wanted()) if isinstance(kind, str) else Wanted()
    known = ("kind", "address", "organisation", *_FILES, *_LISTS, "missing", *of.needed, *of.able, *of.files)
    if unknown := sorted(texts.keys() - set(known)):
        raise refuse(f"{unknown[0]} is not known: {', '.join(known)}, days, hours")
    if not all(isinstance(value, str) and value for value in texts.values()):
        raise refuse("all but days and hours are texts")
    days, hours = number("days", DAYS, DAYS_MOST), number("hours", USUAL.get(kind, HOURS), HOURS_MOST)
    address, organisation = texts.get("address", ""), texts.get("organisation", "")
    if kind not in KINDS:
        raise refuse(f"kind is one of {', '.join(KINDS)}")
    if not _ODS.fullmatch(organisation):
        raise refuse("organisation is an ODS code: what that may see is what is sent")
    if ("certificate" in texts) != ("key" in texts):
        raise refuse("certificate and key go together")
    if wanted := [key for key in of.needed if key not in texts]:
        raise refuse(f"{wanted[0]} is wanted")
    if texts.get("missing", "tell") not in MISSING:
        raise refuse(f"missing is one of {', '.join(MISSING)}")
    if kind == FILE:
        address = str(path.parent / address) if address else ""
    else:
        _check_address(address, *SCHEMES[kind], loopback, refuse)
    if not address:
        raise refuse("address is wanted")
    files = {key: path.parent / texts[key] for key in (*_FILES, *of.files) if key in texts}
    for key, file in files.items():
        if not file.is_file():
            raise refuse(f"{key}: there is no file {file.name}")
    settings = {key: texts[key] for key in (*of.needed, *of.able) if key in texts}
    told: dict[str, Any] = {key: tuple(texts.get(key, "").split()) for key in _LISTS}
    told["files"] = {key: files.pop(key) for key in of.files if key in files}
    told |= {"days": days, "hours": hours, "shelves": MISSING[texts.get("missing", "tell")], "settings": settings}
    return Destination(name, kind, address.rstrip("/"), organisation, **told, **files)


def _check_address(
    address: str, safe: str, bare: str, loopback: Callable[[str], bool], refuse: Callable[[str], BadDestinations]
) -> None:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise refuse(f"address is {safe}://HOST:PORT, without user, query or fragment")
    if parts.scheme != safe and not (parts.scheme == bare and loopback(host)):
        raise refuse(f"address begins with {safe}://; {bare}:// is for this machine alone")
