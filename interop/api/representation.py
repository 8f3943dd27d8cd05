"""An answer in the form that the client asked for; handlers answer in JSON and know nothing of it."""

from __future__ import annotations

import gzip
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import orjson
from lxml import etree

from interop.api.asgi import FHIR_JSON, Request, Response
from interop.api.forms import DEFAULT, JSON, Form
from interop.errors import Problem
from interop.fhir.canonicals import XHTML
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
    same = request.path == _STATEMENT and response.status == HTTPStatus.OK
    if form is not DEFAULT and response.body and response.media_type == FHIR_JSON:
        response.body = (_once if same else _in_form)(response.body, form.kind, form.pretty)
        response.media_type = form.content_type
    if b"accept-encoding" in request.headers and len(response.body) > SMALLEST and takes_gzip(request.header(b"accept-encoding")):
        response.body = (_packed_once if same else _packed)(response.body)
        response.headers.append((b"content-encoding", b"gzip"))
    return response


def _in_form(body: bytes, kind: str, pretty: bool) -> bytes:
    """A resource in JSON as it is asked for."""
    if kind == JSON:
        return _pretty_json(body) if pretty else body
    return as_xml(body, pretty=pretty)


def _packed(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


_STATEMENT: Final = "/fhir/metadata"
"""What is large, about nobody and the same for everybody: made once."""
_once = lru_cache(maxsize=8)(_in_form)
_packed_once = lru_cache(maxsize=8)(_packed)


def as_xml(body: bytes, *, pretty: bool = False) -> bytes:
    """A resource in JSON as XML; raises Problem ``not-acceptable``, ``where`` the element, for what XML cannot say."""
    from interop.fhir.xml import to_xml

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


@lru_cache(maxsize=256)
def takes_gzip(accepted: str) -> bool:
    """Whether gzip is among the encodings that a client takes (RFC 9110, 12.5.3)."""
    weights: dict[str, str] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = weight.replace(" ", "").removeprefix("q=") or "1"
    said = weights.get("gzip", weights.get("x-gzip", weights.get("*", "0")))
    return said.strip("0.") != ""
