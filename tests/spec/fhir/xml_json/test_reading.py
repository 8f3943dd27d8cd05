"""FHIR R4, xml.html: what an XML document may hold, and how what it may not hold reaches the validator."""

from __future__ import annotations

from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.xml import from_xml, read_resource_xml, to_xml


def patient(inside: str) -> bytes:
    return f'<Patient xmlns="http://hl7.org/fhir">{inside}</Patient>'.encode()


def said(body: bytes) -> list[tuple[str, str]]:
    return [(each.expression, each.message) for each in read_resource_xml(body).findings]


class TestWhatIsRead:
    def test_elements_in_any_order_and_that_is_told(self) -> None:
        read, findings = read_resource_xml(patient('<gender value="female"/><active value="true"/><name/><active value="true"/>'))
        assert read["gender"] == "female"
        assert read["active"] == [True, True]
        assert [(each.expression, each.message) for each in findings] == [
            ("Patient.active", "is out of order"),
            ("Patient.name[0]", "is out of order"),
            ("Patient.active", "is out of order"),
        ]

    def test_any_prefix_for_the_namespace(self) -> None:
        body = b'<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value="true"/></f:Patient>'
        assert from_xml(body) == {"resourceType": "Patient", "active": True}

    def test_comments_and_processing_instructions_are_left_out(self) -> None:
        body = b"<?xml version='1.0'?><!-- a --><?b c?>" + patient("<!-- <active/> --><?d e?><active value='true'/>")
        assert read_resource_xml(body) == ({"resourceType": "Patient", "active": True}, [])

    def test_an_unknown_element_is_a_member_of_its_name(self) -> None:
        read = from_xml(patient('<shoe value="42"/><hat id="h"><size value="1"/><size value="2"/></hat>'))
        assert read["shoe"] == "42"
        assert read["hat"] == {"id": "h", "size": ["1", "2"]}

    def test_an_element_that_repeats_though_it_may_not_is_a_list(self) -> None:
        read = from_xml(patient('<birthDate value="1980"/><birthDate id="b" value="1981"/><maritalStatus/><maritalStatus/>'))
        assert read["birthDate"] == ["1980", "1981"]
        assert read["_birthDate"] == [None, {"id": "b"}]
        assert read["maritalStatus"] == [{}, {}]
        assert from_xml(to_xml(read)) == read

    def test_two_forms_of_a_choice_are_two_members(self) -> None:
        read = from_xml(patient('<deceasedBoolean value="true"/><deceasedDateTime value="2024"/>'))
        assert (read["deceasedBoolean"], read["deceasedDateTime"]) == (True, "2024")

    def test_an_element_with_nothing_in_it_is_an_empty_object(self) -> None:
        read = from_xml(patient("<active/><birthDate/><name><given/><given value='A'/></name><photo/>"))
        assert read["_active"] == {}
        assert read["name"] == [{"given": [None, "A"], "_given": [{}, None]}]
        assert read["photo"] == [{}]
        assert from_xml(to_xml(read)) == read

    def test_an_unknown_resource_within_is_kept_as_it_stands(self) -> None:
        read = from_xml(patient('<contained><Shoe><size value="42"/></Shoe></contained>'))
        assert read["contained"] == [{"resourceType": "Shoe", "size": "42"}]

    @pytest.mark.parametrize(("inside", "held"), [("", [{}]), ("<Basic/><Basic/>", [{"resourceType": "Basic"}] * 2)])
    def test_contained_holds_one_resource(self, inside: str, held: list[Any]) -> None:
        body = patient(f"<contained>{inside}</contained>")
        assert from_xml(body)["contained"] == held
        assert said(body) == [("Patient.contained[0]", "must hold one resource")]

    @pytest.mark.parametrize("name", ["resourceType", "_birthDate"])
    def test_an_element_cannot_pass_for_a_member_that_only_json_has(self, name: str) -> None:
        body = patient(f'<{name} value="x"/>')
        assert from_xml(body) == {"resourceType": "Patient"}
        assert said(body)[0][1] == "is no element of R4"


