"""Generated pages: what the tests hold and what the tables say, written out; ``scripts/generate --check`` finds a difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.mapping import pages
from interop.mapping.refusal import Refusals
from interop.mapping.tables import families, read_tables
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
        "| ADT^A01 | pat, room | Admit |",
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
    assert {path.stem for path in made} == set(families())
    assert "- Label: R HIV" in labels
    assert "| http://snomed.info/sct | is | 86406008 | Human immunodeficiency virus infection |  |" in labels
    for path, text in made.items():
        refusals = Refusals()
        for row in read_tables(path.stem, refusals).elements:
            assert f"| {row.row} | " in text


@pytest.mark.parametrize("module", [pages, specification])
def test_the_check_tells_of_a_difference(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "PAGES", tmp_path / "mappings")
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
