"""The CapabilityStatement: what is routed and can be searched, no more and no less (FHIR R4 http, 3.1.0.12)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.build import DATE, NAME, software_version
from interop.api.delivering.notifications import BACKPORT
from interop.api.fhir.bodies import PATCHES
from interop.api.fhir.routes import INTERACTIONS, resource_types
from interop.api.fhir.terminology_capability import terminology_statement
from interop.api.operations.exporting import BULK
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE
from interop.api.operations.registry import OPERATIONS
from interop.api.searching.compartments import COMPARTMENTS
from interop.api.searching.ground import Known
from interop.api.searching.modifiers import MODIFIERS
from interop.api.searching.standing import ground
from interop.api.services import Services
from interop.api.sockets.protocol import ADDRESS
from interop.errors import Problem
from interop.fhir.shapes import text, texts

ON_TYPES: Final = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
ON_SYSTEM: Final = {code: code for code in ("batch", "search-system", "history-system")} | {"transaction": "batch"}
"""Interaction -> the routed one that answers it: batches and transactions have one address."""
FORMATS: Final = ("application/fhir+json", "application/fhir+xml", "json", "xml")
MODES: Final = ("full", "normative", "terminology")
NORMATIVE: Final = frozenset(
    (
        "Binary", "Bundle", "CapabilityStatement", "CodeSystem", "Observation", "OperationDefinition", "OperationOutcome",
        "Patient", "StructureDefinition", "ValueSet",
    )
)  # fmt: skip
"""The types that are normative in R4 (versions.html); Parameters is one too and has no addresses."""
SEARCH_PARAMETER: Final = "http://hl7.org/fhir/SearchParameter/"
COMPARTMENT: Final = "http://hl7.org/fhir/CompartmentDefinition/"
PERSON: Final = "Finds whatever is about the same person, whichever of the person's Patients is named."
NOTES: Final = {
    "string": "Case and accents are not regarded, save with :exact.",
    "date": "All prefixes; ap reaches a tenth of the distance from now.",
}
"""What is particular about a type of search parameter."""
ABOUT: Final = (
    "Resources that feeds contribute are read only; resources of the API can be written. Content comes back as it went in, "
    "numbers included. References may lead to what is not here."
)

KEPT: Final = 16
"""Statements that are kept: of several bases."""
OAUTH: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
WEBSOCKET: Final = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"
TOPIC: Final = BACKPORT + "capabilitystatement-subscriptiontopic-canonical"
SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"


class Statement(NamedTuple):
    """What a statement is made of: the parameters, the service base, the guides whose packages are loaded and the profiles in
    them (type and URL), whether an update may make a resource, whether who asks must sign on, and whether there are websockets."""

    known: Known
    base: str
    guides: tuple[str, ...]
    profiles: tuple[tuple[str, str], ...]
    update_creates: bool
    signs_on: bool = False
    topics: tuple[str, ...] = ()
    """What Subscriptions may follow."""
    sockets: bool = False

    @property
    def root(self) -> str:
        """The address of the server."""
        return self.base.removesuffix("/fhir")


async def capabilities(services: Services, request: Request) -> Response:
    """``GET [base]/metadata``; raises Problem ``bad-parameter`` for a ``mode`` that R4 lacks."""
    mode = dict(request.query).get("mode", "full")
    if mode not in MODES:
        raise Problem("bad-parameter", where="mode", detail=f"it is one of {', '.join(MODES)}")
    base = links.base(request, services.base)
    if mode == "terminology":
        return Response(200, await services.knowledge.compute(lambda: terminology_statement(services.knowledge, base)))
    of, normative = statement_of(services, base), mode == "normative"
    made = _made.get((of, normative))
    if made is None:  # only this is long: what is made is given at once
        made = await services.knowledge.compute(lambda: statement(of, normative))
        if len(_made) >= KEPT:
            _made.clear()
        _made[of, normative] = made
    return Response(200, made)


def statement_of(services: Services, base: str) -> Statement:
    """What the statement of these services at that base is made of."""
    guides, signs_on = tuple(services.knowledge.guides()), services.signon is not None
    return Statement(
        ground(services, base, 0).known,
        base,
        guides,
        services.knowledge.profiles,
        services.writes.update_creates,
        signs_on,
        tuple(services.topics),
        services.sockets is not None,
    )


_made: Final[dict[tuple[Statement, bool], bytes]] = {}


def statement(of: Statement, normative: bool = False) -> bytes:
    """The statement as bytes."""
    return orjson.dumps(described(of, normative))


def described(of: Statement, normative: bool = False) -> dict[str, Any]:
    """The statement; ``normative``: only the types that are normative in R4."""
    types = sorted(resource_types() & NORMATIVE if normative else resource_types())
    answered = {each: of.known.answered(each) for each in sorted(resource_types())}
    pointing: dict[str, list[str]] = {each: [] for each in types}
    for source, parameters in answered.items():
        for code, parameter in parameters.items():
            if parameter.type == "reference":
                for target in parameter.targets or types:
                    if target in pointing:
                        pointing[target].append(f"{source}:{code}")
    routed = frozenset(INTERACTIONS.values())
    rest: dict[str, Any] = {
        "mode": "server",
        "extension": [{"url": WEBSOCKET, "valueUri": f"ws{of.root.removeprefix('http')}{ADDRESS}"}] if of.sockets else [],
        "documentation": ABOUT + "\n\n" + "\n".join(_searching()),
        "security": security(of.root) if of.signs_on else {"cors": False, "description": "It was started open: nobody signs on."},
        "resource": [_resource(of, each, answered[each], sorted(pointing[each])) for each in types],
        "interaction": [{"code": code} for code, by in ON_SYSTEM.items() if by in routed],
        "searchParam": [*_parameters("Resource", of.known.answered("")), {"name": "_type", "type": "special"}],
        "operation": [_operation(of, each) for each in OPERATIONS if each.takes(SYSTEM, "")],
        "compartment": [COMPARTMENT + name.lower() for name in COMPARTMENTS] if "search-compartment" in routed else [],
    }
    said: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "name": "Interop",
        "title": "Shared care record",
        "status": "active",
        "date": DATE,
        "description": ABOUT,
        "kind": "instance",
        "instantiates": [BULK + "CapabilityStatement/bulk-data"],
        "software": {"name": NAME, "version": software_version()},
        "implementation": {"description": "Shared care record", "url": of.base},
        "fhirVersion": "4.0.1",
        "format": list(FORMATS),
        "patchFormat": list(PATCHES) if "patch" in routed else [],
        "implementationGuide": list(of.guides),
        "rest": [_filled(rest)],
    }
    return _filled(said)


def security(root: str) -> dict[str, Any]:
    """How to sign on (SMART App Launch 2.2, 3.3: conformance); the rest is at ``.well-known/smart-configuration``."""
    uris = [{"url": name, "valueUri": f"{root}/signon/{name}"} for name in ("token", "revoke")]
    return {
        "extension": [{"url": OAUTH, "extension": uris}],
        "cors": False,
        "service": [{"coding": [{"system": SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "A token is wanted for everything but this statement. See .well-known/smart-configuration.",
    }


NOTED: Final = {
    "Subscription": "By criteria: channel rest-hook, without payload or as JSON or XML, or websocket (bind, ping). By topic, as in "
    "Subscriptions R5 Backport 1.1: the same channels, notifications that are empty, id-only or full-resource, one event each, "
    "with handshake, heartbeat, $status and $events; a topic names the filters that it takes. Endpoints are https and of no "
    "private network. Criteria are those of a search without chains, _has, _list, full text, value sets and ap of dates. What is "
    "told is what its author may see at that moment."
}
"""What is particular about a type."""


def _resource(of: Statement, type: str, answered: dict[str, Any], pointing: list[str]) -> dict[str, Any]:
    routed = frozenset(INTERACTIONS.values())
    described: dict[str, Any] = {
        "type": type,
        "extension": [{"url": TOPIC, "valueCanonical": each} for each in of.topics] if type == "Subscription" else [],
        "profile": f"http://hl7.org/fhir/StructureDefinition/{type}",
        "supportedProfile": [url for of_type, url in of.profiles if of_type == type],
        "documentation": NOTED.get(type, []),
        "interaction": [{"code": code} for code in ON_TYPES if code in routed],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": of.update_creates,
        "conditionalCreate": INTERACTIONS.get(("type", "PUT")) is not None,
        "conditionalRead": "full-support",
        "conditionalUpdate": INTERACTIONS.get(("type", "PUT")) is not None,
        "conditionalDelete": "single" if INTERACTIONS.get(("type", "DELETE")) else "not-supported",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": ["*", *(f"{type}:{code}" for code, parameter in answered.items() if parameter.type == "reference")],
        "searchRevInclude": pointing,
        "searchParam": _parameters(type, answered),
        "operation": [_operation(of, each) for each in OPERATIONS if each.takes(INSTANCE, type) or each.takes(TYPE, type)],
    }
    return _filled(described)


def _searching() -> list[str]:
    """A line for each type of search parameter: its modifiers and what is particular about it."""
    lines = []
    for kind, modifiers in MODIFIERS.items():
        named = ", ".join(f":{each}" for each in modifiers if each)
        more = " and :[type]" if kind == "reference" else ""
        lines.append(f"* {kind}: {named}{more}. {NOTES.get(kind, '')}".rstrip())
    return lines


def _filled(said: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in said.items() if value != []}


def _operation(of: Statement, each: Any) -> dict[str, str]:
    definition = each.definition if "://" in each.definition else f"{of.base}/{each.definition}"
    return {"name": each.name, "definition": definition, "documentation": each.why}


def _parameters(type: str, answered: dict[str, Any]) -> list[dict[str, str]]:
    said = [_parameter(type, "_id", "token", ""), _parameter(type, "_lastUpdated", "date", "")]
    for code, parameter in answered.items():
        said.append(_parameter(type, code, parameter.type, PERSON if code in ("patient", "subject") else ""))
    return said


def _parameter(type: str, code: str, kind: str, note: str) -> dict[str, str]:
    said = {"name": code, "definition": definition_of(type, code), "type": kind, "documentation": note}
    return {name: value for name, value in said.items() if value}


@lru_cache(maxsize=8192)
def definition_of(type: str, code: str) -> str:
    """The canonical URL of R4's definition of a search parameter; '' where it is not R4's."""
    for owner in ("Resource", "DomainResource") if code.startswith("_") else (type,):
        url = f"{SEARCH_PARAMETER}{owner}-{code.removeprefix('_')}"
        if url in _urls():
            return url
    return _shared().get((type, code), "")


@lru_cache(maxsize=1)
def _urls() -> frozenset[str]:
    from interop.fhir.definitions import Definitions

    return frozenset(Definitions.base().every("SearchParameter"))


@lru_cache(maxsize=1)
def _shared() -> dict[tuple[str, str], str]:
    """(type, code) -> URL of the parameters that are defined for several types at once (``clinical-patient``)."""
    from interop.fhir.definitions import Definitions

    known, found = Definitions.base(), {}
    for url in known.every("SearchParameter"):
        if url.removeprefix(SEARCH_PARAMETER).partition("-")[0] not in resource_types():
            resource = known.resource("SearchParameter", url)
            for type_ in texts(resource, "base"):
                found[type_, text(resource, "code")] = url
    return found
