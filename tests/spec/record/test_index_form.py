"""The form of the index rows has a number, which the store keeps: another form, and what is there is indexed anew."""

from __future__ import annotations

import hashlib
from typing import Any

from interop.fhir.searching import index_rows
from interop.record.indexing import FORM

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"type": {"coding": [{"code": "MR"}], "text": "Record"}, "system": "urn:i", "value": "1"}],
    "name": [{"family": "Éclair-Brown", "given": ["Zoë"]}],
    "telecom": [{"system": "phone", "value": "01632 960001"}],
    "address": [{"line": ["1 High Street"], "city": "Leeds"}],
    "birthDate": "1980-05",
    "text": {"div": "<div>Zoë</div>"},
    "generalPractitioner": [{"reference": "Practitioner/g/_history/2", "display": "Dr Glyn"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "urn:c", "code": "w", "display": "Weight"}]},
    "effectivePeriod": {"start": "2024-02-03T10:00:00Z"},
    "valueQuantity": {"value": 185, "unit": "lbs", "system": "http://unitsofmeasure.org", "code": "[lb_av]"},
}
LOCATION: dict[str, Any] = {"resourceType": "Location", "position": {"latitude": 53.8, "longitude": -1.55}}


def test_rows_of_this_form_look_like_this() -> None:
    """Where this fails because rows are made otherwise on purpose: raise FORM, then note its digest here."""
    rows = sorted(repr(row) for resource in (PATIENT, OBSERVATION, LOCATION) for row in index_rows(resource))
    assert (FORM, hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]) == (3, "94f140a3a5539144")
