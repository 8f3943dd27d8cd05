"""FHIRPath Patch (FHIR R4, fhirpatch.html)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.patching import fhirpath_patch

Json = dict[str, Any]
EXTENSION = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "a",
    "identifier": [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
    "name": [
        {"use": "official", "family": "Jansen", "given": ["Ann", None, "Eve"], "_given": [None, {"id": "g"}, None]},
        {"use": "nickname", "given": ["Annie"]},
    ],
    "birthDate": "1980-01-01",
    "_birthDate": {"extension": [{"url": EXTENSION, "valueDateTime": "1980-01-01T10:00:00Z"}]},
    "deceasedBoolean": False,
    "contact": [{"name": {"text": "Someone"}}],
}


def operation(**said: Any) -> Json:
    """One operation; a value is a dict of ``valueX`` members or of parts."""
    keys = {"index": "valueInteger", "source": "valueInteger", "destination": "valueInteger", "type": "valueCode"}
    made = [
        {"name": name, **(value if name == "value" else {keys.get(name, "valueString"): value})} for name, value in said.items()
    ]
    return {"name": "operation", "part": made}


def patched(*operations: Json) -> Json:
    before = deepcopy(PATIENT)
    done = fhirpath_patch(PATIENT, {"resourceType": "Parameters", "parameter": list(operations)})
    assert before == PATIENT, "what was given is never changed"
    return done


NAME = {"name": "name", "valueHumanName": {"text": "Q"}}
COMPLEX = {"part": [NAME, {"name": "gender", "valueCode": "female"}, {"name": "telecom", "valueContactPoint": {"value": "1"}}]}
EXTENDED = {"part": [{"name": "url", "valueUri": "urn:x"}, {"name": "value", "valueCode": "c"}]}
GIVEN = "Patient.name[0].given"
BORN = f"Patient.birthDate.extension('{EXTENSION}').value"
DONE = [
    ({"type": "add", "path": "Patient", "name": "active", "value": {"valueBoolean": True}}, "active", True),
    ({"type": "add", "path": "Patient", "name": "photo", "value": {"valueAttachment": {"title": "t"}}}, "photo", [{"title": "t"}]),
    ({"type": "add", "path": "Patient", "name": "multipleBirth", "value": {"valueInteger": 2}}, "multipleBirthInteger", 2),
    ({"type": "add", "path": "Patient", "name": "multipleBirth[x]", "value": {"valueInteger": 2}}, "multipleBirthInteger", 2),
    ({"type": "add", "path": "Patient", "name": "contact", "value": COMPLEX}, "contact", [*PATIENT["contact"], {"name": {"text": "Q"}, "gender": "female", "telecom": [{"value": "1"}]}]),  # noqa: E501
    ({"type": "add", "path": "Patient.name.where(use = 'nickname')", "name": "family", "value": {"valueString": "J"}}, "name", [PATIENT["name"][0], {"use": "nickname", "given": ["Annie"], "family": "J"}]),  # noqa: E501
    ({"type": "add", "path": "Patient.name[1].given[0]", "name": "extension", "value": EXTENDED}, "name", [PATIENT["name"][0], {"use": "nickname", "given": ["Annie"], "_given": [{"extension": [{"url": "urn:x", "valueCode": "c"}]}]}]),  # noqa: E501
    ({"type": "insert", "path": "Patient.identifier", "index": 2, "value": {"valueIdentifier": {"value": "3"}}}, "identifier", [*PATIENT["identifier"], {"value": "3"}]),  # noqa: E501
    ({"type": "insert", "path": "Patient.photo", "index": 0, "value": {"valueAttachment": {"title": "t"}}}, "photo", [{"title": "t"}]),  # noqa: E501
    ({"type": "delete", "path": "Patient.identifier.where(system = 'urn:a')"}, "identifier", [PATIENT["identifier"][1]]),
    ({"type": "delete", "path": "Patient.identifier.last()"}, "identifier", [PATIENT["identifier"][0]]),
    ({"type": "delete", "path": "Patient.photo"}, "photo", None),
    ({"type": "delete", "path": "Patient.contact[0].name.text"}, "contact", None),
    ({"type": "delete", "path": "Patient.birthDate"}, "_birthDate", None),
    ({"type": "delete", "path": f"Patient.birthDate.extension('{EXTENSION}')"}, "_birthDate", None),
    ({"type": "replace", "path": "Patient.deceased", "value": {"valueDateTime": "2020"}}, "deceasedDateTime", "2020"),
    ({"type": "replace", "path": "(Patient.deceased as boolean)", "value": {"valueBoolean": True}}, "deceasedBoolean", True),
    ({"type": "replace", "path": BORN, "value": {"valueDateTime": "1980"}}, "_birthDate", {"extension": [{"url": EXTENSION, "valueDateTime": "1980"}]}),  # noqa: E501
    ({"type": "replace", "path": "Patient.birthDate", "value": {"valueDate": "1981", "_valueDate": {"id": "b"}}}, "_birthDate", {"id": "b"}),  # noqa: E501
    ({"type": "move", "path": "Patient.identifier", "source": 1, "destination": 0}, "identifier", PATIENT["identifier"][::-1]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "member", "value"), DONE)
def test_operations(said: Json, member: str, value: Any) -> None:
    assert patched(operation(**said)).get(member) == value


def test_a_primitive_takes_its_extensions_along() -> None:
    name = patched(operation(type="move", path=GIVEN, source=2, destination=0))["name"][0]
    assert (name["given"], name["_given"]) == (["Eve", "Ann", None], [None, None, {"id": "g"}])
    name = patched(operation(type="delete", path=f"{GIVEN}[1]"))["name"][0]
    assert name["given"] == ["Ann", "Eve"]
    assert "_given" not in name


def test_a_choice_has_one_form() -> None:
    assert "deceasedBoolean" not in patched(operation(type="replace", path="Patient.deceased", value={"valueDateTime": "2020"}))


REFUSED = [
    ({"type": "add", "path": "Patient.photo", "name": "title", "value": {"valueString": "t"}}, "patch-failed"),
    ({"type": "add", "path": "Patient.name", "name": "family", "value": {"valueString": "t"}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "birthDate", "value": {"valueDate": "1999"}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "deceased", "value": {"valueDateTime": "1999"}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "shoe", "value": {"valueString": "t"}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "active", "value": {"valueString": "true"}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "photo", "value": {"valueHumanName": {"text": "t"}}}, "patch-failed"),
    ({"type": "add", "path": "Patient", "name": "photo"}, "bad-patch"),
    ({"type": "add", "path": "Patient", "value": {"valueString": "t"}}, "bad-patch"),
    ({"type": "insert", "path": "Patient.identifier", "index": 3, "value": {"valueIdentifier": {"value": "3"}}}, "patch-failed"),
    ({"type": "insert", "path": "Patient.identifier", "index": -1, "value": {"valueIdentifier": {"value": "3"}}}, "bad-patch"),
    ({"type": "delete", "path": "Patient.name"}, "patch-failed"),
    ({"type": "delete", "path": "Patient"}, "patch-failed"),
    ({"type": "delete", "path": "Patient.name["}, "bad-patch"),
    ({"type": "delete", "path": "Patient.name.given.count()"}, "bad-patch"),
    ({"type": "delete", "path": "Observation.code"}, "bad-patch"),
    ({"type": "replace", "path": "Patient.photo", "value": {"valueAttachment": {"title": "t"}}}, "patch-failed"),
    ({"type": "move", "path": "Patient.identifier", "source": 2, "destination": 0}, "patch-failed"),
    ({"type": "move", "path": "Patient.birthDate", "source": 0, "destination": 0}, "patch-failed"),
    ({"type": "swap", "path": "Patient.name"}, "bad-patch"),
]


@pytest.mark.parametrize(("said", "reason"), REFUSED)
def test_what_cannot_be_done_names_the_operation(said: Json, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        patched(operation(type="delete", path="Patient.photo"), operation(**said))
    assert (caught.value.reason.name, caught.value.where) == (reason, "Parameters.parameter[1]")


def test_all_operations_together_take_a_bounded_number_of_steps() -> None:
    many = {"resourceType": "Patient", "id": "p", "name": [{"given": ["a"] * 40}] * 40}
    costly = operation(type="delete", path="Patient.name.given.where($this in %context.name.given).first()")
    with pytest.raises(Problem) as refused:
        fhirpath_patch(many, {"resourceType": "Parameters", "parameter": [costly] * 900})
    assert refused.value.reason.name == "patch-failed"
