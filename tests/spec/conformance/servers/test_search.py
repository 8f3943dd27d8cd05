"""``conformance search``: cases of search against a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app
from conformance.searches.cases import read
from conformance.searches.sorting import out_of_order
from interop.fhir.findings import ERROR
from interop.fhir.validation import check

pytestmark = pytest.mark.long

OURS = Path(str(files("conformance.searches"))) / "r4"

CODE = {"text": "t"}
PEOPLE = [
    {"resourceType": "Patient", "id": "js-a", "gender": "female", "birthDate": "1950-01-02", "name": [{"family": "Marrowby"}]},
    {"resourceType": "Patient", "id": "js-b", "gender": "male", "birthDate": "1960-01-02", "name": [{"family": "Marrowby"}]},
    {
        "resourceType": "Observation",
        "id": "js-o",
        "status": "final",
        "code": {"text": "t"},
        "subject": {"reference": "Patient/js-a"},
    },
]
ALWAYS = [
    "Patient?family=Marrowby,js-a js-b,,",
    "Patient?family=Marrowby&gender=male,js-b,,",
    "Patient?family=Marrowby&_sort=-birthdate,js-b > js-a,,",
    "Observation?_id=js-o&_include=Observation:subject,js-o,Patient/js-a,",
    "Patient?family=Marrowbys,-,,",
    "Patient?birthdate=nonsense,,,400",
]
WRONG = [
    ("Patient?family=Marrowby,js-a,,", "with Patient/js-b"),
    ("Patient?family=Marrowby&gender=male,js-a js-b,,", "without Patient/js-a"),
    ("Patient?family=Marrowby&_sort=-birthdate,js-a > js-b,,", "come as Patient/js-b, Patient/js-a"),
    ("Observation?_id=js-o,js-o,Patient/js-a,", "includes without Patient/js-a"),
    ("Patient?family=Marrowby,,,400", "status 200, not 400"),
    ("Patient?birthdate=nonsense,-,,", "status 400, not 200"),
]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """A folder of cases with these rows."""

    def write(*rows: str) -> Path:
        (tmp_path / "cases.csv").write_text("\n".join(["request,finds,includes,status,why", *(f"{row}," for row in rows)]))
        (tmp_path / "fixtures.json").write_text(json.dumps(PEOPLE))
        return tmp_path

    return write


def test_what_is_found_as_it_should_be_passes(judged: Callable[..., Result], table: Callable[..., Path]) -> None:
    """By GET and by POST; exit 0."""
    result = judged("search", table(*ALWAYS))
    assert result.exit_code == 0, result.output
    assert "12 pass" in result.output


@pytest.mark.parametrize(("row", "said"), WRONG)
def test_what_is_not_fails_and_says_how(judged: Callable[..., Result], table: Callable[..., Path], row: str, said: str) -> None:
    """A planted fault: exit 1, with what was wanted, and with the request."""
    result = judged("search", table(row))
    assert result.exit_code == 1
    assert said in result.output
    assert "http://127.0.0.1" in result.output


def test_the_form_of_other_projects_is_read(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """Totals, entries with includes, order, variants of ``_summary``; a case whose authorisation has no token is skipped."""
    cases = [
        {"id": 1, "auth": None, "request": "GET Patient?family=Marrowby", "expect_total_matches": 2},
        {"id": 2, "auth": None, "request": "GET Patient?family=Marrowby&_sort=birthdate", "expect": "entries in sort order"},
        {"id": 3, "request": "GET Patient?family=Marrowby", "expect_total_matches": 2, "run_with": ["_summary=count", "none"]},
        {"id": 4, "auth": "someone", "request": "GET Patient", "expect_total_matches": 0},
        {"id": 5, "auth": None, "request": "GET Patient?family=Marrowby", "expect_total_matches": 3},
    ]
    (tmp_path / "all.json").write_text(json.dumps({"data": "files (PUT each)", "cases": cases}))
    (tmp_path / "files").mkdir()
    for each in PEOPLE:
        (tmp_path / "files" / f"{each['id']}.json").write_text(json.dumps(each))
    result = judged("search", tmp_path / "all.json", "--json")
    verdicts = [(said["case"].split()[0], said["verdict"]) for said in map(json.loads, result.output.splitlines())]
    assert (
        verdicts == [("1", "pass")] * 2 + [("2", "pass")] * 2 + [("3", "pass")] * 4 + [("4", "skipped")] * 2 + [("5", "fail")] * 2
    )


def test_the_order_of_matches_is_judged_by_their_values() -> None:
    """By the search parameter of the first key; what has no value may stand anywhere."""
    old, young, none = PEOPLE[0], PEOPLE[1], {"resourceType": "Patient", "id": "n"}
    assert not out_of_order("Patient?_sort=birthdate", [none, old, young])
    assert not out_of_order("Patient?_sort=-birthdate", [young, old, none])
    assert "Patient/js-b" in out_of_order("Patient?_sort=birthdate", [young, old])


def test_junit_holds_a_case_for_each_run(tmp_path: Path, judged: Callable[..., Result], table: Callable[..., Path]) -> None:
    """Failures with their exchange."""
    report = tmp_path / "report.xml"
    judged("search", table(ALWAYS[0], WRONG[0][0]), "--junit", report)
    said = report.read_text()
    assert 'tests="4" failures="2"' in said
    assert "<failure message=" in said


@pytest.mark.parametrize("given", ["absent.json", "broken.json"])
def test_what_cannot_be_used_is_told(tmp_path: Path, judged: Callable[..., Result], given: str) -> None:
    """Exit 2 and a sentence."""
    (tmp_path / "broken.json").write_text("{")
    result = judged("search", tmp_path / given)
    assert result.exit_code == 2
    assert "holds no search cases" in result.output


def test_a_server_is_needed(table: Callable[..., Path]) -> None:
    """Neither a URL nor --serve, or no answer: exit 2."""
    folder = table(ALWAYS[0])
    assert CliRunner().invoke(app, ["search", str(folder)]).exit_code == 2
    assert CliRunner().invoke(app, ["search", str(folder), "--server", "http://127.0.0.1:9"]).exit_code == 2


def test_the_cases_of_our_own_are_about_what_is_there() -> None:
    """The table of the package: fixtures are R4, and every case finds what is among them."""
    cases, fixtures = read(OURS)
    assert len(cases) > 250
    assert len({(each.request, each.status) for each in cases}) == len(cases)
    assert not [finding for each in fixtures for finding in check(each) if finding.severity == ERROR]
    known = {f"{each['resourceType']}/{each['id']}" for each in fixtures}
    assert {id_ for each in cases for id_ in (*(each.finds or ()), *(each.includes or ()))} <= known


@pytest.mark.long
def test_the_cases_of_our_own() -> None:
    """A fresh engine passes them all."""
    result = CliRunner().invoke(app, ["search", str(OURS), "--serve"])
    assert result.exit_code == 0, result.output


@pytest.mark.long
def test_the_cases_of_fhir_candle(shared: Callable[[str], Path]) -> None:
    """A fresh engine passes every open case."""
    path = shared("conformance/search/fhir-candle/r4_search_cases.json")
    cases, fixtures = read(path)
    assert (len(cases), sum(not each.auth for each in cases)) == (202, 155)
    assert len([each for each in fixtures if each["resourceType"] == "Patient"]) == 5
    result = CliRunner().invoke(app, ["search", str(path), "--serve"])
    failed = [line for line in result.output.splitlines() if line.startswith("fail")]
    assert not failed, "\n".join(failed)
