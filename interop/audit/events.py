"""Rows of the audit as AuditEvents (FHIR R4; IHE Basic Audit Log Patterns, 1.1): one for each patient. Pure.

Who asked is named by identifier and role, whom it was about by reference. What was asked stands there without its values.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, Final

from interop.audit.actions import action_of
from interop.audit.row import (
    ANSWER,
    CHANGE,
    CLOSED,
    DECLARED,
    DENIAL,
    JUDGED,
    MESSAGE,
    NOTICE,
    NOTIFICATION,
    OPENED,
    READ,
    SIGNED,
    Row,
)
from interop.clock import instant
from interop.ids.national import ODS_ORGANISATION

BALP: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
SOURCE: Final = "urn:interop:audit"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_HL7: Final = "http://terminology.hl7.org/CodeSystem/"
_ID: Final = re.compile(r"log-([1-9]\d{0,7})-([1-9]\d{0,17})-(0|[1-9]\d{0,5})", re.ASCII)
_PROFILES: Final = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete", "E": "Query"}
_TYPES: Final = {
    MESSAGE: (DICOM, "110107", "Import"),
    NOTIFICATION: (DICOM, "110106", "Export"),
    OPENED: (DICOM, "110100", "Application Activity"),
    CLOSED: (DICOM, "110100", "Application Activity"),
    SIGNED: (DICOM, "110114", "User Authentication"),
    NOTICE: (DICOM, "110113", "Security Alert"),
    DECLARED: (DICOM, "110113", "Security Alert"),
    JUDGED: (DICOM, "110101", "Audit Log Used"),
}
_SUBTYPES: Final = {
    OPENED: (DICOM, "110120", "Application Start"),
    CLOSED: (DICOM, "110121", "Application Stop"),
    DECLARED: (DICOM, "110131", "Software Configuration"),
}
_OURS: Final = "urn:interop:codes:audit"
RESTFUL: Final = frozenset((
    "read", "vread", "update", "patch", "delete", "history", "history-instance", "history-type", "history-system", "create",
    "search", "search-type", "search-system", "capabilities", "transaction", "batch", "operation",
))  # fmt: skip
"""Codes of http://hl7.org/fhir/restful-interaction."""


def event_id(chain: int, sequence: int, number: int) -> str:
    """The id of the AuditEvent about the ``number``-th patient of a row: the same for ever."""
    return f"log-{chain}-{sequence}-{number}"


def named(id: str) -> tuple[int, int, int] | None:
    """Chain, sequence and number that an id names; None for another resource's id."""
    found = _ID.fullmatch(id)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def audit_event(row: Row, chain: int, number: int, status: int, purposes: dict[str, str]) -> dict[str, Any]:
    """The AuditEvent about one patient of a row. ``status`` is what the client was answered (0 = unknown); ``purposes`` the
    codes of v3-ActReason by purpose."""
    action = action_of(row)
    patient = row.patients[number] if number < len(row.patients) else ""
    entities = _entities(row, patient)
    profile = _profile(row, action, status, bool(patient))
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": event_id(chain, row.sequence, number),
        "meta": {
            "versionId": "1",
            "lastUpdated": instant(row.time),
            "source": SOURCE,
            **({"profile": [BALP + profile]} if profile else {}),
        },
        "type": _type(row),
        "subtype": _subtypes(row),
        "action": action,
        "recorded": instant(row.time),
        "outcome": _outcome(row, status),
    }
    if row.more.get("offline"):
        resource["period"] = {"start": row.more["offline"], "end": row.more["offline"]}
    if row.more.get("reason"):
        resource["outcomeDesc"] = row.more["reason"]
    purpose = _purpose(row, purposes)
    if purpose:
        resource["purposeOfEvent"] = purpose
    resource["agent"] = _agents(row, action)
    resource["source"] = {
        "site": f"chain {chain}",
        "observer": {"display": "interop"},
        "type": [{"system": _HL7 + "security-source-type", "code": "4", "display": "Application Server"}],
    }
    if entities:
        resource["entity"] = entities
    return resource


def _type(row: Row) -> dict[str, str]:
    system, code, display = _TYPES.get(row.kind, (_HL7 + "audit-event-type", "rest", "RESTful Operation"))
    return {"system": system, "code": code, "display": display}


def _subtypes(row: Row) -> list[dict[str, str]]:
    if row.kind in _SUBTYPES:
        system, code, display = _SUBTYPES[row.kind]
        return [{"system": system, "code": code, "display": display}]
    said: list[dict[str, str]] = []
    if row.kind == CHANGE and row.interaction[:1] != "$":
        keys = row.more.get("keys", ())
        code = keys[0][0] if len(keys) == 1 else "transaction"
        said.append({"system": "http://hl7.org/fhir/restful-interaction", "code": code})
    elif row.interaction in RESTFUL:
        said.append({"system": "http://hl7.org/fhir/restful-interaction", "code": row.interaction})
        if row.interaction.startswith("search-"):
            said.append({"system": "http://hl7.org/fhir/restful-interaction", "code": "search"})
    elif row.interaction:
        said.append({"system": "http://hl7.org/fhir/restful-interaction", "code": "operation"})
        said.append({"system": _OURS, "code": row.interaction})
    own = row.more.get("mark") or row.more.get("rule") or (row.kind if row.kind != READ else "")
    if own:
        said.append({"system": _OURS, "code": own})
    return said


