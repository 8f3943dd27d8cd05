"""``$validate`` (FHIR R4, Resource operation validate): 200 with an OperationOutcome, whatever is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.knowledge import Knowledge
from interop.api.services import Services
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.people import contribute, encounter, patient

pytestmark = pytest.mark.anyio
BODY_WEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyweight"


async def asked(client: Client, address: str, *parameters: dict[str, Any]) -> httpx.Response:
    body = orjson.dumps({"resourceType": "Parameters", "parameter": list(parameters)})
    return await client.send("POST", f"/fhir/{address}/$validate", body)


def given(resource: dict[str, Any]) -> dict[str, Any]:
    return {"name": "resource", "resource": resource}


def mode(code: str) -> dict[str, Any]:
    return {"name": "mode", "valueCode": code}


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    """Code and place of each error; the answer is an OperationOutcome."""
    assert answer.status_code == 200, answer.text
    issues = answer.json()["issue"]
    return [(each["code"], *each.get("expression", [""])) for each in issues if each["severity"] in ("error", "fatal")]


async def test_a_resource_that_is_well(client: Client) -> None:
    assert errors(await asked(client, "Patient", given(patient("p")))) == []
    alone = await client.send("POST", "/fhir/Patient/$validate", orjson.dumps(patient("p")))
    assert errors(alone) == []


async def test_what_is_wrong_is_named(client: Client) -> None:
    wrong = patient("p", gender="boy", birthDate="1950-13-01", shoeSize=9)
    found = errors(await asked(client, "Patient", given(wrong)))
    assert {place for _, place in found} >= {"Patient.gender", "Patient.birthDate"}
    assert len(found) == 3


async def test_nothing_of_the_resource_is_repeated(client: Client) -> None:
    answer = await asked(client, "Patient", given(patient("p", family="Ashdown", gender="Ashdown")))
    assert "Ashdown" not in answer.text


async def test_a_profile(client: Client) -> None:
    weight = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/p"},
    }
    profile = {"name": "profile", "valueUri": BODY_WEIGHT}
    places = {place for _, place in errors(await asked(client, "Observation", given(weight), profile))}
    assert "Observation" in {place.partition(".")[0] for place in places}
    by_url = await client.send("POST", f"/fhir/Observation/$validate?profile={BODY_WEIGHT}", orjson.dumps(weight))
    assert {place for _, place in errors(by_url)} == places
    unknown = {"name": "profile", "valueUri": "https://example.org/nothing"}
    assert (await asked(client, "Observation", given(weight), unknown)).status_code == 400


async def test_a_bundle(client: Client) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient", "gender": "boy"}}]}
    assert any("entry[0].resource" in place for _, place in errors(await asked(client, "Bundle", given(bundle))))


async def test_the_stored_resource(client: Client) -> None:
    await client.put(patient("p"))
    assert errors(await client.get("/fhir/Patient/p/$validate")) == []
    assert (await client.get("/fhir/Patient/none/$validate")).status_code == 404


async def test_whether_a_write_would_be_taken(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("fed"))
    await client.put(patient("own"))
    assert errors(await asked(client, "Patient/own", given(patient("own")), mode("update"))) == []
    assert errors(await asked(client, "Patient/own", given(patient("other")), mode("update"))) == [("value", "Patient.id")]
    assert errors(await asked(client, "Patient/fed", given(patient("fed")), mode("update"))) == [("forbidden", "Patient")]
    assert errors(await asked(client, "Patient/own", mode("delete"))) == []
    assert errors(await client.get("/fhir/Patient/own/$validate?mode=delete")) == []
    assert errors(await asked(client, "Patient/none", mode("delete"))) == [("not-found", "Patient")]
    assert errors(await asked(client, "Patient/fed", mode("delete"))) == [("forbidden", "Patient")]
    assert (await client.get("/fhir/Patient/own")).status_code == 200


async def test_a_resource_of_another_type(client: Client) -> None:
    assert ("invalid", "Encounter") in errors(await asked(client, "Patient", given(encounter("e", "p"))))


async def test_xml(client: Client) -> None:
    body = b'<Patient xmlns="http://hl7.org/fhir"><gender value="boy"/></Patient>'
    answer = await client.send("POST", "/fhir/Patient/$validate", body, content_type="application/fhir+xml")
    assert errors(answer) == [("code-invalid", "Patient.gender")]


async def test_xml_that_is_no_fhir(client: Client) -> None:
    body = b'<Patient xmlns="http://hl7.org/fhir"><colour value="red"/></Patient>'
    answer = await client.send("POST", "/fhir/Patient/$validate", body, content_type="application/fhir+xml")
    assert len(errors(answer)) == 1


PROFILE = "https://example.org/StructureDefinition/addressed"
PACKAGE = {
    "profile.json": {
        "resourceType": "StructureDefinition",
        "url": PROFILE,
        "name": "Addressed",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient.address", "path": "Patient.address", "min": 1}]},
    },
    "guide.json": {"resourceType": "ImplementationGuide", "url": "https://example.org/guide", "version": "1.0", "name": "Guide"},
}


async def test_profiles_of_packages(client: Client, services: Services, tmp_path: Path) -> None:
    """``--package``: what they demand is checked, and the CapabilityStatement names their guides."""
    folder = tmp_path / "package"
    folder.mkdir()
    for name, content in PACKAGE.items():
        (folder / name).write_bytes(orjson.dumps(content))
    services.knowledge = Knowledge([folder])
    claiming = patient("p", meta={"profile": [PROFILE]})
    assert errors(await asked(client, "Patient", given(claiming))) == [("required", "Patient.address")]
    assert errors(await asked(client, "Patient", given({**claiming, "address": [{"postalCode": "ME1 1AA"}]}))) == []
    assert (await client.get("/fhir/metadata")).json()["implementationGuide"] == ["https://example.org/guide|1.0"]


@pytest.mark.parametrize("parameters", [[], [mode("create")], [mode("wish"), given({"resourceType": "Patient"})], [mode("delete")]])
async def test_what_cannot_be_validated(client: Client, parameters: list[dict[str, Any]]) -> None:
    assert (await asked(client, "Patient", *parameters)).status_code == 400
