"""What comes in a request: a resource in JSON or XML, a patch, bytes for a Binary; with gzip or without, each within its limit."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Any, Final

from interop.api.asgi import Header, Request, TooLarge
from interop.api.fhir import binary
from interop.api.forms import JSON, body_kind, parts
from interop.api.services import Services
from interop.apply.asked import Invalid, Resource
from interop.apply.drafts import read_resource
from interop.errors import Problem
from interop.formats.json import load_json, write_json
from interop.formats.limits import VALUES, bounded

WANTED: Final = "application/fhir+json or application/fhir+xml of FHIR 4.0 in UTF-8 is wanted"
PATCHES: Final = ("application/json-patch+json", "application/xml-patch+xml", "application/fhir+json", "application/fhir+xml")
"""The content types under which patches come; those of FHIR hold a Parameters."""
LARGE: Final = 256 * 1024
"""Bytes from which JSON is read beside the loop."""
BUNDLE_VALUES: Final = 1_000_000
"""Values of a Bundle, be it a request or content; see ``VALUES`` for any other resource."""
Patch = Callable[[dict[str, Any]], dict[str, Any]]


class Untaken(Problem):
    """The body is of a media type or encoding that is not taken; ``headers`` say what is (RFC 5789, 3.1; RFC 9110, 12.5.3)."""

    def __init__(self, detail: str, *headers: Header) -> None:
        super().__init__("media-type", detail=detail)
        self.headers = headers

    def __reduce__(self) -> tuple[object, ...]:
        return (Untaken, (self.detail, *self.headers))


async def resource_body(
    services: Services, request: Request, type: str = "", id: str = "", *, limit: int | None = None, values: int = VALUES
) -> bytes:
    """The resource of the request as JSON; where ``type`` is Binary and the body is none, a Binary that holds the body.

    JSON is given as it came, unread. ``limit`` in bytes, None = the limit of a resource; ``values`` bounds XML. Raises Problem
    ``media-type``, TooLarge and, for XML, those of ``read_resource_xml``, and Invalid for what is wrong with its elements.
    """
    said = request.header(b"content-type")
    kind = body_kind(said)
    if type == binary.TYPE:
        content = await expanded(request, limit or services.resource_limit)
        if kind is None or not _holds_binary(content, kind):
            if not binary.is_media_type(said):
                raise Problem("media-type", detail="the content type of the Binary is wanted")
            return binary.resource_of(content, said, id, request.header(b"x-security-context"))
    elif kind is None:
        raise Problem("media-type", detail=WANTED)
    else:
        content = await expanded(request, limit or services.resource_limit)
    return content if kind == JSON else _from_xml(content, values)


async def sent(services: Services, request: Request, type: str, id: str = "") -> tuple[Resource, bytes]:
    """The resource of a create or update, and its JSON. Raises those of ``resource_body`` and ``read_resource``."""
    limit, values = (services.bundle_limit, BUNDLE_VALUES) if type == "Bundle" else (services.resource_limit, VALUES)
    body = await resource_body(services, request, type, id, limit=limit, values=values)
    if len(body) > LARGE:
        return await asyncio.to_thread(read_resource, type, body, size=len(body), values=values), body
    return read_resource(type, body), body


async def patch_body(services: Services, request: Request) -> Patch:
    """The patch of the request, ready to be applied to a resource (of ``load_json``); what it leaves empty is left out.

    Raises Problem ``media-type``, TooLarge, ``bad-patch`` and those of reading JSON or XML; the patch itself raises those of
    ``interop.fhir.patching``.
    """
    from interop.fhir.patching import fhirpath_patch, json_patch, xml_patch

    said = request.header(b"content-type")
    media, _ = parts(said.lower())
    kind = body_kind(said)
    if media not in PATCHES[:2] and kind is None:
        raise Untaken(f"one of {', '.join(PATCHES)} is wanted", (b"accept-patch", ", ".join(PATCHES).encode("ascii")))
    content = await expanded(request, services.resource_limit)
    if media == PATCHES[1]:
        return lambda resource: xml_patch(resource, content)
    if media == PATCHES[0]:
        operations = load_json(content)
        return lambda resource: _whole(json_patch(resource, operations))
    parameters = load_json(content if kind == JSON else _from_xml(content, VALUES))
    return lambda resource: fhirpath_patch(resource, parameters)


async def expanded(request: Request, limit: int) -> bytes:
    """The body, its Content-Encoding undone; ``limit`` bounds it before and after. Raises Problem ``media-type``, ``unreadable``
    and TooLarge."""
    encoding = request.header(b"content-encoding").lower()
    if encoding in ("", "identity"):
        return await request.body(limit)
    if encoding not in ("gzip", "x-gzip"):
        raise Untaken("as Content-Encoding, gzip or none is wanted", (b"accept-encoding", b"gzip"))
    packed = await request.body(limit)
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(packed, limit + 1)
    except zlib.error:
        raise Problem("unreadable", where="Content-Encoding", detail="it is no gzip") from None
    if len(content) > limit:
        raise TooLarge(b"", limit)
    if not unpacking.eof or unpacking.unused_data:
        raise Problem("unreadable", where="Content-Encoding", detail="the gzip is cut off, or something follows it")
    return content


def _from_xml(content: bytes, values: int) -> bytes:
    from interop.fhir.xml.reading import OUT_OF_ORDER, read_resource_xml

    bounded(content, "<=", less="</", limit=values)
    resource, findings = read_resource_xml(content, size=len(content))
    wrong = [each for each in findings if each.message != OUT_OF_ORDER]  # what is meant is clear, and it is given in order
    if wrong:
        raise Invalid(wrong)
    return write_json(resource)


def _holds_binary(content: bytes, kind: str) -> bool:
    """Whether a body is a Binary resource and not bytes for one (binary.html: a resource of another type is content)."""
    try:
        resource = load_json(content) if kind == JSON else load_json(_from_xml(content, VALUES))
    except Problem:
        return False
    return isinstance(resource, dict) and resource.get("resourceType") == binary.TYPE


def _whole(document: Any) -> dict[str, Any]:
    from interop.fhir.patching import pruned

    if not isinstance(document, dict):
        raise Problem("patch-failed", detail="the patch leaves no resource")
    resource: dict[str, Any] = pruned(document)
    return resource
