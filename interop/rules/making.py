"""What rules make, as FHIR: each says by which rule it was made, of whom it is and what happened, and is labelled as that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from interop.clock import instant
from interop.fhir.shapes import dicts, text
from interop.rules.tables import CODES, Rule

RULE: Final = "urn:interop:rule"
"""The system of the tag that names the rule by which a resource was made."""
DONE_WITH: Final = f"{CODES}task-ended"
"""The system of why the engine itself has ended something: of its reason, or of a tag where R4 has none."""
WORKLIST: Final = f"{CODES}worklist"
DETAIL: Final = "http://hl7.org/fhir/StructureDefinition/flag-detail"
"""The extension of a Flag by what it is there."""
Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened: to which ``resource`` (a version, ``Type/id``), of which Patient, and when we heard of it (microseconds).
    ``key`` is the same whenever the same thing is told again."""

    resource: Resource
    type: str
    id: str
    patient: str
    heard: int
    at: int
    key: str
    source: str
    also: tuple[tuple[str, str], ...] = ()
    """What else must be seen by whoever is told of it: types and ids."""
    more: tuple[Resource, ...] = ()
    """The labels of what else had to be known."""

    @property
    def reference(self) -> Resource:
        """The resource that it happened to."""
        return {"reference": f"{self.type}/{self.id}"}

    @property
    def labels(self) -> list[Resource]:
        """The security labels of the resource, and of what else had to be known."""
        return merged(labels_of(self.resource), self.more)


def task(
    rule: Rule, what: Occurrence, id: str, owner: Resource | None, worklist: str = "", focus: Resource | None = None
) -> Resource:
    """A Task for an owner, or for whoever works on a worklist."""
    made = _made("Task", rule, what, id)
    made |= {"status": "requested", "intent": "order", "code": _code(rule), "description": rule.says}
    made |= {"focus": focus or what.reference, "for": _patient(what), "authoredOn": instant(what.heard)}
    made["executionPeriod"] = {"start": instant(what.at)}
    made |= _during(what)
    if owner is not None:
        made["owner"] = owner
    if worklist:
        made["performerType"] = [{"coding": [{"system": WORKLIST, "code": worklist}]}]
    return made


def communication(rule: Rule, what: Occurrence, id: str, recipient: Resource) -> Resource:
    """What a recipient is to be told; its sending follows."""
    made = _made("Communication", rule, what, id)
    made |= {"status": "preparation", "category": [_code(rule)], "priority": "routine", "subject": _patient(what)}
    made |= {"about": [what.reference], "recipient": [recipient], "payload": [{"contentString": rule.says}]}
    made |= _during(what)
    return made


def flag(rule: Rule, what: Occurrence, id: str) -> Resource:
    """A warning that stands on the person from then on."""
    made = _made("Flag", rule, what, id)
    made |= {"status": "active", "code": _code(rule) | {"text": rule.says}, "subject": _patient(what)}
    made["period"] = {"start": instant(what.at)}
    made["extension"] = [{"url": DETAIL, "valueReference": what.reference}]
    return made | _during(what)


def proposal(rule: Rule, what: Occurrence, id: str, performer: Resource | None, worklist: str = "") -> Resource:
    """A referral that a clinician may make of it."""
    made = _made("ServiceRequest", rule, what, id)
    made |= {"status": "draft", "intent": "proposal", "code": _code(rule), "subject": _patient(what)}
    made |= {"authoredOn": instant(what.heard), "note": [{"text": rule.says}], **_during(what)}
    if what.type in ("Condition", "Observation", "DiagnosticReport", "DocumentReference"):
        made["reasonReference"] = [what.reference]
    else:
        made["supportingInfo"] = [what.reference]
    if performer is not None:
        made["performer"] = [performer]
    if worklist:
        made["performerType"] = {"coding": [{"system": WORKLIST, "code": worklist}]}
    return made


ENDS: Final = {
    "Task": (("draft", "requested", "received", "accepted", "ready"), "cancelled"),
    "Communication": (("preparation", "on-hold"), "not-done"),
    "CommunicationRequest": (("draft", "active", "on-hold"), "revoked"),
    "ServiceRequest": (("draft",), "revoked"),
    "Flag": (("active",), "inactive"),
}
"""Type -> the statuses in which nobody has begun with it, and the one in which it is ended by the engine."""
_REASONED: Final = ("Task", "Communication", "CommunicationRequest")


