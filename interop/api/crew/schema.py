"""``/crew-card.schema.json``: what a card holds, for whoever reads cards; it is about nobody."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from interop.api.asgi import Request, Response
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services

ADDRESS: Final = "/crew-card.schema.json"
MEDIA: Final = b"application/schema+json"


async def answer(services: Services, request: Request) -> Response:
    """The schema (JSON Schema 2020-12)."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    return Response(200, schema(), MEDIA)


@cache
def schema() -> bytes:
    """The schema as it is published."""
    return files("interop.careplan").joinpath("crew-card.schema.json").read_bytes()
