"""Laura's card with everything on it that an ordinary person has: what tests of the crew's pages add to the example day."""

from __future__ import annotations

from typing import Any, Final

from tests.spec.browser.people import Site
from tests.spec.workflows.cast import by
from tests.spec.workflows.fhir import coded, does, parameters, plan, team

FHIR: Final = {"content-type": "application/fhir+json"}
SNOMED: Final = "http://snomed.info/sct"
NOT_FOR_CPR, DIES_AT_HOME = "450476008", "110481000000108"
PRACTICE, HOSPITAL, CREWS = "G99901", "RX9", "RYX"


def fill(site: Site) -> None:
    """A recommendation, an alert, steps, what to take along, places, a team; the organisations of the demonstration share. To be
    used in a thread."""
    patient = site.ids["laura"]
    subject = {"reference": f"Patient/{patient}"}
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "Dog in the house: shut it away first"},
        "subject": subject,
    }
    safety = [coded("safety", "http://terminology.hl7.org/CodeSystem/flag-category")]
    with site.client("operator") as operator:
        for source in (CREWS, HOSPITAL):
            _sent(operator.post("/fhir/$agreement", json=parameters(source=source), headers=FHIR))
    with site.client("gp", PRACTICE) as practice:

        def post(path: str, resource: dict[str, Any]) -> None:
            _sent(practice.post(path, json=resource, headers=FHIR))

        post(f"/fhir/Patient/{patient}/$care-plan-contribute", _plan(subject))
        for code in (NOT_FOR_CPR, DIES_AT_HOME):
            post("/fhir/Observation", {
                "resourceType": "Observation", "status": "final", "subject": subject, "code": coded(code, SNOMED),
                "effectiveDateTime": "2026-09-12", "performer": [{"display": "Dr Ruth Ansley"}],
            })  # fmt: skip
        post("/fhir/Flag", {**flag, "category": safety, "period": {"start": "2026-09-01"}})
        post("/fhir/CareTeam", team(patient, "Locality team", by(HOSPITAL), "team@locality.example"))


def _plan(subject: dict[str, str]) -> dict[str, Any]:
    return plan(
        "Laura's plan",
        does("what-matters", "To stay in my own home and look after my garden"),
        does("contingency", "Just in case medicines are in the fridge door; ring the hospice", when="she is in pain"),
        does("take-along", "Glasses, hearing aids, walking stick"),
        does("place-of-care", "Home"),
        does("standby-medicines", "Morphine sulfate 10 mg/ml injection"),
        subject=subject,
        created="2026-10-01",
        author={"display": "Ms Dawn Hartnoll"},
    )


def _sent(answer: Any) -> None:
    assert answer.is_success, answer.text
