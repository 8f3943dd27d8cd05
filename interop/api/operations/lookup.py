"""``CodeSystem/$lookup`` and ``CodeSystem/$subsumes`` (FHIR R4, CodeSystem operations)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from interop.api.asgi import Response
from interop.api.operations.codes import asked_code, decision_of, own, worded
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text
from interop.fhir.terminology.names import NAMES
from interop.fhir.terminology.results import Lookup

LOOKUP: Final = "$lookup"
SUBSUMES: Final = "$subsumes"
ALWAYS: Final = frozenset(("name", "version", "display", "url", "definition", "designation"))
CODES: Final = frozenset(("parent", "child"))


async def lookup(asked: Asked) -> Response:
    """What is known of a code. Raises Problem ``bad-parameter``, ``unknown-canonical``, ``unknown-code``."""
    (coding,) = asked_code(asked, "version", needed=True)
    system, code, version = (text(coding, name) for name in ("system", "code", "version"))
    if not system or not code:
        raise BadInput("coding", "", "it has no system and code")
    drawn = await asked.services.knowledge.draw(asked.services, decision_of(asked, LOOKUP), [("CodeSystem", system)])
    terminology = drawn.terminology
    if not terminology.loaded(system, version):
        raise Problem("unknown-canonical", detail=terminology.absent_system(system, version))
    found = terminology.lookup(system, code, version or None)
    if found is None:
        raise Problem("unknown-code")
    definition = drawn.resource("CodeSystem", system) or asked.services.knowledge.definitions.resource("CodeSystem", system)
    wanted = set(asked.inputs.every("property"))
    said: list[Said] = [
        ("name", "valueString", text(definition, "title") or text(definition, "name") or NAMES.get(system, system)),
        ("version", "valueString", found.version),
        ("display", "valueString", worded(found.concept, asked.inputs.text("displayLanguage")) or found.concept.code),
    ]
    if not wanted or "designation" in wanted or any(each.startswith("lang.") for each in wanted):
        said += [("designation", "part", part) for part in _designations(found, wanted)]
    said += [("property", "part", part) for part in _properties(found, definition, wanted)]
    return resource(as_parameters(*said))


def _designations(found: Lookup, wanted: set[str]) -> list[list[Json]]:
    languages = {each.removeprefix("lang.").lower() for each in wanted if each.startswith("lang.")}
    return [
        parts(
            ("language", "valueCode", each.language),
            ("use", "valueCoding", {"code": each.use} if each.use else None),
            ("value", "valueString", each.text),
        )
        for each in found.concept.designations
        if not languages or "designation" in wanted or each.language.lower() in languages
    ]


def _properties(found: Lookup, definition: Json | None, wanted: set[str]) -> list[list[Json]]:
    """Properties as parts: what the code system says, with definition, parents and children."""
    typed = {text(each, "code"): text(each, "type") for each in dicts(definition, "property")}
    every: list[tuple[str, Any]] = []
    if found.definition:
        every.append(("definition", found.definition))
    if found.concept.inactive:
        every.append(("inactive", True))
    every += [pair for pair in found.properties if pair[0] not in CODES and pair not in every]
    every += [("parent", each) for each in found.parents] + [("child", each) for each in found.children]
    return [
        parts(("code", "valueCode", name), ("value", _form(name, value, typed), value))
        for name, value in every
        if value is not None and (not wanted or name in wanted)
    ]


def _form(name: str, value: Any, typed: dict[str, str]) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    if isinstance(value, int):
        return "valueInteger"
    if isinstance(value, Decimal | float):
        return "valueDecimal"
    if name in CODES or typed.get(name) in ("code", "Coding"):
        return "valueCode"
    return "valueDateTime" if typed.get(name) == "dateTime" else "valueString"


async def subsumes(asked: Asked) -> Response:
    """How two codes of a code system are to each other. Raises Problem as ``lookup`` does."""
    given = await own(asked, SUBSUMES, "CodeSystem", "codeSystem")
    system = text(given, "url") or asked.inputs.text("system")
    sides = []
    for side in ("A", "B"):
        coding = asked.inputs.object(f"coding{side}")
        if (coding is None) == (f"code{side}" not in asked.inputs):
            raise BadInput(f"code{side}", "", f"one of code{side} and coding{side} is wanted")
        sides.append(text(coding, "code") if coding else asked.inputs.text(f"code{side}"))
        of = text(coding, "system")
        if of and system and of != system:
            raise BadInput(f"coding{side}", "", "it is of another code system")
        system = system or of
    if not system:
        raise BadInput("system", "", "it is wanted with a code")
    drawn = await asked.services.knowledge.draw(asked.services, decision_of(asked, SUBSUMES), [("CodeSystem", system)])
    terminology = drawn.terminology
    version = asked.inputs.text("version")
    if not terminology.loaded(system, version):
        raise Problem("unknown-canonical", detail=terminology.absent_system(system, version))
    for name, code in zip("AB", sides, strict=True):
        if terminology.lookup(system, code) is None:
            raise Problem("unknown-code", where=f"code{name}")
    outcome = terminology.subsumes(system, *sides)
    if outcome is None:
        raise Problem("no-hierarchy")
    return resource(as_parameters(("outcome", "valueCode", outcome)))
