"""The minimum for each role and what each label does, stated a second time: another cell of a table is noticed here."""

from __future__ import annotations

import pytest

from interop.policy.tables import tables
from tests.spec.policy import oracle

OPERATIONS = {
    "gp": "knowledge record consent contact relink",
    "hospital-clinician": "knowledge record consent",
    "ambulance-clinician": "knowledge record",
    "nhs111": "knowledge record",
    "coordinator": "knowledge record consent contact",
    "mdt-member": "knowledge record relink",
    "care-navigator": "knowledge record",
    "voluntary-sector": "knowledge",
    "social-worker": "knowledge record",
    "patient": "knowledge record consent contact looks",
    "carer": "knowledge record contact looks",
    "privacy-officer": "knowledge audit verify looks agreement takedown links",
    "operator": "knowledge messages contents ingest agreement links replay retention verify",
    "analyst": "knowledge population",
    "system": "knowledge record ingest export",
    "feed": "ingest",
}
WRITES = {
    "gp": "book demographic appointment task plan clinical document",
    "hospital-clinician": "book demographic appointment task plan clinical document",
    "ambulance-clinician": "task clinical document",
    "nhs111": "appointment task clinical document",
    "coordinator": "appointment task plan",
    "mdt-member": "task plan clinical",
    "care-navigator": "appointment task plan",
    "voluntary-sector": "task",
    "social-worker": "task plan",
    "operator": "directory",
    "system": "book demographic appointment task plan clinical document subscription",
}
CLAIMS = {"gp", "hospital-clinician", "ambulance-clinician", "nhs111", "coordinator"}
BESIDE_CARE = {
    "patient": ("self", "own"),
    "carer": ("proxy", "none"),
    **dict.fromkeys(("privacy-officer", "operator", "feed"), ("none", "none")),
    "analyst": ("none", "asked"),
}
GROUPS = {
    "knowledge": "$validate $expand $validate-code $lookup $subsumes $translate",
    "record": "$everything $whole-record $care-plan $care-plan-contribute $crew-card $medication-changes $lastn $document "
    "$opened-offline $clock-measures $worklist $status $events $get-ws-binding-token $why",
    "population": "$population",
    "relink": "$relink",
    "export": "$export",
    "find": "$match QBP^Q21 QBP^Q22 QBP^Q23 QBP^ZV1",
    "self-claim": "$claim-relationship",
    "break-glass": "$break-glass",
    "consent": "$record-consent",
    "contact": "$contact-choices $record-contact-choices",
    "agreement": "$agreement",
    "ingest": "$ingest",
    "messages": "$messages",
    "contents": "$message-content",
    "audit": "$audit $privacy-queue $privacy-outcome",
    "verify": "$audit-verify",
    "looks": "$who-looked",
    "takedown": "$takedown",
    "replay": "$replay",
    "retention": "$retention",
    "links": "$link $unlink $split $identity-queue $identity-history $identity-undo $identity-verify $identity-trace",
}
CALLED_PRIVATE = {"PRS", "SPI", "DIA", "DRGIS", "REL", "PDS", "DEMO", "DOB", "LOCIS", "LIVARG"}
ITSELF = {"R", "HIV", "STD", "SEX", "SDV", "ETH", "PSY", "GDIS", "VIO", "unknown"}
CLASSES = {
    "book": "Schedule Slot",
    "contract": "Contract",
    "demographic": "Patient Person RelatedPerson",
    "appointment": "Appointment AppointmentResponse",
    "task": "Task",
    "plan": "CarePlan CareTeam Goal RequestGroup",
    "document": "Basic Binary Bundle Composition DocumentManifest DocumentReference MessageHeader Parameters",
    "governance": "Consent Linkage Provenance VerificationResult",
    "subscription": "Subscription",
    "audit": "AuditEvent",
}


@pytest.mark.parametrize("name", sorted(tables().roles.keys() - {"tester"}))
def test_the_minimum_for_a_role(name: str) -> None:
    role = tables().roles[name]
    assert role.purposes == tuple(oracle.PURPOSES[name])
    assert role.sees == {kind for kind, who in oracle.WHO_SEES.items() if name in who.split()}
    assert role.writes == set(WRITES.get(name, "").split())
    assert role.clearances == {label for label, who in oracle.CLEARED.items() if name in who.split()}
    flags = [("find", oracle.FINDS), ("break-glass", oracle.BREAKS_GLASS), ("self-claim", CLAIMS)]
    assert role.given == {*OPERATIONS[name].split(), *(flag for flag, who in flags if name in who)}
    assert (role.relationship, role.consent) == BESIDE_CARE.get(name, ("care", "asked"))


