"""ITK HL7 v2 1.0.15 and HL7 v2.4: what ADT and SIU messages say, as the tables of mappings/hl7v2 carry it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.findings import ERROR
from interop.fhir.validation import check
from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Mapped
from interop.mapping.examples import Example, examples, run_example
from interop.mapping.library import adapters, family
from interop.record.fold import complete

FAMILY = "hl7v2"
CASES = examples(FAMILY)


def mapped(body: bytes) -> Mapped:
    """What the installed tables make of a message."""
    envelope, source = adapters()[FAMILY].open(body)
    return family(FAMILY).map(source, envelope, Mint())


def bodies(made: Mapped, name: str) -> list[dict[str, Any]]:
    """The contents that the message gives to the resources of a name."""
    return [assemble(one.type, one.registers) for one in made.contributions if one.name == name]


def ids(made: Mapped, name: str) -> list[str]:
    return [one.id for one in made.contributions if one.name == name]


def message(event: str, *segments: str, structure: str = "") -> bytes:
    """A message of that trigger from the hospital RZZ about the person H1234."""
    head = f"MSH|^~\\&|PAS|RZZ|ROUTE|ROUTE|202403051012||{event}{structure}|T1|P|2.4|||||GBR||EN||ITKv1.0"
    lines = [head, "EVN||202403051010||||202403051005", *segments]
    return "\r".join(lines).encode()


PERSON = "PID|1||H1234^^^PAS||MARLOWE^EDITH||19410317|2"
VISIT = "PV1|1|I|RZZ^WARD4^BED12^RZZ01||||||||||||||||V5001^^^VISIT"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_worked_examples_hold(case: Example) -> None:
    """Each line of an example is an analyst's own expectation."""
    assert run_example(family(FAMILY), case) == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_comes_out_keeps_to_r4(case: Example) -> None:
    for body in case.bodies:
        for one in mapped(body).contributions:
            if one.effect == "upsert":
                made = complete(one.type, assemble(one.type, one.registers))
                issues = check(made | {"id": one.id})
                assert [str(issue) for issue in issues if issue.severity == ERROR] == [], one.name


def test_one_encounter_a_spell() -> None:
    """ITK 5.6: PV1-19 is unique within its assigning authority; every event of the spell comes to the same Encounter."""
    events = [mapped(message(event, PERSON, VISIT)) for event in ("ADT^A01", "ADT^A02", "ADT^A03", "ADT^A08", "ADT^A13")]
    assert len({ids(made, "visit")[0] for made in events}) == 1


def test_the_same_ward_is_the_same_location_wherever_it_is_named() -> None:
    """PL: facility, point of care and room; PV1-3, PV1-6 and AIL-3 name places alike."""
    admitted = mapped(message("ADT^A01", PERSON, VISIT))
    moved = mapped(message("ADT^A02", PERSON, "PV1|1|I|RZZ^CCU^^RZZ01|||RZZ^WARD4^BED12^RZZ01|||||||||||||V5001^^^VISIT"))
    booked = mapped(message("SIU^S12", "SCH|P1|F1", PERSON, "AIL|1||RZZ^WARD4^^RZZ01"))
    assert ids(admitted, "ward") == ids(moved, "prior") == ids(booked, "alo")


def test_an_appointment_moved_or_cancelled_is_that_appointment() -> None:
    """HL7 v2.4 10.3: S13, S14, S15 and S26 concern the appointment of S12, told by the filler's number."""
    events = ("SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15", "SIU^S26")
    assert len({ids(mapped(message(event, "SCH|P1|F1^CLINICS", PERSON)), "appt")[0] for event in events}) == 1


def test_a_merge_makes_the_prior_identifiers_those_of_the_surviving_person() -> None:
    """ITK 5.9: MRG-1 is the record that does not survive."""
    made = mapped(message("ADT^A40", PERSON, "MRG|H5678^^^PAS"))
    assert [(link.patient, link.into) for link in made.relinks] == [(ids(made, "merge")[0], ids(made, "pat")[0])]


def test_two_double_quotes_delete_and_absence_keeps() -> None:
    """ITK 3.3.3: a null value deletes, a value that is not sent leaves things as they are."""
    made = mapped(message("ADT^A08", 'PID|1||H1234^^^PAS||MARLOWE^EDITH||19410317|2|||""||', VISIT))
    person = next(one for one in made.contributions if one.name == "pat")
    assert [register.partition(":")[0] for register in person.deleted] == ["address"]
    assert "telecom" not in {register.partition(":")[0] for register in person.registers}


@pytest.mark.parametrize(
    ("code", "authority", "system"),
    [
        ("C9999901", "GMC", "https://fhir.hl7.org.uk/Id/gmc-number"),
        ("G9999901", "GMC", "https://fhir.hl7.org.uk/Id/gmp-number"),
        ("77", "LOCAL", "urn:interop:id:RZZ:LOCAL"),
    ],
)
def test_a_clinician_is_told_by_the_national_code_where_there_is_one(code: str, authority: str, system: str) -> None:
    """ITK table 0010: C and seven digits is a consultant, G and seven digits a general practitioner, whatever XCN.9 says."""
    made = mapped(message("ADT^A01", PERSON, f"PV1|1|I|||||{code}^Lanyon^Hugh^^^Mr^^^{authority}||||||||||||V5001^^^VISIT"))
    assert bodies(made, "att")[0]["identifier"] == [{"value": code, "system": system}]


def test_a_diagnosis_or_allergy_never_goes_missing() -> None:
    """With a visit or without one, coded or in words."""
    segments = ("AL1|1|DA|^Penicillin", "DG1|1||^Suspected stroke|||W")
    for visit in ((VISIT,), ("PV1|1|N",), ()):
        made = mapped(message("ADT^A31", PERSON, *visit, *segments))
        said = [one["code"]["text"] for name in ("dx", "pdx", "alg") for one in bodies(made, name)]
        assert sorted(said) == ["Penicillin", "Suspected stroke"], visit


def test_a_discharge_code_without_a_profile_keeps_its_code_and_no_meaning() -> None:
    """4 is died in the NHS discharge method and referred to A&E clinic in ITK table 0112."""
    body = message("ADT^A03", PERSON, VISIT + "|" * 17 + "4").replace(b"||EN||ITKv1.0", b"")
    (visit,) = bodies(mapped(body), "visit")
    assert visit["extension"][0]["valueCodeableConcept"] == {"coding": [{"code": "4"}]}


def test_a_sensitive_person_is_labelled() -> None:
    """ITK tables 0099 and ZU057: sensitive, stop noted, or location hiding."""
    for segments in ((VISIT.replace("|V5001", "|V5001").replace("||||V5001", "|S|||V5001"),), (VISIT, "ZU8||||1")):
        (person,) = bodies(mapped(message("ADT^A01", PERSON, *segments)), "pat")
        assert person["meta"]["security"][0]["code"] == "R"


@pytest.mark.parametrize("folder", ["itk", "hl7v2/input"])
def test_every_sample_of_these_types_maps(folder: str, shared: Callable[[str], Path]) -> None:
    for sample in sorted(shared(f"samples/acute/{folder}").iterdir()):
        body = sample.read_bytes()
        envelope = adapters()[FAMILY].envelope(body)
        if not envelope.message.startswith(("ADT", "SIU")):
            continue
        made = mapped(body)
        assert bodies(made, "pat"), sample.name
        for one in made.contributions:
            if one.effect == "upsert":
                issues = check(complete(one.type, assemble(one.type, one.registers)) | {"id": one.id})
                assert [str(issue) for issue in issues if issue.severity == ERROR] == [], (sample.name, one.name)
