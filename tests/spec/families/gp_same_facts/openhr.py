"""The facts as an OpenHR document tells them."""

from __future__ import annotations

from tests.spec.families.gp_same_facts.facts import (
    ALLERGY,
    CLERK,
    CODES,
    CONSULTATION,
    COURSE,
    DIARY,
    DIASTOLIC,
    DOCTOR,
    DRUG,
    ISSUE,
    PATIENT,
    PRACTICE,
    PRESSURE,
    PROBLEM,
    REFERRAL,
    SYSTOLIC,
    VACCINE,
    guid,
)


def openhr() -> bytes:
    """One OpenHR document."""

    def event(number: str, kind: str, code: str, when: str, inner: str, part: str = "YMD", note: str = "") -> str:
        read, snomed, term = CODES.get(code, ("RACA5", *DRUG))
        system = "2.16.840.1.113883.2.1.6.2" if code in CODES else "EMISPREPARATION"
        text = f'<associatedText associatedTextType="POST"><value>{note}</value></associatedText>' if note else ""
        return (
            f'<event updateMode="add"><id>{number}</id><patient>{PATIENT}</patient><eventType>{kind}</eventType>'
            f'<effectiveTime datepart="{part}" value="{when}T00:00:00"/>'
            "<availabilityTimeStamp>2025-03-04T10:25:00</availabilityTimeStamp>"
            f"<authorisingUserInRole>{DOCTOR}</authorisingUserInRole><enteredByUserInRole>{CLERK}</enteredByUserInRole>"
            f'<code codeSystem="{system}" displayName="{term}" code="{read}"><translation '
            f'codeSystem="2.16.840.1.113883.2.1.3.2.4.15" displayName="{term}" code="{snomed}"/></code>'
            f"<displayTerm>{term}</displayTerm>{text}<organisation>{PRACTICE}</organisation>{inner}</event>"
        )

    def value(number: int) -> str:
        return f"<observation><value><numeric><value>{number}</value><units>mmHg</units></numeric></value></observation>"

    links = f"<childLink>{SYSTOLIC}</childLink><childLink>{DIASTOLIC}</childLink>"
    dose = (
        "<dosage>One daily</dosage><quantity>28</quantity><quantityUnit>capsule</quantityUnit>"
        "<durationOfIssue>28</durationOfIssue><prescriptionType>R</prescriptionType>"
    )
    entries = (PROBLEM, ALLERGY, COURSE, ISSUE, DIARY, PRESSURE, VACCINE, REFERRAL)
    parts = "".join(f'<component updateMode="add"><event>{one}</event></component>' for one in entries)
    return (
        f'<openHealthRecord xmlns="http://www.e-mis.com/emisopen" schemaVersion="2.1.1"><id>{guid(5)}</id>'
        "<creationTime>2025-03-05T06:30:00</creationTime><author><system><systemType>EMISWEB</systemType></system>"
        f"<organisation>{PRACTICE}</organisation></author><adminDomain>"
        f"<patient><id>{PATIENT}</id><patientIdentifier><identifierType>NHS</identifierType><value>9990000034</value>"
        f"</patientIdentifier></patient><organisation><id>{PRACTICE}</id><name>Beck Surgery</name>"
        f"<nationalPracticeCode>B99996</nationalPracticeCode></organisation><userInRole><id>{DOCTOR}</id></userInRole>"
        f"<userInRole><id>{CLERK}</id></userInRole></adminDomain><healthDomain>"
        f'<encounter updateMode="add"><id>{CONSULTATION}</id><patient>{PATIENT}</patient>'
        f'<effectiveTime datepart="YMD" value="2025-03-04T00:00:00"/><authorisingUserInRole>{DOCTOR}</authorisingUserInRole>'
        f"<enteredByUserInRole>{CLERK}</enteredByUserInRole><organisation>{PRACTICE}</organisation>"
        f"<consultationType>TTC</consultationType>{parts}</encounter>"
        + event(PROBLEM, "OBS", "problem", "2019-06-01", "<observation/>", "YM", "Since the health check")
        + event(ALLERGY, "ALL", "allergy", "1988-01-01", "<allergy/>", "Y")
        + event(
            COURSE,
            "MED",
            "drug",
            "2025-03-04",
            f"<medication>{dose}<drugStatus>A</drugStatus><private>false</private><numberOfIssues>1</numberOfIssues>"
            f"<authorisedIssues><authorisedIssues>6</authorisedIssues></authorisedIssues></medication>",
        )
        + event(
            ISSUE,
            "ISS",
            "drug",
            "2025-03-04",
            f"<medicationIssue><medication>{COURSE}</medication>{dose}<estimatedNHSCost>1</estimatedNHSCost><issueMethod>E</issueMethod>"
            "<private>false</private><cancelled>false</cancelled></medicationIssue>",
        )
        + event(DIARY, "DRY", "diary", "2025-09-04", "<diary><durationTerm>6 months</durationTerm></diary>")
        + event(
            PRESSURE,
            "VAL",
            "pressure",
            "2025-03-04",
            f"<observation><complexObservation>{links}</complexObservation></observation>",
        )
        + event(SYSTOLIC, "VAL", "systolic", "2025-03-04", value(148))
        + event(DIASTOLIC, "VAL", "diastolic", "2025-03-04", value(88))
        + event(VACCINE, "IMM", "vaccine", "2025-03-04", "<observation/>")
        + event(REFERRAL, "REF", "referral", "2025-03-04", "<referral><urgency>U</urgency></referral>")
        + f'<problem updateMode="add"><id>{PROBLEM}</id><status>A</status><significance>S</significance>'
        f'<eventLink updateMode="add"><id>{PRESSURE}</id></eventLink></problem></healthDomain></openHealthRecord>'
    ).encode()
