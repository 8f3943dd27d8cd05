"""Requests that a page makes for whoever signs on: routed, decided and audited as if they had come from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from interop.api.asgi import ACCOUNT, ASKER, WHOLE, Header, Message, Request
from interop.api.auditing.scope import SIGNING, WHY
from interop.api.fhir import router
from interop.api.services import Services
from interop.policy.asker import Asker
from interop.policy.grants import USER
from interop.signon.apps import PAGES
from interop.signon.issuer import DEMO
from interop.signon.people import DemoUser

FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")
ESCAPED: Final = "\\|"
"""A bar within a value of a search (FHIR R4 search, 3.1.1.4)."""
MOST: Final = 20
"""Patients on a page."""


async def find(services: Services, request: Request, asker: Asker, criteria: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The Patients that the asker may see of those who fit."""
    form = urlencode([*criteria, ("_count", str(MOST))]).encode("ascii")
    status, said = await _ask(services, request, asker, "POST", "/fhir/Patient/_search", form, [FORM])
    entries = said.get("entry", ()) if status == 200 else ()
    found = [each.get("resource", {}) for each in entries]
    return [each for each in found if each.get("resourceType") == "Patient"]


async def sees(services: Services, request: Request, asker: Asker, patient: str) -> bool:
    """Whether the asker may see that Patient, who is there."""
    return (await _ask(services, request, asker, "GET", f"/fhir/Patient/{patient}"))[0] == 200


async def stands(services: Services, request: Request, user: DemoUser) -> str:
    """``Practitioner/ID`` that stands for one of the demonstration's staff, put into the record when they first sign on; '' where
    that cannot be."""
    named = f"{DEMO}|{user.user}"
    *given, family = user.name.removeprefix("Dr ").split()
    practitioner = {
        "resourceType": "Practitioner",
        "identifier": [{"system": USER, "value": named}],
        "name": [{"text": user.name, "family": family, "given": given}],
    }
    asker = Asker(role="operator", organisation=user.organisation, client=PAGES, scopes=None)
    once = (b"if-none-exist", urlencode({"identifier": f"{USER}|{named.replace('|', ESCAPED)}"}).encode("ascii"))
    headers = [(b"content-type", b"application/fhir+json"), once]
    status, said = await _ask(services, request, asker, "POST", "/fhir/Practitioner", orjson.dumps(practitioner), headers)
    return f"Practitioner/{said['id']}" if status in (200, 201) and "id" in said else ""


async def _ask(
    services: Services, request: Request, asker: Asker, method: str, path: str, body: bytes = b"", more: Sequence[Header] = ()
) -> tuple[int, dict[str, Any]]:
    headers = [(name, value) for name, value in request.scope["headers"] if name == b"host"]
    headers += more
    scope = {name: value for name, value in request.scope.items() if name not in (ACCOUNT, WHOLE, SIGNING, WHY)}
    scope |= {"method": method, "path": path, "raw_path": path.encode("ascii"), "query_string": b"", "headers": headers}
    scope[ASKER] = asker

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    asked = Request(scope, receive)
    services.audit.begin(asked)
    response = services.audit.answered(asked, "fhir", await router.answer(services, asked))
    services.audit.begin(request)
    said = orjson.loads(response.body) if response.body else {}
    return response.status, said if isinstance(said, dict) else {}
