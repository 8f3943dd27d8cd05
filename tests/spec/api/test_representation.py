"""Forms of answers and bodies: JSON, XML, line breaks, gzip (FHIR R4 http, 3.1.0.1.10; RFC 9110)."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from interop.fhir.xml import from_xml, to_xml
from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio

JSON, XML = "application/fhir+json; charset=utf-8", "application/fhir+xml; charset=utf-8"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ann <b>and</b>  Eve &amp; &#160;</p>\n</div>'
BODY = b"""{"resourceType":"Observation","id":"o1","text":{"status":"additional","div":%s},"status":"final","code":{"text":"x"},
"_effectiveDateTime":{"extension":[{"url":"urn:x","valueString":"  a\\n"}]},"valueQuantity":{"value":1.50,"unit":"mg"},
"component":[{"code":{"text":"y"},"valueString":"<&>"}]}""" % orjson.dumps(DIV)


@pytest.fixture(autouse=True)
async def _kept(client: Client) -> None:
    assert (await client.send("PUT", "/fhir/Observation/o1", BODY)).status_code == 201


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/fhir+json", JSON),
        ("application/json", "application/json; charset=utf-8"),
        ("text/json", "text/json; charset=utf-8"),
        ("application/fhir+xml", XML),
        ("application/xml", "application/xml; charset=utf-8"),
        ("text/xml", "text/xml; charset=utf-8"),
        ("application/fhir+json;q=0.5, application/fhir+xml", XML),
        ("application/fhir+xml, application/fhir+json", XML),
        ("application/fhir+json, application/fhir+xml", JSON),
        ("application/fhir+json;q=0, */*", XML),
        ("image/png, application/fhir+xml;q=0.1", XML),
        ("application/fhir+xml; fhirVersion=4.0", XML + "; fhirVersion=4.0"),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+xml", XML),
        (HTML, "application/json; charset=utf-8"),
        ("image/png", None),
        ("application/fhir+turtle", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("application/fhir+json;q=0", None),
    ],
)
async def test_accept(client: Client, accept: str, given: str | None) -> None:
    answer = await client.get("/fhir/Observation/o1", accept=accept)
    assert answer.status_code == (200 if given else 406)
    assert answer.headers["content-type"] == (given or JSON)
    assert _resource(answer)["resourceType"] == ("Observation" if given else "OperationOutcome")


@pytest.mark.parametrize(
    ("format_", "given"),
    [
        ("json", JSON),
        ("application/fhir%2Bjson", JSON),
        ("application/fhir+json", JSON),
        ("application/json", "application/json; charset=utf-8"),
        ("xml", XML),
        ("text/xml", "text/xml; charset=utf-8"),
        ("application/fhir%2Bxml", XML),
        ("html", "application/json; charset=utf-8"),
        ("", XML),
        ("ttl", None),
        ("*/*", None),
    ],
)
async def test_format_goes_before_accept(client: Client, format_: str, given: str | None) -> None:
    answer = await client.get(f"/fhir/Observation/o1?_format={format_}", accept="application/fhir+xml")
    assert answer.status_code == (200 if given else 406)
    assert answer.headers["content-type"] == (given or JSON)


async def test_format_in_a_form_counts_as_in_the_query(client: Client) -> None:
    for said, given in (("_format=xml", XML), ("_format=application/fhir%2Bxml", XML), ("", JSON), ("_format=ttl", None)):
        body = f"status=final&{said}".encode()
        answer = await client.send("POST", "/fhir/Observation/_search", body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == (200 if given else 406)
        assert answer.headers["content-type"] == (given or JSON)


async def test_every_answer_is_in_the_form_that_was_asked_for(client: Client) -> None:
    for address, kind in (
        ("Observation/o1/_history", "Bundle"),
        ("Observation?status=final", "Bundle"),
        ("metadata", "CapabilityStatement"),
        ("Observation/nothing", "OperationOutcome"),
        ("Animal/1", "OperationOutcome"),
    ):
        answer = await client.get(f"/fhir/{address}", accept="application/fhir+xml")
        assert answer.headers["content-type"] == XML
        assert from_xml(answer.content)["resourceType"] == kind


async def test_line_breaks_change_nothing(client: Client) -> None:
    plain = await client.get("/fhir/Observation/o1")
    pretty = await client.get("/fhir/Observation/o1?_pretty=true")
    assert pretty.content.count(b"\n") > 10
    assert b'"value": 1.50' in pretty.content
    assert pretty.json() == plain.json()
    xml = await client.get("/fhir/Observation/o1?_pretty=true&_format=xml")
    assert xml.content.count(b"\n") > 10
    assert from_xml(xml.content.replace(b"\xc2\xa0", b"&#160;")) == from_xml(
        (await client.get("/fhir/Observation/o1?_format=xml")).content
    )
    browser = await client.get("/fhir/Observation/o1", accept=HTML)
    assert browser.content == pretty.content


async def test_a_large_answer_is_packed_where_the_client_takes_it(client: Client) -> None:
    plain = await client.get("/fhir/metadata", accept_encoding="identity")
    assert "content-encoding" not in plain.headers
    packed = await client.get("/fhir/metadata", accept_encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    for accepted in ("gzip;q=0", "br", "gzip;q=0.0, *"):
        assert "content-encoding" not in (await client.get("/fhir/metadata", accept_encoding=accepted)).headers
    assert "content-encoding" not in (await client.get("/fhir/Observation/nothing", accept_encoding="gzip")).headers
    head = await client.send("HEAD", "/fhir/metadata", accept_encoding="gzip")
    assert (head.content, head.headers["content-length"]) == (b"", packed.headers["content-length"])


async def test_what_depends_on_what_is_asked_for_says_so(client: Client) -> None:
    assert (await client.get("/fhir/Observation/o1")).headers["vary"] == "accept, accept-encoding"


async def test_what_came_as_xml_is_the_same_in_xml_and_json(client: Client) -> None:
    before = from_xml(to_xml(orjson.loads(BODY)))
    before["id"] = "o2"
    answer = await client.send("PUT", "/fhir/Observation/o2", to_xml(before), content_type="application/fhir+xml", accept="*/*")
    assert (answer.status_code, answer.headers["content-type"]) == (201, JSON)
    shown = await client.get("/fhir/Observation/o2", accept="application/fhir+xml")
    kept = (await client.get("/fhir/Observation/o2")).json()
    assert b'<value value="1.5"/>' in shown.content
    assert DIV.encode() in shown.content
    for read in (from_xml(shown.content), kept):
        del read["meta"]
        assert orjson.dumps(read, default=float) == orjson.dumps(before, default=float)


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "application/fhir+xml", 201, ""),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "application/xml; charset=UTF-8", 201, ""),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "text/xml", 201, ""),
        (b"<Patient xmlns='http://hl7.org/fhir'><active value='true'/><language value='en'/></Patient>", "text/xml", 201, ""),
        (b"<Patient xmlns='http://hl7.org/fhir'>", "application/fhir+xml", 400, "structure"),
        (b"<Patient xmlns='http://hl7.org/fhir'>text</Patient>", "application/fhir+xml", 422, "structure"),
        (b"<Patient xmlns='http://hl7.org/fhir'><shoe value='1'/></Patient>", "application/fhir+xml", 422, "structure"),
        (b"<Observation xmlns='http://hl7.org/fhir'/>", "application/fhir+xml", 400, "invalid"),
        (b"<Patient/>", "application/fhir+xml", 404, "not-supported"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><Patient xmlns='http://hl7.org/fhir'/>", "application/fhir+xml", 400, "security"),
        (b"<a>" * 300 + b"</a>" * 300, "application/fhir+xml", 400, "too-costly"),
        (b"<Patient xmlns='http://hl7.org/fhir'>" + b"<name/>" * 200_000 + b"</Patient>", "application/fhir+xml", 413, "too-long"),
        (b'{"resourceType":"Patient"}', "application/fhir+xml", 400, "structure"),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "application/fhir+json", 400, "structure"),
        (b"[" * 100_000, "application/fhir+json", 400, "too-costly"),
        (b'{"resourceType":"Patient"}', "application/fhir+turtle", 415, "not-supported"),
        (b'{"resourceType":"Patient"}', "application/fhir+json; charset=utf-16", 415, "not-supported"),
        (b'{"resourceType":"Patient"}', "application/fhir+json; fhirVersion=5.0", 415, "not-supported"),
    ],
    ids=lambda said: "body" if isinstance(said, bytes) else str(said),
)
async def test_bodies(client: Client, content: bytes, content_type: str, status: int, code: str) -> None:
    answer = await client.send("POST", "/fhir/Patient", content, content_type=content_type, accept="application/fhir+json")
    assert answer.status_code == status
    assert code in ("", *(issue["code"] for issue in answer.json().get("issue", ())))


PACKED = gzip.compress(b'{"resourceType":"Patient"}', mtime=0)


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        pytest.param(PACKED, "gzip", 201, id="whole"),
        pytest.param(PACKED[:-9], "gzip", 400, id="cut off"),
        pytest.param(PACKED + b"x", "gzip", 400, id="followed"),
        pytest.param(b'{"resourceType":"Patient"}', "gzip", 400, id="not packed"),
        pytest.param(b'{"resourceType":"Patient"}', "identity", 201, id="as it is"),
        pytest.param(b'{"resourceType":"Patient"}', "br", 415, id="unknown"),
        pytest.param(gzip.compress(b" " * 30_000_000, mtime=0), "gzip", 413, id="a bomb"),
    ],
)
async def test_packed_bodies(client: Client, content: bytes, encoding: str, status: int) -> None:
    answer = await client.send("POST", "/fhir/Patient", content, content_type="application/fhir+json", content_encoding=encoding)
    assert answer.status_code == status


def _resource(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = from_xml(answer.content) if b"<?xml" in answer.content[:5] else answer.json()
    return found
