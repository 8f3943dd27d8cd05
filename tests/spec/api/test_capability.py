"""The CapabilityStatement says what is routed and indexed, to the letter (FHIR R4 http, 3.1.0.12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from interop.api.fhir.capability import described, statement_of
from interop.api.fhir.routes import INTERACTIONS, allowed, resource_types
from interop.api.knowledge import Knowledge
from interop.api.operations.operation import INSTANCE, TYPE
from interop.api.operations.registry import OPERATIONS
from interop.api.services import Services
from interop.fhir import facts
from interop.fhir.findings import failed
from interop.fhir.searching import components
from interop.fhir.validation import check
from interop.fhir.validation.validator import Validator
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio
VALUES = {
    "date": "2026",
    "number": "5",
    "quantity": "5.4|http://unitsofmeasure.org|kg",
    "reference": "x",
    "uri": "urn:x",
    "special": "51.5|0.1|10|km",
}
"""A value that any parameter of a type can be asked for."""
SOME = ("Patient", "Encounter", "CarePlan", "Observation", "Location", "ValueSet")


async def statement(client: Client, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/fhir/metadata{query}")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def rest(client: Client) -> dict[str, Any]:
    (said,) = (await statement(client))["rest"]
    return dict(said)


async def resources(client: Client) -> dict[str, dict[str, Any]]:
    return {resource["type"]: resource for resource in (await rest(client))["resource"]}


def value(type: str, parameter: dict[str, str]) -> str:
    """Something that the parameter takes."""
    if parameter["name"] == "_type":
        return "Patient"
    if parameter["type"] == "composite":
        known = facts.search_parameters(type)[parameter["name"]]
        return "$".join(VALUES.get(each.type, "x") for each in components(type, known))
    return VALUES.get(parameter["type"], "x")


async def test_it_keeps_r4(client: Client) -> None:
    said = await statement(client)
    assert not failed(check(said))
    assert not failed(Validator().validate(said))
    CapabilityStatement.model_validate(said)
    assert (said["fhirVersion"], said["implementation"]["url"]) == ("4.0.1", f"{BASE}/fhir")


async def test_it_is_the_same_each_time(client: Client) -> None:
    assert (await client.get("/fhir/metadata")).content == (await client.get("/fhir/metadata")).content


async def test_its_modes(client: Client) -> None:
    """``?mode=`` (FHIR R4 http, 3.1.0.12)."""
    assert await statement(client, "?mode=full") == await statement(client)
    (normative,) = (await statement(client, "?mode=normative"))["rest"]
    assert {"Patient", "Observation"} <= {each["type"] for each in normative["resource"]} < resource_types()
    terminology = await statement(client, "?mode=terminology")
    assert terminology["resourceType"] == "TerminologyCapabilities"
    assert not failed(check(terminology))
    assert "http://hl7.org/fhir/administrative-gender" in {each["uri"] for each in terminology["codeSystem"]}
    assert (await client.get("/fhir/metadata?mode=wish")).status_code == 400


async def test_every_type_and_every_interaction_that_is_routed_is_in_it(client: Client) -> None:
    said = await rest(client)
    assert {each["type"] for each in said["resource"]} == resource_types()
    told = {each["code"] for each in said["interaction"]}
    told |= {each["code"] for resource in said["resource"] for each in resource["interaction"]}
    told |= {"capabilities"} | ({"search-compartment"} if said["compartment"] else set())
    assert set(INTERACTIONS.values()) <= told
    assert all(resource["interaction"] == said["resource"][0]["interaction"] for resource in said["resource"])


async def test_every_operation_that_is_routed_is_in_it(client: Client) -> None:
    for type_, resource in (await resources(client)).items():
        told = {each["name"] for each in resource["operation"]}
        assert told == {each.name for each in OPERATIONS if each.takes(TYPE, type_) or each.takes(INSTANCE, type_)}
        for each in resource["operation"]:
            level = next(one for one in OPERATIONS if one.name == each["name"] and type_ in (one.types or (type_,))).levels
            address = f"/fhir/{type_}/{'x/' if INSTANCE in level else ''}${each['name']}"
            answer = await client.send("OPTIONS", address)
            assert answer.status_code == 204, address
            assert "POST" in answer.headers["allow"]


async def test_definitions_of_our_own_operations_can_be_read(client: Client) -> None:
    operations = {each["definition"] for resource in (await resources(client)).values() for each in resource["operation"]}
    ours = [each for each in operations if each.startswith(BASE)]
    assert ours
    for url in ours:
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["url"]) == (200, url)
        assert not failed(check(answer.json()))
        address = url.removeprefix(f"{BASE}/fhir/")
        own = {**answer.json(), "id": address.partition("/")[2]}
        assert (await client.send("PUT", f"/fhir/{address}", orjson.dumps(own))).status_code == 403


@pytest.mark.parametrize("type", SOME)
async def test_every_parameter_that_it_names_is_answered_and_no_other(client: Client, type: str) -> None:
    await answered(client, type, (await resources(client))[type])
    for name in facts.search_parameters(type).keys() - {each["name"] for each in (await resources(client))[type]["searchParam"]}:
        assert (await client.get(f"/fhir/{type}?{name}=1", prefer="handling=strict")).status_code == 400, name


@pytest.mark.long
async def test_every_parameter_of_every_type_is_answered(client: Client) -> None:
    for type_, resource in (await resources(client)).items():
        await answered(client, type_, resource)


async def answered(client: Client, type: str, resource: dict[str, Any]) -> None:
    """Each parameter is taken and known to R4 by the definition that is named."""
    for parameter in resource["searchParam"]:
        answer = await client.get(f"/fhir/{type}?{parameter['name']}={value(type, parameter)}", prefer="handling=strict")
        assert answer.status_code == 200, (type, parameter["name"], answer.text)
        assert parameter["definition"].startswith("http://hl7.org/fhir/SearchParameter/")


async def test_parameters_of_every_type_are_answered_for_the_system(client: Client) -> None:
    for parameter in (await rest(client))["searchParam"]:
        answer = await client.get(f"/fhir?{parameter['name']}={value('Patient', parameter)}", prefer="handling=strict")
        assert answer.status_code == 200, (parameter["name"], answer.text)


async def test_every_include_that_it_names_is_answered(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("p1"))
    described = (await resources(client))["Patient"]
    for kind, includes in (("_include", described["searchInclude"]), ("_revinclude", described["searchRevInclude"])):
        for include in includes:
            answer = await client.get(f"/fhir/Patient?{kind}={include}", prefer="handling=strict")
            assert answer.status_code == 200, include


def minimal(type: str) -> dict[str, Any]:
    """A resource with what R4 requires and nothing more."""
    return {"resourceType": type, "id": "one", **dict(_required(type))}


def _required(path: str) -> Iterator[tuple[str, Any]]:
    for each in facts.children(path):
        if each.min:
            name = each.name.removesuffix("[x]")
            datatype = each.types[0]
            key = name + datatype[0].upper() + datatype[1:] if each.choice else name
            filled = _value(f"{path}.{key}", each)
            yield key, filled if each.max == 1 else [filled]


def _value(path: str, each: facts.Element) -> Any:
    datatype = each.types[0]
    if datatype == "code":
        return sorted(facts.codes(each.binding) or {"text/plain"})[0] if each.binding else "en"
    known = {
        "boolean": True,
        "integer": 1,
        "positiveInt": 1,
        "unsignedInt": 1,
        "decimal": 1.5,
        "date": "2026-01-01",
        "dateTime": "2026-01-01",
        "instant": "2026-01-01T00:00:00Z",
        "time": "10:00:00",
        "Reference": {"reference": f"{each.targets[0] if each.targets else 'Patient'}/x"},
        "Resource": {"resourceType": "Patient"},
        "CodeableConcept": {"text": "x"},
        "Coding": {"system": "urn:x", "code": "x"},
        "Identifier": {"system": "urn:x", "value": "x"},
        "Quantity": {"value": 1},
        "Money": {"value": 1},
        "Period": {"start": "2026-01-01"},
        "Attachment": {"contentType": "text/plain"},
        "Annotation": {"text": "x"},
        "Expression": {"language": "text/fhirpath", "expression": "true"},
    }
    if datatype in known:
        return known[datatype]
    if facts.is_primitive(datatype):
        return "urn:x" if datatype in ("uri", "url", "canonical") else "x"
    return dict(_required(each.block)) or {"id": "x"}


REFUSED = ("invalid-resource",)


async def tried(client: Client, type: str) -> None:
    """Each interaction of the type once, with a minimal resource; what breaks a rule of its own type is told as such."""
    made = await client.put(minimal(type))
    if made.status_code == 422:
        assert made.json()["issue"][0]["details"]["coding"][0]["code"] in REFUSED
    else:
        assert made.status_code == 201, (type, made.text)
    there = made.status_code == 201
    for address in (f"{type}/one", f"{type}/one/_history", f"{type}/one/_history/1"):
        assert (await client.get(f"/fhir/{address}")).status_code == (200 if there else 404), address
    patched = await client.send(
        "PATCH", f"/fhir/{type}/one", b'[{"op":"add","path":"/language","value":"en"}]', content_type="application/json-patch+json"
    )
    assert patched.status_code == (200 if there else 404), (type, patched.text)
    for address in (type, f"{type}/_history"):
        assert (await client.get(f"/fhir/{address}")).status_code == 200, address
    assert (await client.send("POST", f"/fhir/{type}/_search", content_type="application/x-www-form-urlencoded")).status_code == 200
    created = await client.post(minimal(type))
    assert created.status_code == (201 if there else 422), (type, created.text)
    assert (await client.send("DELETE", f"/fhir/{type}/one")).status_code in (200, 204) if there else (404,)


@pytest.mark.parametrize("type", ["Patient", "Encounter", "Bundle", "StructureDefinition", "Binary"])
async def test_interactions_of_a_type_do_what_they_say(client: Client, type: str) -> None:
    await tried(client, type)


@pytest.mark.long
async def test_interactions_of_every_type_do_what_they_say(client: Client) -> None:
    for type_ in sorted(resource_types()):
        await tried(client, type_)


async def test_conditional_interactions_are_as_it_says(client: Client) -> None:
    described = (await resources(client))["Patient"]
    search = "identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018"
    body = orjson.dumps({name: each for name, each in patient("p").items() if name != "id"})
    if described["conditionalCreate"]:
        first = await client.send("POST", "/fhir/Patient", body, if_none_exist=search)
        again = await client.send("POST", "/fhir/Patient", body, if_none_exist=search)
        assert (first.status_code, again.status_code) == (201, 200)
    if described["conditionalUpdate"]:
        assert (await client.send("PUT", f"/fhir/Patient?{search}", body)).status_code == 200
    deleted = await client.send("DELETE", f"/fhir/Patient?{search}")
    assert deleted.status_code in ((200, 204) if described["conditionalDelete"] == "single" else (405,))


async def test_formats_are_as_it_says(client: Client) -> None:
    said = await statement(client)
    for form in said["format"]:
        answer = await client.get(f"/fhir/Patient?_format={form.replace('+', '%2B')}")
        assert answer.status_code == 200, form
        assert ("xml" if "xml" in form else "json") in answer.headers["content-type"]
    assert ("PATCH" in allowed("instance")) == ("patchFormat" in said)


async def test_guides_of_loaded_packages_are_in_it(client: Client, services: Services) -> None:
    assert "implementationGuide" not in await statement(client)
    assert services.knowledge.guides() == []


async def test_profiles_of_loaded_packages_are_in_it(services: Services, tmp_path: Path) -> None:
    profile = {
        "resourceType": "StructureDefinition",
        "url": "https://example.org/StructureDefinition/neighbour",
        "name": "Neighbour",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}]},
    }
    (tmp_path / "neighbour.json").write_bytes(orjson.dumps(profile))
    told = described(statement_of(replace(services, knowledge=Knowledge([tmp_path])), BASE))
    supported = {each["type"]: each.get("supportedProfile") for each in told["rest"][0]["resource"]}
    assert supported["Patient"] == [profile["url"]]
    assert supported["Person"] is None


async def test_the_main_job_is_in_it(client: Client) -> None:
    described = await resources(client)
    named = {
        type: {each["name"] for each in described[type]["searchParam"]}
        for type in ("CarePlan", "Appointment", "Encounter", "Patient")
    }
    assert "patient" in named["CarePlan"] & named["Encounter"]
    assert {"patient", "date"} <= named["Appointment"]
    assert "identifier" in named["Patient"]
    told = {operation["name"] for operation in described["Patient"]["operation"]}
    assert {"validate", "everything", "whole-record", "match", "break-glass", "record-consent", "why"} <= told
    assert "Parameters" not in described
