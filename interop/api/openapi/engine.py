"""What is not FHIR as OpenAPI: messages in, their states, health, figures, the bases of other protocols."""

from __future__ import annotations

from typing import Any, Final

from interop.api.browsing.content import REASONS
from interop.api.openapi.parts import OUTCOME, Part, described, parameter
from interop.api.services import Services

ANY: Final = "application/octet-stream"
LISTED: Final = (
    ("feed", "string", "The feed."),
    ("type", "string", "The type of message."),
    ("state", "string", "What has become of it."),
    ("category", "string", "The category of what went wrong."),
    ("reason", "string", "What went wrong."),
    ("control", "string", "The control id of the sender."),
    ("received", "string", "When it came: a date, with ge, gt, le or lt before it where one side is open."),
    ("after", "integer", "The cursor: the next of the page before."),
    ("count", "integer", "How many, at most 200."),
)
"""What ``/messages/`` may be asked: name, type, words."""
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
        **_messages(),
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


def _messages() -> Part:
    number = parameter("message", "path", "Its number in the journal.", {"type": "integer", "minimum": 1}, required=True)
    words = {"type": "string", "enum": list(REASONS)}
    why = {"type": "object", "properties": {"reason": words}, "required": ["reason"], "additionalProperties": False}

    def one(id: str, summary: str, *, opens: bool = False, media: str = "application/json") -> Part:
        said: Part = {"operationId": id, "tags": ["Engine"], "summary": summary, "parameters": [number]}
        if opens:
            said["requestBody"] = {"required": True, "content": {"application/json": {"schema": why}}}
        said["responses"] = {"200": described("So it is.", media, schema={}), "4XX": PROBLEM, "503": PROBLEM}
        if media == ANY:
            said["responses"]["204"] = {"description": "It is empty."}
        return said

    listed = {
        "operationId": "messages",
        "tags": ["Engine"],
        "summary": "Messages of the journal, newest first, without their content.",
        "parameters": [parameter(name, "query", words, {"type": kind}) for name, kind, words in LISTED],
        "responses": {"200": described("A page.", "application/json", schema={}), "4XX": PROBLEM, "503": PROBLEM},
    }
    shelf = {
        "operationId": "messages-shelf",
        "tags": ["Engine"],
        "summary": "What feeds have sent and the record lacks, by feed, state and reason, with what to do about it.",
        "responses": {"200": described("The shelf.", "application/json", schema={}), "4XX": PROBLEM, "503": PROBLEM},
    }
    return {
        "/messages/": {"get": listed},
        "/messages/shelf": {"get": shelf},
        "/messages/{message}": {"get": one("message", "What became of a message, without its content.")},
        "/messages/{message}/history": {"get": one("message-history", "What happened to a message, and its acknowledgement.")},
        "/messages/{message}/lineage": {
            "get": one("message-lineage", "What became of each field of a message, without values."),
            "post": one("message-lineage-opened", "The same with values, for a reason that is audited.", opens=True),
        },
        "/messages/{message}/content": {
            "post": one("message-content", "A message as it came, for a reason that is audited.", opens=True, media=ANY),
        },
    }


def _protocol(base: str, name: str, media: tuple[str, ...]) -> Part:
    return {
        "operationId": f"protocol{base.replace('/', '-')}",
        "tags": ["Other protocols"],
        "summary": f"The base of the protocol that the adapter {name} speaks, with what is below it.",
        "requestBody": {"content": {each: {"schema": {"type": "string"}} for each in media}},
        "responses": {"default": {"description": "As the protocol says."}},
    }
