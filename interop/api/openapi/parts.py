"""Parts of an OpenAPI document that are used in many places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

Part = dict[str, Any]

FHIR_MEDIA: Final = ("application/fhir+json", "application/fhir+xml")
ID: Final = r"^[A-Za-z0-9\-.]{1,64}$"
OUTCOME: Final = {"$ref": "#/components/responses/Outcome"}
HEADERS: Final = {
    "IfMatch": (
        "If-Match",
        'The version that is to be the present one, W/"3".',
        {"type": "string", "pattern": '^W/"[0-9]{1,18}"$'},
    ),
    "IfNoneMatch": ("If-None-Match", "A version that need not be sent again; for a write *: only where nothing is there.", {}),
    "IfModifiedSince": ("If-Modified-Since", "Only where it has changed since.", {}),
    "IfNoneExist": ("If-None-Exist", "Create only where this search finds nothing.", {}),
    "Prefer": ("Prefer", "return=minimal, representation or OperationOutcome; handling=strict or lenient.", {}),
}
"""Headers that interactions take: name, what it is for, schema."""


def described(text: str, *media: str, schema: Part | None = None) -> Part:
    """A response, or a request body without ``required``."""
    said: Part = {"description": text}
    if media:
        said["content"] = {each: {"schema": schema or {"type": "object"}} for each in media}
    return said


def parameter(name: str, place: str, text: str, schema: Part, *, required: bool = False) -> Part:
    """A parameter of the ``query``, ``path`` or ``header``."""
    said: Part = {"name": name, "in": place, "description": text, "schema": schema}
    return said | ({"required": True} if required else {})


def named(names: Iterable[str]) -> list[Part]:
    """References to shared parameters."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def resource_content(type: str = "") -> Part:
    """The content of a request or response that is a resource, of that type where one is given, or of one of several, ``A|B``."""
    schemas: list[Part] = [{"$ref": f"#/components/schemas/{each}"} for each in (type or "Resource").split("|")]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {FHIR_MEDIA[0]: {"schema": schema}, FHIR_MEDIA[1]: {"schema": {"type": "string"}}}


def answers(*good: Part) -> Part:
    """Responses by status, with an OperationOutcome for any other."""
    said = {each.pop("status"): each for each in good}
    return {**said, "4XX": OUTCOME, "5XX": OUTCOME}


def answer(status: int, text: str, type: str | None = None) -> Part:
    """A good response; ``type`` None has no content."""
    said: Part = {"status": str(status), "description": text}
    return said if type is None else said | {"content": resource_content(type)}
