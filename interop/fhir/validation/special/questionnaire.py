"""A Questionnaire's own rules beyond its invariants (FHIR R4, Questionnaire.item.enableWhen and initial)."""

from __future__ import annotations

from interop.fhir.findings import WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, fault, objects, text

_ANSWERS: dict[str, tuple[str, ...]] = {
    "boolean": ("Boolean",),
    "decimal": ("Decimal", "Integer"),
    "integer": ("Integer", "Decimal"),
    "date": ("Date", "DateTime"),
    "dateTime": ("DateTime", "Date"),
    "time": ("Time",),
    "string": ("String",),
    "text": ("String",),
    "url": ("String",),
    "choice": ("Coding", "String", "Integer", "Date", "Time", "Reference"),
    "open-choice": ("Coding", "String", "Integer", "Date", "Time", "Reference"),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
}


def check(resource: Json, _context: Context) -> Findings:
    """The question that a condition asks is there, is no question inside the item itself, is of the answer's type, comes first."""
    seen = _Seen(resource)
    findings: Findings = []
    for path, item, order in seen.items:
        link = text(item, "linkId")
        for place, condition in objects(item, "enableWhen"):
            step = f"{path}.enableWhen[{place}]"
            question = text(condition, "question")
            target = seen.questions.get(question)
            if target is None:
                findings.append(fault(f"{step}.question", "is no question of this questionnaire", code="not-found"))
                continue
            if question == link:
                findings.append(fault(f"{step}.question", "must not be the item itself"))
            elif order < seen.order[question] <= seen.last[order]:
                findings.append(fault(f"{step}.question", "must not be a question inside the item"))
            elif seen.order[question] > order:
                findings.append(fault(f"{step}.question", "comes after the item that depends on it", severity=WARNING))
            findings += _answer(step, condition, target)
    return findings


class _Seen:
    """The items of a questionnaire in order: each with its path and place; ``last`` is the place of the last item inside one."""

    def __init__(self, resource: Json) -> None:
        self.questions: dict[str, Json] = {}
        self.order: dict[str, int] = {}
        self.last: dict[int, int] = {}
        self.items: list[tuple[str, Json, int]] = []
        self._walk("", resource)

    def _walk(self, path: str, holder: Json) -> None:
        for place, item in objects(holder, "item"):
            step = f"{path}.item[{place}]" if path else f"item[{place}]"
            order = len(self.items)
            link = text(item, "linkId")
            self.questions.setdefault(link, item)
            self.order.setdefault(link, order)
            self.items.append((step, item, order))
            self._walk(step, item)
            self.last[order] = len(self.items) - 1


def _answer(step: str, condition: Json, target: Json) -> Findings:
    allowed = _ANSWERS.get(text(target, "type"))
    kind, _value = choice(condition, "answer")
    if text(condition, "operator") == "exists" or not kind or allowed is None or kind in allowed:
        return []
    return [fault(f"{step}.answer{kind}", "is of a type that the question's answers never have", severity=WARNING)]
