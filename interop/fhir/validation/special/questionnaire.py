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
    questions: dict[str, Json] = {}
    order: dict[str, int] = {}
    items: list[tuple[str, Json, tuple[str, ...]]] = []
    pending: list[tuple[str, Json, tuple[str, ...]]] = [("", resource, ())]
    while pending:
        path, holder, parents = pending.pop()
        inner = []
        for place, item in objects(holder, "item"):
            link = text(item, "linkId")
            questions.setdefault(link, item)
            step = f"{path}.item[{place}]" if path else f"item[{place}]"
            inner.append((step, item, (*parents, link)))
        pending += reversed(inner)
        if path:
            order.setdefault(parents[-1], len(order))
            items.append((path, holder, parents))
    findings: Findings = []
    for path, item, parents in items:
        link = parents[-1]
        for place, condition in objects(item, "enableWhen"):
            step = f"{path}.enableWhen[{place}]"
            question = text(condition, "question")
            target = questions.get(question)
            if target is None:
                findings.append(fault(f"{step}.question", "is no question of this questionnaire", code="not-found"))
                continue
            if question == link:
                findings.append(fault(f"{step}.question", "must not be the item itself"))
            elif _within(question, item):
                findings.append(fault(f"{step}.question", "must not be a question inside the item"))
            elif order[question] > order[link]:
                findings.append(fault(f"{step}.question", "comes after the item that depends on it", severity=WARNING))
            findings += _answer(step, condition, target)
    return findings


def _answer(step: str, condition: Json, target: Json) -> Findings:
    allowed = _ANSWERS.get(text(target, "type"))
    kind, _value = choice(condition, "answer")
    if text(condition, "operator") == "exists" or not kind or allowed is None or kind in allowed:
        return []
    return [fault(f"{step}.answer{kind}", "is of a type that the question's answers never have", severity=WARNING)]


def _within(link: str, item: Json) -> bool:
    pending = [item]
    while pending:
        for _place, each in objects(pending.pop(), "item"):
            if text(each, "linkId") == link:
                return True
            pending.append(each)
    return False
