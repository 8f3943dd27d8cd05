"""Sites: what one sender says otherwise, row by row; what it is not said to say otherwise is the family's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.mapping import library, pages
from interop.mapping.examples import examples
from interop.mapping.library import Family, family, family_of
from interop.mapping.packed import pack, unpack
from interop.mapping.reading import read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.sites import deviations
from tests.spec.mapping.small import NAME, envelope, er7, load, made, write, write_files, xml

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,30,,\nPV1,52,,\n",
    "routes": "ADT^A01,pat visit,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n",
    "elements": "A01,pat,,PID-8,,gender,,sex,\nA02,pat,,PID-7,,birthDate,hl7time,,\nA03,visit,,PV1-10,,serviceType.text,,,\n",
    "codes": {"sex": "M,,male,,\nF,,female,,\nX,,other,,\n"},
}
MESSAGE = ("PID|||1||||19410317|M", "PV1||||||||||GERI|||||||||V1", "ZDL|WHEELCHAIR")


def bodies(root: Path, **site: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a message makes of a patient and a visit at a site that says this otherwise."""
    found = made(load(root, **TABLES, site=site), er7(*MESSAGE))
    (patient,), (visit,) = found.bodies("pat"), found.bodies("visit")
    return patient, visit


def test_a_row_takes_the_place_of_the_familys(tmp_path: Path) -> None:
    patient, visit = bodies(tmp_path, elements="A03,visit,,PV1-10,,type[+].text,,,A department\n")
    assert (visit["type"], "serviceType" in visit) == ([{"text": "GERI"}], False)
    assert (patient["gender"], patient["birthDate"]) == ("male", "1941-03-17")


def test_a_row_is_taken_away(tmp_path: Path) -> None:
    """The source field is unmapped then, unless another row reads it."""
    patient, _ = bodies(tmp_path, elements="A02,-,,,,,,,Dates of birth are estimates\n")
    assert "birthDate" not in patient


def test_a_row_comes_in_addition_and_may_read_the_sites_own_segment(tmp_path: Path) -> None:
    rows = "X01,visit,,ZDL-1,,hospitalization.specialArrangement[+].text,,,\n"
    _, visit = bodies(tmp_path, elements=rows, source="ZDL,1,1,\n")
    assert visit["hospitalization"]["specialArrangement"] == [{"text": "WHEELCHAIR"}]
    assert visit["serviceType"] == {"text": "GERI"}


@pytest.mark.parametrize(
    ("row", "gender"), [("M,,other,,A code of its own\n", "other"), ("M,-,,,Not meant\n", None), ("Q,,female,,\n", "male")]
)
def test_a_source_value_is_looked_up_in_the_sites_rows_first(tmp_path: Path, row: str, gender: str | None) -> None:
    patient, _ = bodies(tmp_path, codes={"sex": row})
    assert patient.get("gender") == gender


def test_a_family_of_documents_has_sites_too(tmp_path: Path) -> None:
    """Whatever the envelope calls the organisation."""
    text = "<doc><patient><id>1</id><lastname>ROE</lastname></patient></doc>"
    tables: dict[str, Any] = {
        "source": "patient,,,\nid,,,\nsurname,,,\n",
        "routes": "doc,pat,\n",
        "resources": "pat,,patient,Patient,id,,upsert,\n",
        "elements": "A01,pat,,surname,,name[+].family,,,\n",
    }
    site = {"elements": "A01,pat,,surname|lastname,,name[+].family,,,Its own name for it\n", "source": "lastname,,,\n"}
    found = made(load(tmp_path, "xml", **tables, site=site), xml(text), "doc")
    assert found.body("pat")["name"] == [{"family": "ROE"}]


