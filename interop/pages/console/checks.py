"""``/console/audit``: whether the audit is as it was written; ``/console/conformance``: what the server says that it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.services import Services
from interop.fhir.shapes import dicts
from interop.pages.console.menu import AREA, PRIVACY, sections
from interop.pages.visiting import Visit


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Three pages."""

    @app.api_route("/console/audit", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def audit(request: Request) -> Response:
        here = await visit(request)
        here.enter(PRIVACY if here.asker.role == "privacy-officer" else AREA)
        said = values(await here.api.get("/fhir/$audit-verify"))
        return here.page("console/audit.html", "Audit", sections=sections("/console/audit", here.asker.role), found=said)

    @app.api_route("/console/audit", methods=["POST"])
    async def verify(request: Request) -> Response:
        here = await visit(request)
        here.enter(PRIVACY if here.asker.role == "privacy-officer" else AREA)
        await here.form()
        await here.api.send("POST", "/fhir/$audit-verify")
        return here.lead("/console/audit")

    @app.api_route("/console/conformance", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def conformance(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        stated = await here.api.get("/fhir/metadata")
        return here.page("console/conformance.html", "Conformance", sections=sections("/console/conformance"), **summary(stated))


def values(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parts of the first parameter by name."""
    (first, *_) = [*dicts(parameters, "parameter"), {}]
    return {
        str(each["name"]): next(value for name, value in each.items() if name.startswith("value")) for each in dicts(first, "part")
    }


def summary(stated: dict[str, Any]) -> dict[str, Any]:
    """What a CapabilityStatement says, in figures."""
    (rest, *_) = [*dicts(stated, "rest"), {}]
    interactions: Counter[str] = Counter()
    for each in dicts(rest, "resource"):
        interactions.update(str(one["code"]) for one in dicts(each, "interaction"))
    resources = [
        {
            "type": each["type"],
            "profiles": [*each.get("supportedProfile", ())],
            "parameters": len(each.get("searchParam", ())),
            "operations": sorted({str(one["name"]) for one in dicts(each, "operation")}),
        }
        for each in dicts(rest, "resource")
    ]
    operations = sorted({str(one["name"]) for one in dicts(rest, "operation")})
    return {
        "version": stated.get("fhirVersion", ""),
        "formats": stated.get("format", []),
        "software": stated.get("software", {}),
        "interactions": sorted(interactions.items()),
        "resources": resources,
        "profiled": [each for each in resources if each["profiles"]],
        "operations": operations,
        "guides": stated.get("implementationGuide", []),
    }
