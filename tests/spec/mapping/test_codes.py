"""Code tables: what a source's codes mean; what they lack is told, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.mapping.small import Made, er7, load, made

CODES = {
    "marital": "M,http://example.org/m,M,Married,\nW,,,Widowed,\n",
    "all": "M,http://example.org/m,M,Married,\n*,http://example.org/own,=,,\n",
    "sex": "M,,male,,\n",
    "link": "A,http://example.org/a,http://example.org/A,,\n",
}


def outcome(tmp_path: Path, row: str, value: str) -> Made:
    family = load(
        tmp_path,
        source="MSH,21,,\nPID,40,,\n",
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        codes=CODES,
        elements=f"A01,pat,,PID-16.1,,{row},\n",
    )
    return made(family, er7("PID|||1" + "|" * 13 + value))


@pytest.mark.parametrize(
    ("row", "value", "element", "expected"),
    [
        ("gender,,sex", "M", "gender", "male"),
        (
            "maritalStatus,,marital",
            "M",
            "maritalStatus",
            {"coding": [{"system": "http://example.org/m", "code": "M", "display": "Married"}]},
        ),
        ("maritalStatus,,marital", "W", "maritalStatus", {"coding": [{"display": "Widowed"}]}),
        ("maritalStatus,,all", "Z9", "maritalStatus", {"coding": [{"system": "http://example.org/own", "code": "Z9"}]}),
        (
            "maritalStatus.coding[+],,marital",
            "M",
            "maritalStatus",
            {"coding": [{"system": "http://example.org/m", "code": "M", "display": "Married"}]},
        ),
        ("maritalStatus.coding[+].code,,all", "Q", "maritalStatus", {"coding": [{"code": "Q"}]}),
        ("name[x].text,,sex", "M", "name", [{"text": "male"}]),
        ("implicitRules,,link", "A", "implicitRules", "http://example.org/A"),
    ],
)
def test_a_code_table_gives_what_the_element_takes(tmp_path: Path, row: str, value: str, element: str, expected: Any) -> None:
    """The code; code and display of a Coding; one coding of a CodeableConcept.

    ``*`` takes all others, ``=`` is the source's own.
    """
    found = outcome(tmp_path, row, value)
    assert found.body("pat")[element] == expected
    assert found.losses == []


def test_a_value_may_be_looked_up_in_lower_case(tmp_path: Path) -> None:
    """``using`` ``lower``: a table need not say each code twice."""
    codes = {"tag": "en,urn:ietf:bcp:47,en,,\n"}
    family = load(
        tmp_path,
        source="MSH,21,,\nPID,40,,\n",
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        codes=codes,
        elements="A01,pat,,PID-15.1,,communication[+].language.coding[+],lower,tag,\n",
    )
    body = made(family, er7("PID|||1" + "|" * 12 + "EN")).body("pat")
    assert body["communication"] == [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}]


def test_a_value_that_the_table_lacks_is_a_loss(tmp_path: Path) -> None:
    found = outcome(tmp_path, "gender,,sex", "X")
    assert "gender" not in found.body("pat")
    assert found.losses == [("PID-16.1", "no-code", "A01")]


def test_of_a_codeable_concept_it_is_the_text_as_well(tmp_path: Path) -> None:
    found = outcome(tmp_path, "maritalStatus,,marital", "X")
    assert found.body("pat")["maritalStatus"] == {"text": "X"}
    assert found.losses == [("PID-16.1", "no-code", "A01")]


def test_of_a_repeating_field_it_is_the_first_that_the_table_knows(tmp_path: Path) -> None:
    """``from`` with ``~``: one element, whichever repetition has a code."""
    family = load(
        tmp_path,
        source="MSH,21,,\nPID,40,,\n",
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        codes=CODES,
        elements="A01,pat,,PID-16~,,gender,,sex,\n",
    )
    assert made(family, er7("PID|||1" + "|" * 13 + "X~M~Y")).body("pat")["gender"] == "male"


def test_a_familys_own_table_takes_the_place_of_a_shared_one(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "sex.csv").write_text("source,system,code,display,why\nM,,female,,\nU,,unknown,,\n")
    (tmp_path / "codes" / "marital.csv").write_text("source,system,code,display,why\nS,,,Single,\n")
    del_marital = {name: lines for name, lines in CODES.items() if name != "marital"}
    family = load(
        tmp_path,
        source="MSH,21,,\nPID,40,,\n",
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        codes=del_marital,
        elements="A01,pat,,PID-8,,gender,,sex,\nA02,pat,,PID-16,,maritalStatus,,marital,\n",
    )
    body = made(family, er7("PID|||1|||||M" + "|" * 8 + "S")).body("pat")
    assert (body["gender"], body["maritalStatus"]) == ("male", {"coding": [{"display": "Single"}]})
    assert "gender" not in made(family, er7("PID|||1|||||U")).body("pat")


def test_of_several_repetitions_each_table_takes_one_and_the_others_are_told(tmp_path: Path) -> None:
    """``FIELD~`` with a code table is the first repetition that it has: a second one, and one that no table has, are losses."""
    family = load(
        tmp_path,
        source="MSH,21,,\nPID,40,,\n",
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        codes=CODES,
        elements="A01,pat,,PID-8~,,gender,,sex,\nA02,pat,,PID-8~,,maritalStatus,,marital,\n",
    )
    outcome = made(family, er7("PID|||1|||||Q~M~W~W"))
    assert [(loss.path, loss.reason, loss.row) for loss in outcome.mapped.losses if loss.path.startswith("PID-8")] == [
        ("PID-8[1]", "no-code", "A02"),
        ("PID-8[3]", "unmapped", "A02"),
        ("PID-8[4]", "unmapped", "A02"),
    ]
