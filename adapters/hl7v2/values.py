"""Values of FHIR as HL7 v2 writes them, and texts as they are compared."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")
OWN: Final = "urn:interop:id:"
"""Systems of local identifiers: the organisation that assigns them, and its namespace."""
NHS_TYPES: Final = frozenset({"NH", "NHS", "HN", "NHSNMBR"})
_POSTCODE: Final = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", re.ASCII)


def text(value: Any) -> tuple[str, ...]:
    """As it stands."""
    return (str(value),)


def time(value: Any) -> tuple[str, ...]:
    """A date, dateTime or instant to its precision (HL7 v2.4 2.9.47); times as London has them, with the offset."""
    said = str(value)
    if "T" not in said:
        return (said.replace("-", ""),)
    moment = datetime.fromisoformat(said).astimezone(LONDON)
    return (moment.strftime("%Y%m%d%H%M%S%z"),)


def boolean(value: Any) -> tuple[str, ...]:
    """``Y`` or ``N``; what is no boolean is there, and so true."""
    return ("N" if value is False else "Y",)


def authority(value: Any) -> tuple[str, ...]:
    """The system of an identifier as an HD: a name, or a universal id with its type (HL7 table 0301)."""
    system = str(value)
    if system.startswith(OWN):
        return (system.removeprefix(OWN).partition(":")[2],)
    if name := _names().get(system):
        return (name,)
    return ("", system.removeprefix("urn:oid:"), "ISO") if system.startswith("urn:oid:") else ("", system, "URI")


def facility(value: Any) -> tuple[str, ...]:
    """The organisation that assigns a local identifier."""
    system = str(value)
    return (system.removeprefix(OWN).partition(":")[0],) if system.startswith(OWN) else ()


RENDER: Final[dict[str, Callable[[Any], tuple[str, ...]]]] = {
    "": text,
    "packed": text,
    "postcode": text,
    "type": text,
    "time": time,
    "boolean": boolean,
    "authority": authority,
    "facility": facility,
}
"""By ``using`` of answers.csv."""


@cache
def _systems() -> dict[str, str]:
    """systems.csv: the URI that each name stands for."""
    lines = files("mappings").joinpath("systems.csv").read_text("utf-8").splitlines()
    return {source: uri for source, uri, *_ in csv.reader(line for line in lines if line and not line.startswith("#"))}


@cache
def _names() -> dict[str, str]:
    """The shortest name that each system has."""
    names: dict[str, str] = {}
    for source, uri in _systems().items():
        if re.fullmatch(r"[A-Z]+", source, re.ASCII) and len(source) < len(names.get(uri, source + " ")):
            names[uri] = source
    return names


def national(name: str) -> str:
    """The system of an assigning authority that is known everywhere; '' for one of a sender's own."""
    return _systems().get(name, "")


def folded(value: str, using: str = "") -> str:
    """A text as it is compared: without case and accents; numbers and postcodes without blanks; an authority by its system, and
    the types of an NHS number (HL7 and ITK table 0203) as one."""
    if using == "authority":
        return national(value) or value.casefold()
    if using == "type" and value.upper() in NHS_TYPES:
        return "nh"
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", value) if not unicodedata.combining(letter)).casefold()
    return re.sub(r"[\s-]+", "", plain) if using in ("packed", "postcode") else " ".join(plain.split())


def postcode(value: str) -> str:
    """A postcode in its two parts, as the record has it."""
    found = _POSTCODE.fullmatch(re.sub(r"\s+", "", value.upper()))
    return f"{found[1]} {found[2]}" if found else value


def digits(value: str) -> str:
    """The digits of an HL7 time up to the second, without its offset."""
    found = re.match(r"\d{0,14}", value)
    return found[0] if found else ""


def iso(value: str) -> str:
    """The date of an HL7 time, to its precision; '' for what is none."""
    digits = re.match(r"\d+", value)
    if digits is None or len(digits[0]) not in (4, 6, 8, 10, 12, 14):
        return ""
    day = digits[0][:8]
    return "-".join(part for part in (day[:4], day[4:6], day[6:8]) if part)
