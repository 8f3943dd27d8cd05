"""What is asked of the API for whoever signs on: the Patients whom they see, the Practitioner who stands for them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from interop.api.asgi import Request
from interop.api.inside import Inside, NotGiven
from interop.api.services import Services
from interop.policy.asker import Asker
from interop.policy.grants import USER
from interop.signon.apps import PAGES
from interop.signon.issuer import DEMO
from interop.signon.people import DemoUser

ESCAPED: Final = "\\|"
"""A bar within a value of a search (FHIR R4 search, 3.1.1.4)."""
MOST: Final = 20
"""Patients on a page."""


async def find(services: Services, request: Request, asker: Asker, criteria: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The Patients that the asker may see of those who fit."""
    try:
        found = await _inside(services, request, asker).search("Patient", [*criteria, ("_count", str(MOST))])
    except NotGiven:
        return []
    return [each for each in found if each.get("resourceType") == "Patient"]


async def sees(services: Services, request: Request, asker: Asker, patient: str) -> bool:
    """Whether the asker may see that Patient, who is there."""
    return (await _inside(services, request, asker).ask("GET", f"/fhir/Patient/{patient}")).status == 200


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
    try:
        said = await _inside(services, request, asker).send("POST", "/fhir/Practitioner", practitioner, [once])
    except NotGiven:
        return ""
    return f"Practitioner/{said['id']}" if said and "id" in said else ""


def _inside(services: Services, request: Request, asker: Asker) -> Inside:
    return Inside(services.app, request.scope, asker)
