"""``$validate`` (FHIR R4, Resource operation validate): 200 with an OperationOutcome, whatever is found.

Only where the validation itself cannot be done is the status another: no resource, a profile that is not known.
"""

from __future__ import annotations

from typing import Any, Final

from interop.api.asgi import Response
from interop.api.fhir.read import present
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.problems import outcome
from interop.apply.drafts import foreign
from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding
from interop.fhir.shapes import Json, text
from interop.formats.json import load_json
from interop.store.plan import Heads, Read
from interop.store.values import Head, Stored

NAME: Final = "$validate"
MODES: Final = ("create", "update", "delete", "profile")


async def validate(asked: Asked) -> Response:
    """Validate the resource that is given or, at an instance, stored. Raises Problem ``bad-parameter``, ``not-found``."""
    mode, profile = asked.inputs.text("mode"), asked.inputs.text("profile")
    if mode and mode not in MODES:
        raise BadInput("mode", "", f"it is one of {', '.join(MODES)}")
    if mode == "delete":
        return _answer(await _deletion(asked))
    resource = asked.inputs.object("resource")
    if resource is None and not asked.id:
        raise BadInput("resource", "", "there is nothing to validate")
    if resource is None:
        stored = await present(
            asked.services, asked.services.decide(asked.request, NAME, asked.type, asked.id), asked.type, asked.id
        )
        resource = load_json(stored.body, values=None)
    if mode == "profile" and not profile:
        raise BadInput("profile", "", "the mode profile wants one")
    knowledge = asked.services.knowledge
    given: Json = resource

    def work() -> list[Finding]:
        if profile:
            knowledge.definitions.snapshot(profile)
        return knowledge.validator.validate(given, [profile] if profile else ())

    from interop.fhir.definitions import Unusable

    try:
        found = await knowledge.compute(work)
    except Unusable:
        raise BadInput("profile", "", "the profile is not known here") from None
    return _answer(found + await _acceptable(asked, resource, mode))


async def _acceptable(asked: Asked, resource: Json, mode: str) -> list[Finding]:
    """What a create or an update would say beyond the content."""
    kind = text(resource, "resourceType")
    found = []
    if asked.type and kind != asked.type and kind in facts.resource_types():
        found.append(Finding(ERROR, kind, "invalid", f"is not of the type that the address names, {asked.type}"))
    if mode == "update":
        if not asked.id:
            raise BadInput("mode", "", "an update names its resource in the address")
        if resource.get("id") != asked.id:
            found.append(Finding(ERROR, f"{kind}.id", "value", "is not the id that the address names"))
        found += await _ownership(asked)
    return found


async def _deletion(asked: Asked) -> list[Finding]:
    if not asked.id:
        raise BadInput("mode", "", "a delete names its resource in the address")
    decision = asked.services.decide(asked.request, NAME, asked.type, asked.id)
    stored: list[Stored] = await asked.services.store.query(Read(decision, asked.type, asked.id))
    if not stored:
        return [Finding(ERROR, asked.type, "not-found", "is not there")]
    return await _ownership(asked)


async def _ownership(asked: Asked) -> list[Finding]:
    """Whose the resource is, where who asks may see it."""
    decision = asked.services.decide(asked.request, NAME, asked.type, asked.id)
    if not await asked.services.store.query(Read(decision, asked.type, asked.id)):
        return []
    heads: list[Head] = await asked.services.store.query(Heads(((asked.type, asked.id),)))
    if heads and foreign(heads[0]):
        return [Finding(ERROR, asked.type, "forbidden", Problem("feed-owned").reason.sentence)]
    return []


def _answer(found: list[Finding]) -> Response:
    issues = [_issue(each) for each in found]
    return Response(200, outcome(issues or [_issue(Finding("information", "", "informational", "Nothing is wrong."))]))


def _issue(each: Finding) -> dict[str, Any]:
    said: dict[str, Any] = {"severity": each.severity, "code": each.code, "diagnostics": _sentence(each)}
    if each.expression:
        said["expression"] = [each.expression]
    return said


def _sentence(each: Finding) -> str:
    rule = f" ({each.rule}{f', {each.profile}' if each.profile else ''})" if each.expression else ""
    return f"{each.expression} {each.message}{rule}".strip()
