"""``conformance snapshot``, ``fhirpath`` and ``terminology``: thin commands over what the validator knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app
from tests.spec.conformance.validate.resources import PROFILE, SOUND, profile, write

GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


def ask(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def answer(*arguments: object) -> Any:
    return json.loads(ask(*arguments, "--json").stdout)


class TestSnapshot:
    """``conformance snapshot URL``."""

    def test_a_differential_becomes_a_snapshot(self, tmp_path: Path) -> None:
        package = write(tmp_path / "package" / "profile.json", profile())
        elements = {each["path"]: each for each in answer("snapshot", PROFILE, "--package", package)}
        assert elements["Patient.birthDate"]["min"] == 1
        assert elements["Patient.gender"]["min"] == 0

    def test_a_type_is_known_by_its_name(self) -> None:
        result = ask("snapshot", "Flag")
        assert result.exit_code == 0
        assert "Flag.status  1..1  code  required" in result.stdout

    def test_what_nothing_defines_is_refused(self) -> None:
        result = ask("snapshot", "https://example.org/StructureDefinition/None")
        assert (result.exit_code, result.stdout) == (2, "")


class TestFhirPath:
    """``conformance fhirpath EXPRESSION FILES``."""

    def test_each_item_is_a_line_with_its_type(self, tmp_path: Path) -> None:
        result = ask("fhirpath", "Patient.name.given", write(tmp_path / "a.json", SOUND))
        assert (result.exit_code, result.stdout) == (0, 'string  "Agnes"\n')

    def test_json_is_a_line_a_resource(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.json", SOUND)
        assert answer("fhirpath", "Patient.name.count()", path)["items"] == [{"type": "System.Integer", "value": 1}]

    def test_what_is_no_expression_is_refused_with_the_place(self, tmp_path: Path) -> None:
        result = ask("fhirpath", "Patient.name.", write(tmp_path / "a.json", SOUND))
        assert result.exit_code == 2
        assert "at 13" in result.stderr

    def test_a_name_that_the_type_lacks_is_nothing_or_where_asked_an_error(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.json", SOUND)
        assert (ask("fhirpath", "Patient.wings", path).stdout, ask("fhirpath", "Patient.wings", path).exit_code) == ("", 0)
        assert ask("fhirpath", "Patient.wings", path, "--strict").exit_code == 1

    def test_an_expression_that_fails_on_a_resource_is_told(self, tmp_path: Path) -> None:
        two = {**SOUND, "name": [{"family": "Thornbury"}, {"family": "Thorne"}]}
        result = ask("fhirpath", "Patient.name.family.length()", write(tmp_path / "a.json", two))
        assert result.exit_code == 1

    def test_membership_is_answered_by_terminology(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.json", SOUND)
        assert ask("fhirpath", f"Patient.gender.memberOf('{GENDERS}')", path).stdout.endswith("true\n")


class TestTerminology:
    """``conformance terminology …``."""

    @pytest.mark.parametrize(("code", "said"), [("female", 0), ("lady", 1)])
    def test_a_code_is_in_a_value_set_or_not(self, code: str, said: int) -> None:
        assert ask("terminology", "validate-code", code, "--value-set", GENDERS).exit_code == said

    def test_what_is_not_loaded_cannot_be_told(self) -> None:
        result = ask("terminology", "validate-code", "73211009", "--system", "http://snomed.info/sct", "--json")
        assert result.exit_code == 2
        assert json.loads(result.stdout)["result"] is None

    def test_a_value_set_is_expanded(self) -> None:
        made = answer("terminology", "expand", GENDERS)
        assert [each["code"] for each in made["contains"]] == ["male", "female", "other", "unknown"]

    def test_a_value_set_of_a_system_that_is_not_loaded_cannot_be_expanded(self) -> None:
        result = ask("terminology", "expand", "http://snomed.info/sct?fhir_vs")
        assert result.exit_code == 2
        assert "SNOMED CT is not loaded" in result.stderr

    def test_a_code_is_looked_up(self) -> None:
        assert answer("terminology", "lookup", GENDER, "female")["concept"]["display"] == "Female"
        assert ask("terminology", "lookup", GENDER, "lady").exit_code == 1

    def test_a_code_is_translated(self) -> None:
        (match,) = answer(
            "terminology", "translate", GENDER, "female", "--target", "http://terminology.hl7.org/ValueSet/v3-AdministrativeGender"
        )
        assert match["code"] == "F"

    def test_two_codes_stand_to_each_other(self) -> None:
        system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        assert answer("terminology", "subsumes", system, "_ActEncounterCode", "IMP") == {"outcome": "subsumes"}

    def test_a_release_is_loaded_and_used(self, tmp_path: Path) -> None:
        """A tiny one of our own: a SNOMED CT Snapshot with a root and a finding."""
        terms = tmp_path / "rf2" / "Snapshot" / "Terminology"
        terms.mkdir(parents=True)
        root, finding, parent = "138875005", "404684003", "116680003"
        core, defined = "900000000000207008", "900000000000074008"
        name = "900000000000003001"
        concepts = "".join(f"{each}\t20260101\t1\t{core}\t{defined}\r\n" for each in (root, finding, core, "900000000000012004"))
        (terms / "sct2_Concept_Snapshot_INT_20260101.txt").write_text(
            f"id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\r\n{concepts}", newline=""
        )
        rows = [("101013", root, "SNOMED CT Concept"), ("102018", finding, "Clinical finding (finding)")]
        descriptions = "".join(
            f"{id_}\t20260101\t1\t{core}\t{of}\ten\t{name}\t{text}\t900000000000448009\r\n" for id_, of, text in rows
        )
        (terms / "sct2_Description_Snapshot-en_INT_20260101.txt").write_text(
            "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\r\n" + descriptions,
            newline="",
        )
        (terms / "sct2_Relationship_Snapshot_INT_20260101.txt").write_text(
            "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\r\n"
            f"100022\t20260101\t1\t{core}\t{finding}\t{root}\t0\t{parent}\t900000000000011006\t900000000000451002\r\n",
            newline="",
        )
        out = tmp_path / "snomed.bin"
        loaded = ask("terminology", "load", tmp_path / "rf2", "--out", out, "--json")
        assert loaded.exit_code == 0, loaded.stderr
        assert json.loads(loaded.stdout)["system"] == "http://snomed.info/sct"
        told = answer("terminology", "validate-code", finding, "--system", "http://snomed.info/sct", "--terminology", out)
        assert told["result"] is True
        related = answer("terminology", "subsumes", "http://snomed.info/sct", root, finding, "-t", out)
        assert related == {"outcome": "subsumes"}

    def test_what_is_no_release_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        result = ask("terminology", "load", tmp_path / "empty", "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert not (tmp_path / "out").exists()


def test_the_command_line_starts_without_what_its_commands_need() -> None:
    """Help is quick: nothing of the engine and no parser is imported for it."""
    import subprocess
    import sys

    code = "import sys, conformance.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    ours = {name for name in loaded if name.partition(".")[0] in ("interop", "adapters", "mappings", "conformance")}
    assert ours == {
        "conformance",
        "conformance.ask",
        "conformance.ask.cli",
        "conformance.cli",
        "conformance.completing",
        "conformance.judged",
        "conformance.judged.cli",
    }
    assert not loaded & {"lxml", "orjson", "jinja2", "httpx", "regex", "multiprocessing", "concurrent.futures.process"}
