"""Generated pages: what the tests hold and what the tables say, written out; ``scripts/generate --check`` finds a difference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from interop.mapping import pages
from interop.mapping.library import adapters, traced_family
from interop.mapping.message_pages import Shown, Signature, best_examples, file_name, meaning, message_pages, signed_line
from interop.mapping.reading import families, read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.tables import Tables
from tests import specification
from tests.spec.mapping.small import NAME, write

MODULE = '''"""Losses: nothing is dropped
silently."""

class TestMore:
    def test_of_a_class(self):
        """It stands <here>, ``not <there>``."""

def helper(): ...

async def test_a_field_of_hl7_is_told(): ...
'''


def test_a_chapter_is_a_folder_a_section_a_module_and_a_line_a_test(tmp_path: Path) -> None:
    (tmp_path / "hl7v2").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "hl7v2" / "test_er7_losses.py").write_text(MODULE)
    (tmp_path / "hl7v2" / "conftest.py").write_text("def test_nothing(): ...")
    assert specification.page(tmp_path).removeprefix(specification.HEAD).strip().split("\n") == [
        "## HL7 v2",
        "",
        "### ER7 losses",
        "",
        "Losses: nothing is dropped silently.",
        "",
        "- Of a class. It stands &lt;here&gt;, `not <there>`.",
        "- A field of HL7 is told.",
    ]


TABLES = {
    "routes": "ADT^A01,pat room,Admit\n",
    "resources": "pat,,PID,Patient,PID-3,PID-8 present,upsert,The person\nroom,pat,,,,,,\n"
    'undo,,PID,Patient,PID-3,,"cancel:A01,A04",A11\n',
    "elements": "A01,pat,PID-5~,.1|.2,,name[+].family,,,\nA02,pat,,PID-8,,gender,,sex,\nA03,pat,,PID-1,,-,,,a counter\n"
    "N01,XPN,,.1,,family,,,\n",
    "codes": {"sex": "M,,male,,\n*,,=,,\n", "unused": "M,,male,,\n"},
}


def test_a_familys_page_holds_its_routes_resources_rows_and_codes(tmp_path: Path) -> None:
    write(tmp_path, **TABLES)
    tables = read_tables(NAME, Refusals(), tmp_path)
    lines = pages.page(tables).split("\n")
    assert lines[0] == "# small: what its messages mean"
    for line in (
        "| [ADT^A01](small/ADT_A01.md) | pat, room | Admit |",
        "## pat: Patient",
        "- For each: `PID`",
        "- When: `PID-8 present`",
        "- Known by: `PID-3`",
        "- Why: The person",
        "| A01 | `PID-5~: .1\\|.2` |  | `name[+].family` |  |  |  |",
        "| A02 | `PID-8` |  | `gender` |  | sex |  |",
        "| A03 | `PID-1` |  | not carried |  |  | a counter |",
        "## room: a context only",
        "- In: `pat`",
        "- Effect: It undoes what was said of the resource by A01,A04",
        "## Table XPN",
        "| N01 | `.1` |  | `family` |  |  |  |",
        "## Codes sex",
        "| * |  | the source's own |  |",
    ):
        assert line in lines
    assert "## Codes unused" not in lines
    assert tables.digest in "".join(lines)


def test_every_family_has_a_page_with_every_row() -> None:
    made = pages.pages()
    labels = made.pop(pages.PAGES / pages.LABELS)
    of_messages = {path: made.pop(path) for path in [*made] if path.parent != pages.PAGES}
    assert {path.stem for path in made} == set(families())
    for name in families():
        routes = {file_name(row.message) for row in read_tables(name, Refusals()).routes}
        assert {path.name for path in of_messages if path.parent.name == name} == routes
        assert all("## Example: " in text for path, text in of_messages.items() if path.parent.name == name)
    assert "- Label: R HIV" in labels
    assert "| http://snomed.info/sct | is | 86406008 | Human immunodeficiency virus infection |  |" in labels
    for path, text in made.items():
        refusals = Refusals()
        for row in read_tables(path.stem, refusals).elements:
            assert f"| {row.row} | " in text


@pytest.fixture(scope="module")
def admission() -> tuple[Tables, Shown]:
    return read_tables("hl7v2", Refusals()), best_examples("hl7v2", traced_family("hl7v2"), adapters()["hl7v2"])["ADT^A01"]


def test_the_page_of_a_message_shows_field_by_field_what_an_example_makes(admission: tuple[Tables, Shown]) -> None:
    """Source, element, value, row and reason; and what is not carried."""
    tables, shown = admission
    lines = message_pages(tables, traced_family("hl7v2"), adapters()["hl7v2"])["ADT_A01.md"].split("\n")
    assert lines[0] == "# ADT^A01: Admit"
    assert "### visit: Encounter" in lines
    assert any(line.startswith("| `PV1-44` | `period.start` | 20") for line in lines)
    assert any("`subject` | → pat |" in line for line in lines)
    assert "### Not carried" in lines
    assert shown.body.decode().split()[0] in lines


def test_where_a_value_comes_from_is_told_in_words() -> None:
    """Of alternatives the first that is there counts; what is taken together; what stands in no message."""
    first = message_pages(read_tables("hl7v2", Refusals()), traced_family("hl7v2"), adapters()["hl7v2"])["ADT_A01.md"]
    assert "\n| `PV1-19.4.2`, else `PV1-19.4.1`, else `PV1-19.5`, else the constant `visit` |" in first
    assert "\n| a constant | `identifier[+visit].type.coding[+]` |" in first
    drugs = message_pages(read_tables("emis", Refusals()), traced_family("emis"), adapters()["emis"])["Prescribing_DrugRecord.md"]
    assert "\n| the constant `urn:interop:codes:emis:drug-code-id` and `CodeId` | `medicationReference` |" in drugs


def test_a_signature_holds_for_the_rows_that_were_signed(admission: tuple[Tables, Shown]) -> None:
    """Where a row by which the message is read says something else it is to be signed again; others' rows are not asked."""
    tables, _ = admission
    digest = meaning(tables, "ADT^A01")
    signature = Signature(digest, "A. Reader", "clinical safety officer", "2026-02-03")
    assert signed_line(signature, digest) == "Signed by A. Reader, clinical safety officer, 2026-02-03"
    assert signed_line(signature._replace(digest="0"), digest).startswith("**To be signed again**")
    assert signed_line(None, digest).startswith("Signed by nobody yet")
    (birth,) = [row for row in tables.elements if row.to == "birthDate" and "pat" in row.of]
    changed = replace(tables, elements=[replace(row, why="?") if row is birth else row for row in tables.elements])
    assert meaning(changed, "ADT^A01") != digest
    appointments = replace(tables, resources=[row for row in tables.resources if row.type != "Appointment"])
    assert meaning(appointments, "ADT^A01") == digest


@pytest.mark.parametrize("module", [pages, specification])
def test_the_check_tells_of_a_difference(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "PAGES", tmp_path / "mappings")
    monkeypatch.setattr(pages, "families", lambda: ["ers"])
    monkeypatch.setattr(specification, "PAGE", tmp_path / "specification.md")
    main = module.main  # type: ignore[attr-defined]
    assert main(["--check"]) == 1
    assert "scripts/generate writes it" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "mappings").mkdir(exist_ok=True)
    (tmp_path / "mappings" / "gone.md").write_text("a page of a family that there is no more")
    (tmp_path / "specification.md").write_text("")
    assert main(["--check"]) == 1
