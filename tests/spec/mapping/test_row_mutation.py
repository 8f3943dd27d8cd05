"""Row mutation: every row of the tables is missed by a worked example when it is gone (``scripts/mutate``)."""

from __future__ import annotations

import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from interop.mapping.reading import families
from tests.mutation import rows
from tests.mutation.rows import Mutation, Row, changed_since, facts, judged, main, mutate, mutations
from tests.spec.mapping.test_worked_examples import EXAMPLES


@pytest.fixture(scope="module")
def hl7v2() -> Mutation:
    return Mutation("hl7v2")


@pytest.mark.long
@pytest.mark.parametrize("name", families())
def test_every_row_is_missed(name: str) -> None:
    with ProcessPoolExecutor(2) as pool:
        (report,) = judged(pool, [name], jobs=2)
    assert len(report.verdicts) == sum(len(one.rows()) for one in mutations(name))
    assert [f"{verdict.row}: {verdict.why}" for verdict in report.survivors] == []


@pytest.mark.parametrize("name", families())
def test_a_sample_of_the_rows_is_missed(name: str) -> None:
    assert [f"{verdict.row}: {verdict.why}" for verdict in mutate(name, sample=120).survivors] == []


def find(mutation: Mutation, file: str, row: str) -> Row:
    """A row of the tables."""
    return next(one for one in mutation.rows() if (one.file, one.row) == (file, row))


def test_who_misses_a_row_names_element_and_value(hl7v2: Mutation) -> None:
    row = next(row for row in hl7v2.rows() if row.element == "pat birthDate")
    verdict = hl7v2.judge(row)
    assert verdict.killed
    assert "pat birthDate: 1" in verdict.why
    assert verdict.why.endswith("expected, found nothing")


def test_a_resource_a_route_and_a_code_are_rows_too(hl7v2: Mutation) -> None:
    assert hl7v2.judge(find(hl7v2, "resources.csv", "pat")).killed
    unknown = hl7v2.judge(find(hl7v2, "routes.csv", "ADT^A40"))
    assert (unknown.killed, unknown.why.partition(": ")[2]) == (True, "unknown-trigger")
    assert hl7v2.judge(find(hl7v2, "codes/administrative-gender.csv", "1")).killed


def test_only_codes_that_an_example_uses_are_judged(hl7v2: Mutation) -> None:
    assert ("administrative-gender", "1") in hl7v2.used_codes
    assert ("administrative-gender", "never sent") not in hl7v2.used_codes


def test_a_row_that_nobody_misses_survives(hl7v2: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told what changes, so that a line can be added that expects it."""
    row = next(row for row in hl7v2.rows() if row.element == "pat birthDate")
    for example in hl7v2.examples:
        monkeypatch.setattr(example, "expected", [line for line in example.expected if line.path != "birthDate"])
    verdict = hl7v2.judge(row)
    assert not verdict.killed
    assert verdict.why.startswith("no line expects ")
    assert "pat#1 birthDate 19" in verdict.why
    assert verdict.why.endswith(", it is now absent")


def test_the_tables_are_as_before_when_a_row_has_been_judged(hl7v2: Mutation) -> None:
    hl7v2.judge(find(hl7v2, "codes/administrative-gender.csv", "1"))
    again = Mutation("hl7v2")
    assert {name: facts(found) for name, found in hl7v2.outcomes.items()} == {
        name: facts(found) for name, found in again.outcomes.items()
    }
    assert len(hl7v2.examples) == len([name for name, site, _ in EXAMPLES if (name, site) == ("hl7v2", "")])


def test_the_command_names_the_family(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--nonsense"])
    assert "scripts/mutate" in capsys.readouterr().err


def test_rows_that_differ_from_a_revision_alone_can_be_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments], cwd=tmp_path, check=True)

    table = tmp_path / "mappings" / "ers" / "elements.csv"
    shared = tmp_path / "mappings" / "stu3" / "elements-party.csv"
    codes = tmp_path / "mappings" / "ers" / "codes" / "state.csv"
    for file in (table, shared, codes):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("row,of\nA01,visit\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "before")
    table.write_text("row,of\nA01,visit\nA02,visit\n")
    shared.write_text("row,of\nA01,visit|pat\n")
    codes.write_text('row,of\nA01,visit\n"no, never",x\n')
    monkeypatch.setattr(rows, "ROOT", tmp_path)
    found = changed_since("HEAD", "ers")
    assert found == {("elements.csv", "A02"), ("stu3/elements-party.csv", "A01"), ("codes/state.csv", "no, never")}


@pytest.mark.long
def test_what_a_site_says_otherwise_is_judged_by_the_sites_examples() -> None:
    """Without its row the family's holds again, which an example of the site must miss."""
    survivors, judged_ = [], 0
    for site in mutations("hl7v2")[1:]:
        verdicts = [site.judge(row) for row in site.rows()]
        judged_ += len(verdicts)
        survivors += [str(verdict.row) for verdict in verdicts if not verdict.killed]
    assert judged_
    assert survivors == []
