"""``conformance validate --output``: the forms in which a verdict is given."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.validate import grouped, outputs
from conformance.validate.as_outcome import ISSUE_TYPES
from interop.fhir import facts
from interop.fhir.validation import check
from tests.spec.conformance.validate.resources import DOUBTFUL, FLAWED, SOUND, lines, validate, write

NASTY = 'a <b>&"é\u0007.json'
"""The name of a file that XML and HTML must not take for markup."""

UNCODED: dict[str, Any] = {
    **SOUND,
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "84728005"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-01-10",
    "performer": [{"reference": "Practitioner/d1"}],
}
del UNCODED["name"], UNCODED["gender"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound file, one with warnings, one of lines with errors, one that is no JSON, and one with codes that are not loaded."""
    write(tmp_path / "a.json", SOUND)
    write(tmp_path / "b.json", DOUBTFUL)
    write(tmp_path / "c.ndjson", SOUND, *[FLAWED] * 3)
    (tmp_path / NASTY).write_text("{")
    write(tmp_path / "d.json", UNCODED)
    return tmp_path


class TestJson:
    """``--json``: a line for each file."""

    def test_a_line_has_the_file_what_was_checked_and_every_issue(self, folder: Path) -> None:
        found = {Path(each["file"]).name: each for each in lines(validate(folder, "--json"))}
        assert set(found) == {"a.json", "b.json", "c.ndjson", NASTY, "d.json"}
        for each in found.values():
            assert list(each) == ["file", "profile", "errors", "warnings", "issues"]
            assert each["errors"] == sum(issue["severity"] == "error" for issue in each["issues"])
            assert each["warnings"] == sum(issue["severity"] == "warning" for issue in each["issues"])
        (issue,) = found["b.json"]["issues"]
        assert set(issue) == {"severity", "expression", "message", "code", "rule", "profile"}
        assert (issue["severity"], issue["expression"], issue["rule"]) == ("warning", "Patient", "dom-6")

    def test_what_was_not_checked_is_an_issue_of_its_own(self, folder: Path) -> None:
        (told,) = lines(validate(folder / "d.json", "--json"))
        assert any(each["code"] == "not-supported" and "SNOMED CT" in each["message"] for each in told["issues"])
        assert told["errors"] == 0

    def test_nothing_else_is_written(self, folder: Path) -> None:
        result = validate(folder, "--json")
        assert result.stderr == ""
        assert len(lines(result)) == 5


