"""How likely two Patients are one person: what the table of weights compares, and when a match is certain."""

from __future__ import annotations

from typing import Any

import pytest

from interop.identity.scoring import score

NHS = "https://fhir.nhs.uk/Id/nhs-number"
NUMBERED = {
    "resourceType": "Patient",
    "identifier": [{"system": NHS, "value": "9990000018"}],
    "name": [{"family": "Ashdown", "given": ["Mary"]}],
    "birthDate": "1950-02-01",
}


@pytest.mark.parametrize(
    ("changed", "element", "how"),
    [
        ({"birthDate": "1950-01-02"}, "birth-date", "nearly"),
        ({"birthDate": "1950-02-11"}, "birth-date", "nearly"),
        ({"birthDate": "1950"}, "birth-date", "nearly"),
        ({"birthDate": "1961-03-04"}, "birth-date", "differs"),
        ({"name": [{"family": "ÁSHDOWN", "given": ["mary"]}]}, "family", "agrees"),
        ({"name": [{"family": "Ashdwon", "given": ["M"]}]}, "family", "nearly"),
        ({"name": [{"family": "Ashdwon", "given": ["M"]}]}, "given", "nearly"),
        ({"name": [{"family": "Birch", "given": ["Tom"]}]}, "given", "differs"),
        ({"identifier": [{"system": NHS, "value": "9990000026"}]}, "nhs-number", "differs"),
        ({"identifier": [{"system": NHS, "value": "9990000019"}]}, "nhs-number", None),
    ],
)
def test_how_elements_are_compared(changed: dict[str, Any], element: str, how: str | None) -> None:
    one, other = NUMBERED, {**NUMBERED, **changed}
    found = score(one, other, test_numbers=True)
    assert found.compared.get(element) == how
    assert found == score(other, one, test_numbers=True)
    assert (found.grade == "certain") == (element in ("family", "given") and how == "agrees")
