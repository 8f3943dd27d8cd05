"""Lists as a client asks for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx

URL = "urn:interop:extension:worklist-"


class Entry(NamedTuple):
    """A person on a list: Patient, rank, points, the words and the evidence of each reason by its code, and the clock."""

    patient: str
    rank: int
    points: int
    words: dict[str, str]
    evidence: dict[str, list[str]]
    clock: dict[str, Any]


async def asked(http: httpx.AsyncClient, name: str, query: str = "", **headers: str) -> dict[str, Any]:
    """The answer of a list."""
    answer = await http.get(f"/fhir/$worklist?name={name}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def entries(bundle: dict[str, Any]) -> list[Entry]:
    """The people of a page."""
    return [_entry(each) for each in list_of(bundle).get("entry", ())]


def list_of(bundle: dict[str, Any]) -> dict[str, Any]:
    """The List."""
    made: dict[str, Any] = bundle["entry"][0]["resource"]
    assert made["resourceType"] == "List"
    return made


def reason(bundle: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """The parts of a reason of the first person of a page."""
    said = list_of(bundle)["entry"][0]["extension"]
    found: list[dict[str, Any]] = next(
        each["extension"] for each in said if each["url"] == f"{URL}reason" and _one(each, "code") == code
    )
    return found


async def on(http: httpx.AsyncClient, name: str, query: str = "") -> list[Entry]:
    """Who is on a list."""
    return entries(await asked(http, name, query))


def _entry(entry: dict[str, Any]) -> Entry:
    words, evidence, said, clock = {}, {}, {}, {}
    for each in entry["extension"]:
        name = each["url"].removeprefix(URL)
        if name == "reason":
            code = _one(each, "code")
            words[code] = _one(each, "words")
            evidence[code] = [_one(one, "resource")["reference"] for one in each["extension"] if one["url"] == "evidence"]
        elif name == "clock":
            clock = {one["url"]: _value(one) for one in each["extension"]}
        else:
            said[name] = _value(each)
    patient = entry["item"]["reference"].removeprefix("Patient/")
    return Entry(patient, said["rank"], said["points"], words, evidence, clock)


def _one(holder: dict[str, Any], name: str) -> Any:
    return next(_value(each) for each in holder["extension"] if each["url"] == name)


def _value(extension: dict[str, Any]) -> Any:
    return next(value for name, value in extension.items() if name.startswith("value"))
