"""``ValueSet/$expand`` (FHIR R4, ValueSet operation expand)."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from interop.api.asgi import Response
from interop.api.operations.codes import value_set, worded
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, resource
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts
from interop.fhir.terminology import Terminology, TooCostly, Uncomputable
from interop.fhir.terminology.results import Concept
from interop.fhir.terminology.system import split

NAME: Final = "$expand"
ECHOED: Final = {
    "includeDesignations": "valueBoolean",
    "includeDefinition": "valueBoolean",
    "excludeNested": "valueBoolean",
    "excludeNotForUI": "valueBoolean",
    "displayLanguage": "valueCode",
}
"""Parameters that shape the answer and are told in it beside those of the terminology."""

HEAD: Final = ("url", "identifier", "version", "name", "title", "status", "experimental", "publisher", "immutable")
"""What identifies a value set, in its expansion too."""


async def expand(asked: Asked) -> Response:
    """A ValueSet with its expansion, flat. Raises Problem ``bad-parameter``, ``unknown-canonical``, ``not-expandable``,
    ``too-many-codes``."""
    given = asked.inputs
    offset, count = given.number("offset") or 0, given.number("count")
    for name in ("offset", "count"):
        if (given.number(name) or 0) < 0:
            raise BadInput(name, "", "it cannot be negative")
    excluded = given.every("exclude-system")
    meant, drawn = await value_set(asked, NAME, tuple(("CodeSystem", url) for url in excluded))
    named = meant if not isinstance(meant, str) else drawn.resource("ValueSet", meant)
    timestamp = instant(asked.services.clock.now())

    def work() -> Json:
        terminology = drawn.terminology
        made = terminology.expansion_resource(
            without(meant, excluded) if excluded else meant,
            timestamp=timestamp,
            filter=given.text("filter") or None,
            offset=offset,
            count=count,
            active_only=given.flag("activeOnly"),
        )
        head = named or (asked.services.knowledge.definitions.resource("ValueSet", meant) if isinstance(meant, str) else None)
        return _finished(asked, terminology, made, head or {"url": meant}, excluded)

    try:
        return resource(await asked.services.knowledge.compute(work))
    except Uncomputable as why:
        raise Problem("not-expandable", detail="; ".join(why.reasons[:5])) from None
    except TooCostly as why:
        raise Problem("too-many-codes", detail=str(why)) from None


def without(meant: str | Json, systems: list[str]) -> Json:
    """A value set without the codes of these systems (``url|version``)."""
    excluded = []
    for each in systems:
        url, version = split(each)
        excluded.append({"system": url, **({"version": version} if version else {})})
    if isinstance(meant, str):
        return {"resourceType": "ValueSet", "compose": {"include": [{"valueSet": [meant]}], "exclude": excluded}}
    compose = meant.get("compose")
    return {
        **meant,
        "compose": {**(compose if isinstance(compose, dict) else {}), "exclude": [*dicts(compose, "exclude"), *excluded]},
    }


def _finished(asked: Asked, terminology: Terminology, made: Json, head: Json, excluded: list[str]) -> Json:
    """What the request asks of the answer's looks."""
    given = asked.inputs
    language, designated = given.text("displayLanguage"), given.every("designation")
    expansion = made["expansion"]
    said = expansion.setdefault("parameter", [])
    said += [{"name": name, form: given.values[name][0]} for name, form in ECHOED.items() if name in given]
    said += [{"name": "exclude-system", "valueUri": each} for each in excluded]
    if not said:
        del expansion["parameter"]
    wordy = given.flag("includeDesignations") or bool(designated)
    for line in expansion.get("contains", ()) if language or wordy else ():
        found = terminology.lookup(line["system"], line["code"]) if line["system"] else None
        if found is None:
            continue
        if language and (display := worded(found.concept, language)):
            line["display"] = display
        if wordy and (others := _designations(found.concept, designated)):
            line["designation"] = others
    kept = (*HEAD, "compose") if given.flag("includeDefinition") else HEAD
    shown: dict[str, Any] = {"resourceType": "ValueSet", **({"id": head["id"]} if asked.id else {})}
    shown |= {name: head[name] for name in kept if name in head}
    shown.setdefault("status", "active")
    return {**shown, "expansion": {"identifier": f"urn:uuid:{uuid4()}", **expansion}}


def _designations(concept: Concept, wanted: list[str]) -> list[Json]:
    """The other texts of a concept; ``wanted`` are tokens of a language or use, none for all."""
    codes = {each.rpartition("|")[2].lower() for each in wanted}
    found = []
    for each in concept.designations:
        if not codes or each.language.lower() in codes or each.use.lower() in codes:
            line: Json = {"language": each.language} if each.language else {}
            line |= {"use": {"code": each.use}} if each.use else {}
            found.append({**line, "value": each.text})
    return found
