"""Security labels: what is sensitive says so in ``meta.security``, from the sets of ``mappings/labels``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.searching import index_rows
from interop.mapping.labels import OF, together
from interop.mapping.places import mappings_root
from interop.mapping.shared import read_shared
from interop.record.fold import complete
from interop.record.indexing import parameters
from tests.spec.mapping.small import Made, load, made, xml

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SNOMED = "http://snomed.info/sct"
READ = "http://read.info/readv2"

TABLES: dict[str, Any] = {
    "source": "".join(
        f"{name},,,\n"
        for name in ("problem", "id", "code", "read", "secret", "report", "result", "letter", "part", "patient", "med")
    ),
    "routes": "doc,pat problem med report letter,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\nproblem,,problem,Observation,id,,upsert,\n"
    "med,problem,med,Medication,-,,contained,within\n"
    "report,,report,DiagnosticReport,id,,upsert,\nletter,,letter,Composition,id,,upsert,\n",
    "required": "Observation,status,unknown,\nDiagnosticReport,status,unknown,\nDiagnosticReport,code,x,\n"
    "Composition,status,final,\nComposition,type,x,\nComposition,date,2026,\nComposition,author,x,\nComposition,title,x,\n",
    "elements": "A01,problem,,code,,code.coding[+sct].code,,,\n"
    f"A02,problem,,'{SNOMED}',code present,code.coding[+sct].system,,,\n"
    f"A03,problem,,read,,code.coding[+read].code,,,\nA04,problem,,'{READ}',read present,code.coding[+read].system,,,\n"
    "A05,problem,,secret,,meta.security[+],,secret,\nA06,problem,,patient,,subject,@key,,\n"
    f"A07,med,,code,,code.coding[+].code,,,\nA08,med,,'{SNOMED}',,code.coding[+].system,,,\n"
    "A10,report,result,.,,result[+],@key,,\nA20,letter,part,.,,section[+].entry[x],@key,,\n",
    "codes": {
        "secret": f"Y,{CONFIDENTIALITY},R,restricted,\nV,{CONFIDENTIALITY},V,very restricted,\nN,{CONFIDENTIALITY},N,normal,\n"
    },
}
SETS = "virus,R,HIV,why\nmind,,PSY,why\nearly,V,SEX,why\n"
ROWS = f"virus,{SNOMED},is,86406008,HIV,\nmind,{SNOMED},is,58214004,x,\nearly,{READ},starts,7E0A,x,\nvirus,{READ},starts,43C,x,\n"


def mapped(root: Path, text: str) -> Made:
    return made(load(root, "xml", **TABLES, labels={"sets": SETS, "own": ROWS}), xml(f"<doc>{text}</doc>"), "doc")


def codes(outcome: Made, name: str, place: int = 0) -> list[str]:
    """The labels of a resource, as they are shown."""
    one = outcome.all(name)[place]
    security = [label for register, value in sorted(one.registers.items()) if "security" in register for label in value]
    return [label["code"] for label in together(security)]


@pytest.mark.parametrize(
    ("problem", "labels"),
    [
        ("<code>86406008</code>", ["R", "HIV"]),
        ("<code>195967001</code>", []),
        ("<code>86406008</code><read>43C3.</read>", ["R", "HIV"]),
        ("<code>195967001</code><read>43C3.</read>", ["R", "HIV"]),
        ("<code>86406008</code><read>7E0A0</read>", ["V", "HIV", "SEX"]),
        ("<code>58214004</code>", ["PSY"]),
        ("<read>43D..</read>", []),
        ("<code>195967001</code><med><code>86406008</code></med>", ["R", "HIV"]),
        ("<code>86406008</code><secret>N</secret>", ["R", "HIV"]),
        ("<code>86406008</code><secret>V</secret>", ["V", "HIV"]),
        ("<secret>Y</secret>", ["R"]),
    ],
)
def test_a_sensitive_code_or_its_translation_labels_the_resource(problem: str, labels: list[str], tmp_path: Path) -> None:
    assert codes(mapped(tmp_path, f"<problem><id>1</id>{problem}</problem>"), "problem") == labels


def test_what_is_shown_has_one_level_and_every_sensitivity() -> None:
    body = complete("Observation", {"meta": {"security": [label("N"), label("R"), {"system": "urn:x", "code": "a"}, label("R")]}})
    assert [each["code"] for each in body["meta"]["security"]] == ["R", "a"]


def label(level: str) -> dict[str, str]:
    return {"system": CONFIDENTIALITY, "code": level}


DOCUMENTS = (
    "<problem><id>1</id><code>86406008</code></problem><problem><id>2</id><code>195967001</code></problem>"
    "<problem><id>3</id><secret>V</secret></problem><problem><id>4</id><secret>N</secret></problem>"
)


@pytest.mark.parametrize(
    ("document", "name", "labels"),
    [
        ("<report><id>r</id><result>1</result><result>2</result></report>", "report", ["R", "HIV"]),
        ("<report><id>r</id><result>2</result></report>", "report", []),
        ("<report><id>r</id><result>1</result><result>3</result></report>", "report", ["V", "HIV"]),
        ("<report><id>r</id><result>4</result></report>", "report", []),
        ("<letter><id>l</id><part>1</part></letter>", "letter", ["R", "HIV"]),
        ("<report><id>r</id><result>1</result></report><letter><id>l</id><part>r</part></letter>", "letter", ["R", "HIV"]),
        ("<letter><id>l</id><part>l</part><part>r</part></letter><report><id>r</id><result>3</result></report>", "letter", ["V"]),
    ],
)
def test_a_document_takes_the_most_sensitive_label_of_its_parts(
    document: str, name: str, labels: list[str], tmp_path: Path
) -> None:
    assert codes(mapped(tmp_path, DOCUMENTS + document), name) == labels


def test_what_points_at_something_sensitive_is_not_labelled_by_that(tmp_path: Path) -> None:
    outcome = mapped(
        tmp_path, "<patient><id>p</id></patient><problem><id>1</id><code>86406008</code><patient>p</patient></problem>"
    )
    assert codes(outcome, "pat") == []


def test_a_label_stands_beside_the_register_that_it_comes_from(tmp_path: Path) -> None:
    outcome = mapped(tmp_path, "<problem><id>1</id><read>43C3.</read></problem>")
    assert [name for name in outcome.one("problem").registers if name.startswith(OF)] == [f"{OF}code"]


def shipped() -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for file in sorted(mappings_root().joinpath("labels").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".csv") and file.name != "sets.csv":
            lines = csv.DictReader(file.read_text("utf-8").splitlines())
            rows += [(row["set"], row["system"], row["match"], row["code"]) for row in lines]
    return rows


@pytest.mark.parametrize("system", sorted({row[1] for row in shipped()}))
def test_every_row_of_the_sets_labels_what_it_names(system: str) -> None:
    labelling = read_shared().labels
    for set_, of, match, code in shipped():
        if of == system:
            labels = labelling.of(system, code if match == "is" else f"{code}x")
            assert labels, f"{set_} {code}"


@pytest.mark.parametrize(
    ("system", "code", "labels"),
    [
        (SNOMED, "86406008", "R HIV"),
        (SNOMED, "386639001", "R SEX"),
        (SNOMED, "52637005", "V SEX"),
        (SNOMED, "706893006", "R SDV"),
        (SNOMED, "407374003", "V GENDER"),
        (SNOMED, "7200002", "R ETH"),
        (SNOMED, "58214004", "PSY"),
        (SNOMED, "195967001", ""),
        ("http://hl7.org/fhir/sid/icd-10", "B20.1", "R HIV"),
        ("http://hl7.org/fhir/sid/icd-10", "F10.2", "R ETH"),
        ("http://hl7.org/fhir/sid/icd-10", "F17.2", ""),
        (READ, "A788.", "R HIV"),
        (READ, "E251.", ""),
        ("http://read.info/ctv3", "13IM.", "R SDV"),
        ("urn:interop:codes:RXX", "86406008", ""),
    ],
)
def test_what_is_sensitive_in_the_shipped_sets(system: str, code: str, labels: str) -> None:
    assert " ".join(label["code"] for label in read_shared().labels.of(system, code) or ()) == labels


def test_labels_are_indexed() -> None:
    """So that a search, and a policy, can ask for them."""
    body = {"resourceType": "Condition", "meta": {"security": [label("R")]}}
    rows = index_rows(body, parameters("Condition"))
    assert ("_security", CONFIDENTIALITY, "R") in [(row.parameter, row.a, row.b) for row in rows]
