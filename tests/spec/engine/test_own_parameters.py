"""A client's own search parameter, from its definition to its end (FHIR R4, searchparameter.html)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.spec.engine.running import found

pytestmark = pytest.mark.anyio

STRICT = {"Prefer": "handling=strict"}


def definition(code: str, kind: str, expression: str, base: str = "Patient", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": code,
        "url": f"http://example.org/sp/{code}",
        "name": code.title(),
        "status": "active",
        "description": "A parameter of our own.",
        "code": code,
        "base": [base],
        "type": kind,
        "expression": expression,
        **more,
    }


async def put(http: httpx.AsyncClient, resource: dict[str, Any]) -> None:
    answer = await http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource)
    assert answer.status_code in (200, 201), answer.text


async def ids(http: httpx.AsyncClient, search: str) -> list[str]:
    return [each["id"] for each in await found(http, search)]


async def declared(http: httpx.AsyncClient, kind: str) -> set[str]:
    statement = (await http.get("/fhir/metadata")).json()
    return {
        each["name"]
        for resource in statement["rest"][0]["resource"]
        if resource["type"] == kind
        for each in resource["searchParam"]
    }


async def test_from_definition_to_end(http: httpx.AsyncClient) -> None:
    twin = {"resourceType": "Patient", "id": "twin", "multipleBirthInteger": 2, "name": [{"use": "old"}]}
    await put(http, twin)
    assert (await http.get("/fhir/Patient?birth=2", headers=STRICT)).status_code == 400

    await put(http, definition("birth", "number", "(Patient.multipleBirth as integer)"))
    assert await ids(http, "Patient?birth=2") == ["twin"]
    assert await ids(http, "Patient?birth=gt2") == []
    assert "birth" in await declared(http, "Patient")
    await put(http, {**twin, "id": "triplet", "multipleBirthInteger": 3})
    assert await ids(http, "Patient?birth=ge2&_sort=-_id") == ["twin", "triplet"]
    assert await ids(http, "Patient?birth:missing=true") == []

    await put(http, definition("birth", "token", "Patient.name.use"))
    assert await ids(http, "Patient?birth=old&_sort=_id") == ["triplet", "twin"]

    assert (await http.delete("/fhir/SearchParameter/birth")).status_code in (200, 204)
    assert (await http.get("/fhir/Patient?birth=old", headers=STRICT)).status_code == 400
    assert "birth" not in await declared(http, "Patient")


async def test_a_reference_may_be_chained_and_brought_along(http: httpx.AsyncClient) -> None:
    await put(http, {"resourceType": "Organization", "id": "o", "name": "The Laurels"})
    role = {"resourceType": "Patient", "id": "p", "contact": [{"organization": {"reference": "Organization/o"}}]}
    await put(http, role)
    await put(http, definition("employer", "reference", "Patient.contact.organization", target=["Organization"]))
    assert await ids(http, "Patient?employer=o") == ["p"]
    assert await ids(http, "Patient?employer.name=laur") == []
    assert await ids(http, "Patient?employer.name=the") == ["p"]
    both = (await http.get("/fhir/Patient?_include=Patient:employer")).json()
    assert [each["resource"]["id"] for each in both["entry"]] == ["p", "o"]
    assert await ids(http, "Organization?_has:Patient:employer:_id=p") == ["o"]


async def test_r4_s_own_are_not_replaced(http: httpx.AsyncClient) -> None:
    await put(http, {"resourceType": "Patient", "id": "p", "gender": "other", "name": [{"family": "Other"}]})
    await put(http, definition("gender", "token", "Patient.name.family"))
    assert await ids(http, "Patient?gender=other") == ["p"]
    assert await ids(http, "Patient?gender=Other") == []
