"""The generator: the same people, the same bytes, in the real formats."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

from conformance.generate import ers, hl7v2, nhs111, openhr
from conformance.generate.families import FAMILIES, Family
from conformance.generate.numbers import CAPACITY, case_serial, check_digit, nhs_number
from conformance.generate.people import EPOCH, People, Person
from interop.formats.er7.message import Message
from interop.formats.json import read_json
from interop.formats.tree import Node
from interop.formats.xml import read_xml
from interop.ids.national import NhsNumber, Standing

SEED = 11
ROUTED = {"ADT^A01^ADT_A01", "ADT^A03^ADT_A03", "ADT^A08^ADT_A01", "ADT^A40^ADT_A39", "SIU^S12^SIU_S12"}


def er7(patients: int, *, every: bool = False) -> list[Message]:
    return [Message.parse(body) for body in hl7v2.messages(SEED, patients, every=every)]


def field(message: Message, segment: str, number: int) -> str:
    found = message.first(segment)
    assert found is not None, f"no {segment} in {message.segments[0][9]}"
    return found[number]


def value(node: Node, path: str) -> str:
    """The text at a path that must be there."""
    text = node.text(path)
    assert text is not None, path
    return text


def test_nhs_number_fixed_point() -> None:
    """The check digit is that of the NHS Data Dictionary's algorithm: 9434765919 is its worked example."""
    assert check_digit("943476591") == 9


@pytest.mark.parametrize("serial", [0, 1, 8, 9, 10, 449_999, CAPACITY - 1])
def test_nhs_numbers_are_of_the_test_range_and_valid(serial: int) -> None:
    """Every number is in the 999 range and passes modulus 11."""
    assert NhsNumber(nhs_number(serial)).standing is Standing.TEST


def test_nhs_numbers_do_not_repeat() -> None:
    """Different serials are different people."""
    assert len({nhs_number(serial) for serial in range(20_000)}) == 20_000


def test_the_range_ends_rather_than_repeats() -> None:
    """Past the last number of the range there is an error, not a second person with the same number."""
    with pytest.raises(IndexError):
        nhs_number(CAPACITY)
    with pytest.raises(IndexError):
        People(SEED)[CAPACITY - 1000]


def test_no_seed_uses_the_numbers_of_the_example_people() -> None:
    """The last thousand serials are left for people made by hand."""
    assert max(case_serial(seed, index) for seed in (0, 1, 8, 9) for index in range(0, 899_000, 97)) < CAPACITY - 1000


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_same_seed_gives_the_same_bytes(family: Family) -> None:
    """Twice the same stream; another seed, another."""
    first = list(family.messages(SEED, 12))
    assert first == list(family.messages(SEED, 12))
    assert first != list(family.messages(SEED + 1, 12))


def test_bytes_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """Two processes with different PYTHONHASHSEED write the same file."""
    written = []
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        command = [
            sys.executable,
            "-m",
            "conformance",
            "generate",
            "--patients",
            "9",
            "--families",
            ",".join(FAMILIES),
            "--out",
            str(out),
        ]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True)
        written.append([(path.name, path.read_bytes()) for path in sorted(out.rglob("*.*"))])
    assert written[0] == written[1]
    assert len(written[0]) > 40


def test_a_person_does_not_depend_on_those_before() -> None:
    """People can be had by index, in any order."""
    people = People(SEED)
    assert people[500] == list(islice(people, 501))[500]


def test_ages_are_those_of_a_population() -> None:
    """Nobody is born after the first day or is older than a hundred and one; children too are there."""
    born = [person.birth_date for person in islice(People(SEED), 2000)]
    assert all(EPOCH - timedelta(days=101 * 366) < day < EPOCH for day in born)
    assert 200 < sum(day > date(EPOCH.year - 18, 1, 1) for day in born) < 600


def test_hl7_triggers_and_structures() -> None:
    """The default triggers are those of the first tables, each with its message structure."""
    assert {message.segments[0][9] for message in er7(200)} == ROUTED


def test_further_triggers_on_request() -> None:
    """With ``every``: transfer, outpatient registration, and the person events."""
    kinds = {message.segments[0][9] for message in er7(200, every=True)}
    assert kinds == ROUTED | {"ADT^A02^ADT_A02", "ADT^A04^ADT_A01", "ADT^A28^ADT_A05", "ADT^A31^ADT_A05"}


def test_control_ids_are_distinct_and_fit() -> None:
    """MSH-10 is at most twenty characters and never repeats."""
    controls = [message.segments[0][10] for message in er7(300)]
    assert len(set(controls)) == len(controls)
    assert max(map(len, controls)) <= 20


