"""``copy:``: a JSON subtree taken over as it stands, as far as R4 knows its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.formats.json import write_json
from interop.formats.resources import address, read_resource
from interop.mapping.demanded import ABSENT
from interop.mapping.narratives import EMPTY
from tests.spec.mapping.small import json, load, made

TABLES: dict[str, Any] = {
    "source": "appt,,,\nid,,,\n",
    "routes": "doc,appt,\n",
    "resources": "appt,,appt,Appointment,id,,upsert,\n",
    "required": "Appointment,status,pending,\nAppointment,participant,[],\n",
    "elements": "A01,appt,,.,,*,copy:same,,\n",
}


def test_it_is_taken_over_element_by_element(tmp_path: Path) -> None:
    source = json(
        '{"appt": {"resourceType": "Appointment", "id": "7", "status": "booked", "minutesDuration": 20, "comment": "Stairs",'
        ' "reasonCode": [{"text": "one"}, {"text": "two"}], "start": "2026-01-10T09:00:00Z"}}'
    )
    outcome = made(load(tmp_path, "json", **TABLES), source, "doc")
    assert outcome.body("appt") == {
        "status": "booked",
        "minutesDuration": 20,
        "comment": "Stairs",
        "reasonCode": [{"text": "one"}, {"text": "two"}],
        "start": "2026-01-10T09:00:00Z",
    }
    assert outcome.losses == [("appt/resourceType", "unmapped", "")]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "resources": "appt,,appt,Observation,id,,upsert,\n",
        "required": "Observation,status,unknown,\nObservation,code,x,\n",
    }
    source = json('{"appt": {"id": "1", "valueQuantity": {"value": 72.50}}}')
    assert str(made(load(tmp_path, "json", **tables), source, "doc").body("appt")["valueQuantity"]["value"]) == "72.50"


def test_what_r4_lacks_is_a_loss_by_its_path(tmp_path: Path) -> None:
    source = json('{"appt": {"id": "7", "incomingReferral": "x", "reasonCode": [{"text": "one", "colour": "red"}]}}')
    outcome = made(load(tmp_path, "json", **TABLES), source, "doc")
    assert outcome.body("appt") == {"reasonCode": [{"text": "one"}]}
    assert {("appt/incomingReferral", "unmapped"), ("appt/reasonCode/colour", "unmapped")} <= {loss[:2] for loss in outcome.losses}


def test_a_code_table_renames(tmp_path: Path) -> None:
    """``copy:NAME`` takes its names from ``codes/copy-NAME.csv``."""
    tables = {**TABLES, "elements": "A01,appt,,.,,*,copy:stu3,,\n", "codes": {"copy-stu3": "reason,,reasonCode,,\n"}}
    source = json('{"appt": {"id": "7", "reason": [{"text": "one"}]}}')
    assert made(load(tmp_path, "json", **tables), source, "doc").body("appt") == {"reasonCode": [{"text": "one"}]}


def test_rows_beside_it_win(tmp_path: Path) -> None:
    tables = {**TABLES, "elements": "A00,appt,,id,,comment,,,\nA01,appt,,.,,*,copy:same,,\n"}
    source = json('{"appt": {"id": "7", "comment": "Stairs"}}')
    assert made(load(tmp_path, "json", **tables), source, "doc").body("appt")["comment"] == "7"


BUNDLE: dict[str, Any] = {
    "source": "".join(
        f"{name},,,\n" for name in ("entry", "resource", "resourceType", "@ref", "episode", "value", "reason", "system")
    ),
    "routes": "doc,pat flag visit appt comp,\n",
    "resources": "pat,,entry/resource[resourceType='Patient'],Patient,@ref,,upsert,\n"
    "flag,,entry/resource[resourceType='Flag'],Flag,@ref,,upsert,\n"
    "visit,,entry/resource[resourceType='Encounter'],Encounter,@ref,,upsert,\n"
    "appt,,entry/resource[resourceType='Appointment'],Appointment,@ref,,upsert,\n"
    "comp,,entry/resource[resourceType='Composition'],Composition,@ref,,upsert,\n",
    "elements": "A01,pat|flag|visit|appt|comp,.,.,,*,copy:same,same,\n"
    "A02,visit,,'triage',,type[kind].text,,,\nA03,visit,reason,value,,reasonCode[+].text,,,\n",
    "codes": {
        "same": "http://example.org/old|1,http://example.org/new,01,One,\nAppointment.participant.status,,needs-action,,\n"
        "Patient.extension|http://example.org/gone,,-,,not there\n"
        "Patient.extension|http://example.org/renamed,,http://example.org/new,,\n"
        "Patient.extension|http://example.org/coded,http://example.org/codes,http://example.org/coded,,\n"
    },
}

FLAG = "urn:uuid:5f1c0050-7d2e-4b6a-9c3f-0a1b2c3d4e5f"


def copied(root: Path, *resources: str, xml: bool = False) -> Any:
    body = (
        "<Bundle xmlns='http://hl7.org/fhir'>" + "".join(f"<entry>{one}</entry>" for one in resources) + "</Bundle>"
        if xml
        else '{"resourceType": "Bundle", "entry": [' + ",".join(resources) + "]}"
    )
    bundle = read_resource(body.encode())
    address(bundle)
    return made(load(root, "json", **BUNDLE), bundle, "doc")


def entry(url: str, kind: str, members: str) -> str:
    return f'{{"fullUrl": "{url}", "resource": {{"resourceType": "{kind}", {members}}}}}'


def losses(outcome: Any) -> set[tuple[str, str]]:
    return {loss[:2] for loss in outcome.losses if not loss[0].endswith(("resourceType", "fullUrl", "@ref"))}


def test_a_reference_points_to_the_resource_at_that_address(tmp_path: Path) -> None:
    """Of a type that the element allows; what there is not keeps its address as an identifier and is told."""
    outcome = copied(
        tmp_path,
        entry(FLAG, "Flag", '"status": "active", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:p", "display": "E"}'),
        entry(
            "urn:uuid:p",
            "Patient",
            '"generalPractitioner": [{"reference": "' + FLAG + '"}, {"reference": "http://x.org/Organization/1"}]',
        ),
    )
    assert outcome.body("flag")["subject"] == {**outcome.ref("pat"), "display": "E"}
    unresolved, elsewhere = outcome.body("pat")["generalPractitioner"]
    assert unresolved == {"identifier": {"system": "urn:ietf:rfc:3986", "value": FLAG}}
    assert elsewhere == {"reference": "http://x.org/Organization/1"}
    assert losses(outcome) == {("entry/resource/generalPractitioner/reference", "unresolved")}


def test_values_are_of_their_datatypes_whatever_the_notation(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        "<resource><Patient><active value='true'/><name><given value='A'/><given value='B'>"
        "<extension url='http://x.org/e'><valuePositiveInt value='2'/></extension></given></name>"
        "<birthDate value='1948'/></Patient></resource>",
        "<resource><Encounter><status value='triaged'/><class><code value='EMER'/></class>"
        "<period><start value='2026-07-14T09:02:00'/></period></Encounter></resource>",
        xml=True,
    )
    assert outcome.body("pat") == {
        "active": True,
        "name": [
            {"given": ["A", "B"], "_given": [None, {"extension": [{"url": "http://x.org/e", "valuePositiveInt": 2}]}]},
        ],
        "birthDate": "1948",
    }
    assert outcome.body("visit")["period"] == {"start": "2026-07-14T09:02:00+01:00"}


def test_what_cannot_be_of_its_datatype_or_value_set_is_a_loss(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry("urn:uuid:p", "Patient", '"active": "yes", "birthDate": "14/03/1948", "gender": "lady", "multipleBirthInteger": 2'),
    )
    assert outcome.body("pat") == {"multipleBirthInteger": 2}
    assert losses(outcome) == {
        ("entry/resource/active", "unreadable"),
        ("entry/resource/birthDate", "unreadable"),
        ("entry/resource/gender", "no-code"),
    }


def test_systems_are_those_of_the_tables(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry(
            "urn:uuid:p",
            "Patient",
            '"identifier": [{"system": "NHS", "value": "999 300 0019"}], "maritalStatus": {"coding": '
            '[{"system": "2.16.840.1.113883.6.96", "code": "1"}, {"system": "http://x.org/ValueSet/v", "code": "2"}, '
            '{"system": "http://example.org/old", "code": "1"}]}',
        ),
    )
    body = outcome.body("pat")
    assert body["identifier"] == [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9993000019"}]
    assert body["maritalStatus"]["coding"] == [
        {"system": "http://snomed.info/sct", "code": "1"},
        {"code": "2"},
        {"system": "http://example.org/new", "code": "01", "display": "One"},
    ]
    assert losses(outcome) == {("entry/resource/maritalStatus/coding/system", "no-code")}


def test_what_r4_demands_and_the_source_leaves_out_is_said_to_be_absent(tmp_path: Path) -> None:
    """Or is what the table has for it; never guessed."""
    outcome = copied(
        tmp_path,
        entry("urn:uuid:f", "Flag", '"id": "1"'),
        entry("urn:uuid:a", "Appointment", '"participant": [{"actor": {"display": "E"}}]'),
    )
    assert outcome.body("flag") == {"_status": ABSENT, "code": ABSENT, "subject": ABSENT}
    history = '"statusHistory": [{"period": {"start": "2026"}}]'
    visit = copied(tmp_path / "more", entry("urn:uuid:v", "Encounter", history)).body("visit")
    assert visit["statusHistory"] == [{"period": {"start": "2026"}, "status": "unknown"}]
    assert outcome.body("appt")["participant"] == [{"actor": {"display": "E"}, "status": "needs-action"}]


@pytest.mark.parametrize(
    ("value", "system"), [("0113 496 0000", "phone"), ("+44 (0113) 496", "phone"), ("a@b.example", "email"), ("see notes", "other")]
)
def test_a_contact_point_without_its_kind_is_known_by_its_form(tmp_path: Path, value: str, system: str) -> None:
    outcome = copied(tmp_path, entry("urn:uuid:p", "Patient", f'"telecom": [{{"value": "{value}"}}]'))
    assert outcome.body("pat")["telecom"] == [{"value": value, "system": system}]


@pytest.mark.parametrize(
    "extension",
    [
        '"url": "http://x.org"',
        '"valueCode": "x"',
        '"url": "http://x.org", "valueCode": "x", "extension": [{"url": "a", "valueCode": "b"}]',
    ],
)
def test_an_extension_says_one_thing(tmp_path: Path, extension: str) -> None:
    outcome = copied(tmp_path, entry("urn:uuid:p", "Patient", f'"extension": [{{{extension}}}], "gender": "other"'))
    assert outcome.body("pat") == {"gender": "other"}
    assert ("entry/resource/extension", "unreadable") in losses(outcome)


def test_of_meta_the_labels_are_taken(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry("urn:uuid:p", "Patient", '"meta": {"versionId": "3", "security": [{"system": "http://x.org", "code": "R"}]}'),
    )
    assert outcome.one("pat").registers["meta.security:A01"] == [{"system": "http://x.org", "code": "R"}]
    assert losses(outcome) == {("entry/resource/meta/versionId", "unmapped")}


def test_an_extension_may_be_left_out_by_the_table(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry("urn:uuid:p", "Patient", '"extension": [{"url": "http://example.org/gone", "valueCode": "x"}], "gender": "other"'),
    )
    assert outcome.body("pat") == {"gender": "other"}
    assert ("entry/resource/extension/valueCode", "not-carried") in losses(outcome)


def test_the_code_of_an_extension_may_be_a_concept_in_r4(tmp_path: Path) -> None:
    extension = '"extension": [{"url": "http://example.org/coded", "valueCode": "x"}]'
    concept = {"coding": [{"system": "http://example.org/codes", "code": "x"}]}
    outcome = copied(tmp_path, entry("urn:uuid:p", "Patient", extension))
    assert outcome.body("pat")["extension"] == [{"url": "http://example.org/coded", "valueCodeableConcept": concept}]


def test_what_other_rows_read_is_theirs(tmp_path: Path) -> None:
    """Whatever they make of it; what they make of nothing stands beside the copy."""
    outcome = copied(
        tmp_path,
        entry(
            "urn:uuid:v",
            "Encounter",
            '"status": "planned", "class": {"code": "EMER"}, "type": [{"text": "first"}], "reason": [{"value": "fall"}]',
        ),
    )
    body = outcome.body("visit")
    assert body["reasonCode"] == [{"text": "fall"}]
    assert sorted(one["text"] for one in body["type"]) == ["first", "triage"]
    assert losses(outcome) == set()


def test_a_contained_resource_is_copied_with_its_id(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry(
            "urn:uuid:p",
            "Patient",
            '"contained": [{"resourceType": "Organization", "id": "o", "name": "L", "colour": "red"}, '
            '{"resourceType": "Nothing"}], '
            '"managingOrganization": {"reference": "#o"}',
        ),
    )
    body = outcome.body("pat")
    assert body["contained"] == [{"resourceType": "Organization", "id": "o", "name": "L"}]
    assert body["managingOrganization"] == {"reference": "#o"}
    assert losses(outcome) == {("entry/resource/contained/colour", "unmapped")}


def test_an_extension_may_have_another_name_in_r4(tmp_path: Path) -> None:
    outcome = copied(
        tmp_path,
        entry("urn:uuid:p", "Patient", '"extension": [{"url": "http://example.org/renamed", "valueCode": "x"}]'),
    )
    assert outcome.body("pat")["extension"] == [{"url": "http://example.org/new", "valueCode": "x"}]


def test_an_empty_section_says_that_it_is_empty(tmp_path: Path) -> None:
    """R4 demands a text, entries or sections of each (cmp-1)."""
    outcome = copied(tmp_path, entry("urn:uuid:c", "Composition", '"title": "T", "section": [{"title": "Nothing"}]'))
    assert outcome.body("comp")["section"] == [{"title": "Nothing", "text": EMPTY}]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p>Well</p></div>', "<p>Well</p>"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><v xmlns="urn:hl7-org:v3">Un &amp; well</v></div>', "Un &amp; well"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><script>x()</script>Ill</div>', "x()Ill"),
        ("not < markup", "not &lt; markup"),
    ],
)
def test_of_a_narrative_that_holds_what_none_may_the_text_stays(tmp_path: Path, said: str, kept: str) -> None:
    text = write_json({"status": "generated", "div": said}).decode()
    outcome = copied(tmp_path, entry("urn:uuid:p", "Patient", f'"text": {text}'))
    assert outcome.body("pat")["text"]["div"] == f'<div xmlns="http://www.w3.org/1999/xhtml">{kept}</div>'


@pytest.mark.parametrize(
    ("said", "kept"),
    [('{"div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">Well</div>"}', "additional"), ('{"status": "generated"}', None)],
)
def test_a_narrative_has_a_status_and_a_text(tmp_path: Path, said: str, kept: str | None) -> None:
    body = copied(tmp_path, entry("urn:uuid:p", "Patient", f'"gender": "other", "text": {said}')).body("pat")
    assert body.get("text", {}).get("status") == kept
