"""``to``: FHIR paths, and which values come together in one element."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import Made, er7, load, made

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\n",
    "routes": "ADT^A01,pat,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\n",
    "codes": {"sex": "M,,male,,\n", "marital": "M,http://example.org/m,M,Married,\n", "use": "L,,official,,\nN,,nickname,,\n"},
}


def outcome(tmp_path: Path, elements: str, pid: str, **more: Any) -> Made:
    return made(load(tmp_path, **{**TABLES, **more}, elements=elements), er7(pid))


def body(tmp_path: Path, elements: str, pid: str) -> dict[str, Any]:
    return outcome(tmp_path, elements, pid).body("pat")


def test_parts_of_one_element_come_together(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-16.1,,maritalStatus,,marital,\nA02,pat,,PID-16.2,,maritalStatus.text,,,\n"
    status = body(tmp_path, rows, "PID|||1" + "|" * 13 + "M^wed")["maritalStatus"]
    assert status == {"coding": [{"system": "http://example.org/m", "code": "M", "display": "Married"}], "text": "wed"}


def test_a_plus_is_one_element_for_each_innermost_each(tmp_path: Path) -> None:
    rows = "A01,pat,PID-5~,.1,,name[+].family,,,\nA02,pat,PID-5~,.7,,name[+].use,,use,\nA03,pat,PID-9~,.1,,name[+].family,,,\n"
    names = body(tmp_path, rows, "PID|||1||Able^^^^^^L~Baker^^^^^^N||||Cole")["name"]
    assert names == [{"family": "Able", "use": "official"}, {"family": "Baker", "use": "nickname"}, {"family": "Cole"}]


def test_each_each_is_a_register_of_its_own(tmp_path: Path) -> None:
    """So a later message that has only one of them leaves the other alone."""
    rows = "A01,pat,PID-5~,.1,,name[+].family,,,\nA02,pat,PID-9~,.1,,name[+].family,,,\n"
    registers = outcome(tmp_path, rows, "PID|||1||Able||||Cole").one("pat").registers
    assert registers["name:A01"] == [{"family": "Able"}]
    assert registers["name:A02"] == [{"family": "Cole"}]


def test_without_each_a_plus_is_one_element(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-5.1,,name[+].family,,,\nA02,pat,,PID-5.2,,name[+].given[+],,,\nA03,pat,,PID-5.3,,name[+].given[+],,,\n"
    assert body(tmp_path, rows, "PID|||1||Able^Ann^Bea")["name"] == [{"family": "Able", "given": ["Ann", "Bea"]}]


def test_an_alias_keeps_two_elements_of_one_each_apart(tmp_path: Path) -> None:
    rows = (
        "A01,pat,PID-13~,.1,,telecom[+].value,,,\nA02,pat,PID-13~,.4,,telecom[+mail].value,,,\n"
        "A03,pat,PID-13~,'email',,telecom[+mail].system,,,\n"
    )
    telecom = body(tmp_path, rows, "PID|||1" + "|" * 10 + "0123^^^a@b~0456")["telecom"]
    assert telecom == [{"value": "0123"}, {"value": "0456"}, {"value": "a@b", "system": "email"}]


def test_a_label_is_one_element_however_many_rows_fill_it(tmp_path: Path) -> None:
    rows = (
        "A01,pat,,PID-6.1,,contact[mother].name.family,,,\n"
        "A02,pat,,PID-6.2,,contact[mother].name.given[+],,,\nA03,pat,,PID-9.1,,contact[father].name.family,,,\n"
    )
    found = outcome(tmp_path, rows, "PID|||1|||Able^Ann|||Baker")
    registers = found.one("pat").registers
    assert registers["contact:mother"] == [{"name": {"family": "Able", "given": ["Ann"]}}]
    assert registers["contact:father"] == [{"name": {"family": "Baker"}}]


def test_an_extension_has_its_url(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-23,,extension[birthPlace].valueAddress.city,,,\n"
    assert body(tmp_path, rows, "PID|||1" + "|" * 20 + "Hythe")["extension"] == [
        {"url": "http://example.org/birth-place", "valueAddress": {"city": "Hythe"}}
    ]


def test_an_extension_of_a_primitive_stands_beside_it(tmp_path: Path) -> None:
    """FHIR R4, JSON representation of primitives: ``_birthDate``."""
    rows = (
        "A01,pat,,PID-7,,birthDate,hl7time,,\n"
        "A02,pat,,PID-7,length PID-7 = 12,birthDate.extension[birthTime].valueDateTime,hl7time,,\n"
    )
    made_ = body(tmp_path, rows, "PID|||1||||194103170610")
    assert made_["birthDate"] == "1941-03-17"
    assert made_["_birthDate"] == {
        "extension": [{"url": "http://example.org/birth-time", "valueDateTime": "1941-03-17T06:10:00+01:00"}]
    }


def test_an_extension_within_an_element_of_a_list(tmp_path: Path) -> None:
    rows = "A01,pat,PID-3~,.1,,identifier[+].value,,,\nA02,pat,PID-3~,.5,,identifier[+].extension[birthPlace].valueString,,,\n"
    assert body(tmp_path, rows, "PID|||1^^^^x~2")["identifier"] == [
        {"value": "1", "extension": [{"url": "http://example.org/birth-place", "valueString": "x"}]},
        {"value": "2"},
    ]


def test_a_constant_alone_is_set(tmp_path: Path) -> None:
    assert body(tmp_path, "A01,pat,,'true',,active,boolean,,the sender has them\n", "PID|||1")["active"] is True


def test_a_constant_beside_other_values_only_adorns_them(tmp_path: Path) -> None:
    """``system`` without a ``value`` says nothing."""
    rows = "A01,pat,PID-13~,.1,,telecom[+].value,,,\nA02,pat,PID-13~,'phone',,telecom[+].system,,,\n"
    assert body(tmp_path / "a", rows, "PID|||1" + "|" * 10 + "0123")["telecom"] == [{"value": "0123", "system": "phone"}]
    assert "telecom" not in body(tmp_path / "b", rows, "PID|||1" + "|" * 10 + "^x")


def test_so_does_one_beside_a_part_of_an_element(tmp_path: Path) -> None:
    rows = (
        "A01,pat,,PID-16.2,,maritalStatus.coding[+].display,,,\n"
        "A02,pat,,'http://example.org/m',,maritalStatus.coding[+].system,,,\n"
    )
    assert body(tmp_path / "a", rows, "PID|||1" + "|" * 13 + "^wed")["maritalStatus"] == {
        "coding": [{"display": "wed", "system": "http://example.org/m"}]
    }
    assert "maritalStatus" not in body(tmp_path / "b", rows, "PID|||1")


def test_a_constant_may_go_through_a_code_table(tmp_path: Path) -> None:
    rows = "A01,pat,,'M',PID-16 present,maritalStatus,,marital,\n"
    assert body(tmp_path, rows, "PID|||1" + "|" * 13 + "x")["maritalStatus"]["coding"][0]["display"] == "Married"


def test_absent_keeps(tmp_path: Path) -> None:
    """A register that the message does not mention is neither set nor deleted."""
    one = outcome(tmp_path, "A01,pat,,PID-8,,gender,,sex,\n", "PID|||1").one("pat")
    assert (set(one.registers), one.deleted) == ({"meta.tag:flags"}, [])
