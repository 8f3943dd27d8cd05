"""Takes one example through a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from conformance.ask.written import as_json
from conformance.judged.outcome import FAIL, PASS, Outcome
from conformance.judged.target import JSON, XML, address, exchange, resource
from conformance.roundtrip.resources import Example, difference, literal, plain
from conformance.roundtrip.values import searches
from conformance.searches.run import link
from interop.fhir.documents import read as documents
from interop.fhir.xml import to_xml

CREATE, READ, READ_XML, WRITE_XML, SEARCH, DELETE = "create", "read back", "read as XML", "write as XML", "search", "delete"
SUITES = (CREATE, READ, READ_XML, WRITE_XML, SEARCH, DELETE)


def run(client: httpx.Client, example: Example, *, delete: bool = True) -> list[Outcome]:
    """What came of each step; the rest is left out where the resource is not taken."""
    try:
        return list(_steps(client, example, delete))
    except httpx.HTTPError as problem:
        return [Outcome(CREATE, example.name, FAIL, f"{type(problem).__name__} {problem}")]


def _steps(client: httpx.Client, example: Example, delete: bool) -> Iterator[Outcome]:
    kind, id_ = example.resource["resourceType"], example.resource["id"]
    url = address(client, f"{kind}/{id_}")
    sent = literal(example.body.decode("utf-8-sig"))
    name = f"{kind}/{id_}"
    answer = client.put(url, content=example.body.removeprefix(b"\xef\xbb\xbf"), headers={"content-type": JSON})
    yield _status(CREATE, name, answer, (200, 201))
    if not answer.is_success:
        return
    yield _json(READ, name, client.get(url), sent)
    yield _xml(name, client.get(url, headers={"accept": XML}), sent)
    try:
        body: bytes | None = to_xml(json.loads(example.body.decode("utf-8-sig"), parse_float=Decimal))
    except Exception:  # what has no XML is not sent as XML: it is the server's part that is judged
        body = None
    if body is not None:
        answer = client.put(url, content=body, headers={"content-type": XML})
        if answer.is_success:
            yield _json(WRITE_XML, name, client.get(url), sent, across=True)
        else:
            yield _status(WRITE_XML, name, answer, (200, 201))
    yield from _searched(client, example)
    if delete:
        answer = client.delete(url)
        yield _status(DELETE, name, answer, (200, 202, 204))
        if answer.is_success:
            yield _status(DELETE, f"{name} after that", client.get(url), (404, 410))


def _status(suite: str, name: str, answer: httpx.Response, wanted: tuple[int, ...]) -> Outcome:
    taken = answer.elapsed.total_seconds()
    if answer.status_code in wanted:
        return Outcome(suite, name, PASS, seconds=taken)
    return Outcome(suite, name, FAIL, f"status {answer.status_code}, not {' or '.join(map(str, wanted))}", exchange(answer), taken)


def _json(suite: str, name: str, answer: httpx.Response, sent: Any, across: bool = False) -> Outcome:
    if answer.status_code != 200:
        return _status(suite, name, answer, (200,))
    try:
        came = literal(answer.content)
    except ValueError as problem:
        return Outcome(suite, name, FAIL, f"the answer is no JSON: {problem}", exchange(answer))
    said = difference(plain(sent), plain(came)) if across else difference(sent, came)
    return Outcome(suite, name, FAIL if said else PASS, said, exchange(answer).splitlines()[0] if said else "")


def _xml(name: str, answer: httpx.Response, sent: Any) -> Outcome:
    if answer.status_code != 200:
        return _status(READ_XML, name, answer, (200,))
    if "xml" not in answer.headers.get("content-type", ""):
        return Outcome(READ_XML, name, FAIL, f"Content-Type is {answer.headers.get('content-type')}", exchange(answer))
    document = next(iter(documents(answer.content, name)))
    if document.resource is None:
        said = document.findings[0].message if document.findings else "nothing"
        return Outcome(READ_XML, name, FAIL, f"the XML cannot be read: {said}", exchange(answer))
    came = _literal_of(document.resource)
    said = difference(plain(sent), plain(came))
    return Outcome(READ_XML, name, FAIL if said else PASS, said, exchange(answer).splitlines()[0] if said else "")


def _literal_of(value: Any) -> Any:
    return literal(as_json(value))


def _searched(client: httpx.Client, example: Example) -> Iterator[Outcome]:
    kind, id_ = example.resource["resourceType"], example.resource["id"]
    for asked in searches(example.resource):
        query = f"{kind}?_id={id_}&{quote(asked.parameter)}={quote(asked.value, safe='')}"
        answer = client.get(address(client, query))
        yield Outcome(SEARCH, f"{kind}/{id_} by {asked.parameter}={asked.value}", *_judged(answer, asked.parameter, id_))


def _judged(answer: httpx.Response, parameter: str, id_: str) -> tuple[str, str, str, float]:
    taken = answer.elapsed.total_seconds()
    if answer.status_code != 200:
        return FAIL, f"status {answer.status_code}", exchange(answer), taken
    bundle = resource(answer)
    entries = bundle.get("entry") or []
    found = [each for each in entries if (each.get("search") or {}).get("mode") == "match"]
    if not any((each.get("resource") or {}).get("id") == id_ for each in found):
        return FAIL, "it is not found", exchange(answer), taken
    if f"{parameter}=" not in link(bundle, "self").replace("%3A", ":"):
        return FAIL, "the parameter was ignored: it is not in the self link", exchange(answer), taken
    return PASS, "", "", taken
