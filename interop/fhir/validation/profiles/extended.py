"""Rules that extensions of an ElementDefinition add: least length, controls of narratives, additional bindings."""

from __future__ import annotations

from typing import Any

from lxml import etree

from interop.errors import Problem
from interop.fhir.findings import ERROR, Finding
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Rule, Run
from interop.formats.xml import parse_xml

_R4 = "http://hl7.org/fhir/StructureDefinition/"
_ADDITIONAL = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
    "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
)
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SOURCES = frozenset(("boilerplate", "generated", "original"))


def extended(element: Json) -> list[Rule]:
    """The rules of a definition's extensions."""
    rules: list[Rule] = []
    for said in _objects(element.get("extension")):
        url = said.get("url")
        if url == f"{_R4}minLength" and isinstance(limit := said.get("valueInteger"), int):
            rules.append(_shortest(limit))
        elif url == f"{_R4}narrative-language-control" and isinstance(wanted := said.get("valueCode"), str):
            rules.append(_languages(wanted))
        elif url == f"{_R4}narrative-source-control":
            rules.append(_sourced)
    binding = element.get("binding")
    for said in _objects(binding.get("extension") if isinstance(binding, dict) else None):
        if said.get("url") in _ADDITIONAL:
            rules += _additional(said)
    return rules


def _objects(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _shortest(limit: int) -> Rule:
    def rule(one: Occurrence, _run: Run) -> Found:
        if not isinstance(one.value, str) or len(one.value) >= limit:
            return None
        return [Finding(ERROR, "", "value", "is shorter than the profile allows", "value")]

    return rule


def _additional(said: Json) -> list[Rule]:
    """A binding beside the main one that holds always: one that is for a usage, or for the user interface, is not looked at."""
    parts = {each.get("url"): each for each in _objects(said.get("extension"))}
    purpose = parts.get("purpose", {}).get("valueCode")
    value_set = parts.get("valueSet", {}).get("valueCanonical")
    if "usage" in parts or not isinstance(value_set, str) or purpose not in ("required", "extensible"):
        return []
    binding = {"strength": purpose, "valueSet": value_set}
    return [lambda one, run: run.judge.bound(binding, one)]


def _languages(wanted: str) -> Rule:
    """Sections of languages: none (``_no``), some (``_yes``), one in the resource's (``_resource``) or in a given one."""

    def rule(one: Occurrence, run: Run) -> Found:
        root = _narrative(one)
        if root is None:
            return None
        found = {lang for each in root.iterchildren("*") if (lang := each.get(_LANG) or each.get("lang"))}
        if wanted == "_no":
            message = "must have no sections of languages by the profile" if found else ""
        elif wanted == "_yes":
            message = "" if found else "must have sections of languages by the profile"
        else:
            language = run.resource.get("language") if wanted == "_resource" else wanted
            fits = not isinstance(language, str) or language in found
            message = "" if fits else "must have a section in the language that the profile asks"
        return [Finding(ERROR, "", "business-rule", message, "profile")] if message else None

    return rule


def _sourced(one: Occurrence, _run: Run) -> Found:
    """Whatever a narrative shows says by a class whether it is boilerplate, generated or original."""
    root = _narrative(one)
    if root is None or _told(root):
        return None
    return [Finding(ERROR, "", "business-rule", "must say the source of each part by a class", "profile")]


def _told(holder: Any) -> bool:
    if (holder.text or "").strip() or any((each.tail or "").strip() for each in holder):
        return False
    for each in holder.iterchildren("*"):
        if not _SOURCES & set((each.get("class") or "").split()) and (etree.QName(each).localname != "div" or not _told(each)):
            return False
    return True


def _narrative(one: Occurrence) -> Any:
    """The root of a Narrative's XHTML, None where there is none that can be read: the structure pass tells why."""
    div = one.value.get("div") if isinstance(one.value, dict) else None
    if not isinstance(div, str):
        return None
    try:
        return parse_xml(div.encode())
    except (Problem, UnicodeEncodeError):
        return None
