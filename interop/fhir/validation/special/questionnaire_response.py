"""A QuestionnaireResponse against the Questionnaire that it answers (FHIR R4, QuestionnaireResponse, "Validation")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from interop.fhir.findings import INFORMATION, WARNING, Findings
from interop.fhir.validation.special.answers import Answers
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.enabling import Enabling
from interop.fhir.validation.special.limits import counted, exclusive
from interop.fhir.validation.special.reading import Json, below, fault, objects, text
from interop.fhir.validation.work import Exhausted


def check(resource: Json, context: Context) -> Findings:
    """Items are known and in order, answers fit their questions, what is required is there, what is not enabled is absent.

    A response without a questionnaire, or whose questionnaire is not at hand, is told as not checked.
    """
    url = text(resource, "questionnaire")
    if not url:
        return [fault("", "names no questionnaire, so its items are not checked", severity=INFORMATION, code="not-supported")]
    questionnaire = context.canonical("Questionnaire", url)
    if questionnaire is None and (kind := context.kind(url)):
        return [fault("questionnaire", f"refers to a {kind}, not to a Questionnaire", code="invalid", rule="reference")]
    if questionnaire is None:
        message = "answers a questionnaire that is not loaded, so its items are not checked"
        return [fault("questionnaire", message, severity=WARNING, code="not-found", rule="reference")]
    try:
        return _Response(resource, questionnaire, context).findings()
    except Exhausted:
        return [fault("", "takes more work than its check may cost: its items are not checked", code="too-costly")]


class _Response:
    """One response being checked."""

    def __init__(self, resource: Json, questionnaire: Json, context: Context) -> None:
        self.resource = resource
        self.questionnaire = questionnaire
        self.answers = Answers(questionnaire, context)
        self.enabling = Enabling(resource, context.work)
        self.complete = text(resource, "status") in ("completed", "amended")
        self.known = set(_links(questionnaire))

    def findings(self) -> Findings:
        return self._items(self.questionnaire, self.resource, (self.resource,))

    def _items(self, definition: Json, holder: Json, scopes: Sequence[Json]) -> Findings:
        """The items in a group, a question's answer or the response against those that the questionnaire has there."""
        findings: Findings = []
        defined = [each for _place, each in objects(definition, "item")]
        order = {text(each, "linkId"): place for place, each in enumerate(defined)}
        given: dict[str, list[tuple[int, Json]]] = {}
        last = -1
        for place, item in objects(holder, "item"):
            link = text(item, "linkId")
            if not link:
                continue  # mandatory: the structure pass's
            if link not in order:
                message = "is in another place than in the questionnaire" if link in self.known else "is not in the questionnaire"
                findings.append(fault(f"item[{place}]", message, code="structure" if link in self.known else "not-found"))
                continue
            if order[link] < last:
                findings.append(fault(f"item[{place}]", "is not in the questionnaire's order", code="structure"))
            last = max(last, order[link])
            given.setdefault(link, []).append((place, item))
        for each in defined:
            findings += self._one(each, given.get(text(each, "linkId"), []), scopes)
        return findings

    def _one(self, definition: Json, given: list[tuple[int, Json]], scopes: Sequence[Json]) -> Findings:
        """An item of the questionnaire and what the response has for it."""
        findings: Findings = []
        usable = self.enabling.enabled(definition, scopes)
        if usable is False:
            return [
                fault(f"item[{place}]", "is answered, though it is not enabled", code="invalid")
                for place, item in given
                if _answered(item)
            ]
        required = definition.get("required") is True and self.complete and usable is True
        if not given:
            if required and (counts := counted(definition, 0, self.complete)):
                return counts
            kind = text(definition, "type")
            return [fault("", "lacks the answer to a required item", code="required")] if required and kind != "display" else []
        if text(definition, "type") == "group":
            findings += counted(definition, len(given), self.complete)
        if len(given) > 1 and (text(definition, "type") != "group" or definition.get("repeats") is not True):
            findings.append(fault(f"item[{given[1][0]}]", "may be there only once", code="structure"))
        for place, item in given:
            findings += below(f"item[{place}]", self._item(definition, item, required, scopes))
        return findings

    def _item(self, definition: Json, item: Json, required: bool, scopes: Sequence[Json]) -> Findings:
        kind = text(definition, "type")
        answers = objects(item, "answer")
        findings = _wording(definition, item)
        if kind in ("group", "display", "question"):
            findings += [fault("answer", f"must not be in an item of type {kind}", code="structure")] if answers else []
            if kind == "group":
                findings += self._items(definition, item, (*scopes, item))
                if required and not _answered(item):
                    findings.append(fault("", "lacks an answer in a required group", code="required"))
            elif objects(item, "item"):
                findings.append(fault("item", f"must not be in an item of type {kind}", code="structure"))
            return findings
        if objects(item, "item"):
            findings.append(fault("item", "of a question belong in its answer", code="structure"))
        if required and not answers:
            findings.append(fault("", "lacks the answer to a required item", code="required"))
        if len(answers) > 1 and definition.get("repeats") is not True:
            findings.append(fault("answer", "may be given only once", code="structure"))
        findings += counted(definition, len(answers), self.complete)
        findings += exclusive(definition, answers)
        for place, answer in answers:
            step = f"answer[{place}]"
            findings += below(step, self.answers.check(definition, answer))
            if "item" in definition or "item" in answer:
                findings += below(step, self._items(definition, answer, (*scopes, item, answer)))
        return findings


def _wording(definition: Json, item: Json) -> Findings:
    """The text of an item is its question's; another one may be a translation, so it is a warning."""
    asked, said = text(definition, "text"), text(item, "text")
    if not asked or not said or " ".join(asked.split()) == " ".join(said.split()):
        return []
    return [fault("text", "differs from the text in the questionnaire", severity=WARNING)]


def _answered(item: Json) -> bool:
    """Whether an answer is anywhere in an item."""
    pending = [item]
    while pending:
        each = pending.pop()
        if objects(each, "answer"):
            return True
        pending += [child for _place, child in objects(each, "item")]
    return False


def _links(questionnaire: Json) -> Iterable[str]:
    pending = [questionnaire]
    while pending:
        for _place, each in objects(pending.pop(), "item"):
            yield text(each, "linkId")
            pending.append(each)