def test_three_in_ten_messages_change_what_is_known() -> None:
    """A03, A08 and A40 are about three tenths of all."""
    kinds = Counter(body.split(b"|", 9)[8].decode()[4:7] for body in hl7v2.messages(SEED, 2000))
    changing = kinds["A03"] + kinds["A08"] + kinds["A40"]
    assert 0.27 < changing / kinds.total() < 0.34


def test_times_advance() -> None:
    """MSH-7 never goes back, and for each person EVN-6 goes forward."""
    messages = er7(150)
    sent = [message.segments[0][7] for message in messages]
    assert sent == sorted(sent)
    last: dict[str, str] = {}
    for message in messages:
        if message.first("EVN"):
            who, at = field(message, "PID", 5) + field(message, "PID", 7), field(message, "EVN", 6)
            assert last.get(who, "") < at
            last[who] = at


def test_a_life_is_in_order() -> None:
    """Each spell is admitted before it is changed or discharged, under one visit number, and a discharge says when."""
    begun: dict[str, str] = {}
    discharged = 0
    for message in er7(300):
        trigger = message.segments[0][9][4:7]
        if trigger == "A01":
            begun[field(message, "PV1", 19)] = field(message, "PV1", 44)
        elif trigger in ("A03", "A08"):
            assert begun[field(message, "PV1", 19)] == field(message, "PV1", 44)
        if trigger == "A03":
            discharged += 1
            assert field(message, "PV1", 45) > field(message, "PV1", 44)
            assert field(message, "PV1", 36) == "2"
    assert discharged > 100


def test_a_merge_retires_the_number_admitted_under() -> None:
    """Someone admitted under a temporary number has no NHS number there; A40 names that number in MRG-1."""
    messages = er7(400)
    merged = {field(message, "MRG", 1) for message in messages if "A40" in message.segments[0][9]}
    temporary = {field(message, "PID", 3) for message in messages if field(message, "PID", 3).startswith("T")}
    assert merged == temporary
    assert len(merged) > 5
    assert {field(message, "PID", 32) for message in messages if field(message, "PID", 3).startswith("T")} == {"NSTS03"}


def test_identity_is_stated_as_verified() -> None:
    """PID-32 carries NSTS01, number present and verified (table 0445), with an NHS number in PID-3."""
    for message in er7(50):
        identifiers = field(message, "PID", 3).split("~")
        if len(identifiers) == 2:
            assert identifiers[1].endswith("^^^NHS")
            assert NhsNumber(identifiers[1][:10]).standing is Standing.TEST
            assert field(message, "PID", 32) == "NSTS01"