def test_the_tester_may_do_everything() -> None:
    role = tables().roles["tester"]
    assert role.purposes == ("direct-care", "emergency", "own-record", "booking", "administration", "analytics", "audit")
    assert role.sees == role.writes == tables().classes.keys()
    assert role.given == {*tables().operations.values()}
    assert (role.relationship, role.consent) == ("none", "none")
    assert role.clearances == {label.consent for label in tables().labels if label.consent}


def test_every_role_of_the_requirements_has_a_row() -> None:
    assert tables().roles.keys() == oracle.PURPOSES.keys() | {"tester"}


def test_what_each_label_does() -> None:
    kinds: dict[str, set[str]] = {}
    for label in tables().labels:
        kinds.setdefault(label.kind, set()).add(label.pair[1])
    assert kinds["law"] == oracle.BY_LAW
    assert kinds["patient"] == oracle.FROM_THE_PATIENT
    assert kinds["open"] == oracle.HARMLESS
    assert kinds["sensitive"] == ITSELF | CALLED_PRIVATE | {"EMP", "CEL", "worded"}
    for label in tables().labels:
        code = label.pair[1]
        if label.kind == "sensitive":
            called = "PRS" if code in CALLED_PRIVATE else {"CEL": "EMP", "worded": "R"}.get(code, code)
            assert label.consent == called
        assert label.level == ("R" if code in oracle.MEANS_RESTRICTED else "")
        assert label.shown == (code in oracle.SHOWN_ON_A_PATIENT)
        assert label.hides == (code in {"R", "V", "PRS", "DEMO", "LOCIS", "LIVARG", "worded", "unknown"})


def test_labels_are_known_under_every_address_of_their_system() -> None:
    urls: dict[str, set[str]] = {}
    for (url, _), label in tables().known.items():
        urls.setdefault(label.pair[0], set()).add(url)
    hl7 = "http://terminology.hl7.org/CodeSystem/"
    assert urls == {
        f"{hl7}v3-Confidentiality": {
            f"{hl7}v3-Confidentiality", "http://hl7.org/fhir/v3/Confidentiality", "urn:oid:2.16.840.1.113883.5.25",
        },
        f"{hl7}v3-ActCode": {f"{hl7}v3-ActCode", "http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4"},
        f"{hl7}v3-ActReason": {f"{hl7}v3-ActReason"},
        "urn:interop:label": {"urn:interop:label"},
    }  # fmt: skip


def test_what_each_purpose_reaches() -> None:
    for name, purpose in tables().purposes.items():
        assert purpose.agreements == set(oracle.MEANT_FOR.get(name, [name]))
        assert purpose.sees == set(oracle.REACH.get(name, tables().classes))


def test_what_each_class_is_about() -> None:
    about = {name: (kind.about, kind.agreement) for name, kind in tables().classes.items()}
    assert about == {
        **dict.fromkeys(oracle.WHO_SEES, ("person", "")),
        "directory": ("open", ""),
        "book": ("source", "booking"),
        "contract": ("unnamed", ""),
    }


def test_the_smaller_classes() -> None:
    for name, types in CLASSES.items():
        assert tables().classes[name].types == tuple(types.split())


def test_what_each_operation_asks_for() -> None:
    assert dict(tables().operations) == {name: group for group, names in GROUPS.items() for name in names.split()}


def test_the_words() -> None:
    """Every sentence names what it speaks of and nothing else, and ends as a sentence."""
    named = {"role": 3, "agreement": 1}
    for (code, kind), words in tables().words.items():
        assert words.endswith("."), code
        assert len(words) > 20
        if code in named and kind in ("holds", "fails"):
            assert words.count("{") == named[code] + (kind == "fails" and code == "agreement")
        else:
            assert words.count("{") == {"break-glass": 1, "agreement-signed": 1}.get(code, 0)
