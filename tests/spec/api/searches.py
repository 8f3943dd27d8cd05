"""A record to search, and tables of searches with what they find."""

from __future__ import annotations

from typing import Any

from interop.fhir.searching import index_rows
from interop.record.fold import content, render
from interop.store.seam import Store
from interop.store.values import Change, Committed, Put, Stored
from tests.spec.api.conftest import Client
from tests.spec.api.people import FEED, T0

LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def coded(system: str, code: str, **more: str) -> dict[str, Any]:
    """A CodeableConcept; ``text`` is its own, ``display`` that of the Coding."""
    text = {"text": more.pop("text")} if "text" in more else {}
    return {"coding": [{"system": system, "code": code, **more} if system else {"code": code, **more}], **text}


def observation(id: str, code: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": id, "status": "final", "code": code, **more}


def of(type: str, id: str, /, **more: Any) -> dict[str, Any]:
    return {"resourceType": type, "id": id, **more}


def to(reference: str, **more: Any) -> dict[str, Any]:
    return {"reference": reference, **more}


async def record(store: Store, *resources: dict[str, Any]) -> None:
    """Put resources into the record with every index row."""
    puts = []
    for resource in resources:
        kind, id_ = resource["resourceType"], resource["id"]
        body = render(content(kind, id_, dict(resource)), 1, "2026-01-01T00:00:00.000Z", FEED, 1)
        puts.append(Put(Stored(kind, id_, 1, T0, body, owner=FEED), index_rows(resource)))
    assert isinstance(await store.commit(Change(puts=puts)), Committed)


async def found(client: Client, search: str) -> str:
    """The ids of all matches, those of a search of several types with their types; or the status where it is refused."""
    answer = await client.get(f"/fhir/{search}")
    if answer.status_code != 200:
        return str(answer.status_code)
    ids = await client.ids(f"/fhir/{search}")
    whole = search.startswith("?") or "/*" in search
    return " ".join(sorted(each if whole else each.partition("/")[2] for each in ids))


async def check(client: Client, cases: dict[str, str], before: str = "") -> None:
    """Every search finds these ids."""
    answers = {search: await found(client, before + search) for search in cases}
    wrong = {search: (answers[search], "not", ids) for search, ids in cases.items() if answers[search] != ids}
    assert not wrong, wrong
