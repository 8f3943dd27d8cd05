"""The limits that extensions of R4 and of Structured Data Capture set to the answers of a question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from interop.fhir import facts, ucum
from interop.fhir.fhirpath import FhirPathError
from interop.fhir.fhirpath.patterns import pattern
from interop.fhir.findings import WARNING, Findings
from interop.fhir.references import literal_type
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, extensions, fault, identity, objects, text

_R4 = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
UCUM = "http://unitsofmeasure.org"
PATIENCE = 0.05
"""Seconds that one regular expression may take."""
IMPATIENCE = 50_000
"""What one costs that takes them."""

Rule = Callable[[Json, str, Any, Context], Findings]


def limits(question: Json, kind: str, value: Any, context: Context) -> Findings:
    """The findings of an answer's value against its question's extensions; ``kind`` is the type as in ``valueDecimal``."""
    said = question.get("extension")
    if not said and kind != "Reference":
        return []
    context.work.spend(len(said) * len(_RULES) if isinstance(said, list) else 1)
    return [each for rule in _RULES for each in rule(question, kind, value, context)]


def counted(question: Json, number: int, complete: bool) -> Findings:
    """The findings of the number of answers, or of repetitions of a group."""
    least, most = _said(question, f"{_R4}questionnaire-minOccurs"), _said(question, f"{_R4}questionnaire-maxOccurs")
    findings: Findings = []
    if _whole(most) and number > most:
        findings.append(fault("", "is answered more often than the question allows", code="structure"))
    if _whole(least) and number < least and complete:
        findings.append(fault("", "is answered less often than the question demands", code="required"))
    return findings


def exclusive(question: Json, answers: list[tuple[int, Json]]) -> Findings:
    """An option that excludes all others stands alone."""
    alone = [
        choice(each, "value")[1]
        for _place, each in objects(question, "answerOption")
        if _said(each, f"{_R4}questionnaire-optionExclusive") is True
    ]
    if not alone or len(answers) < 2:
        return []
    known = {identity(each) for each in alone}
    findings: Findings = []
    for place, answer in answers:
        if identity(choice(answer, "value")[1]) in known:
            findings.append(fault(f"answer[{place}]", "excludes every other answer"))
    return findings


def _said(holder: Json, url: str) -> Any:
    """The value of an extension, None where there is none."""
    return next((choice(each, "value")[1] for each in extensions(holder, url)), None)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, (bool, str, dict, list)) or value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _bounds(question: Json, kind: str, value: Any, _context: Context) -> Findings:
    findings: Findings = []
    for url, below in ((f"{_R4}minValue", True), (f"{_R4}maxValue", False)):
        limit = _said(question, url)
        order = None if limit is None else _order(value, limit)
        if order is not None and (order < 0 if below else order > 0):
            findings.append(fault(f"value{kind}", f"is {'less' if below else 'greater'} than the question allows", rule="value"))
    return findings


def _order(value: Any, limit: Any) -> int | None:
    """-1, 0 or 1; numbers by size, dates and times as far as both are precise. None where they cannot be compared."""
    if isinstance(value, str) and isinstance(limit, str):
        moments = _moment(value), _moment(limit)
        if moments[0] is not None and moments[1] is not None:
            return (moments[0] > moments[1]) - (moments[0] < moments[1])
        length = min(len(value), len(limit))
        return (value[:length] > limit[:length]) - (value[:length] < limit[:length])
    here, there = _number(value), _number(limit)
    return None if here is None or there is None else (here > there) - (here < there)


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _quantities(question: Json, kind: str, value: Any, _context: Context) -> Findings:
    """Least and greatest quantity, in one unit; what has no coded unit cannot be compared."""
    if kind != "Quantity":
        return []
    findings: Findings = []
    for url, below in ((f"{_SDC}minQuantity", True), (f"{_SDC}maxQuantity", False)):
        limit = _said(question, url)
        if not isinstance(limit, dict):
            continue
        here, there = _in_base(value), _in_base(limit)
        if here is None or there is None or here[1] != there[1]:
            findings.append(fault("valueQuantity", "cannot be compared with the limit of the question: other units, or none coded"))
        elif here[0] < there[0] if below else here[0] > there[0]:
            message = f"is {'less' if below else 'greater'} than the question allows"
            findings.append(fault("valueQuantity", message, rule="value"))
    return findings


def _in_base(quantity: Json) -> tuple[Decimal, str] | None:
    number, unit = _number(quantity.get("value")), text(quantity, "code")
    if number is None or not unit or not text(quantity, "system"):
        return None
    return ucum.canonical(number, unit) if text(quantity, "system") == UCUM else (number, f"{text(quantity, 'system')}|{unit}")


def _places(question: Json, kind: str, value: Any, _context: Context) -> Findings:
    most = _said(question, f"{_R4}maxDecimalPlaces")
    literal = value.get("value") if kind == "Quantity" and isinstance(value, dict) else value
    if not _whole(most) or _number(literal) is None:
        return []
    fraction = str(literal).lower().partition("e")[0].partition(".")[2]
    return [fault(f"value{kind}", "has more decimal places than the question allows", rule="value")] if len(fraction) > most else []


def _texts(question: Json, kind: str, value: Any, context: Context) -> Findings:
    if not isinstance(value, str) or kind not in ("String", "Uri"):
        return []
    findings: Findings = []
    least, form = _said(question, f"{_R4}minLength"), _said(question, f"{_R4}regex")
    if _whole(least) and len(value) < least:
        findings.append(fault(f"value{kind}", "is shorter than the question allows", rule="value"))
    if isinstance(form, str):
        try:
            if pattern(form).fullmatch(value, timeout=PATIENCE) is None:
                findings.append(fault(f"value{kind}", "is not of the form that the question asks", rule="value"))
        except (FhirPathError, TimeoutError):
            context.work.spend(IMPATIENCE)
            message = "cannot be held to the form that the question asks"
            findings.append(fault(f"value{kind}", message, severity=WARNING, code="exception", rule="value"))
    return findings


def _attachments(question: Json, kind: str, value: Any, _context: Context) -> Findings:
    if kind != "Attachment" or not isinstance(value, dict):
        return []
    findings: Findings = []
    kinds = [choice(each, "value")[1] for each in extensions(question, f"{_R4}mimeType")]
    if kinds and text(value, "contentType") and text(value, "contentType") not in kinds:
        findings.append(fault("valueAttachment.contentType", "is none that the question allows", rule="value"))
    most, size = _number(_said(question, f"{_R4}maxSize")), _number(value.get("size"))
    if most is not None and size is not None and size > most:
        findings.append(fault("valueAttachment.size", "is greater than the question allows", rule="value"))
    return findings


def _units(question: Json, kind: str, value: Any, context: Context) -> Findings:
    """The unit is one of the options, or of the value set of units."""
    if kind != "Quantity" or not isinstance(value, dict):
        return []
    unit = (text(value, "system"), text(value, "code"))
    options = [choice(each, "value")[1] for each in extensions(question, f"{_R4}questionnaire-unitOption")]
    if options and unit not in {(text(each, "system"), text(each, "code")) for each in options}:
        return [fault("valueQuantity", "is in a unit that is none of the options", rule="value")]
    value_set = _said(question, f"{_R4}questionnaire-unitValueSet")
    if not isinstance(value_set, str) or context.terminology is None:
        return []
    if not unit[1] or context.terminology.validate_code(value_set, unit[0] or None, unit[1]).result is False:
        return [fault("valueQuantity", "is in a unit that is not of the question's value set", code="code-invalid", rule="binding")]
    return []


def _targets(question: Json, kind: str, value: Any, _context: Context) -> Findings:
    """A literal reference is a URL to a resource of R4, of the types that the question allows."""
    literal = text(value, "reference")
    if kind != "Reference" or not literal:
        return []
    if any(each.isspace() for each in literal):
        return [fault("valueReference.reference", "is no URL", code="invalid", rule="reference")]
    target = literal_type(literal)
    if not target:
        return []
    if target not in facts.resource_types():
        return [fault("valueReference.reference", "leads to no resource of R4", code="invalid", rule="reference")]
    allowed = [choice(each, "value")[1] for each in extensions(question, f"{_R4}questionnaire-referenceResource")]
    if allowed and target not in allowed:
        return [fault("valueReference.reference", "leads to a type that the question does not allow", rule="reference")]
    return []


_RULES: tuple[Rule, ...] = (_bounds, _quantities, _places, _texts, _attachments, _units, _targets)
