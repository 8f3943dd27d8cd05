"""Paths of ER7: fields, repetitions, components, subcomponents, by the message's own delimiters (HL7 v2.4, 2.6 to 2.10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.mapping.small import Made, er7, load, made

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,30,,\nOBX,20,,\n",
    "routes": "ADT^A01,pat,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\n",
}


def text(tmp_path: Path, path: str, *segments: str, using: str = "", **more: Any) -> str | None:
    """The text that a path reads."""
    family = load(tmp_path, **TABLES, elements=f"A01,pat,,{path},,name[x].text,{using},,\n")
    found: str | None = made(family, er7(*segments, **more)).body("pat").get("name", [{}])[0].get("text")
    return found


@pytest.mark.parametrize(
    ("path", "pid", "expected"),
    [
        ("PID-5", "PID|||||Able", "Able"),
        ("PID-5", "PID|||||Able^Ann~Baker", "Able"),
        ("PID-5", "PID|||||^Ann", None),
        ("PID-5.1", "PID|||||Able^Ann", "Able"),
        ("PID-5.2", "PID|||||Able^Ann~Baker^Bess", "Ann"),
        ("PID-5.2", "PID|||||Able", None),
        ("PID-5.1.2", "PID|||||van Able&van^Ann", "van"),
        ("PID-5.1.2", "PID|||||Able^Ann", None),
        ("PID-5.1", "PID|||||van Able&van^Ann", "van Able&van"),
        ("PID-5", "PID|||||  Able ", "Able"),
        ("PID-5", 'PID|||||""', None),
        ("PID-5.2", 'PID|||||Able^""', None),
        ("PID-5", "PID", None),
        ("PID-29|PID-7|PID-5", "PID|||||Able||1941", "1941"),
        ("PID-29|PID-7|PID-5", "PID|||||Able", "Able"),
        ("PID-29|'x'", "PID|||||Able", "x"),
        ("PID", "PID|||||Able", "PID"),
    ],
)
def test_a_path_reads_the_first_repetition(tmp_path: Path, path: str, pid: str, expected: str | None) -> None:
    assert text(tmp_path, path, pid) == expected


def test_the_repetitions_after_the_first(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES, elements="A01,pat,PID-5~+,.1,,name[+].family,,,\n")
    outcome = made(family, er7("PID|||1||Able~Baker~~Cole"))
    assert outcome.body("pat")["name"] == [{"family": "Baker"}, {"family": "Cole"}]


def test_the_delimiters_are_those_of_msh_1_and_2(tmp_path: Path) -> None:
    header = "MSH*!%$@*PAS*RXX***202001010000**ADT!A01*1*P*2.4"
    assert text(tmp_path, "PID-5.2.2", "PID*****Able^x!Ann@Bess%Baker", header=header) == "Bess"


def test_escapes_are_undone_after_parting(tmp_path: Path) -> None:
    r"""``\F\ \S\ \T\ \R\ \E\`` are the delimiters as text (HL7 v2.4, 2.10)."""
    assert text(tmp_path, "PID-5.2", r"PID|||||Able^A\S\n\T\n\F\e\R\s\E\t") == r"A^n&n|e~s\t"


def test_delimiters_of_another_message_are_text(tmp_path: Path) -> None:
    assert text(tmp_path, "PID-5.2", "PID*****A^B!C|D", header="MSH*!%$@*PAS*RXX***202001010000**ADT!A01*1*P*2.4") == "C|D"


@pytest.mark.parametrize(
    ("path", "using", "segments", "expected"),
    [
        ("PID-5~", "join", ("PID|||||Able~Baker~~Cole",), "Able Baker Cole"),
        ("PID-5.2", "join", ("PID|||||Able^Ann~Baker^Bess",), "Ann Bess"),
        ("OBX-5", "lines", ("PID|||1", "OBX|||||one", "OBX|||||two"), "one\ntwo"),
        ("PID-5.1|PID-5.2", "join", ("PID|||||Able^Ann",), "Able Ann"),
    ],
)
def test_some_transforms_take_every_value(tmp_path: Path, path: str, using: str, segments: tuple[str, ...], expected: str) -> None:
    """Of every repetition, every segment of that name in the context and every alternative."""
    assert text(tmp_path, path, *segments, using=using) == expected


def test_each_is_a_loop_over_repetitions(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES, elements="A01,pat,PID-5~,.1,,name[+].family,,,\nA02,pat,PID-5~,.2,,name[+].given[+],,,\n")
    body = made(family, er7('PID|||||Able^Ann~~Baker~^Cis~""')).body("pat")
    assert body["name"] == [{"family": "Able", "given": ["Ann"]}, {"family": "Baker"}, {"given": ["Cis"]}]


def test_each_without_a_tilde_is_the_first_repetition(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES, elements="A01,pat,PID-5,.1,,name[+].family,,,\n")
    outcome = made(family, er7("PID|||||Able~Baker"))
    assert outcome.body("pat")["name"] == [{"family": "Able"}]
    assert ("PID-5[2]", "unmapped", "") in outcome.losses


def test_each_may_be_over_segments(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES, elements="A01,pat,OBX,OBX-5,,name[+].text,,,\nA02,pat,OBX,PID-8,,name[+].family,,,\n")
    names = made(family, er7("PID|||1|||||M", "OBX|||||one", "OBX|||||two")).body("pat")["name"]
    assert names == [{"text": "one", "family": "M"}, {"text": "two", "family": "M"}]


def test_a_field_beyond_the_segments_end_is_absent(tmp_path: Path) -> None:
    assert text(tmp_path, "PID-30", "PID|||1") is None


def outcome_of(tmp_path: Path, elements: str, *segments: str) -> Made:
    return made(load(tmp_path, **TABLES, elements=elements), er7(*segments))


def test_a_quoted_pair_deletes_the_registers_of_its_rows(tmp_path: Path) -> None:
    """A field of ``""`` deletes what was said before; an absent one leaves it (HL7 v2.4, 2.6)."""
    rows = (
        "A01,pat,,PID-7,,birthDate,hl7time,,\nA02,pat,PID-5~,.,,name[+].text,,,\n"
        "A03,pat,,PID-23,,extension[birthPlace].valueString,,,\n"
    )
    deleted = outcome_of(tmp_path / "a", rows, 'PID|||1||""||""' + "|" * 16 + '""').one("pat")
    assert sorted(deleted.deleted) == ["birthDate", "extension:birthPlace", "name:A02"]
    assert not {"birthDate", "name:A02", "extension:birthPlace"} & set(deleted.registers)
    kept = outcome_of(tmp_path / "b", rows, "PID|||1").one("pat")
    assert kept.deleted == []


def test_it_deletes_what_a_code_table_or_a_sub_table_would_set(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        **TABLES,
        codes={"sex": "M,,male,,\n"},
        elements="A01,pat,,PID-8,,gender,,sex,\nA02,pat,,PID-11,,address[x],table:XAD,,\nA03,XAD,,.5,,postalCode,postcode,,\n",
    )
    outcome = made(family, er7('PID|||1|||||""|||""'))
    assert sorted(outcome.one("pat").deleted) == ["address:x", "gender"]
    assert outcome.losses == []