def _profile(row: Row, action: str, status: int, patient: bool) -> str:
    """The pattern that the event keeps to; '' for none. All of them are of what succeeded."""
    if row.kind not in (READ, CHANGE) or not 200 <= status < 400:
        return ""
    if action == "E" and (row.kind == CHANGE or not row.interaction.startswith("search")):
        return ""
    if action == "R" and not row.id:
        return ""
    return ("Patient" if patient else "") + _PROFILES[action]


def _outcome(row: Row, status: int) -> str:
    """FHIR R4 AuditEvent.outcome. A change of which nobody knows how it ended counts as a major failure until the journal tells."""
    if row.kind == CHANGE and not status:
        return "12"
    if row.kind == MESSAGE:
        return "4" if row.more.get("state") == "refused" else "0"
    if row.kind in (READ, CHANGE, DENIAL, ANSWER):
        return "0" if status < 400 else "4" if status < 500 else "8"
    return "0"


def _purpose(row: Row, purposes: dict[str, str]) -> list[dict[str, Any]]:
    codes = [purposes.get(row.who.purpose, "")] if row.who.purpose else []
    if row.more.get("mark") == "break-glass" or any("break-glass" in rule for rule in row.rules):
        codes.append("BTG")
    return [{"coding": [{"system": _HL7 + "v3-ActReason", "code": code}]} for code in dict.fromkeys(codes) if code]


def _agents(row: Row, action: str) -> list[dict[str, Any]]:
    who = row.who
    asks, gives = ("110152", "110153") if action == "R" else ("110153", "110152")
    names = {"110152": "Destination Role ID", "110153": "Source Role ID"}
    client = who.client or (f"feed {row.more['feed']}" if row.more.get("feed") else "interop")
    said: list[dict[str, Any]] = [
        {
            "type": {"coding": [{"system": DICOM, "code": code, "display": names[code]}]},
            "who": {"display": display},
            "requestor": False,
        }
        for code, display in ((asks, client), (gives, "interop"))
    ]
    if row.more.get("from"):
        said[0]["network"] = {"address": row.more["from"], "type": "2"}
    if who.user or who.role:
        user: dict[str, Any] = {
            "type": {"coding": [{"system": _HL7 + "v3-ParticipationType", "code": "IRCP", "display": "information recipient"}]},
            "requestor": True,
        }
        if who.role:
            user["role"] = [{"coding": [{"system": "urn:interop:codes:role", "code": who.role}], "text": who.role}]
        named: dict[str, Any] = {"reference": who.agent} if who.agent else {}
        if who.user:
            named["identifier"] = {"system": "urn:interop:user", "value": who.user}
        user["who"] = named or {"display": who.role}
        if who.session:
            user["policy"] = [f"urn:interop:session:{who.session}"]
        said.append(user)
    if who.organisation:
        said.append(
            {
                "type": {"coding": [{"system": _HL7 + "v3-RoleClass", "code": "PROV", "display": "healthcare provider"}]},
                "who": {"identifier": {"system": ODS_ORGANISATION, "value": who.organisation}},
                "requestor": False,
            }
        )
    if not any(each["requestor"] for each in said):
        said[0]["requestor"] = True
    return said


def _entities(row: Row, patient: str) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    if patient:
        what = (
            {"identifier": {"system": SOURCE + ":digest", "value": patient}}
            if patient[0] == "~"
            else {"reference": f"Patient/{patient}"}
        )
        said.append({"what": what, "type": _coding("audit-entity-type", "1"), "role": _coding("object-role", "1")})
    for _, type_, id_ in row.more.get("keys", ()):
        said.append(_data(type_, id_))
    if row.kind in (READ, DENIAL, ANSWER) and row.type and row.id and row.id[0] != "~":
        said.append(_data(row.type, row.id))
    if row.kind == READ and not (row.id and action_of(row) == "R"):
        query = f"{row.type}?{row.more.get('query', '')}"
        said.append(
            {
                "type": _coding("audit-entity-type", "2"),
                "role": _coding("object-role", "24"),
                "description": "The names of the parameters; their values may be about a person and are not kept.",
                "query": b64encode(query.encode()).decode("ascii"),
            }
        )
    for number in row.more.get("messages", ()):
        said.append(
            {
                "what": {"identifier": {"system": "urn:interop:message", "value": str(number)}},
                "type": _coding("audit-entity-type", "2"),
                "role": _coding("object-role", "20"),
            }
        )
    if row.more.get("item"):
        said.append({"what": {"identifier": {"system": "urn:interop:privacy-item", "value": row.more["item"]}},
                     "type": _coding("audit-entity-type", "4"), "description": str(row.more.get("outcome", ""))})  # fmt: skip
    return [{name: value for name, value in each.items() if value != ""} for each in said]


def _data(type: str, id: str) -> dict[str, Any]:
    return {
        "what": {"reference": f"{type}/{id}"},
        "type": _coding("audit-entity-type", "2"),
        "role": _coding("object-role", "4"),
    }


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": _HL7 + system, "code": code}
