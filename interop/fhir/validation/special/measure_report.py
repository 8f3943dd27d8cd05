"""A MeasureReport against the Measure that it reports (FHIR R4, MeasureReport)."""

from __future__ import annotations

from typing import Any

from interop.fhir.findings import INFORMATION, WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, fault, objects, text


def check(resource: Json, context: Context) -> Findings:
    """Groups and populations are those of the measure, counts are those of the subjects listed, a score fits the scoring."""
    url = text(resource, "measure")
    measure = context.canonical("Measure", url) if url else None
    if measure is None:
        message = "is not loaded, so the report is not checked against it"
        return [fault("measure", message, severity=WARNING, code="not-found", rule="reference")] if url else []
    findings: Findings = []
    scoring = {text(each, "code") for _place, each in objects(measure.get("scoring"), "coding")}
    if not scoring:
        findings.append(fault("measure", "has no scoring that is known, so scores are not checked", severity=INFORMATION))
    groups = _Defined(measure, "group")
    if text(resource, "type") == "data-collection":
        return [fault("group", "must not be in a report of data collection")] if objects(resource, "group") else findings
    matched: set[int] = set()
    given = objects(resource, "group")
    for place, group in given:
        step = f"group[{place}]"
        found = groups.of(group) if len(given) == 1 or group.get("code") else None
        if found is None:
            findings.append(fault(step, "has no code that is that of a group of the measure"))
            continue
        matched.add(id(found))
        findings += _score(step, group, scoring)
        findings += _populations(step, group, found, text(resource, "type"), context)
    if any(id(each) not in matched for each in groups.all):
        findings.append(fault("", "lacks a group of the measure"))
    return findings


class _Defined:
    """The groups or populations of a measure, by code and by text."""

    def __init__(self, holder: Json, name: str) -> None:
        self.all = [each for _place, each in objects(holder, name)]
        self._by: dict[tuple[str, str], Json] = {}
        for each in self.all:
            for key in _keys(each.get("code")):
                self._by.setdefault(key, each)

    def of(self, reported: Json) -> Json | None:
        """The definition of what is reported: by code, or the only one where no code is stated."""
        keys = _keys(reported.get("code"))
        if not keys:
            return self.all[0] if len(self.all) == 1 else None
        return next((self._by[key] for key in keys if key in self._by), None)


def _keys(concept: Any) -> list[tuple[str, str]]:
    codes = [(text(each, "system"), text(each, "code")) for _place, each in objects(concept, "coding")]
    return codes or ([("", words)] if (words := text(concept, "text")) else [])


def _score(step: str, group: Json, scoring: set[str]) -> Findings:
    score = group.get("measureScore")
    if not scoring & {"proportion", "ratio", "continuous-variable"} or not isinstance(score, dict):
        return []
    value = score.get("value")
    if value is None:
        return [fault(f"{step}.measureScore", "must have a value")]
    number = not isinstance(value, (bool, str, list, dict))
    if "proportion" in scoring and number and not 0 <= value <= 1:
        return [fault(f"{step}.measureScore", "must lie between 0 and 1 where the scoring is proportion")]
    return []


def _populations(step: str, group: Json, definition: Json, kind: str, context: Context) -> Findings:
    findings: Findings = []
    defined = _Defined(definition, "population")
    for place, each in objects(group, "population"):
        where = f"{step}.population[{place}]"
        if defined.of(each) is None:
            findings.append(fault(where, "has no code that is that of a population of the measure"))
        findings += _subjects(where, each, kind, context)
    return findings


def _subjects(where: str, population: Json, kind: str, context: Context) -> Findings:
    subjects, count = population.get("subjectResults"), population.get("count")
    if kind != "subject-list":
        findings = [] if count is not None else [fault(where, "should have a count", severity=WARNING)]
        return findings if subjects is None else [*findings, fault(f"{where}.subjectResults", "must be in a subject-list only")]
    listed = context.resolve(text(subjects, "reference")) if text(subjects, "reference") else None
    if listed is None:
        return []
    number = len(objects(listed, "entry"))
    if isinstance(count, int) and not isinstance(count, bool) and count != number:
        return [fault(f"{where}.count", "is not the number of subjects listed")]
    return []
