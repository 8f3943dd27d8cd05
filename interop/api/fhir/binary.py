"""Binary as what it holds (FHIR R4, binary.html): bytes go out and come in under their own content type."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from interop.api.asgi import FHIR_JSON, Request, Response
from interop.formats.json import load_json, write_json

TYPE: Final = "Binary"
_PREFIX: Final = "/fhir/Binary/"
_MEDIA: Final = re.compile(
    r"[\w!#$&^.+\-]{1,127}/[\w!#$&^.+\-]{1,127}(?:[ \t]*;[ \t]*[\w\-]+=(?:[\w!#$&^.+\-']+|\"[\w!#$&^.+\-' ]*\"))*", re.ASCII
)
_DATA: Final = b'"data":'
_SANDBOX: Final = [(b"content-disposition", b"attachment")]
"""What somebody else has written is not to run in a browser under our name."""


def read_by(request: Request) -> bool:
    """Whether a request reads a Binary (or a version of one)."""
    return request.path.startswith(_PREFIX) and request.method in ("GET", "HEAD")


def content_of(response: Response) -> Response:
    """The bytes that a Binary holds, under its content type; the answer as it is where it is no Binary that holds any."""
    if response.status != 200 or response.media_type != FHIR_JSON or _DATA not in response.body:
        return response
    resource: dict[str, Any] = load_json(response.body, values=None, size=len(response.body))
    media, data = resource.get("contentType"), resource.get("data")
    if (
        resource.get("resourceType") != TYPE
        or not isinstance(media, str)
        or not _MEDIA.fullmatch(media)
        or not isinstance(data, str)
    ):
        return response
    try:
        content = base64.b64decode(data)
    except (binascii.Error, ValueError):
        return response
    security = resource.get("securityContext", {}).get("reference", "")
    headers = [*response.headers, *_SANDBOX]
    if security and security.isascii() and security.isprintable():
        headers.append((b"x-security-context", security.encode("ascii")))
    return Response(200, content, media.encode("ascii"), headers)


def resource_of(content: bytes, media: str, id: str, security: str) -> bytes:
    """A Binary, as JSON, that holds ``content``; ``security`` is what ``X-Security-Context`` said."""
    resource: dict[str, Any] = {"resourceType": TYPE}
    if id:
        resource["id"] = id
    resource["contentType"] = media
    if security:
        resource["securityContext"] = {"reference": security}
    if content:
        resource["data"] = base64.b64encode(content).decode("ascii")
    return write_json(resource)


def is_media_type(text: str) -> bool:
    """Whether a Content-Type is one (RFC 9110, 8.3)."""
    return _MEDIA.fullmatch(text) is not None
