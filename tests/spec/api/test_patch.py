"""Patch (FHIR R4 http, 3.1.0.9): three kinds of patch on a resource that is kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.fhir.xml import to_xml
from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio

BODY = b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}'
REPLACE = [
    {"name": "type", "valueCode": "replace"},
    {"name": "path", "valueString": "Observation.status"},
    {"name": "value", "valueCode": "amended"},
]
PARAMETERS: dict[str, Any] = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": REPLACE}]}
JSON_PATCH = b'[{"op":"test","path":"/status","value":"final"},{"op":"replace","path":"/status","value":"amended"}]'
XML_PATCH = b'<diff xmlns="http://hl7.org/fhir"><replace sel="Observation/status/@value">amended</replace></diff>'
JSON, XML = "application/json-patch+json", "application/xml-patch+xml"


@pytest.fixture(autouse=True)
async def _kept(client: Client) -> None:
    assert (await client.send("PUT", "/fhir/Observation/o", BODY)).status_code == 201


async def patched(client: Client, content: bytes, content_type: str, **headers: str) -> tuple[int, Any]:
    answer = await client.send("PATCH", "/fhir/Observation/o", content, content_type=content_type, **headers)
    return answer.status_code, answer


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (JSON_PATCH, JSON),
        (XML_PATCH, XML),
        (orjson.dumps(PARAMETERS), "application/fhir+json"),
        (to_xml(PARAMETERS), "application/fhir+xml"),
    ],
)
async def test_each_kind(client: Client, content: bytes, content_type: str) -> None:
    status, answer = await patched(client, content, content_type)
    assert (status, answer.headers["etag"], answer.json()["status"]) == (200, 'W/"2"', "amended")
    assert b'"value":1.50' in answer.content


async def test_a_patch_is_for_the_version_that_is_named(client: Client) -> None:
    assert (await patched(client, JSON_PATCH, JSON, if_match='W/"2"'))[0] == 412
    assert (await patched(client, JSON_PATCH, JSON, if_match='W/"1"'))[0] == 200


async def test_what_a_patch_leaves_empty_is_left_out(client: Client) -> None:
    status, answer = await patched(client, b'[{"op":"remove","path":"/valueQuantity/value"}]', JSON)
    assert (status, "valueQuantity" in answer.json()) == (200, False)


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'[{"op":"test","path":"/status","value":"amended"}]', JSON, 422),
        (b'[{"op":"remove","path":"/status"}]', JSON, 422),
        (b'[{"op":"replace","path":"/status","value":"some"}]', JSON, 422),
        (b'[{"op":"replace","path":"/id","value":"other"}]', JSON, 400),
        (b'[{"op":"replace","path":"/resourceType","value":"Patient"}]', JSON, 400),
        (b'[{"op":"replace","path":"","value":[]}]', JSON, 422),
        (b"[", JSON, 400),
        (b"<diff>", XML, 400),
        (b"<!DOCTYPE a><diff/>", XML, 400),
        (BODY, "application/fhir+json", 400),
    ],
)
async def test_what_cannot_be_done_changes_nothing(client: Client, content: bytes, content_type: str, status: int) -> None:
    assert (await patched(client, content, content_type))[0] == status
    assert (await client.get("/fhir/Observation/o")).headers["etag"] == 'W/"1"'


async def test_other_content_types_are_refused_with_those_that_are_taken(client: Client) -> None:
    status, answer = await patched(client, JSON_PATCH, "text/plain")
    assert (status, answer.headers["accept-patch"].split(", ")[:2]) == (415, [JSON, XML])
    status, answer = await patched(client, JSON_PATCH, JSON, content_encoding="br")
    assert (status, answer.headers["accept-encoding"]) == (415, "gzip")


async def test_there_must_be_something_to_patch(client: Client) -> None:
    assert (await client.send("PATCH", "/fhir/Observation/none", JSON_PATCH, content_type=JSON)).status_code == 404
