"""``ConceptMap/$translate`` (FHIR R4, ConceptMap operation translate)."""

from __future__ import annotations

from typing import Final

from interop.api.asgi import Response
from interop.api.canonicals import Key, by_url
from interop.api.operations.codes import asked_code, decision_of, own
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.errors import Problem
from interop.fhir.shapes import Json, text
from interop.fhir.terminology import Translation
from interop.fhir.terminology.maps import NO_MATCH
from interop.formats.json import load_json

NAME: Final = "$translate"


async def translate(asked: Asked) -> Response:
    """The matches of a code in a map, or in every map between two value sets or to a code system.

    Raises Problem ``bad-parameter``, ``unknown-canonical``.
    """
    given = asked.inputs
    codings = [each for each in asked_code(asked, "version", needed=True) if text(each, "system") and text(each, "code")]
    if not codings:
        raise BadInput("coding", "", "it has no system and code")
    map_ = await own(asked, NAME, "ConceptMap", "conceptMap")
    url, source, target, system = (given.text(name) for name in ("url", "source", "target", "targetsystem"))
    if url and given.text("conceptMapVersion") and "|" not in url:
        url = f"{url}|{given.text('conceptMapVersion')}"
    if not (map_ or url or source or target or system):
        raise BadInput("url", "", "say which map, by url or conceptMap, or source, target or targetsystem")
    maps = {} if map_ or url else await _stored_maps(asked, codings)
    drawn = await asked.services.knowledge.draw(
        asked.services, decision_of(asked, NAME), [("ConceptMap", url)], [map_] if map_ else maps.values()
    )
    terminology = drawn.terminology
    if maps:
        terminology = asked.services.knowledge.with_stored({**drawn.stored, **maps})
    if url and not map_ and not terminology.has_map(url):
        raise Problem("unknown-canonical", detail="the concept map is not loaded")

    def work() -> list[Translation]:
        found: dict[Translation, None] = {}
        for coding in codings:
            found |= dict.fromkeys(
                terminology.translate(
                    text(coding, "system"),
                    text(coding, "code"),
                    concept_map=map_ or url or None,
                    source=source or None,
                    target=target or None,
                    target_system=system or None,
                    reverse=given.flag("reverse"),
                )
            )
        return list(found)

    matches = await asked.services.knowledge.compute(work)
    result = any(each.equivalence not in NO_MATCH for each in matches)
    said: list[Said] = [("result", "valueBoolean", result)]
    if not result:
        said.append(("message", "valueString", "No map says what the code is there."))
    return resource(as_parameters(*said, *(("match", "part", _match(each)) for each in matches)))


async def _stored_maps(asked: Asked, codings: list[Json]) -> dict[Key, Json]:
    """The stored maps that say anything of these code systems."""
    side = "target-system" if asked.inputs.flag("reverse") else "source-system"
    systems = sorted({text(each, "system") for each in codings})
    found = await by_url(asked.services.store, decision_of(asked, NAME), "ConceptMap", systems, side)
    return {(stored.type, stored.id, stored.version): load_json(stored.body, values=None) for stored in found}


def _match(each: Translation) -> list[Json]:
    concept = {"system": each.system, "code": each.code, "display": each.display}
    concept = {name: value for name, value in concept.items() if value}
    return parts(
        ("equivalence", "valueCode", each.equivalence),
        ("concept", "valueCoding", concept or None),
        ("source", "valueUri", each.map),
    )
