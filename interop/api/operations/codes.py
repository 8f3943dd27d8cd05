"""What the operations on codes share: which resource is meant, which code is asked about."""

from __future__ import annotations

from typing import Final

from interop.api.canonicals import Named
from interop.api.fhir.read import present
from interop.api.knowledge import Drawn
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.results import Concept, Lookup
from interop.formats.json import load_json
from interop.store.decision import Decision

ABSTRACT: Final = "the code is abstract"
"""How a verdict on an abstract code begins."""


def decision_of(asked: Asked, name: str) -> Decision:
    """Under which the operation reads."""
    return asked.services.decide(asked.request, name, asked.type, asked.id)


async def own(asked: Asked, name: str, kind: str, given: str) -> Json | None:
    """The resource that the address names, or that is given as the parameter ``given``; None for neither."""
    if asked.id:
        stored = await present(asked.services, decision_of(asked, name), asked.type, asked.id)
        return dict(load_json(stored.body, values=None))
    return asked.inputs.object(given)


async def value_set(asked: Asked, name: str, more: tuple[Named, ...] = ()) -> tuple[str | Json, Drawn]:
    """The value set that is meant (instance, ``valueSet``, ``url`` or ``context``) and the terminology to ask.

    Raises Problem ``bad-parameter`` where none is named, ``unknown-canonical``.
    """
    resource = await own(asked, name, "ValueSet", "valueSet")
    decision = decision_of(asked, name)
    if resource is not None:
        return resource, await asked.services.knowledge.draw(asked.services, decision, more, [resource])
    url = asked.inputs.text("url") or _bound(asked)
    if not url:
        raise BadInput("url", "", "say which value set, by url, context or valueSet")
    version = asked.inputs.text("valueSetVersion")
    if version and "|" not in url:
        url = f"{url}|{version}"
    drawn = await asked.services.knowledge.draw(asked.services, decision, (("ValueSet", url), *more))
    if why := drawn.terminology.absent(url):
        raise Problem("unknown-canonical", detail=why)
    return url, drawn


def _bound(asked: Asked) -> str:
    """The value set that the element is bound to which ``context`` names: ``[StructureDefinition URL]#[path]``."""
    from interop.fhir.definitions import Unusable

    url, _, path = asked.inputs.text("context").partition("#")
    if not url:
        return ""
    try:
        elements = asked.services.knowledge.definitions.snapshot(url)
    except Unusable:
        raise Problem("unknown-canonical", where="context", detail="the structure is not known here") from None
    wanted = path or url.rpartition("/")[2]
    for each in elements:
        if wanted in (each.get("id"), each.get("path")):
            return text(each.get("binding"), "valueSet")
    raise BadInput("context", "", "the structure has no such element")


def asked_code(asked: Asked, version: str, *, system: str = "", needed: bool = False) -> list[Json]:
    """The codings that are asked about: ``code`` with ``system``, ``coding`` or ``codeableConcept``, one and only one.

    ``version`` is the name of the parameter that gives the version, ``system`` the code system where the address or ``url``
    names it, ``needed``: a code must have a system. Raises Problem ``bad-parameter``.
    """
    given = [name for name in ("code", "coding", "codeableConcept") if name in asked.inputs]
    if len(given) != 1:
        raise BadInput(given[1] if given else "code", "", "one of code, coding and codeableConcept is wanted")
    if given == ["coding"]:
        return [asked.inputs.object("coding") or {}]
    if given == ["codeableConcept"]:
        return dicts(asked.inputs.object("codeableConcept"), "coding")
    known = asked.inputs.text("system") or system
    if needed and not known:
        raise BadInput("system", "", "it is wanted with a code")
    said = {"system": known, "version": asked.inputs.text(version), "code": asked.inputs.text("code")}
    said["display"] = asked.inputs.text("display")
    return [{name: value for name, value in said.items() if value}]


def worded(concept: Concept, language: str) -> str:
    """The display of a concept in a language (BCP-47, the first of an Accept-Language will do), else the usual one."""
    wanted = language.partition(",")[0].partition(";")[0].strip().lower()
    if wanted:
        for exact in (True, False):
            for each in concept.designations:
                said = each.language.lower()
                if said and (said == wanted if exact else said.partition("-")[0] == wanted.partition("-")[0]):
                    return each.text
    return concept.display


def describe(found: Lookup | None, language: str, otherwise: str) -> str:
    """The display of what was looked up, in a language."""
    return worded(found.concept, language) if found and language else otherwise
