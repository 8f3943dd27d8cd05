"""An answer against its question: the type of the value, and the options (FHIR R4, Questionnaire.item.type and answerOption)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from interop.fhir.findings import Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.limits import limits
from interop.fhir.validation.special.reading import Json, choice, fault, identity, objects, text

_TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("Boolean",),
    "decimal": ("Decimal",),
    "integer": ("Integer",),
    "date": ("Date",),
    "dateTime": ("DateTime",),
    "time": ("Time",),
    "string": ("String",),
    "text": ("String",),
    "url": ("Uri",),
    "choice": ("Coding", "Date", "Time", "Integer", "String", "Reference"),
    "open-choice": ("Coding", "Date", "Time", "Integer", "String", "Reference"),
    "attachment": ("Attachment",),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
}


class Answers:
    """Checks answers to the questions of one questionnaire."""

    def __init__(self, questionnaire: Json, context: Context) -> None:
        self.context = replace(context, root=questionnaire)
        self.outside = context
        self._near: dict[str, Json | None] = {}
        self._options: dict[int, dict[str, set[Hashable]]] = {}

    def check(self, question: Json, answer: Json) -> Findings:
        """The findings of an answer, relative to it. What has no value is left to the structure pass."""
        kind, value = choice(answer, "value")
        allowed = _TYPES.get(text(question, "type"))
        if allowed is None or not kind:
            return []
        if kind not in allowed:
            return [fault("", f"must be of type {' or '.join(allowed)}", code="structure")]
        findings = limits(question, kind, value, self.context)
        limit = question.get("maxLength")
        if isinstance(value, str) and isinstance(limit, int) and not isinstance(limit, bool) and len(value) > limit:
            findings.append(fault("", "is longer than the question allows", code="structure"))
        return [*findings, *self._chosen(question, kind, value)]

    def _chosen(self, question: Json, kind: str, value: Any) -> Findings:
        if kind == "String" and text(question, "type") == "open-choice":
            return []
        options = self._of(question)
        if options and kind not in options:
            return [fault("", "is of a type that no option has", code="structure")]
        if options:
            return [] if identity(value) in options[kind] else [fault("", "is none of the options", code="structure")]
        url = text(question, "answerValueSet")
        if url and kind == "Coding":
            return self._in_value_set(url, text(value, "system"), text(value, "code"))
        if url and kind == "String" and isinstance(value, str):
            return self._in_value_set(url, None, value)
        return []

    def _of(self, question: Json) -> dict[str, set[Hashable]]:
        """The identities of a question's options by type."""
        found = self._options.get(id(question))
        if found is None:
            found = self._options[id(question)] = {}
            for _place, each in objects(question, "answerOption"):
                kind, value = choice(each, "value")
                found.setdefault(kind, set()).add(identity(value))
        return found

    def _in_value_set(self, url: str, system: str | None, code: str) -> Findings:
        terminology = self.context.terminology
        if terminology is None or not code or system == "":
            return []
        value_set = self._contained(url) if url.startswith("#") else url
        if value_set is None or terminology.validate_code(value_set, system, code).result is not False:
            return []
        return [fault("", "is not in the question's value set", code="code-invalid", rule="binding")]

    def _contained(self, url: str) -> Json | None:
        """A value set inside the questionnaire, or inside the response that contains the questionnaire."""
        if url not in self._near:
            self._near[url] = self.context.canonical("ValueSet", url) or self.outside.canonical("ValueSet", url)
        return self._near[url]
