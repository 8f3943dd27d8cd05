"""XML Patch (RFC 5261) on the FHIR XML of a resource."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.patching import patch_document, xml_patch
from interop.formats.json import load_json, write_json

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ann &amp; Eve</p></div>'},
    "identifier": [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
    "name": [{"family": "Jansen"}],
    "gender": "female",
}


def diff(operations: str) -> bytes:
    return f'<diff xmlns="http://hl7.org/fhir" xmlns:fhir="http://hl7.org/fhir">{operations}</diff>'.encode()


DONE = [
    ('<replace sel="fhir:Patient/fhir:gender/@value">male</replace>', "gender", "male"),
    ('<replace sel="Patient/gender/@value">male</replace>', "gender", "male"),
    ('<replace sel="/f:Patient/f:gender"><gender value="male"/></replace>', "gender", "male"),
    ('<add sel="f:Patient"><birthDate value="1980"/></add>', "birthDate", "1980"),
    ('<add sel="f:Patient/f:gender" pos="before"><active value="true"/></add>', "active", True),
    ('<add sel="f:Patient/f:identifier[1]" pos="after"><identifier><value value="3"/></identifier></add>', "identifier", [{"system": "urn:a", "value": "1"}, {"value": "3"}, {"system": "urn:b", "value": "2"}]),  # noqa: E501
    ('<add sel="f:Patient/f:name" type="@id">n</add>', "name", [{"id": "n", "family": "Jansen"}]),
    ('<add sel="f:Patient/f:name" pos="prepend"><use value="usual"/></add>', "name", [{"use": "usual", "family": "Jansen"}]),
    ('<remove sel="f:Patient/f:identifier[f:system/@value=\'x\']"/>', None, "bad-patch"),
    ('<remove sel="f:Patient/f:identifier[2]"/>', "identifier", [{"system": "urn:a", "value": "1"}]),
    ('<remove sel="f:Patient/f:name/f:family"/>', "name", None),
    ('<remove sel="f:Patient/f:gender[@value=\'female\']"/>', "gender", None),
    ('<remove sel="f:Patient/f:photo"/>', None, "patch-failed"),
    ('<remove sel="f:Patient/f:identifier"/>', None, "patch-failed"),
    ('<remove sel="f:Patient"/>', None, "patch-failed"),
    ('<remove sel="//f:gender"/>', None, "bad-patch"),
    ('<remove sel="f:Patient/f:gender | f:Patient/f:name"/>', None, "bad-patch"),
    ('<remove sel="count(f:Patient)"/>', None, "bad-patch"),
    ('<remove sel="x:Patient/x:gender"/>', None, "bad-patch"),
    ('<remove/>', None, "bad-patch"),
    ('<spam sel="f:Patient"/>', None, "bad-patch"),
    ('<add sel="f:Patient">some text</add>', None, "patch-failed"),
    ('<add sel="f:Patient/f:gender" type="@value">x</add>', None, "patch-failed"),
]  # fmt: skip


@pytest.mark.parametrize(("operations", "member", "value"), DONE)
def test_operations(operations: str, member: str | None, value: Any) -> None:
    before = deepcopy(PATIENT)
    if member is None:
        with pytest.raises(Problem) as caught:
            xml_patch(PATIENT, diff(operations))
        assert caught.value.reason.name == value
    else:
        done = xml_patch(PATIENT, diff(operations))
        assert done.get(member) == value
        assert done["text"] == PATIENT["text"]
    assert before == PATIENT, "what was given is never changed"


def test_a_diff_with_nothing_in_it_is_none() -> None:
    with pytest.raises(Problem, match="no add, replace or remove"):
        xml_patch(PATIENT, diff(""))


def test_the_operation_is_named() -> None:
    with pytest.raises(Problem) as caught:
        xml_patch(PATIENT, diff('<remove sel="f:Patient/f:name"/><remove sel="f:Patient/f:name"/>'))
    assert caught.value.where == "operation 2"


def test_numbers_keep_their_digits() -> None:
    observation = load_json(b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}')
    done = xml_patch(observation, diff('<replace sel="f:Observation/f:status/@value">amended</replace>'))
    assert b'"value":1.50' in write_json(done)


@pytest.mark.parametrize(
    ("operations", "patched"),
    [
        ('<remove sel="a/b" ws="both"/>', "<a>x</a>"),
        ('<remove sel="a/b"/>', "<a>x  </a>"),
        ('<add sel="a/b" pos="before">t<c/></add>', "<a>x t<c/><b/> </a>"),
        ('<add sel="a/b" pos="after">t<c/></add>', "<a>x <b/>t<c/> </a>"),
        ('<add sel="a" pos="prepend">t<c/></add>', "<a>t<c/>x <b/> </a>"),
        ('<replace sel="a/text()[1]">y</replace>', "<a>y<b/> </a>"),
        ('<remove sel="a/text()[1]"/>', "<a><b/> </a>"),
        ('<replace sel="a/b"><c/></replace>', "<a>x <c/> </a>"),
    ],
)
def test_text_around_nodes(operations: str, patched: str) -> None:
    before = "<a>x <b/> </a>" if "both" not in operations else "<a>x<b/> </a>"
    assert patch_document(before.encode(), f"<diff>{operations}</diff>".encode()).partition(b"\n")[2].decode() == patched