def made_of(resource: Resource) -> list[str]:
    """Of which resources (``Type/id``) a rule has made it."""
    several = [each for name in ("about", "supportingInfo", "reasonReference") for each in dicts(resource, name)]
    several += [each.get("valueReference", {}) for each in dicts(resource, "extension") if text(each, "url") == DETAIL]
    return [text(each, "reference") for each in (resource.get("focus"), resource.get("encounter"), *several)]


def whom(resource: Resource) -> str:
    """For whom a rule has made something: the same text for the same recipient."""
    said = [resource.get(name) for name in ("recipient", "owner", "performer", "performerType")]
    return json.dumps(said, sort_keys=True)


def labels_of(resource: Resource) -> list[Resource]:
    """The security labels of a resource."""
    return dicts(resource.get("meta"), "security")


def merged(labels: Iterable[Resource], more: Iterable[Resource]) -> list[Resource]:
    """Labels, each once."""
    found = {(text(each, "system"), text(each, "code")): each for each in reversed([*labels, *more])}
    return list(reversed(found.values()))


def relabelled(resource: Resource, labels: Iterable[Resource]) -> Resource | None:
    """The same with these labels too; None where it has them."""
    before = labels_of(resource)
    after = merged(before, labels)
    if len(after) == len(before):
        return None
    made = _as(resource, resource["status"])
    return made | {"meta": made.get("meta", {}) | {"security": after}}


def ended(resource: Resource, why: str) -> Resource | None:
    """The same, asked for no more; ``why`` is a code of DONE_WITH. None where somebody has begun with it, or it has ended."""
    statuses, end = ENDS[resource["resourceType"]]
    if resource.get("status") not in statuses:
        return None
    made = _as(resource, end)
    if resource["resourceType"] in _REASONED:
        made["statusReason"] = {"coding": [{"system": DONE_WITH, "code": why}]}
    else:
        meta = made.get("meta", {})
        made["meta"] = meta | {"tag": [*dicts(meta, "tag"), {"system": DONE_WITH, "code": why}]}
    return made


def on_hold(resource: Resource) -> Resource:
    """The same, once it is true after all, until somebody has looked at it."""
    return {name: value for name, value in _as(resource, "on-hold").items() if name != "statusReason"}


def made_by(resource: Resource) -> str:
    """The rule that made a resource, '' where none has."""
    tags = dicts(resource.get("meta", {}), "tag")
    return next((str(each.get("code", "")) for each in tags if each.get("system") == RULE), "")


def ended_by_us(resource: Resource) -> bool:
    """Whether it was the engine that ended what a rule has made."""
    return bool(made_by(resource)) and ended_by_engine(resource)


def ended_by_engine(resource: Resource) -> bool:
    """Whether it was the engine that ended it, whoever has made it."""
    kind, said = resource.get("resourceType"), resource.get("statusReason", {})
    if kind not in ENDS or resource.get("status") != ENDS[kind][1]:
        return False
    why = dicts(said, "coding") if kind in _REASONED else dicts(resource.get("meta"), "tag")
    return any(text(each, "system") == DONE_WITH for each in why)


def _as(resource: Resource, status: str) -> Resource:
    made = {name: value for name, value in resource.items() if name != "meta"} | {"status": status}
    if meta := {name: value for name, value in resource.get("meta", {}).items() if name in ("tag", "security", "profile")}:
        made["meta"] = meta
    return made


def _made(type: str, rule: Rule, what: Occurrence, id: str) -> Resource:
    meta: Resource = {"tag": [{"system": RULE, "code": rule.id}]}
    if what.labels:
        meta["security"] = what.labels
    return {"resourceType": type, "id": id, "meta": meta}


def _code(rule: Rule) -> Resource:
    assert rule.code is not None
    return {"coding": [{"system": rule.code.system, "code": rule.code.code, "display": rule.code.display}]}


def _during(what: Occurrence) -> Resource:
    """Within which stay or attendance."""
    return {"encounter": what.reference} if what.type == "Encounter" else {}


def _patient(what: Occurrence) -> Resource:
    return {"reference": f"Patient/{what.patient}"}
