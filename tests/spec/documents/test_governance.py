"""docs/information-governance.md holds the tables by which the engine decides, as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.policy.tables import tables
from tests import governance

TEXT = governance.PAGE.read_text(encoding="utf-8")


def test_it_is_as_the_generator_writes_it() -> None:
    assert governance.written(TEXT) == TEXT
    assert governance.main(["--check"]) == 0


@pytest.mark.parametrize("role", sorted(tables().roles))
def test_each_role_is_there_with_its_reason(role: str) -> None:
    assert f"| `{role}` | " in TEXT
    assert tables().roles[role].why in TEXT


@pytest.mark.parametrize("name", ["labels", "absence", "purposes", "classes", "operations", "consent"])
def test_each_row_of_a_table_is_there_with_its_reason(name: str) -> None:
    for row in governance.rows(governance.POLICY / f"{name}.csv"):
        assert row["why"].replace("|", "\\|") in TEXT


def test_every_type_of_r4_is_in_one_class() -> None:
    section = governance.classes()
    for row in governance.rows(governance.POLICY / "types.csv"):
        assert row["type"] in section


def test_the_check_tells_of_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "information-governance.md"
    page.write_text(TEXT.replace("| `gp` |", "| `nobody` |", 1))
    monkeypatch.setattr(governance, "PAGE", page)
    assert governance.main(["--check"]) == 1
    assert "scripts/generate writes it" in capsys.readouterr().err
    assert governance.main([]) == 0
    assert governance.main(["--check"]) == 0
    assert page.read_text() == TEXT


@pytest.mark.parametrize(
    "page", ["# Nothing\n", TEXT + "<!-- generated: begin roles by scripts/generate -->\n\n<!-- generated: end -->\n"]
)
def test_a_page_without_a_place_for_each_section_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        governance.written(page)
