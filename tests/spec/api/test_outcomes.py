"""Every failure is an OperationOutcome that R4 allows, with the element at fault where there is one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.findings import ERROR
from interop.fhir.validation.validator import Validator
from interop.fhir.xml import from_xml
from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "a", "gender": "female"}
WRONG = b'{"resourceType":"Patient","id":"a","name":[{"family":"x"},{"family":7}],"gender":"some"}'
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
MOVED = {"name": "operation", "part": [{"name": "type", "valueCode": "move"}, {"name": "path", "valueString": "Patient.name"}]}


@pytest.mark.parametrize(
    ("method", "address", "content", "content_type", "status", "expressions"),
    [
        ("GET", "Patient/nobody", b"", "", 404, []),
        ("GET", "Animal/1", b"", "", 404, []),
        ("GET", "Patient/a/_history?_since=x", b"", "", 400, []),
        ("GET", "Patient?_count=x", b"", "", 400, []),
        ("DELETE", "metadata", b"", "", 405, []),
        ("POST", "Patient", b"{", "application/fhir+json", 400, []),
        ("POST", "Patient", b"x", "text/plain", 415, []),
        ("PUT", "Patient/a", WRONG, "application/fhir+json", 422, ["Patient.name[1].family", "Patient.gender"]),
        ("PUT", "Patient/b", orjson.dumps(PATIENT), "application/fhir+json", 400, ["Patient.id"]),
        ("POST", "Patient", b"<Patient xmlns='http://hl7.org/fhir'><shoe/></Patient>", "application/xml", 422, ["Patient.shoe"]),
        ("PATCH", "Patient/a", b'[{"op":"remove","path":"/x"}]', JSON_PATCH, 422, []),
        ("PATCH", "Patient/a", b"{}", JSON_PATCH, 400, []),
        ("PATCH", "Patient/a", b'<diff><remove sel="Patient/x"/></diff>', XML_PATCH, 422, []),
        (
            "PATCH",
            "Patient/a",
            orjson.dumps({"resourceType": "Parameters", "parameter": [MOVED]}),
            "application/fhir+json",
            400,
            ["Parameters.parameter[0]"],
        ),
    ],
)
async def test_failures(
    client: Client, method: str, address: str, content: bytes, content_type: str, status: int, expressions: list[str]
) -> None:
    await client.put(PATIENT)
    answer = await client.send(method, f"/fhir/{address}", content, content_type=content_type)
    outcome = answer.json()
    assert (answer.status_code, outcome["resourceType"]) == (status, "OperationOutcome")
    found = [expression for issue in outcome["issue"] for expression in issue.get("expression", ())]
    assert set(expressions) <= set(found)
    assert bool(expressions) == bool(found)
    assert _errors(outcome) == []
    in_xml = await client.send(method, f"/fhir/{address}", content, content_type=content_type, accept="application/fhir+xml")
    assert from_xml(in_xml.content) == outcome


def _errors(outcome: dict[str, Any]) -> list[str]:
    findings = Validator(Definitions.base()).validate(outcome)
    return [f"{each.expression}: {each.message}" for each in findings if each.severity == ERROR]
