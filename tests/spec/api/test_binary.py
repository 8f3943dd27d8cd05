"""Binary as what it holds (FHIR R4, binary.html)."""

from __future__ import annotations

import base64

import orjson
import pytest

from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio

CONTENT = b"%PDF-1.4 \x00\xff"
RESOURCE = {"resourceType": "Binary", "id": "b1", "contentType": "application/pdf", "data": base64.b64encode(CONTENT).decode()}


@pytest.mark.parametrize("accept", ["", "*/*", "application/pdf", "image/png", "text/html"])
async def test_whoever_asks_for_no_form_of_fhir_gets_the_bytes(client: Client, accept: str) -> None:
    await client.put(RESOURCE)
    for address in ("Binary/b1", "Binary/b1/_history/1"):
        answer = await client.get(f"/fhir/{address}", accept=accept)
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "application/pdf", CONTENT)
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/json", "application/fhir+xml", "application/xml"])
async def test_whoever_asks_for_a_form_of_fhir_gets_the_resource(client: Client, accept: str) -> None:
    await client.put(RESOURCE)
    answer = await client.get("/fhir/Binary/b1", accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{accept}; charset=utf-8")
    assert RESOURCE["data"].encode() in answer.content


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (CONTENT, "application/pdf"),
        (b"a,b", 'text/csv; charset="iso-8859-1"'),
        (b'{"resourceType":"Patient","id":"x"}', "application/fhir+json"),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "application/fhir+xml"),
        (b"{", "application/json"),
    ],
)
async def test_bytes_become_a_binary(client: Client, content: bytes, media: str) -> None:
    answer = await client.send("POST", "/fhir/Binary", content, content_type=media, x_security_context="Patient/p1")
    assert (answer.status_code, answer.json()["contentType"]) == (201, media)
    assert base64.b64decode(answer.json()["data"]) == content
    assert answer.json()["securityContext"] == {"reference": "Patient/p1"}
    again = await client.get(answer.headers["location"], accept="*/*")
    assert (again.content, again.headers["content-type"], again.headers["x-security-context"]) == (content, media, "Patient/p1")


async def test_an_update_takes_bytes_as_well(client: Client) -> None:
    assert (await client.send("PUT", "/fhir/Binary/b2", CONTENT, content_type="application/pdf")).status_code == 201
    assert (await client.send("PUT", "/fhir/Binary/b2", b"x", content_type="text/plain")).status_code == 200
    assert (await client.get("/fhir/Binary/b2")).content == b"x"


async def test_a_binary_that_comes_as_a_resource_is_one(client: Client) -> None:
    answer = await client.send("POST", "/fhir/Binary", orjson.dumps(RESOURCE), content_type="application/fhir+json")
    assert answer.json()["data"] == RESOURCE["data"]


async def test_bytes_without_content_type_are_refused(client: Client) -> None:
    assert (await client.send("POST", "/fhir/Binary", b"x", content_type="pdf")).status_code == 415


async def test_a_binary_that_holds_nothing_is_shown_as_a_resource(client: Client) -> None:
    await client.put({"resourceType": "Binary", "id": "b3", "contentType": "application/pdf"})
    assert (await client.get("/fhir/Binary/b3")).json()["id"] == "b3"
    assert (await client.get("/fhir/Binary/none")).json()["resourceType"] == "OperationOutcome"
