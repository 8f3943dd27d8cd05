"""What a file holds: resources as JSON, XML or JSON lines, told by their content (FHIR R4, json.html, xml.html, nd-json.html)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from interop.errors import Problem
from interop.fhir.documents.lenient import lenient
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.xml import read_resource_xml
from interop.formats.json import load_json

SIZE = 64 * 1024 * 1024
"""Bytes that one resource may have: files may be larger than what the engine takes from the network."""
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16 = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
    b"{\0": "utf-16-le",
    b"\0{": "utf-16-be",
}
_CODES = {"too-large": "too-costly", "too-deep": "too-costly", "document-type": "security"}


class Document(NamedTuple):
    """One resource of a file. ``label`` is the file's name, with the line where it holds several; ``resource`` is None where
    nothing could be read; ``findings`` are of the text, not of the resource, under rule ``document``."""

    label: str
    resource: dict[str, Any] | None
    findings: Findings


def read(body: bytes, name: str, *, line: int = 0) -> Iterator[Document]:
    """Every resource of a file; what cannot be read is a finding. Never raises, for any bytes.

    The content decides, not the name: ``<`` begins XML; ``{`` JSON, or JSON lines where the first line is an object by itself
    and the next begins another. Findings on JSON tell line and column; where its text can still be understood (a name twice,
    comments, commas too many or too few, quotes left out, text after the end, wrong encoding) the resource is read all the same.
    A resource has at most 64 MiB.
    ``line`` other than 0 says that these are lines of JSON from a longer file, and is the number of the first.
    """
    if line:
        yield from _lines(body.removeprefix(_UTF8_MARK), name, line)
        return
    start = body.removeprefix(_UTF8_MARK).lstrip()
    first = start[:1]
    mark = body[:2]
    if not start:
        yield _nothing(name, "the file is empty")
    elif first == b"<" or (mark in _UTF16 and b"<" in (body[0:1], body[1:2], body[2:3], body[3:4])):
        yield _xml(body, name)
    elif mark in _UTF16:
        yield _utf16_json(body, _UTF16[mark], name)
    elif first in (b"{", b"[", b"/"):
        yield from _json_or_lines(body, name)
    else:
        yield _nothing(name, "the file is neither JSON nor XML")


def _nothing(label: str, message: str, code: str = "structure") -> Document:
    return Document(label, None, [Finding(ERROR, "", code, message, "document")])


def _refused(label: str, problem: Problem) -> Document:
    said = f"{problem.reason.sentence} {problem.detail}".strip()
    return _nothing(label, said, _CODES.get(problem.reason.name, "structure"))


def _xml(body: bytes, label: str) -> Document:
    try:
        resource, findings = read_resource_xml(body, size=SIZE)
    except Problem as problem:
        return _refused(label, problem)
    return Document(label, resource, findings)


def _utf16_json(body: bytes, encoding: str, label: str) -> Document:
    text = body.decode(encoding, "replace")
    resource, findings = lenient(text.removeprefix("\ufeff"))
    return Document(label, resource, [Finding(ERROR, "", "invalid", "the JSON is not encoded in UTF-8", "document"), *findings])


def _json_or_lines(body: bytes, name: str) -> Iterator[Document]:
    head, newline, rest = body.removeprefix(_UTF8_MARK).lstrip().partition(b"\n")
    if newline and head.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{":
        try:
            several = isinstance(load_json(head), dict)
        except Problem:
            several = False
        if several:
            yield from _lines(body.removeprefix(_UTF8_MARK), name)
            return
    yield _json(body, name, 1)


def _lines(body: bytes, name: str, first: int = 1) -> Iterator[Document]:
    start = 0
    number = first - 1
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        number += 1
        line = body[start:end].strip()
        if line:
            yield _json(line, f"{name}:{number}", number)
        start = end + 1


def _json(body: bytes, label: str, line: int) -> Document:
    try:
        resource = load_json(body, size=SIZE, values=None)
    except Problem as problem:
        if problem.reason.name in ("too-large", "too-deep"):
            return _refused(label, problem)
        return _again(body, label, line, problem)
    if not isinstance(resource, dict):
        return _nothing(label, "the JSON is no object")
    return Document(label, resource, [])


def _again(body: bytes, label: str, line: int, problem: Problem) -> Document:
    """What strict reading refused, read for all that is wrong with it."""
    findings: Findings = []
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("utf-8-sig", "replace")
        findings.append(Finding(ERROR, "", "invalid", "the JSON is not encoded in UTF-8", "document"))
    resource, more = lenient(text, line)
    findings += more
    if not findings:
        return _refused(label, problem)
    return Document(label, resource, findings)
