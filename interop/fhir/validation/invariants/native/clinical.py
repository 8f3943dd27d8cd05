"""Invariants of administrative and clinical resources."""

from __future__ import annotations

from interop.fhir.validation.invariants.native.reading import Native, coded, codings, has, has_choice, number, objects, ordered
from interop.fhir.validation.structure.run import Json, Run

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_ALLERGY, _CONDITION = _TERMINOLOGY + "allergyintolerance-verification", _TERMINOLOGY + "condition-ver-status"
_ENDED = (_TERMINOLOGY + "condition-clinical", "resolved", "remission", "inactive")
_MISTAKE = "entered-in-error"


def _any_of(*names: str) -> Native:
    """At least one of the elements."""
    return lambda value, _: any(has(value, name) for name in names)


def _not_both(one: str, other: str) -> Native:
    return lambda value, _: not (has(value, one) and has(value, other))


def _dom_6(value: Json, run: Run) -> bool:
    """Best practice, and not for contained resources, whose narrative is that of their container."""
    text = value.get("text")
    return (isinstance(text, dict) and has(text, "div")) or run.resource is not run.root


def _app_3(value: Json, _: Run) -> bool | None:
    if has(value, "start") and has(value, "end"):
        return True
    status = value.get("status")
    return status in ("proposed", "cancelled", "waitlist") if isinstance(status, str) else None


def _app_4(value: Json, run: Run) -> bool | None:
    if "cancelationReason" not in value:
        return True
    status = value.get("status")
    return status in ("no-show", "cancelled") if isinstance(status, str) else None


def _obs_7(value: Json, run: Run) -> bool:
    """No component says what the observation itself says, where that has a value."""
    if "component" not in value or not has_choice(value, "value"):
        return True
    own = codings(value.get("code"))
    return not any(coding in own for component in objects(value["component"]) for coding in codings(component.get("code")))


def _con_3(value: Json, _: Run) -> bool | None:
    if "clinicalStatus" in value or coded(value.get("verificationStatus"), _CONDITION, _MISTAKE):
        return True
    return True if "category" not in value else None


def _in_use_home(value: Json, _: Run) -> bool:
    return value.get("use") != "home"


def _task_order(value: Json, _: Run) -> bool | None:
    if not (has(value, "lastModified") and has(value, "authoredOn")):
        return True
    return ordered(value.get("authoredOn"), value.get("lastModified"))


def _mdd_1(value: Json, _: Run) -> bool | None:
    if not (has(value, "whenHandedOver") and has(value, "whenPrepared")):
        return True
    return ordered(value.get("whenPrepared"), value.get("whenHandedOver"))


def _inv_1(value: Json, _: Run) -> bool:
    part, resource, choice = "part" in value, "resource" in value, has_choice(value, "value")
    return (part and not choice and not resource) or (not part and choice != resource)


CLINICAL: dict[str, Native] = {
    "dom-6": _dom_6,
    "ait-1": lambda value, _: "clinicalStatus" in value or coded(value.get("verificationStatus"), _ALLERGY, _MISTAKE),
    "ait-2": lambda value, _: "clinicalStatus" not in value or not coded(value.get("verificationStatus"), _ALLERGY, _MISTAKE),
    "app-1": _any_of("type", "actor"),
    "app-2": lambda value, _: has(value, "start") == has(value, "end"),
    "app-3": _app_3,
    "app-4": _app_4,
    "apr-1": _any_of("participantType", "actor"),
    "cmp-1": _any_of("text", "entry", "section"),
    "cmp-2": _not_both("emptyReason", "entry"),
    "con-1": _any_of("summary", "assessment"),
    "con-2": _any_of("code", "detail"),
    "con-3": _con_3,
    "con-4": lambda value, _: not has_choice(value, "abatement") or coded(value.get("clinicalStatus"), *_ENDED),
    "con-5": lambda value, _: "clinicalStatus" not in value or not coded(value.get("verificationStatus"), _CONDITION, _MISTAKE),
    "cpl-3": _not_both("detail", "reference"),
    "fhs-1": lambda value, _: not (has_choice(value, "age") and has_choice(value, "born")),
    "fhs-2": lambda value, _: has_choice(value, "age") or not has(value, "estimatedAge"),
    "gol-1": lambda value, _: not has_choice(value, "detail") or "measure" in value,
    "grp-1": lambda value, _: "member" not in value or value.get("actual") is True,
    "imm-1": _any_of("documentType", "reference"),
    "imr-1": _any_of("vaccineCode", "targetDisease"),
    "lst-1": _not_both("emptyReason", "entry"),
    "mad-1": lambda value, _: "dose" in value or has_choice(value, "rate"),
    "mdd-1": _mdd_1,
    "nor-1": _any_of("oralDiet", "supplement", "enteralFormula"),
    "obs-3": _any_of("low", "high", "text"),
    "obs-6": lambda value, _: "dataAbsentReason" not in value or not has_choice(value, "value"),
    "obs-7": _obs_7,
    "org-1": _any_of("identifier", "name"),
    "org-2": _in_use_home,
    "org-3": _in_use_home,
    "Parameters.parameter:inv-1": _inv_1,
    "pat-1": _any_of("name", "telecom", "address", "organization"),
    "ppc-1": _any_of("policy", "policyRule"),
    "prr-1": lambda value, _: "orderDetail" not in value or "code" in value,
    "ras-2": lambda value, _: not number(share := value.get("probabilityDecimal")) or bool(share <= 100),
    "rqg-1": lambda value, _: ("resource" in value) != ("action" in value),
    "sev-1": _not_both("name", "query"),
    "Task:inv-1": _task_order,
}
