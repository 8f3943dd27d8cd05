"""Takedowns in a running engine, and what its record says then."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from interop.app.engine import Engine
from interop.apply.takedown import stays
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Persons, Search
from tests.spec.engine.running import ingest

JSON = {"content-type": "application/fhir+json"}
CHANGING = ("versionId", "lastUpdated", "source")
MOST = 100_000


async def sent(http: httpx.AsyncClient, body: bytes, feed: str = "hl7v2", state: str = "applied") -> int:
    """Send a message; its number."""
    answer = await ingest(http, body, feed)
    assert answer.json()["state"] == state, answer.text
    number: int = answer.json()["message"]
    return number


async def ask(
    http: httpx.AsyncClient, what: int | str, *, reason: str = "sent about the wrong person", dry: bool = False
) -> httpx.Response:
    """Ask for a takedown of a message, or of a resource by its reference."""
    name, form = ("message", "valuePositiveInt") if isinstance(what, int) else ("reference", "valueString")
    said = [{"name": name, form: what}, {"name": "reason", "valueString": reason}]
    said += [{"name": "dry-run", "valueBoolean": True}] if dry else []
    return await http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": said}, headers=JSON)


class Told:
    """What a takedown is answered."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.takedown = next(iter(self._all("takedown")), 0)
        self.people: int = self._all("people")[0]
        self.seen: list[dict[str, Any]] = self._all("seen")
        self.gaps: list[dict[str, Any]] = self._all("uncertain")
        self.resources: dict[str, dict[str, Any]] = {each["reference"]: each for each in self._all("resource")}

    def _all(self, name: str) -> list[Any]:
        return [_value(each) for each in self.said["parameter"] if each["name"] == name]


def _value(parameter: dict[str, Any]) -> Any:
    if "part" in parameter:
        return {each["name"]: _value(each) for each in parameter["part"]}
    return next(value for name, value in parameter.items() if name != "name")


async def taken(http: httpx.AsyncClient, what: int | str, *, dry: bool = False) -> Told:
    """Take a message or a resource down."""
    answer = await ask(http, what, dry=dry)
    assert answer.status_code == 200, answer.text
    return Told(answer.json())


async def present(engine: Engine) -> dict[str, dict[str, Any]]:
    """Everything about persons that is in the record, without versions, times and messages."""
    found = await engine.workshop.store.query(Search(PERMIT_ALL, "", count=MOST))
    resources = {}
    for one in found:
        if not stays(one.type):
            body = orjson.loads(one.body)
            meta = {name: value for name, value in body.get("meta", {}).items() if name not in CHANGING}
            resources[f"{one.type}/{one.id}"] = {**body, "meta": meta, "of": [one.owner, one.source, one.subject]}
    return resources


async def persons(engine: Engine) -> set[frozenset[str]]:
    """Which Patients of the record are one person."""
    patients = [name.removeprefix("Patient/") for name in await present(engine) if name.startswith("Patient/")]
    groups: dict[str, set[str]] = {}
    for patient, person, _ in await engine.workshop.store.query(Persons(tuple(patients))) if patients else ():
        groups.setdefault(person, set()).add(patient)
    return {frozenset(group & set(patients)) for group in groups.values()}
