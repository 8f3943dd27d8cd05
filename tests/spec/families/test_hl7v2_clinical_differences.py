"""Each sample of results, documents, referrals and scheduling against another converter's output, fact by fact: what differs is
explained in docs/mapping-differences.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from interop.formats.json import load_json
from tests.spec.families.maps import make
from tests.spec.families.test_hl7v2_adt_differences import Body, _code, _instant, ours

SECTION = "## Acute HL7 v2: results, documents, referrals, scheduling"
ONLY_HERE = {
    "states of documents": r"(MDM|ORU) DocumentReference  (docStatus=final|date=.*)",
    "content of documents": r"MDM DocumentReference  content.attachment.contentType=.*|ORU DocumentReference  .*octet-stream",
    "comments on documents": r"MDM DocumentReference  description=Antibodies Detected",
    "consent": r"MDM Consent  dateTime=.*",
    "what stands before a request": r"ORU DocumentReference  .*",
    "images of a report": r"ORU DiagnosticReport 625-4 presentedForm\..*",
    "times of requests": r"(MDM|ORU|REF) ServiceRequest \S+ occurrenceDateTime=.*",
    "pattern of times": r"(MDM|ORU) ServiceRequest \S+ orderDetail=Post .after.",
    "intent": r"ORU ServiceRequest 625-4 intent=order",
    "place of the order": r"ORU ServiceRequest 625-4 category=O",
    "several values": r"ORU Observation 8867-4 valueQuantity.value=27",
    "pending results": r"ORU Observation 8867-4 (status=registered|effectiveDateTime=.*)",
    "comment of the collector": r"ORU ServiceRequest 625-4 note.text=Collector's comment",
    "handling of specimens": r"ORU Specimen  note.text=(Ambient Temperature|dry)",
    "severity of allergies": r"REF AllergyIntolerance XYZallergen reaction.severity=mild",
    "certainty of diagnoses": r"REF Condition K63.3 verificationStatus=confirmed",
    "what is referred": r"REF ServiceRequest Med .*",
    "kind of an appointment": r"SIU Appointment  (appointmentType|reasonCode)=.*",
    "service of an appointment": r"SIU Appointment  serviceType=76164006",
    "length of an appointment": r"SIU Appointment  minutesDuration=50",
    "ends of resources": r"SIU Appointment  participant.period.end=.*",
    "comments on appointments": r"SIU Appointment  comment=.*",
    "diagnoses of a visit": r"SIU Condition 64766004 category=encounter-diagnosis",
    "charges": r"ORU (Condition (29857009|68235000)|Procedure 71045) .*",
    "units": r"SIU Observation 8867-4 valueQuantity.unit=.*",
}
"""What only our output says, by the line of the page that explains it."""
ONLY_THERE = {
    "states of documents": r"(MDM|ORU) DocumentReference  docStatus=preliminary",
    "content of documents": r"MDM (DiagnosticReport 02585 .*|Observation 113014 status=unknown)"
    r"|ORU DocumentReference  .*image/jpeg",
    "comments on documents": r"MDM Observation 113014 note.text=.*",
    "consent": r"MDM Consent  scope=patient-privacy",
    "what stands before a request": r"ORU DiagnosticReport 8867-4 .*",
    "images of a report": r"ORU DiagnosticReport 1063-7 .*",
    "status unknown": r"\w+ \w+ \S* ?status=unknown",
    "instructions for the patient": r"(MDM|ORU) ServiceRequest \S+ note.text=Please follow the text instructions",
    "numbers of a report": r"ORU DiagnosticReport 625-4 identifier.value=(845439|PGN-04)",
    "groups of requests": r"ORU ServiceRequest 625-4 identifier.value=PGN-04",
    "relation of documents": r"ORU DocumentReference  relatesTo.code=appends",
    "several values": r"ORU Observation 8867-4 component.valueQuantity.value=27",
    "parent request": r"ORU ServiceRequest  .*",
    "intent": r"ORU ServiceRequest 625-4 intent=filler-order",
    "place of the order": r"ORU ServiceRequest 625-4 locationCode=.*",
    "fields for placer and filler": r"ORU ServiceRequest 625-4 note.text=(Filler|Placer) \d",
    "specimen of the request": r"(MDM|ORU) Specimen  (collection|identifier|receivedTime|type|note).*",
    "severity of allergies": r"REF AllergyIntolerance XYZallergen criticality=low",
    "parents": r"REF (Condition|Procedure)  identifier.value=.*",
    "onset of diagnoses": r"(REF|SIU) Condition \S+ onsetDateTime=.*",
    "accidents": r"REF Observation injury-incident .*",
    "what is referred": r"REF ServiceRequest  .*",
    "quantity and status of requests": r"REF ServiceRequest 22310-7 (quantityQuantity.value=1|status=active)",
    "comments at the end": r"REF Observation 22311-7 note.text=Lab test",
    "kind of an appointment": r"SIU Appointment  appointmentType=EMERGENCY",
    "length of an appointment": r"SIU Appointment  minutesDuration=1",
    "priority of an appointment": r"SIU Appointment  priority=2",
    "comments on appointments": r"SIU Appointment  comment=.*",
    "service of an appointment": r"SIU ServiceRequest 76164006 .*",
}
"""What only the other output says, by the line of the page that explains it."""


def facts(resources: list[Body]) -> Iterator[str]:
    """What a clinician would compare: kind, what it is, and its parts."""
    for one in resources:
        kind = one["resourceType"]
        if kind in PARTS:
            what = " ".join(_value(one, part) for part in NAMED_BY.get(kind, ())).strip()
            for part in PARTS[kind]:
                yield from (f"{kind} {what} {part}={said}" for said in _values(one, part))


NAMED_BY = {
    "AllergyIntolerance": ("code",),
    "Condition": ("code",),
    "DiagnosticReport": ("code",),
    "Observation": ("code",),
    "Procedure": ("code",),
    "ServiceRequest": ("code",),
}
PARTS = {
    "AllergyIntolerance": ("clinicalStatus", "type", "category", "reaction.severity", "reaction.manifestation", "criticality"),
    "Appointment": (
        "status", "start", "end", "minutesDuration", "priority", "reasonCode", "appointmentType", "serviceType", "comment",
        "identifier.value", "participant.status", "participant.type", "participant.period.start", "participant.period.end",
    ),
    "Condition": ("verificationStatus", "category", "onsetDateTime", "identifier.value", "code.coding.system"),
    "Consent": ("status", "category", "scope", "dateTime"),
    "DiagnosticReport": (
        "status", "issued", "effectiveDateTime", "category", "identifier.value", "presentedForm.url", "presentedForm.contentType",
    ),
    "DocumentReference": (
        "status", "docStatus", "type", "date", "context.period.start", "masterIdentifier.value", "identifier.value", "description",
        "securityLabel", "content.attachment.contentType", "content.attachment.url", "relatesTo.code",
    ),
    "Observation": (
        "status", "effectiveDateTime", "valueString", "valueCodeableConcept", "valueQuantity.value", "valueQuantity.unit",
        "referenceRange.text", "interpretation", "note.text", "bodySite", "method", "component.valueQuantity.value",
    ),
    "Procedure": ("status", "performedDateTime", "category", "reasonCode", "identifier.value"),
    "ServiceRequest": (
        "status", "intent", "priority", "identifier.value", "authoredOn", "reasonCode", "category", "note.text", "locationCode",
        "occurrencePeriod.start", "occurrencePeriod.end", "occurrenceDateTime", "quantityQuantity.value", "orderDetail",
    ),
    "Specimen": (
        "type", "identifier.value", "receivedTime", "collection.collectedDateTime", "collection.collectedPeriod.start", "condition",
        "collection.quantity.value", "collection.method", "collection.bodySite", "note.text",
    ),
}  # fmt: skip


def _values(one: Body, path: str) -> Iterator[str]:
    head, _, rest = path.partition(".")
    found = one.get(head)
    for each in found if isinstance(found, list) else [found] if found is not None else []:
        if rest:
            yield from _values(each, rest)
        elif isinstance(each, dict):
            yield _code(each)
        else:
            text = " ".join(str(each).split())
            yield _instant(text) if re.match(r"\d{4}-\d\d-\d\dT", text) else text


def _value(one: Body, path: str) -> str:
    return next(_values(one, path), "")


def test_every_difference_is_explained(shared: Callable[[str], Path]) -> None:
    """And no line explains what does not differ."""
    used: set[str] = set()
    folder = shared("samples/acute/hl7v2/input")
    for path in sorted(one for one in folder.glob("*.hl7") if one.name[:3] != "ADT"):
        expected = load_json(shared(f"samples/acute/hl7v2/expected-r4/{path.stem}-expected.json").read_bytes())
        theirs = [entry["resource"] for entry in expected["entry"] if entry.get("resource", {}).get("id")]
        here, there = set(facts(ours(make("hl7v2", path.read_bytes())))), set(facts(theirs))
        assert len(here & there) >= 9, path.name
        for only, reasons in ((here - there, ONLY_HERE), (there - here, ONLY_THERE)):
            for fact in sorted(only):
                why = [line for line, pattern in reasons.items() if re.fullmatch(pattern, f"{path.name[:3]} {fact}")]
                assert why, (path.name, fact, "here" if reasons is ONLY_HERE else "there")
                used.add(why[0])
    assert used == ONLY_HERE.keys() | ONLY_THERE.keys()


def test_the_page_explains_each() -> None:
    page = (Path(__file__).parents[3] / "docs" / "mapping-differences.md").read_text("utf-8")
    section = page.partition(SECTION)[2].partition("\n## ")[0]
    assert section
    assert [line for line in ONLY_HERE | ONLY_THERE if f"| {line} |" not in section] == []
