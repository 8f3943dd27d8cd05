"""An answer in the form that the client asked for; handlers answer in JSON and know nothing of it."""

from __future__ import annotations

import gzip
from typing import Any, Final

import orjson
from lxml import etree

from interop.api.asgi import FHIR_JSON, Request, Response
from interop.api.forms import DEFAULT, JSON, Form
from interop.errors import Problem
from interop.fhir.canonicals import XHTML
from interop.fhir.xml import to_xml
from interop.formats.json import Number, load_json
from interop.formats.xml import parse_xml

SMALLEST: Final = 1024
"""Bytes below which nothing is gained by compressing."""
_LEVEL: Final = 4
_DEPTH: Final = 250
_INDENT: Final = "  "


def shown(response: Response, form: Form, request: Request) -> Response:
    """The answer as it is sent: in XML or with line breaks where that was asked for, compressed where the client takes gzip.

    Raises Problem ``not-acceptable`` where the resource cannot be written as XML.
    """
    if form is not DEFAULT and response.body and response.media_type == FHIR_JSON:
        represent(response, form)
    if b"accept-encoding" in request.headers and len(response.body) > SMALLEST:
        _compress(response, request.header(b"accept-encoding"))
    return response


def represent(response: Response, form: Form) -> None:
    """Put the JSON of an answer into the form."""
    if form.kind == JSON:
        if form.pretty:
            response.body = _pretty_json(response.body)
    else:
        response.body = as_xml(response.body, pretty=form.pretty)
    response.media_type = form.content_type


def as_xml(body: bytes, *, pretty: bool = False) -> bytes:
    """A resource in JSON as XML; raises Problem ``not-acceptable``, ``where`` the element, for what XML cannot say."""
    try:
        written = to_xml(load_json(body, depth=_DEPTH, size=len(body), values=None))
        return _pretty_xml(written) if pretty else written
    except Problem as problem:
        raise Problem("not-acceptable", where=problem.where, detail=f"XML cannot say it: {problem.detail or 'it'}") from None


def _pretty_json(body: bytes) -> bytes:
    value = load_json(body, depth=_DEPTH, size=len(body), values=None)
    return orjson.dumps(value, default=_literal, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _literal(value: Any) -> Any:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    raise TypeError


def _pretty_xml(body: bytes) -> bytes:
    root = parse_xml(body, size=len(body), values=None)
    _indent(root, "\n")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _indent(element: Any, margin: str) -> None:
    """Line breaks between elements, save in narrative, where white space counts."""
    if not len(element) or str(element.tag).startswith(f"{{{XHTML}}}"):
        return
    element.text = margin + _INDENT
    for child in element:
        _indent(child, margin + _INDENT)
        child.tail = margin + _INDENT
    element[-1].tail = margin


def _compress(response: Response, accepted: str) -> None:
    if not _takes_gzip(accepted) or any(name == b"content-encoding" for name, _ in response.headers):
        return
    response.body = gzip.compress(response.body, _LEVEL, mtime=0)
    response.headers.append((b"content-encoding", b"gzip"))


def _takes_gzip(accepted: str) -> bool:
    """Whether gzip is among the encodings that a client takes (RFC 9110, 12.5.3)."""
    weights: dict[str, str] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = weight.replace(" ", "").removeprefix("q=") or "1"
    said = weights.get("gzip", weights.get("x-gzip", weights.get("*", "0")))
    return said.strip("0.") != ""
