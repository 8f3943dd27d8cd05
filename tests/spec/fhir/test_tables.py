"""The generated tables say where they come from and are what the source says."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.fhir.generate import command, package, source
from interop.fhir.generate.package import payload


@pytest.mark.long
def test_the_tables_are_what_the_source_yields(shared: Callable[[str], Path]) -> None:
    assert command.check(shared("reference")) == []


def test_without_the_source_the_recorded_digests_are_compared(tmp_path: Path) -> None:
    assert command.check(tmp_path) == []
    assert command.main(["--check", "--source", str(tmp_path)]) == 0


def test_a_changed_table_is_found_without_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "tables"
    shutil.copytree(command.TABLES, copy)
    monkeypatch.setattr(command, "TABLES", copy)
    changed = json.loads(command.stored()["codes"])
    changed["administrative-gender"]["http://hl7.org/fhir/administrative-gender"].append("indeterminate")
    (copy / "codes.json.gz").write_bytes(gzip.compress(payload(changed), mtime=0))
    assert command.main(["--check", "--source", str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().err == "codes differs\n"


def test_a_changed_member_of_the_package_is_found_without_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "tables"
    shutil.copytree(command.TABLES, copy)
    monkeypatch.setattr(command, "TABLES", copy)
    members = {name.partition("/")[2]: body for name, body in command.stored().items() if "/" in name}
    (copy / command.PACKAGE).write_bytes(package.packed({**members, "constraints.json": b"[]", "more.json": b"[]"}))
    assert command.check(tmp_path / "absent") == [f"{command.PACKAGE}/constraints.json", f"{command.PACKAGE}/more.json"]


def test_the_package_is_the_same_bytes_whenever_it_is_written() -> None:
    contents = {"index.json": b"[]", "000.ndjson": b"{}" * 1000}
    assert package.packed(contents) == package.packed(contents)


def test_a_manifest_that_is_gone_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TABLES", tmp_path)
    assert command.check(tmp_path / "absent") == ["manifest"]


def test_the_manifest_names_source_and_generator() -> None:
    said = json.loads((command.TABLES / "manifest.json").read_text())
    assert said["generator"] == command.VERSION
    assert set(said["source"]) == {source.CORE, source.EXPANSIONS}
    assert all(len(each) == 64 for each in said["source"].values())


def test_the_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in command.TABLES.glob("*.gz")) < 150_000
    assert (command.TABLES / command.PACKAGE).stat().st_size < 2_500_000
