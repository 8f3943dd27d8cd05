"""Source keys: what makes two mentions one resource. Ids are minted from the key's system and value, for each type apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.ids import NHS_NUMBER
from interop.mapping.runtime import FLAGS
from tests.spec.mapping.small import MINT, er7, json, load, made, xml

SOURCE = "MSH,21,,\nPID,40,,\nPV1,52,,\nDG1,26,,\n"
UUID = "0f0e0d0c-0b0a-4908-8706-050403020100"


def id_of(
    tmp_path: Path, key: str, *segments: str, type_: str = "Patient", rows: str = "", resource: str = "PID", **more: Any
) -> str:
    """The id of the one resource that a key gives."""
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources=f"one,,{resource},{type_},{key},,upsert,\n",
        elements=f"A00,one,,{resource}-1,,language,,,\n{rows}",
    )
    return made(family, er7(*segments), **more).one("one").id


@pytest.mark.parametrize(
    ("field", "system", "value"),
    [
        ("123", "urn:interop:id:RXX:Patient", "123"),
        ("123^^^HOSP", "urn:interop:id:RXX:HOSP", "123"),
        ("123^^^HOSP&1.2.3&ISO", "urn:interop:id:RXX:HOSP", "123"),
        ("123^^^^PAS", "urn:interop:id:RXX:PAS", "123"),
        ("9990000018^^^NHS", NHS_NUMBER, "9990000018"),
        ("123^^^My Site", "urn:interop:id:RXX:My-Site", "123"),
        (UUID.upper(), "urn:ietf:rfc:3986", UUID),
    ],
)
def test_an_identifier_field_is_a_value_within_a_namespace(tmp_path: Path, field: str, system: str, value: str) -> None:
    """CX.1 within CX.4, else CX.5 (HL7 v2.4, 2.9.12); it belongs to the organisation that sends it. A UUID is global."""
    assert id_of(tmp_path, "PID-3", f"PID|||{field}") == MINT.id("Patient", system, value)


def test_a_key_has_alternatives(tmp_path: Path) -> None:
    assert id_of(tmp_path, "PID-2|PID-3", "PID|||7") == MINT.id("Patient", "urn:interop:id:RXX:Patient", "7")


@pytest.mark.parametrize(
    ("number", "system", "value"), [("9990000018", NHS_NUMBER, "9990000018"), ("", "urn:interop:id:RXX:Patient", "C4")]
)
def test_who_has_no_identifier_may_be_known_otherwise(tmp_path: Path, number: str, system: str, value: str) -> None:
    rows = (
        f"A01,one,,'{NHS_NUMBER}',PID-3 present,identifier[number].system,system,,\n"
        "A02,one,,PID-3.1,,identifier[number].value,nhsnumber,,\n"
    )
    assert id_of(tmp_path, "identifier|PID-2", f"PID||C4|{number}", rows=rows) == MINT.id("Patient", system, value)


def test_a_key_may_be_joined_from_parts(tmp_path: Path) -> None:
    assert id_of(tmp_path / "a", "PID-3.1+'x'+PID-5.1", "PID|||7||Able") == MINT.id(
        "Patient", "urn:interop:id:RXX:Patient", "7+x+Able"
    )


def test_it_is_the_same_in_every_message_and_another_for_another_organisation(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources="one,,PID,Patient,PID-3,,upsert,\n",
        elements="A00,one,,PID-8,,language,,,\n",
    )
    ids = [
        made(family, er7("PID|||7"), organisation=org, digest=digest).one("one").id
        for org, digest in [("RXX", b"1" * 16), ("RXX", b"2" * 16), ("RYY", b"1" * 16)]
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_type_has_ids_of_its_own() -> None:
    assert MINT.id("Patient", "s", "1") != MINT.id("Person", "s", "1")


def test_without_a_value_the_id_is_of_this_message_only(tmp_path: Path) -> None:
    """And the resource is tagged, so that whoever reads it knows why nothing else comes to it."""
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources="one,,DG1,Observation,DG1-3,,upsert,\n",
        required="Observation,status,unknown,\nObservation,code,x,\n",
        elements="A00,one,,DG1-4,,valueString,,,\n",
    )
    message = er7("DG1||||a", "DG1||||b")
    outcome = made(family, message)
    assert [one.tags for one in outcome.all("one")] == [["unlinked"], ["unlinked"]]
    assert outcome.all("one")[0].registers["meta.tag:flags"] == [{"system": FLAGS, "code": "unlinked"}]
    first, second = (one.id for one in outcome.all("one"))
    assert first != second
    assert [one.id for one in made(family, message).all("one")] == [first, second]
    assert made(family, message, digest=b"\2" * 16).all("one")[0].id not in (first, second)


def test_two_mentions_of_one_key_are_one_contribution(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,doctor,\n",
        resources="doctor,,PV1-7~,Practitioner,.1,,upsert,\n",
        elements="A00,doctor,,.2,,name[x].family,,,\nA01,doctor,,.3,,name[x].given[+],,,\n",
    )
    outcome = made(family, er7("PV1|||||||C1^Able~C2^Baker~C1^^Ann"))
    assert [body["name"] for body in outcome.bodies("doctor")] == [[{"family": "Able"}], [{"family": "Baker"}]]


OWNED: dict[str, Any] = {
    "source": SOURCE,
    "routes": "ADT^A01,pat visit dx,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n"
    "dx,visit,DG1,Condition,visit+DG1-3.1+DG1-5,,upsert,\n",
    "elements": "A00,dx,,,,subject,@pat,,\n",
}


def test_a_key_may_hold_the_key_of_a_resource(tmp_path: Path) -> None:
    """A diagnosis is one of its visit: the same code on the same day in another visit is another."""
    family = load(tmp_path, **OWNED)

    def dx(visit: str, day: str = "20200101") -> str:
        return made(family, er7("PID|||1", "PV1|" + "|" * 18 + visit, f"DG1|||J45||{day}")).one("dx").id

    assert dx("V1") == dx("V1")
    assert len({dx("V1"), dx("V2"), dx("V1", "20200102")}) == 3


def test_without_any_part_of_its_own_it_is_unlinked(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **OWNED), er7("PID|||1", "PV1|" + "|" * 18 + "V1", "DG1||||Asthma"))
    assert outcome.one("dx").tags == ["unlinked"]


IDENTIFIED: dict[str, Any] = {
    "rows": "A01,one,PID-3~,.1,,identifier[+].value,nhsnumber,,\nA02,one,PID-3~,.4,,identifier[+].system,system,,\n"
    "A03,one,,PID-7,,birthDate,hl7time,,\nA04,one,PID-5~,.1,,name[+].family,,,\n"
}


@pytest.mark.parametrize(
    ("identifiers", "system", "value"),
    [
        ("9990000018^^^NHS~123^^^HOSP", "urn:interop:id:RXX:HOSP", "123"),
        ("123^^^HOSP~456^^^OLD", "urn:interop:id:RXX:HOSP", "123"),
        ("9990000018^^^NHS", NHS_NUMBER, "9990000018"),
        ("999 000 0018^^^NHS", NHS_NUMBER, "9990000018"),
    ],
)
def test_a_patient_is_identified_by_its_local_number_else_by_its_nhs_number(
    tmp_path: Path, identifiers: str, system: str, value: str
) -> None:
    assert id_of(tmp_path, "identifier", f"PID|||{identifiers}", **IDENTIFIED) == MINT.id("Patient", system, value)


def test_others_are_identified_by_a_national_number_else_by_a_local_one(tmp_path: Path) -> None:
    rows = "A01,one,PV1-7~,.1,,identifier[+].value,,,\nA02,one,PV1-7~,.9,,identifier[+].system,system,,\n"
    systems: dict[str, Any] = {
        "systems": "GMC,https://fhir.hl7.org.uk/Id/gmc-number,\nGMP,https://fhir.hl7.org.uk/Id/gmp-number,\n"
        "ROLE,https://fhir.nhs.uk/Id/sds-role-profile-id,\nSDS,https://fhir.nhs.uk/Id/sds-user-id,\n"
    }

    def doctor(place: str, field: str) -> str:
        family = load(
            tmp_path / place,
            **systems,
            source=SOURCE,
            routes="ADT^A01,one,\n",
            resources="one,,PV1,Practitioner,identifier,,upsert,\n",
            elements=rows,
        )
        return made(family, er7(f"PV1|||||||{field}")).one("one").id

    national = MINT.id("Practitioner", "https://fhir.hl7.org.uk/Id/gmc-number", "C1")
    assert doctor("a", "L1^Able^^^^^^^LOCAL~C1^Able^^^^^^^GMC") == national
    assert doctor("b", "L1^Able^^^^^^^LOCAL") == MINT.id("Practitioner", "urn:interop:id:RXX:LOCAL", "L1")
    assert doctor("c", "G1^Able^^^^^^^GMP~C1^Able^^^^^^^GMC") == national, "a registration before a number of a post"
    assert doctor("d", "5^Able^^^^^^^ROLE~7^Able^^^^^^^SDS") == MINT.id("Practitioner", "https://fhir.nhs.uk/Id/sds-user-id", "7")
    assert doctor("e", "C1234567^Able^^^^^^^GMC") == doctor("f", "1234567^Able^^^^^^^GMC"), "a consultant code is C and GMC number"
    nobody = [doctor(code, f"{code}^Unknown^^^^^^^GMP") for code in ("G9999998", "G9999981", "C9999998", "CD999998")]
    assert MINT.id("Practitioner", "https://fhir.hl7.org.uk/Id/gmp-number", "G9999998") not in nobody
    assert doctor("g", "G9999998^Able^^^^^^^GMP~L1^Able^^^^^^^LOCAL") == doctor("b2", "L1^Able^^^^^^^LOCAL")


@pytest.mark.parametrize(("number", "flag"), [("9990000019", "nhs-number-invalid"), ("4444444444", "nhs-number-repeated-digits")])
def test_a_number_that_names_nobody_is_kept_flagged_and_identifies_nobody(tmp_path: Path, number: str, flag: str) -> None:
    """All ten numbers of ten equal digits pass modulus 11; samples use them."""
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources="one,,PID,Patient,identifier,,upsert,\n",
        elements=IDENTIFIED["rows"],
    )
    outcome = made(family, er7(f"PID|||{number}^^^NHS"))
    assert outcome.body("one")["identifier"] == [{"value": number, "system": NHS_NUMBER}]
    assert outcome.one("one").tags == [flag, "unlinked"]
    assert outcome.one("one").id != MINT.id("Patient", NHS_NUMBER, number)


def test_with_birth_date_and_family_name_it_holds_one_senders_messages_together(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources="one,,PID,Patient,identifier,,upsert,\n",
        elements=IDENTIFIED["rows"],
    )

    def patient(pid: str, digest: bytes, organisation: str = "RXX") -> str:
        return made(family, er7(pid), digest=digest, organisation=organisation).one("one").id

    bad = "PID|||9990000019^^^NHS||{}||{}"
    same = patient(bad.format("Able", "19410317"), b"1" * 16)
    assert same == patient(bad.format("ABLE", "19410317"), b"2" * 16)
    assert same != patient(bad.format("Baker", "19410317"), b"1" * 16)
    assert same != patient(bad.format("Able", "19410318"), b"1" * 16)
    assert same != patient(bad.format("Able", "19410317"), b"1" * 16, "RYY")


def test_twins_under_one_placeholder_number_are_two(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,one,\n",
        resources="one,,PID,Patient,identifier,,upsert,\n",
        elements=IDENTIFIED["rows"] + "A05,one,PID-5~,.2,,name[+].given[+],,,\n",
    )

    def patient(name: str) -> str:
        return made(family, er7(f"PID|||4444444444^^^NHS||{name}||20260101")).one("one").id

    assert patient("Able^Ann") == patient("ABLE^ANN")
    assert patient("Able^Ann") != patient("Able^Amy")
    assert patient("Able^Ann") != patient("Able")


def test_a_tree_takes_the_text_at_the_path(tmp_path: Path) -> None:
    tables: dict[str, Any] = {
        "source": "patient,,,\nid,,,\n@root,,,\n@extension,,,\nfamily,,,\n",
        "routes": "doc,pat,\n",
        "resources": "pat,,patient,Patient,id/@extension|id,,upsert,\n",
        "elements": "A01,pat,,family,,name[x].family,,,\n",
    }
    family = load(tmp_path, "xml", **tables)
    assert made(family, xml('<doc><patient><id extension="7"/></patient></doc>'), "doc").one("pat").id == MINT.id(
        "Patient", "urn:interop:id:RXX:Patient", "7"
    )
    document = json(f'{{"patient": {{"id": "{UUID}"}}}}')
    assert made(family, document, "doc").one("pat").id == MINT.id("Patient", "urn:ietf:rfc:3986", UUID)
