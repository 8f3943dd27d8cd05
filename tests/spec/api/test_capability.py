"""The CapabilityStatement says what is routed and indexed, to the letter (FHIR R4 http, 3.1.0.12)."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio


async def resources(client: Client) -> dict[str, dict[str, Any]]:
    (rest,) = (await client.get("/fhir/metadata")).json()["rest"]
    return {resource["type"]: resource for resource in rest["resource"]}


async def test_it_keeps_r4(client: Client) -> None:
    answer = await client.get("/fhir/metadata")
    assert answer.status_code == 200
    assert not failed(check(answer.json()))
    CapabilityStatement.model_validate(answer.json())
    assert (answer.json()["fhirVersion"], answer.json()["implementation"]["url"]) == ("4.0.1", f"{BASE}/fhir")


async def test_it_is_the_same_each_time(client: Client) -> None:
    assert (await client.get("/fhir/metadata")).content == (await client.get("/fhir/metadata")).content


@pytest.mark.parametrize("type", ["Patient", "Encounter", "CarePlan", "Appointment", "Organization", "Observation"])
async def test_every_parameter_that_it_names_is_answered_and_no_other(client: Client, type: str) -> None:
    values = {"date": "2026", "reference": "x", "uri": "urn:x"}
    said = {each["name"]: each["type"] for each in (await resources(client))[type]["searchParam"]}
    for name, kind in said.items():
        answer = await client.get(f"/fhir/{type}?{name}={values.get(kind, 'x')}", prefer="handling=strict")
        assert answer.status_code == 200, (name, answer.text)
    from interop.fhir import facts

    for name in facts.search_parameters(type).keys() - said.keys():
        assert (await client.get(f"/fhir/{type}?{name}=1", prefer="handling=strict")).status_code == 400, name


async def test_every_include_that_it_names_is_answered(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("p1"))
    described = (await resources(client))["Patient"]
    for kind, includes in (("_include", described["searchInclude"]), ("_revinclude", described["searchRevInclude"])):
        for include in includes:
            answer = await client.get(f"/fhir/Patient?{kind}={include}", prefer="handling=strict")
            assert answer.status_code == 200, include


async def test_the_main_job_is_in_it(client: Client) -> None:
    described = await resources(client)
    named = {
        type: {each["name"] for each in described[type]["searchParam"]}
        for type in ("CarePlan", "Appointment", "Encounter", "Patient")
    }
    assert "patient" in named["CarePlan"] & named["Encounter"]
    assert {"patient", "date"} <= named["Appointment"]
    assert "identifier" in named["Patient"]
    assert [operation["name"] for operation in described["Patient"]["operation"]] == ["everything"]
    assert "Parameters" not in described