def test_segments_of_an_admission() -> None:
    """An A01 has the segments that the ITK specification gives it, in its order, and its Z-segments last."""
    orders = {
        tuple(segment[0] for segment in m.segments)
        for m in er7(400)
        if "A01^ADT_A01" in m.segments[0][9] and "^A01^" in m.segments[0][9]
    }
    whole = ("MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "AL1", "DG1", "PR1", "ZU1", "ZU3", "ZU4", "ZU8")
    assert whole in orders
    for order in orders:
        assert [name for name in whole if name in order] == list(order)


@pytest.mark.parametrize(
    ("segment", "number", "expected"),
    [
        ("PV1", 2, "I"),
        ("PV1", 14, "19"),
        ("PD1", 3, "G999"),
        ("PV2", 38, ""),
        ("ZU1", 2, "1"),
        ("ZU3", 11, "1"),
        ("ZU8", 3, "Yes"),
        ("MSH", 12, "2.4"),
        ("MSH", 18, "UNICODE UTF-8"),
        ("MSH", 21, "iTKv1.0"),
    ],
)
def test_fields_are_where_itk_has_them(segment: str, number: int, expected: str) -> None:
    """A field of an A01 is at its number."""
    admission = next(message for message in er7(40) if "^A01^" in message.segments[0][9])
    assert expected in field(admission, segment, number)
    assert field(admission, segment, number)


def test_an_appointment_lies_ahead_and_agrees_with_itself() -> None:
    """S12: SCH-11 start is after MSH-7 and is that of AIS, AIL and AIP; minutes are in SCH-9."""
    seen = 0
    for message in er7(60):
        if "S12" in message.segments[0][9]:
            seen += 1
            start, end = field(message, "SCH", 11).split("^")[3:5]
            assert message.segments[0][7] < start < end
            assert {field(message, "AIS", 4), field(message, "AIL", 6), field(message, "AIP", 6)} == {start}
            assert field(message, "SCH", 25) == field(message, "AIS", 10) == field(message, "AIL", 12) == "Booked"
    assert seen > 30


def test_openhr_is_valid_against_its_schema(shared: Callable[[str], Path]) -> None:
    """Every document is valid OpenHR001."""
    schema = etree.XMLSchema(etree.parse(shared("samples/gp/openhr/schema/OpenHR001.xsd")))
    for body in openhr.messages(SEED, 40):
        schema.assertValid(etree.fromstring(body))


def test_openhr_second_extract_keeps_ids() -> None:
    """A later extract of a record names the same things by the same ids, and has one consultation more."""
    documents: dict[str, list[Node]] = {}
    for body in openhr.messages(SEED, 60):
        node = read_xml(body)
        documents.setdefault(value(node, "adminDomain/patient/id"), []).append(node)
    twice = [pair for pair in documents.values() if len(pair) == 2]
    assert len(twice) > 10
    for first, second in twice:
        before, after = ({kid.text("id") for kid in d.kids["healthDomain"][0].kids.get("event", [])} for d in (first, second))
        assert before < after
        assert len(second.kids["healthDomain"][0].kids["encounter"]) == len(first.kids["healthDomain"][0].kids["encounter"]) + 1


def test_nhs111_versions_share_a_set() -> None:
    """A report told again has the same set id and case, a new document id and a higher version."""
    sets: dict[str, list[Node]] = {}
    for body in nhs111.messages(SEED, 40):
        document = _clinical_document(body)
        sets.setdefault(value(document, "setId/@root"), []).append(document)
    assert len(sets) == 40
    again = [pair for pair in sets.values() if len(pair) > 1]
    assert len(again) > 8
    for first, second in again:
        assert (first.text("versionNumber/@value"), second.text("versionNumber/@value")) == ("1", "2")
        assert first.text("id/@root") != second.text("id/@root")
        case = "componentOf/encompassingEncounter/id/@extension"
        assert first.text(case) == second.text(case)


def test_ers_versions_rise() -> None:
    """A ReferralRequest's id is its UBRN of twelve digits, and each later copy has a higher version."""
    versions: dict[str, list[int]] = {}
    for body in ers.messages(SEED, 60):
        node = read_json(body)
        if node.text("resourceType") == "ReferralRequest":
            versions.setdefault(value(node, "id"), []).append(int(value(node, "meta/versionId")))
    assert len(versions) == 60
    assert all(len(ubrn) == 12 and ubrn.isdigit() for ubrn in versions)
    assert all(found == sorted(set(found)) for found in versions.values())
    assert any(len(found) > 1 for found in versions.values())


def _clinical_document(body: bytes) -> Node:
    node = read_xml(body).find("Body/DistributionEnvelope/payloads/payload/ClinicalDocument")
    assert node is not None
    return node


def test_one_person_is_the_same_in_every_family() -> None:
    """NHS number, name, birth date, postcode and practice agree wherever a family carries them."""
    patients = 15
    people = {person.nhs_number: person for person in islice(People(SEED), patients)}

    def same(number: str, family: str, given: str, born: str, postcode: str, practice: str) -> None:
        person: Person = people[number]
        assert (family.upper(), given.upper()) == (person.family.upper(), person.given.upper())
        assert born.replace("-", "") == f"{person.birth_date:%Y%m%d}"
        assert postcode == person.address.postcode
        assert practice == person.practice.ods

    seen: dict[str, set[str]] = {name: set() for name in FAMILIES}
    for message in er7(patients):
        identifiers = field(message, "PID", 3).split("~")
        if len(identifiers) == 2:
            number, name = identifiers[1][:10], field(message, "PID", 5).split("^")
            postcode, practice = field(message, "PID", 11).split("^")[4], field(message, "PD1", 3).split("^")[2]
            same(number, name[0], name[1], field(message, "PID", 7), postcode, practice)
            seen["hl7v2"].add(number)
    for body in openhr.messages(SEED, patients):
        admin = read_xml(body).kids["adminDomain"][0]
        number, person = value(admin, "patient/patientIdentifier/value"), admin.kids["person"][0]
        practice = value(admin, "organisation/nationalPracticeCode")
        same(
            number,
            value(person, "surname"),
            value(person, "callingName"),
            value(person, "birthDate"),
            value(person, "address/postCode"),
            practice,
        )
        seen["openhr"].add(number)
    for body in nhs111.messages(SEED, patients):
        role = _clinical_document(body).find("recordTarget/patientRole")
        assert role is not None
        number = value(role, "id/@extension")
        named, practice = "patient/name/", value(role, "providerOrganization/id/@extension")
        same(
            number, value(role, f"{named}family"), value(role, f"{named}given"), value(role, "patient/birthTime/@value"),
            value(role, "addr/postalCode"), practice,
        )  # fmt: skip
        seen["nhs111"].add(number)
    for body in ers.messages(SEED, patients):
        node = read_json(body)
        if node.text("resourceType") == "ReferralRequest":
            number = value(node, "subject/identifier/value")
            assert value(node, "contained/parameter/valueString") == people[number].address.postcode
            seen["ers"].add(number)
    assert all(found == set(people) for found in seen.values())
