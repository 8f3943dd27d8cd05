"""Requests that a page makes for whoever signs on: routed, decided and audited as if they had come from outside."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import orjson

from interop.api.asgi import ACCOUNT, ASKER, WHOLE, Message, Request
from interop.api.fhir import router
from interop.api.services import Services
from interop.policy.asker import Asker

MOST: Final = 20
"""Patients on a page."""


async def find(services: Services, request: Request, asker: Asker, criteria: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The Patients that the asker may see of those who fit."""
    form = urlencode([*criteria, ("_count", str(MOST))]).encode("ascii")
    status, said = await _ask(services, request, asker, "POST", "/fhir/Patient/_search", form)
    entries = said.get("entry", ()) if status == 200 else ()
    found = [each.get("resource", {}) for each in entries]
    return [each for each in found if each.get("resourceType") == "Patient"]


async def sees(services: Services, request: Request, asker: Asker, patient: str) -> bool:
    """Whether the asker may see that Patient, who is there."""
    return (await _ask(services, request, asker, "GET", f"/fhir/Patient/{patient}", b""))[0] == 200


async def _ask(
    services: Services, request: Request, asker: Asker, method: str, path: str, form: bytes
) -> tuple[int, dict[str, Any]]:
    headers = [(name, value) for name, value in request.scope["headers"] if name == b"host"]
    headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    scope = {name: value for name, value in request.scope.items() if name not in (ACCOUNT, WHOLE)}
    scope |= {"method": method, "path": path, "raw_path": path.encode("ascii"), "query_string": b"", "headers": headers}
    scope[ASKER] = asker

    async def receive() -> Message:
        return {"type": "http.request", "body": form, "more_body": False}

    asked = Request(scope, receive)
    response = services.audit.answered(asked, "fhir", await router.answer(services, asked))
    said = orjson.loads(response.body) if response.body else {}
    return response.status, said if isinstance(said, dict) else {}
