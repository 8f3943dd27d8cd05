"""What is not FHIR as OpenAPI: messages in, their states, health, figures, the bases of other protocols."""

from __future__ import annotations

from typing import Any, Final

from interop.api.openapi.parts import OUTCOME, Part, described, parameter
from interop.api.services import Services

PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
SHOWN: Final[dict[str, Part]] = {
    "/health/live": {"summary": "The process answers.", "media": "application/json"},
    "/health/ready": {"summary": "Messages are taken and the record can be read.", "media": "application/json"},
    "/metrics": {"summary": "Figures for Prometheus: of messages and requests, never of people.", "media": "text/plain"},
    "/openapi.json": {"summary": "This document.", "media": "application/json"},
    "/crew-card.schema.json": {"summary": "What a crew card holds: JSON Schema 2020-12.", "media": "application/schema+json"},
}
SIGNED_ON: Final[dict[str, Part]] = {
    "/.well-known/smart-configuration": {"summary": "Where to sign on (SMART App Launch 2.2).", "media": "application/json"},
    "/.well-known/oauth-protected-resource/fhir": {"summary": "Whose tokens are taken (RFC 9728).", "media": "application/json"},
    "/.well-known/openid-configuration": {
        "summary": "What the embedded issuer says of itself (OpenID Connect Discovery 1.0); absent where another is configured.",
        "media": "application/json",
    },
}
"""Where anybody signs on."""


def paths(services: Services) -> Part:
    """The paths, by address."""
    found: Part = {
        "/ingest/{feed}": {"post": _ingest(sorted(services.feeds))},
        "/messages/{message}": {"get": _message()},
    }
    for address, said in (SHOWN | SIGNED_ON if services.signon is not None else SHOWN).items():
        responses: dict[str, Any] = {"200": described("So it is.", said["media"], schema={}), "default": PROBLEM}
        operation = {"operationId": address.strip("/").replace("/", "-"), "tags": ["Engine"], "summary": said["summary"]}
        found[address] = {"get": {**operation, "responses": responses}}
    for base, adapter in sorted(services.protocols.items()):
        found[base] = {"post": _protocol(base, adapter.name, adapter.media_types)}
    return found


def _ingest(feeds: list[str]) -> Part:
    receipt = {
        "type": "object",
        "properties": {"message": {"type": "integer"}, "state": {"type": "string"}, "repeats": {"type": "integer"}},
    }
    wait = parameter(
        "wait", "query", "Answer when it is on disk, or when it is in the record.", {"enum": ["journalled", "applied"]}
    )
    return {
        "operationId": "ingest",
        "tags": ["Engine"],
        "summary": "Hand over a message of a source system, in whatever format the feed speaks.",
        "parameters": [
            parameter("feed", "path", "The feed.", {"enum": feeds} if feeds else {"type": "string"}, required=True),
            wait,
        ],
        "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string"}}}},
        "responses": {
            "202": described("It is on disk.", "application/json", schema=receipt),
            "200": described("It is in the record; or the answer to a query.", "application/json", schema=receipt),
            "4XX": OUTCOME,
            "5XX": OUTCOME,
        },
    }


def _message() -> Part:
    number = {"type": "integer", "minimum": 1}
    return {
        "operationId": "message",
        "tags": ["Engine"],
        "summary": "What became of a message, without its content.",
        "parameters": [parameter("message", "path", "Its number in the journal.", number, required=True)],
        "responses": {"200": described("Its state.", "application/json"), "404": PROBLEM},
    }


def _protocol(base: str, name: str, media: tuple[str, ...]) -> Part:
    return {
        "operationId": f"protocol{base.replace('/', '-')}",
        "tags": ["Other protocols"],
        "summary": f"The base of the protocol that the adapter {name} speaks, with what is below it.",
        "requestBody": {"content": {each: {"schema": {"type": "string"}} for each in media}},
        "responses": {"default": {"description": "As the protocol says."}},
    }
