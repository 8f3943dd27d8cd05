"""``conformance validate``: exit codes, what is read, and what is refused."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conformance.validate import inputs
from tests.places import ROOT
from tests.spec.conformance.validate.resources import DOUBTFUL, FLAWED, PROFILE, SOUND, lines, profile, validate, write


def test_a_sound_file_is_told_in_one_line(tmp_path: Path) -> None:
    """Exit code 0, and nothing to read but the count."""
    result = validate(write(tmp_path / "a.json", SOUND))
    assert (result.exit_code, result.stdout) == (0, "1 file, 0 errors, 0 warnings\n")


def test_warnings_are_no_errors(tmp_path: Path) -> None:
    result = validate(write(tmp_path / "a.json", DOUBTFUL))
    assert result.exit_code == 0
    assert "dom-6" in result.stdout


def test_any_error_of_any_file_fails(tmp_path: Path) -> None:
    """Exit code 1; every finding with its path, by file."""
    write(tmp_path / "a.json", SOUND)
    bad = write(tmp_path / "b.json", FLAWED)
    result = validate(tmp_path)
    assert result.exit_code == 1
    assert str(bad) in result.stdout
    assert str(tmp_path / "a.json") not in result.stdout
    assert "Patient.gender" in result.stdout
    assert "Patient.birthDate" in result.stdout
    assert "lady" not in result.stdout


def test_a_folder_is_searched_for_json_xml_and_ndjson(tmp_path: Path) -> None:
    """In the order of the names; hidden files and a package's own description are left out."""
    write(tmp_path / "b" / "one.json", SOUND)
    write(tmp_path / "a.ndjson", SOUND, SOUND)
    (tmp_path / "c.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><gender value="female"/></Patient>')
    for name in (".index.json", "package.json", "notes.txt"):
        (tmp_path / name).write_text("{}")
    found = lines(validate(tmp_path, "--json"))
    assert [Path(each["file"]).name for each in found] == ["a.ndjson", "c.xml", "one.json"]
    assert all(each["errors"] == 0 for each in found)


def test_standard_input_is_read(tmp_path: Path) -> None:
    result = validate("-", "--json", body=b'{"resourceType":"Patient","gender":"lady"}')
    assert result.exit_code == 1
    assert lines(result)[0]["file"] == "-"


def test_a_resource_of_a_file_of_lines_is_told_by_its_line(tmp_path: Path) -> None:
    """JSON lines: each is a resource, blank ones are none."""
    path = tmp_path / "many.ndjson"
    path.write_bytes(b'{"resourceType":"Basic"}\n\n{"resourceType":"Patient","gender":"lady"}\nno json\n')
    (told,) = lines(validate(path, "--json"))
    errors = [(each["resource"], each["expression"]) for each in told["issues"] if each["severity"] == "error"]
    assert ("line 1", "Basic.code") in errors
    assert ("line 3", "Patient.gender") in errors
    assert any(place == "line 4" for place, _ in errors)


def test_a_large_file_of_lines_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of whole lines; lines keep their numbers."""
    monkeypatch.setattr(inputs, "WHOLE", 1_000)
    monkeypatch.setattr(inputs, "CHUNK", 400)
    path = write(tmp_path / "large.ndjson", *([SOUND] * 60), FLAWED)
    pieces = [piece for unit in inputs.units([path]) for piece in unit]
    assert len(pieces) > 20
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert b"".join(piece.body or b"" for piece in pieces) == path.read_bytes()
    (told,) = lines(validate(path, "--json"))
    assert {each["resource"] for each in told["issues"] if each["severity"] == "error"} == {"line 61"}


def test_a_large_file_that_is_one_resource_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "WHOLE", 10)
    path = tmp_path / "bundle.json"
    path.write_text('{\n"resourceType": "Bundle",\n"type": "collection"\n}')
    assert list(inputs.units([path])) == [[inputs.Piece(str(path))]]
    assert validate(path).exit_code == 0


def test_an_input_that_can_be_read_once_is_streamed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "WHOLE", 100)
    monkeypatch.setattr(inputs, "CHUNK", 64)
    body = b'{"resourceType":"Patient"}\n' * 50
    pieces = list(inputs._streamed(io.BytesIO(body), "-"))
    assert b"".join(piece.body or b"" for piece in pieces) == body
    assert [piece.line for piece in pieces][:2] == [1, 1 + (pieces[0].body or b"").count(b"\n")]


def test_small_files_are_judged_together() -> None:
    """So that many of them cost a process no more than one."""
    assert inputs.BATCH > 10


@pytest.mark.long
def test_several_processes_say_the_same_in_the_same_order(tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path / f"{number:03}.json", FLAWED if number % 3 else SOUND)
    one = validate(tmp_path, "--json")
    two = validate(tmp_path, "--json", "--jobs", "2")
    assert two.stdout == one.stdout
    assert len(lines(one)) == 200


def test_what_cannot_be_read_is_an_error_of_its_file(tmp_path: Path) -> None:
    """It ends nothing: the next file is judged."""
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("")
    write(tmp_path / "c.json", SOUND)
    result = validate(tmp_path, "--json")
    assert result.exit_code == 1
    assert [each["errors"] > 0 for each in lines(result)] == [True, True, False]


def test_profiles_come_from_packages_on_disk(tmp_path: Path) -> None:
    package = write(tmp_path / "package" / "profile.json", profile()).parent
    path = write(tmp_path / "a.json", SOUND)
    (told,) = lines(validate(path, "--package", package, "--profile", PROFILE, "--json"))
    assert told["profile"] == PROFILE
    (issue,) = [each for each in told["issues"] if each["severity"] == "error"]
    assert (issue["expression"], issue["profile"]) == ("Patient.birthDate", PROFILE)


def test_of_several_profiles_each_resource_has_to_keep_those_of_its_type(tmp_path: Path) -> None:
    package = write(tmp_path / "package" / "profile.json", profile()).parent
    observations = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    path = write(tmp_path / "a.json", {**SOUND, "birthDate": "1954-03-14"})
    (told,) = lines(validate(path, "-p", package, "--profile", PROFILE, "--profile", observations, "--json"))
    assert (told["profile"], told["errors"]) == (PROFILE, 0)


def test_what_a_resource_claims_is_named_with_what_was_asked_for(tmp_path: Path) -> None:
    package = write(tmp_path / "package" / "profile.json", profile()).parent
    path = write(tmp_path / "a.json", {**SOUND, "birthDate": "1954-03-14", "meta": {"profile": [PROFILE]}})
    assert lines(validate(path, "-p", package, "--json"))[0]["profile"] == PROFILE


def test_a_profile_that_nothing_defines_names_what_is_near(tmp_path: Path) -> None:
    """Exit code 2."""
    package = write(tmp_path / "package" / "profile.json", profile()).parent
    path = write(tmp_path / "a.json", SOUND)
    result = validate(path, "--package", package, "--profile", "https://example.org/StructureDefinition/NamedPatients")
    assert result.exit_code == 2
    assert f"did you mean {PROFILE}" in result.stderr


def test_the_last_word_of_a_profile_finds_its_url(tmp_path: Path) -> None:
    package = write(tmp_path / "package" / "profile.json", profile()).parent
    result = validate(write(tmp_path / "a.json", SOUND), "--package", package, "--profile", "namedpatient")
    assert result.exit_code == 2
    assert PROFILE in result.stderr


def test_a_profile_that_does_not_fit_its_base_cannot_be_asked_for(tmp_path: Path) -> None:
    package = write(tmp_path / "package" / "profile.json", profile(element="wings")).parent
    result = validate(write(tmp_path / "a.json", SOUND), "--package", package, "--profile", PROFILE)
    assert result.exit_code == 2
    assert PROFILE in result.stderr


def test_a_package_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Exit code 2, one sentence and the next step; nothing is judged."""
    result = validate(write(tmp_path / "a.json", FLAWED), "--package", tmp_path / "none.tgz", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--package" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_package_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("a.json", "{}" * 50)
    broken.write_bytes(broken.read_bytes()[:40])
    result = validate(write(tmp_path / "a.json", SOUND), "--package", broken)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_file_of_a_package_that_cannot_be_used_is_told_with_its_reason(tmp_path: Path) -> None:
    """The rest of the package serves."""
    write(tmp_path / "package" / "profile.json", profile())
    (tmp_path / "package" / "broken.json").write_text("{")
    path = write(tmp_path / "a.json", SOUND)
    result = validate(path, "--package", tmp_path / "package", "--profile", PROFILE)
    assert result.exit_code == 1
    assert "broken.json: " in result.stderr


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = validate(tmp_path / "none.json")
    assert result.exit_code == 2
    assert "none.json" in result.stderr


def test_a_release_that_is_none_is_refused(tmp_path: Path) -> None:
    result = validate(write(tmp_path / "a.json", SOUND), "--terminology", write(tmp_path / "r", {}))
    assert result.exit_code == 2
    assert "terminology load" in result.stderr


@pytest.mark.parametrize("arguments", ["--output csv", "--json --output html", "--jobs 0", "--wrong-display fatal"])
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, arguments: str) -> None:
    assert validate(write(tmp_path / "a.json", SOUND), *arguments.split()).exit_code == 2


def test_must_support_is_told_where_asked(tmp_path: Path) -> None:
    wanted = profile()
    wanted["differential"]["element"][1] = {"id": "Patient.photo", "path": "Patient.photo", "mustSupport": True}
    package = write(tmp_path / "package" / "profile.json", wanted).parent
    path = write(tmp_path / "a.json", SOUND)
    options = (path, "--package", package, "--profile", PROFILE, "--json")
    assert not [each for each in lines(validate(*options))[0]["issues"] if each["rule"] == "must-support"]
    (issue,) = [each for each in lines(validate(*options, "--must-support"))[0]["issues"] if each["rule"] == "must-support"]
    assert (issue["expression"], issue["severity"]) == ("Patient.photo", "information")


def test_how_grave_an_unknown_extension_is_can_be_said(tmp_path: Path) -> None:
    """Not checked by default; to the official validator it is an error."""
    path = write(tmp_path / "a.json", {**SOUND, "extension": [{"url": "https://example.org/eye-colour", "valueString": "green"}]})
    assert validate(path).exit_code == 0
    assert validate(path, "--unknown-extensions", "error").exit_code == 1


def test_how_grave_a_wrong_display_is_can_be_said(tmp_path: Path) -> None:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M", "display": "Single"}
    path = write(tmp_path / "a.json", {**SOUND, "maritalStatus": {"coding": [coding]}})
    assert validate(path).exit_code == 0
    assert validate(path, "--wrong-display", "error").exit_code == 1


def test_a_reader_that_has_read_enough_is_no_failure(tmp_path: Path) -> None:
    """The pipe breaks; no traceback is shown."""
    path = write(tmp_path / "many.ndjson", *([FLAWED] * 2_000))
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "conformance", "validate", str(path), "--jobs", "1", "--json"]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=60)
    finally:
        os.close(writing)
    assert done.stderr == b""
