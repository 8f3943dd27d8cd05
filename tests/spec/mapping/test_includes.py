"""Tables that several families include: rows of the resources that a family has, and the sub-tables that these use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interop.mapping.library import Family
from interop.mapping.table_files import COLUMNS
from tests.spec.mapping.small import load, write

SOURCE = "patient,,,\nid,,,\nfamily,,,\nother,,,\n"
TABLES: dict[str, Any] = {
    "source": SOURCE,
    "routes": "doc,pat,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\n",
    "elements": "A01,pat,,id,,id,,,\n",
    "include": "shared,why\n",
}


def shared(root: Path, elements: str) -> None:
    """A folder without routes."""
    (root / "shared" / "codes").mkdir(parents=True)
    (root / "shared" / "elements.csv").write_text(",".join(COLUMNS["elements"]) + "\n" + elements)
    (root / "shared" / "source.csv").write_text("name,fields,clinical,why\nshade,,,\n")
    (root / "shared" / "codes" / "shades.csv").write_text(",".join(COLUMNS["codes"]) + "\nR,,male,,\n")


def rows(family: Family) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.row, row.of) for row in family.model.tables.elements]


def test_rows_of_resources_that_the_family_has_count_and_no_others(tmp_path: Path) -> None:
    """A row of several resources counts for those that are there; a sub-table counts where a row uses it."""
    shared(
        tmp_path,
        "S01,pat|person,,shade,,gender,,shades,\nS02,person,,family,,birthDate,isotime,,\n"
        "S03,pat,family,.,,name[+],table:NAM,,\nS04,NAM,,.,,family,,,\nS05,OTHER,,.,,family,,,\n",
    )
    family = load(tmp_path, "xml", **{**TABLES, "elements": "A01,pat,,other,,language,,copied,\n", "codes": {"copied": "*,,=,,\n"}})
    assert rows(family) == [("A01", ("pat",)), ("S01", ("pat",)), ("S03", ("pat",)), ("S04", ("NAM",))]


def test_what_is_included_is_a_part_of_the_digest(tmp_path: Path) -> None:
    """A change of a shared row is a change of every family that includes it."""
    digests = []
    for number, why in enumerate(("one", "two")):
        root = tmp_path / str(number)
        shared(root, f"S01,pat,,shade,,gender,,shades,{why}\n")
        write(root, **{**TABLES, "elements": "A01,pat,,other,,language,,copied,\n", "codes": {"copied": "*,,=,,\n"}})
        digests.append(Family.load("small", form="xml", root=root).digest)
    assert digests[0] != digests[1]
