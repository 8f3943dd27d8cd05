"""Bindings and codings: whether coded values are of the value set that an element binds, and of their code system.

FHIR R4, terminologies, section 4.1.5 (binding strengths). What terminology does not know is *not checked*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interop.fhir.canonicals import UCUM, bare
from interop.fhir.findings import ERROR, INFORMATION, WARNING, Finding, Findings
from interop.fhir.shapes import Json
from interop.fhir.terminology import Terminology, Verdict
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, unchecked

MOST = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
QUANTITIES = frozenset(("Quantity", "Age", "Distance", "Duration", "Count", "Money", "SimpleQuantity", "MoneyQuantity"))
SYSTEMATIC = QUANTITIES | {"Coding", "CodeableConcept"}
"""The types whose code means nothing without its system: without one it is of no value set."""
CODED = QUANTITIES | {"code", "Coding", "CodeableConcept", "string", "uri"}
"""The types that a binding says something of; of other forms of a choice it says nothing."""
FHIRPATH = "http://hl7.org/fhirpath/"
"""FHIRPath's own types, which stand where R4 binds its types."""
_UNKNOWN = Verdict(None, "no terminology is loaded")

_APART = "http://terminology.hl7.org/"


class Bindings:
    """Judges coded values; ``display`` is the severity of a display that is not of its code, '' to ignore it."""

    def __init__(self, terminology: Terminology | None, display: str = WARNING) -> None:
        self.terminology = terminology
        self.display = display

    def in_set(self, value_set: str, system: str | None, code: str, version: str | None = None) -> Verdict:
        """The verdict on one code and a value set."""
        if self.terminology is None:
            return _UNKNOWN
        return self.terminology.validate_code(value_set, system, code, version=version)

    def in_system(self, system: str, code: str, display: str | None, version: str | None) -> Verdict:
        """The verdict on one code and its code system."""
        if self.terminology is None:
            return _UNKNOWN
        return self.terminology.validate_in_system(system, code, display, version=version)

    def member(self, value_set: str, one: Occurrence) -> bool | None:
        """Whether a coded value is in a value set: a concept by any of its codings; None where that cannot be told."""
        said = [each for each in coded(one) if each[0] is not None or one.type not in SYSTEMATIC]
        verdicts = [self.in_set(value_set, *each).result for each in said]
        return True if True in verdicts else None if None in verdicts else False

    def bound(self, binding: Json, one: Occurrence) -> Found:
        """Findings of a coded value against a binding: an error where a required value set is missed, a warning where an
        extensible one is, information where a preferred one is. A maximum value set is required."""
        if one.type not in CODED:
            return None
        strength = binding.get("strength")
        value_set = binding.get("valueSet")
        found: Findings = []
        if isinstance(value_set, str) and strength in _SEVERITY:
            found += self._judged(value_set, str(strength), one)
        for each in binding.get("extension", ()) if strength != "required" else ():
            if each.get("url") == MOST and isinstance(each.get("valueCanonical"), str) and next(coded(one), None):
                found += self._judged(each["valueCanonical"], "required", one)
        return found or None

    def _judged(self, value_set: str, strength: str, one: Occurrence) -> Findings:
        severity, verb = _SEVERITY[strength]
        known = list(coded(one))
        if isinstance(one.value, str) and one.value.startswith(FHIRPATH):
            return []
        named = bare(value_set)
        if not known:
            if one.value is None or one.type not in ("CodeableConcept", "Coding") or strength == "preferred" or _explained(one):
                return []
            return [Finding(severity, "", "code-invalid", f"has no code, and one {verb} be of {named}", "binding")]
        unsure: Verdict | None = None
        for each in known:
            if each[0] is None and one.type in SYSTEMATIC:
                continue
            verdict = self.in_set(value_set, *each)
            if verdict.result:
                return []
            if verdict.result is None:
                unsure = unsure or verdict
        if unsure is not None:
            return unchecked(f"whether it is of {named}: {unsure.message}", "binding")
        return [Finding(severity, "", "code-invalid", f"{verb} be of {named} ({strength})", "binding")]

    def coding(self, value: Json) -> Found:
        """Findings of a Coding by itself: whether the code is of its system, and its display. ``check`` looks at the system."""
        system, code = value.get("system"), value.get("code")
        if not isinstance(code, str):
            return None
        if not isinstance(system, str) or ":" not in system or "/ValueSet/" in system:
            return None
        display, version = value.get("display"), value.get("version")
        verdict = self.in_system(
            system, code, display if isinstance(display, str) else None, version if isinstance(version, str) else None
        )
        return self._of_system(verdict)

    def _of_system(self, verdict: Verdict) -> Found:
        if verdict.result is None:
            return unchecked(f"the code: {verdict.message}", "binding")
        if verdict.result is False and self.terminology is not None and self.terminology.supplement(verdict.system):
            return [Finding(ERROR, "system", "invalid", "is a supplement, not a code system", "binding")]
        if verdict.result is False:
            # R4 demands no units of UCUM where no binding does; what HL7 keeps apart from R4 grows beyond R4's copy of it.
            severity = WARNING if verdict.system == UCUM or verdict.system.startswith(_APART) else ERROR
            return [Finding(severity, "code", "code-invalid", "is no code of its system", "binding")]
        found: Findings = []
        if verdict.display_ok is False and self.display:
            found.append(Finding(self.display, "display", "invalid", "is no display of the code", "binding"))
        if verdict.inactive:
            found.append(Finding(WARNING, "code", "business-rule", "is not active any more", "binding"))
        return found or None


_SEVERITY = {"required": (ERROR, "must"), "extensible": (WARNING, "should"), "preferred": (INFORMATION, "is best to")}


def coded(one: Occurrence) -> Iterator[tuple[str | None, str, str | None]]:
    """The codes of a value as (system, code, version): of a primitive, a Coding, a CodeableConcept or a quantity."""
    value = one.value
    if isinstance(value, str):
        yield None, value, None
    elif isinstance(value, dict):
        many = value.get("coding") if one.type == "CodeableConcept" else [value]
        for each in many if isinstance(many, list) else ():
            code = each.get("code") if isinstance(each, dict) else None
            if isinstance(code, str):
                yield _text(each.get("system")), code, _text(each.get("version"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _explained(one: Occurrence) -> bool:
    """Whether an extension stands for the code (data-absent-reason and the like)."""
    return isinstance(one.value, dict) and bool(one.value.get("extension"))
