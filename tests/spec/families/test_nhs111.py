"""NHS 111 report (ITK, ``POCD_MT200001GB02``): a CDA document of one contact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spec.families.maps import example, make

REPORT = example("nhs111", "report.xml")
TITLES = example("nhs111", "titles.xml")


def test_the_outcome_is_a_plan_of_category_triage_outcome_and_nothing_else_is_a_plan() -> None:
    """What triage concluded is never the person's own plan."""
    made = make("nhs111", REPORT)
    assert made.of_type("CarePlan") == ["upsert"]
    assert [coding["code"] for coding in made.one("plan")["category"][0]["coding"]] == ["triage-outcome"]


@pytest.mark.parametrize("report", [REPORT, TITLES], ids=["by code", "by title"])
def test_sections_are_known_by_code_or_by_their_usual_titles(report: bytes) -> None:
    """Presenting complaint, disposition, advice and summary; many senders give no section codes."""
    made = make("nhs111", report)
    assert made.one("enc")["reasonCode"][0]["text"]
    assert made.one("plan")["description"]
    assert len(made.one("plan")["note"]) == 2


def test_every_section_is_kept_whatever_it_is() -> None:
    """A section of unknown title and code is in the Composition with its text."""
    changed = TITLES.replace(b"Advice Given", b"Something of the sender")
    sections = make("nhs111", changed).one("comp")["section"]
    assert ("Something of the sender", "Call back if it gets worse.") in [
        (section.get("title"), section["text"]["div"].partition(">")[2].removesuffix("</div>")) for section in sections
    ]


def test_the_disposition_stands_on_the_contact_and_on_its_outcome() -> None:
    """``dischargeDispositionCode``, a Dx code of NHS Pathways."""
    made = make("nhs111", REPORT)
    assert made.one("enc")["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "Dx06"
    outcomes = [concept for activity in made.one("plan")["activity"] for concept in activity.get("outcomeCodeableConcept", [])]
    assert "Dx06" in [concept["coding"][0]["code"] for concept in outcomes]


def test_a_contact_without_an_end_is_not_said_to_be_finished() -> None:
    """``high`` may be a nullFlavor."""
    assert make("nhs111", REPORT).one("enc")["status"] == "finished"
    assert make("nhs111", TITLES).one("enc")["status"] == "unknown"


@pytest.mark.parametrize(
    ("root", "status"),
    [
        ("2.16.840.1.113883.2.1.4.1", "01"),
        ("2.16.840.1.113883.2.1.3.2.4.18.23", "02"),
    ],
)
def test_the_root_tells_whether_an_nhs_number_was_traced(root: str, status: str) -> None:
    """One root for traced numbers, another for the rest: 01 is present and verified, 02 present but not traced."""
    body = TITLES.replace(b"2.16.840.1.113883.2.1.3.2.4.18.23", root.encode())
    identifier = make("nhs111", body).one("pat")["identifier"][0]
    assert identifier["system"] == "https://fhir.nhs.uk/Id/nhs-number"
    assert identifier["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == status


def test_local_identifiers_belong_to_the_sender() -> None:
    """All senders use the same root for numbers of their own; two senders' case numbers are two people's."""
    ours = make("nhs111", REPORT).one("pat")
    theirs = make("nhs111", REPORT.replace(b'extension="YZZ01"', b'extension="YZZ09"')).one("pat")
    assert ours["id"] != theirs["id"]


def test_the_nhs_number_may_be_absent() -> None:
    """Then the local number names the patient."""
    body = REPORT.replace(b'<id root="2.16.840.1.113883.2.1.4.1" extension="999 100 0011"/>', b"")
    assert len(make("nhs111", body).one("pat")["identifier"]) == 1


def test_a_later_version_takes_the_place_of_the_earlier() -> None:
    """``setId`` is the same, ``id`` another."""
    later = REPORT.replace(b"0000000000B1", b"0000000000BF").replace(b'versionNumber value="1"', b'versionNumber value="2"')
    for name in ("comp", "plan", "enc"):
        assert make("nhs111", REPORT).one(name)["id"] == make("nhs111", later).one(name)["id"]


def test_the_patient_as_informant_is_nobody_else() -> None:
    """Relationship 21 is the patient."""
    assert make("nhs111", TITLES).of_type("RelatedPerson") == []
    assert make("nhs111", REPORT).of_type("RelatedPerson") == ["upsert"]


def test_every_sample_maps_to_valid_r4(shared: Callable[[str], Path]) -> None:
    """Reports of five suppliers."""
    for path in sorted(shared("samples/ambulance/nhs111/input").glob("*.xml")):
        made = make("nhs111", path.read_bytes())
        assert made.one("plan")["activity"], path.name
        assert made.findings() == [], path.name