class TestWhatIsTold:
    def test_text_between_elements(self) -> None:
        body = patient('<name>A<family value="B"/>C</name><birthDate>1980</birthDate>')
        assert sorted(said(body)) == [
            ("Patient.birthDate", "must not hold text"),
            ("Patient.name[0]", "must not hold text"),
            ("Patient.name[0]", "must not hold text"),
        ]

    def test_unknown_attributes(self) -> None:
        body = patient('<name use="usual" id="n"><family value="B" lang="en"/></name><maritalStatus value="M"/>')
        assert said(body) == [
            ("Patient.name[0]", "has the unknown attribute use"),
            ("Patient.name[0].family", "has the unknown attribute lang"),
            ("Patient.maritalStatus", "has the unknown attribute value"),
        ]
        assert from_xml(body)["name"] == [{"id": "n", "family": "B"}]

    def test_the_id_of_a_resource_is_an_element_and_that_of_an_element_an_attribute(self) -> None:
        assert said(b'<Patient xmlns="http://hl7.org/fhir" id="p"/>') == [("Patient", "has the unknown attribute id")]
        assert from_xml(patient('<id value="p"/><name id="n"/>')) == {"resourceType": "Patient", "id": "p", "name": [{"id": "n"}]}

    def test_schema_location(self) -> None:
        body = patient("").replace(
            b"<Patient ",
            b'<Patient xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="http://hl7.org/fhir a.xsd" ',
        )
        assert said(body) == [("Patient", "has the unknown attribute schemaLocation")]

    def test_other_namespaces(self) -> None:
        assert said(patient('<a xmlns="urn:a" value="1"/>')) == [("Patient.a", "is not in the namespace of FHIR")]
        body = patient('<contained><Basic xmlns="urn:a"/></contained>')
        assert said(body) == [("Patient.contained[0]", "is not in the namespace of FHIR")]

    def test_an_encoding_other_than_utf_8(self) -> None:
        text = patient('<name><family value="é"/></name>').decode()
        for body in (text.encode("utf-16"), ('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode("latin-1")):
            assert said(body) == [("Patient", "the XML is not encoded in UTF-8")]
            assert from_xml(body)["name"] == [{"family": "é"}]

    def test_where_it_is_within_bundles_and_contained_resources(self) -> None:
        inner = '<Patient><contained><Basic/></contained><contained><Basic a="1"/></contained></Patient>'
        body = f'<Bundle xmlns="http://hl7.org/fhir"><entry/><entry><resource>{inner}</resource></entry></Bundle>'
        assert [expression for expression, _ in said(body.encode())] == ["Bundle.entry[1].resource.contained[1]"]

    def test_no_more_than_a_hundred_findings_and_never_a_value(self) -> None:
        found = said(patient('<name><family secret-name="Secret"/></name>Secret' * 200))
        assert len(found) == 100
        assert "Secret" not in str(found)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "unreadable"),
            (b"<Patient", "unreadable"),
            (b"\x00\x01\x02", "unreadable"),
            (b"<Patient/>", "unknown-type"),
            (b'<Patient xmlns="urn:hl7-org:v3"/>', "unknown-type"),
            (b'<Shoe xmlns="http://hl7.org/fhir"/>', "unknown-type"),
            (b'<DomainResource xmlns="http://hl7.org/fhir"/>', "unknown-type"),
            (b'<HumanName xmlns="http://hl7.org/fhir"/>', "unknown-type"),
            (b'<!DOCTYPE Patient><Patient xmlns="http://hl7.org/fhir"/>', "document-type"),
            (patient('<name><text value="&nbsp;"/></name>'), "unreadable"),
            (patient("<extension>" * 300 + "</extension>" * 300), "too-deep"),
            (patient('<birthDate value="a" value="b"/>'), "unreadable"),
            (b'<?xml version="1.0" encoding="UTF-8"?>' + patient("").replace(b"><", b">\xff<"), "character-set"),
        ],
    )
    def test_no_xml_or_no_resource(self, body: bytes, reason: str) -> None:
        with pytest.raises(Problem) as refused:
            from_xml(body)
        assert refused.value.reason.name == reason

    def test_twenty_megabytes(self) -> None:
        with pytest.raises(Problem) as refused:
            from_xml(patient(" " * 20 * 1024 * 1024))
        assert refused.value.reason.name == "too-large"

    @pytest.mark.parametrize(
        "body",
        [
            patient("<name " + " ".join(f'a{number}="1"' for number in range(129)) + "/>"),
            patient("").replace(b"><", b' xmlns:h="http://www.w3.org/1999/xhtml">' + b"<text><h:div/></text>" * 5001 + b"<"),
            patient("<text><div xmlns='http://www.w3.org/1999/xhtml'><x51:a/></div></text>").replace(
                b"><", b" " + b" ".join(b'xmlns:x%d="urn:%d"' % (number, number) for number in range(60)) + b"><", 1
            ),
        ],
    )
    def test_what_would_take_time_by_its_square(self, body: bytes) -> None:
        with pytest.raises(Problem) as refused:
            from_xml(body)
        assert refused.value.reason.name == "too-large"
