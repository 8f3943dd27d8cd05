"""A file out of a letter or report, to a browser that is to keep it apart from our pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi.responses import Response

from interop.api.asgi import STRICT
from interop.api.inside import NotGiven
from interop.fhir.shapes import Json
from interop.pages.record.files import data, media_type, named

SAFE: Final = {name.decode("ascii"): value.decode("ascii") for name, value in STRICT} | {"cache-control": "no-store"}
"""As the API serves a Binary: sandboxed, loading nothing, and kept by nobody."""


def sent(attachments: Sequence[Json], part: str) -> Response:
    """The attachment of that number as a file; raises NotGiven 404."""
    number = int(part) if part.isascii() and part.isdigit() and len(part) < 4 else -1
    held = data(attachments[number]) if 0 <= number < len(attachments) else None
    if held is None:
        raise NotGiven(404, {"sentence": "There is no such file."})
    disposition = f'attachment; filename="{named(attachments[number], number)}"'
    return Response(held, 200, {**SAFE, "content-disposition": disposition}, media_type(attachments[number]))
