"""How operations are called and answer (FHIR R4 operations, 3.2.0.2): URL, form, Parameters, JSON and XML."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.api.operations.registry import OPERATIONS
from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
EXPAND = "/fhir/ValueSet/$expand"


async def sent(client: Client, content: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    answer = await client.send("POST", EXPAND, orjson.dumps(content), **headers)
    return answer.status_code, answer.json()


def parameter(**said: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [said]}


async def test_by_url_by_form_and_by_parameters(client: Client) -> None:
    by_url = (await client.get(f"{EXPAND}?url={GENDER}")).json()
    form = f"url={GENDER}".encode()
    by_form = (await client.send("POST", EXPAND, form, content_type="application/x-www-form-urlencoded")).json()
    _, by_parameters = await sent(client, parameter(name="url", valueUri=GENDER))
    empty = (await client.send("POST", f"{EXPAND}?url={GENDER}")).json()
    told = [each["expansion"]["contains"] for each in (by_url, by_form, by_parameters, empty)]
    assert told[1:] == told[:-1]


async def test_xml_in_and_out(client: Client) -> None:
    url = f'<parameter><name value="url"/><valueUri value="{GENDER}"/></parameter>'
    body = f'<Parameters xmlns="http://hl7.org/fhir">{url}</Parameters>'
    answer = await client.send("POST", EXPAND, body.encode(), content_type="application/fhir+xml", accept="application/fhir+xml")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert "<ValueSet" in answer.text
    assert answer.text.count("<contains>") == 4


@pytest.mark.parametrize(
    ("content", "name", "expression"),
    [
        (parameter(name="shade", valueUri="x"), "shade", "Parameters.parameter[0]"),
        (parameter(name="url", valueBoolean=True), "url", "Parameters.parameter[0]"),
        (parameter(name="count", valueInteger="three"), "count", "Parameters.parameter[0].value"),
        (parameter(name="valueSet", resource={"resourceType": "Patient"}), "valueSet", "Parameters.parameter[0]"),
        (parameter(name="url"), "url", "Parameters.parameter[0]"),
    ],
)
async def test_the_parameter_at_fault_is_named(client: Client, content: Any, name: str, expression: str) -> None:
    status, outcome = await sent(client, content)
    assert status == 400
    assert name in outcome["issue"][0]["diagnostics"]
    assert outcome["issue"][0]["expression"] == [expression]


@pytest.mark.parametrize(
    "content",
    [
        [],
        [None, None],
        [["url", "x"]],
        5,
        {},
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": "x"},
        "x",
        None,
    ],
)
async def test_a_body_that_says_nothing(client: Client, content: Any) -> None:
    status, outcome = await sent(client, content)
    assert (status, outcome["resourceType"]) == (400, "OperationOutcome")


async def test_a_parameter_may_stand_once(client: Client) -> None:
    assert (await client.get(f"{EXPAND}?url={GENDER}&url=urn:other")).status_code == 400
    assert (await client.get(f"{EXPAND}?url={GENDER}&valueSet=x")).status_code == 400


async def test_the_wrong_content_type(client: Client) -> None:
    assert (await client.send("POST", EXPAND, b"{}", content_type="text/plain")).status_code == 415


async def test_methods_and_addresses(client: Client) -> None:
    for operation in OPERATIONS:
        type_ = (operation.types or ("Patient",))[0]
        above = {("instance",): f"{type_}/x/", ("system",): ""}.get(operation.levels, f"{type_}/")
        at = f"/fhir/{above}${operation.name}"
        answer = await client.send("OPTIONS", at)
        assert answer.headers["allow"] == ", ".join((*operation.methods, "OPTIONS"))
        assert (await client.send("PUT", at)).status_code == 405
        assert (await client.get(f"/fhir/Basic/${operation.name}")).status_code in (
            (400,) if operation.takes("type", "Basic") else (404,)
        )
    assert (await client.get("/fhir/Patient/$nothing")).status_code == 404