def test_the_digest_is_of_the_familys_files_and_the_sites(tmp_path: Path) -> None:
    """Tables that were kept are read again with the site."""
    said = load(tmp_path / "a", **TABLES, site={"codes": {"sex": "M,,other,,A code of its own\n"}})
    shared = Family.load(NAME, form="er7", root=tmp_path / "a")
    again = load(tmp_path / "b", **TABLES, site={"codes": {"sex": "M,,other,,Another why\n"}})
    assert len({said.digest, shared.digest, again.digest}) == 3
    assert (said.site, shared.site, shared.sites) == ("RXX", "", frozenset({"RXX"}))
    unpack(pack(said.model.tables), tmp_path / "kept")
    assert Family.load(NAME, form="er7", root=tmp_path / "kept", site="RXX").digest == said.digest
    assert Family.load(NAME, form="er7", root=tmp_path / "b").digest == shared.digest


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The small family in place of the installed ones, and what of it has been loaded."""
    write(tmp_path, **TABLES)
    write_files(tmp_path / NAME / "sites" / "RXX", elements="A02,-,,,,,,,Estimates\n")
    loaded: list[tuple[str, str]] = []
    load_ = library.Family.load

    def noted(name: str, **more: Any) -> Family:
        loaded.append((name, more.get("site", "")))
        return load_(name, form="er7", root=tmp_path, **more)

    monkeypatch.setattr(library.Family, "load", noted)
    family.cache_clear()
    yield loaded
    family.cache_clear()


def test_a_sites_tables_are_compiled_when_its_first_message_comes(installed: list[tuple[str, str]]) -> None:
    other = envelope("ADT^A01", organisation="RYY")
    assert [family_of(other).site for _ in range(3)] == ["", "", ""]
    assert installed == [(NAME, "")]
    assert [family_of(envelope("ADT^A01")).site for _ in range(3)] == ["RXX"] * 3
    assert installed == [(NAME, ""), (NAME, "RXX")]


def test_what_it_says_otherwise_is_listed_with_file_and_row(tmp_path: Path) -> None:
    rows = "A02,-,,,,,,,Estimates\nA03,visit,,PV1-10,,type[+].text,,,A department\nX01,pat,,PID-9,,name[+].text,,,\n"
    said = load(tmp_path, **TABLES, site={"elements": rows, "codes": {"sex": "M,,other,,Its own\nQ,,female,,\nX,-,,,Not meant\n"}})
    shared = read_tables(NAME, Refusals(), tmp_path)
    listed = [(one.file.removeprefix("sites/RXX/"), one.row, one.does) for one in deviations(shared, said.model.tables.deviations)]
    assert listed == [
        ("elements.csv", "A02", "away"),
        ("elements.csv", "A03", "instead"),
        ("elements.csv", "X01", "more"),
        ("codes/sex.csv", "M", "instead"),
        ("codes/sex.csv", "Q", "more"),
        ("codes/sex.csv", "X", "away"),
    ]
    told = said.rows()
    assert (told["A03"].file, told["A01"].file, told["A01"].codes) == (
        "sites/RXX/elements.csv",
        "elements.csv",
        "sites/RXX/codes/sex.csv",
    )
    page = pages.page(shared, [said.model.tables])
    assert "## Site RXX" in page
    assert "| A02 | the family's does not hold |" in page
    assert "| A03 | in place of the family's | visit | `PV1-10` |  | `type[+].text` |  |  | A department |" in page
    assert "| X | the family's does not hold |  |  |  | Not meant |" in page


def test_interop_tables_checks_sites_and_lists_one(tmp_path: Path) -> None:
    run = CliRunner()
    shown = run.invoke(app, ["tables", "hl7v2", "--site", "RZY"])
    assert (shown.exit_code, shown.stdout.count("\n")) == (0, 18)
    assert ["sites/RZY/elements.csv", "VIS034", "instead"] in [line.split() for line in shown.stdout.splitlines()]
    assert "hl7v2 of RZY: " in run.invoke(app, ["tables", "hl7v2"]).stdout
    unknown = run.invoke(app, ["tables", "hl7v2", "--site", "QQQ"])
    assert (unknown.exit_code, unknown.stderr) == (1, "hl7v2 has no site QQQ; it has RZY.\n")
    assert run.invoke(app, ["tables", "--site", "RZY"]).exit_code == 2
    assert (
        '"deviations": [{"file": "sites/RZY/elements.csv"' in run.invoke(app, ["tables", "hl7v2", "--site", "RZY", "--json"]).stdout
    )


def test_a_message_of_the_site_names_the_sites_row_in_its_lineage(tmp_path: Path) -> None:
    example = next(one for one in examples("hl7v2", site="RZY") if one.name == "discharge")
    file = tmp_path / "discharge.hl7"
    file.write_bytes(example.bodies[0])
    lines = CliRunner().invoke(app, ["convert", "--lineage", str(file)]).stdout
    assert '"file":"sites/RZY/elements.csv","row":"VIS034","source":"PV1-36.1"' in lines
    assert '"file":"elements-encounter.csv"' in lines