class TestTerminal:
    """``--output terminal``: for a person, by file."""

    def test_what_is_alike_is_shown_once(self, folder: Path) -> None:
        said = validate(folder / "c.ndjson").stdout
        assert said.count("Patient.gender") == 1
        assert "line 2: Patient.gender" in said
        assert "and 2 more" in said

    def test_what_was_not_checked_is_counted_by_reason_with_the_next_step(self, folder: Path) -> None:
        said = validate(folder / "d.json").stdout
        assert "not checked: SNOMED CT is not loaded (give --terminology)" in said
        assert "Observation.code" not in said

    def test_the_last_line_of_the_findings_sums_up(self, folder: Path) -> None:
        assert "5 files, 8 resources, 7 errors, 1 warning" in validate(folder).stdout

    def test_of_very_many_kinds_of_finding_the_rest_is_counted(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(grouped, "SHOWN", 1)
        assert "and 3 findings of other kinds" in validate(folder / "c.ndjson").stdout


class TestOutcome:
    """``--output outcome``: an OperationOutcome a file, a line each."""

    def test_each_keeps_to_r4(self, folder: Path) -> None:
        found = lines(validate(folder, "--output", "outcome"))
        assert len(found) == 5
        for outcome in found:
            assert outcome["resourceType"] == "OperationOutcome"
            assert check(outcome) == []

    def test_an_issue_names_element_file_rule_and_line(self, folder: Path) -> None:
        (outcome,) = lines(validate(folder / "c.ndjson", "--output", "outcome"))
        issue = next(each for each in outcome["issue"] if each["expression"] == ["Patient.gender"])
        assert issue["severity"] == "error"
        assert "c.ndjson, line 2" in issue["diagnostics"]

    def test_a_sound_file_has_an_issue_that_says_so(self, folder: Path) -> None:
        (outcome,) = lines(validate(folder / "a.json", "--output", "outcome"))
        (issue,) = outcome["issue"]
        assert (issue["severity"], issue["code"]) == ("information", "informational")

    def test_every_code_is_one_of_issue_type(self) -> None:
        assert facts.codes("http://hl7.org/fhir/ValueSet/issue-type") == ISSUE_TYPES


class TestJUnit:
    """``--output junit``: as build servers read it."""

    def test_a_suite_a_file_and_a_case_a_resource(self, folder: Path) -> None:
        root = etree.fromstring(validate(folder, "--output", "junit").stdout_bytes)
        suites = {Path(each.attrib["name"]).name: each for each in root.findall("testsuite")}
        assert root.tag == "testsuites"
        assert len(suites) == 5
        lines_ = suites["c.ndjson"]
        assert (lines_.attrib["tests"], lines_.attrib["failures"]) == ("4", "3")
        assert len(lines_.findall("testcase")) == 4
        assert len(lines_.findall("testcase/failure")) == 3
        assert lines_.findall("testcase")[1].attrib["name"] == "Patient line 2"
        failure = lines_.find("testcase/failure")
        assert failure is not None
        assert "Patient.gender" in (failure.text or "")

    def test_warnings_do_not_fail_a_case(self, folder: Path) -> None:
        root = etree.fromstring(validate(folder / "b.json", "--output", "junit").stdout_bytes)
        assert root.find("testsuite/testcase/failure") is None
        assert "dom-6" in (root.findtext("testsuite/testcase/system-out") or "")


class _Page(HTMLParser):
    """The tags, addresses and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class TestHtml:
    """``--output html``: one page for whoever has to mend what is wrong."""

    def test_it_needs_nothing_but_itself(self, folder: Path, tmp_path: Path) -> None:
        out = tmp_path / "report.html"
        result = validate(folder / "c.ndjson", "--output", "html", "--out", out)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "written to" in result.stderr
        page = _Page(out.read_text("utf-8"))
        assert not [tag for tag, _ in page.tags if tag in ("script", "link", "img", "iframe", "object")]
        assert not [value for _, found in page.tags for name, value in found.items() if name in ("src", "href")]

    def test_it_says_what_it_comes_to_and_names_every_place(self, folder: Path) -> None:
        page = _Page(validate(folder, "--output", "html").stdout)
        text = " ".join(" ".join(page.words).split())
        assert "Not valid: 2 of 5 files have errors." in text
        assert "2 files without findings" in text
        assert "Patient. gender" in text
        assert "and 2 more like it" in text

    def test_it_can_be_filtered_by_severity_without_a_script(self, folder: Path) -> None:
        page = _Page(validate(folder, "--output", "html").stdout)
        boxes = {found["id"] for tag, found in page.tags if tag == "input" and found.get("type") == "checkbox"}
        labels = {found.get("for") for tag, found in page.tags if tag == "label"}
        assert boxes == labels == {"show-error", "show-warning", "show-information"}

    def test_it_can_be_read_aloud(self, folder: Path) -> None:
        """A language, a title, one main heading, tables with headings of rows and columns."""
        page = _Page(validate(folder, "--output", "html").stdout)
        tags = [tag for tag, _ in page.tags]
        assert ("html", {"lang": "en-GB"}) in page.tags
        assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
        assert {found.get("scope") for tag, found in page.tags if tag == "th"} == {"col", "row"}

    def test_files_with_errors_stand_first(self, folder: Path) -> None:
        text = validate(folder, "--output", "html").stdout
        assert text.index("c.ndjson</h2>") < text.index("b.json</h2>")

    def test_a_name_is_never_taken_for_markup(self, folder: Path) -> None:
        assert "a &lt;b&gt;&amp;" in validate(folder, "--output", "html").stdout


def test_what_is_long_waits_on_disk(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A report is never held whole: beyond a bound its parts are spooled, and the report is the same."""
    before = validate(folder, "--json").stdout
    monkeypatch.setattr(outputs, "IN_MEMORY", 10)
    assert validate(folder, "--json").stdout == before
    assert json.loads(before.splitlines()[0])
