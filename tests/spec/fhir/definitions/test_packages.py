"""Packages are read from disk, where they are; what cannot be read is told and the rest is used."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interop.fhir.definitions import Definitions, Unusable, archive, content
from interop.fhir.xml import to_xml
from tests.spec.fhir.definitions.making import HERE, R4, element, profile

Json = dict[str, Any]
NAMED = profile("Patient", element("Patient.name", min=1), name="named")
BORN = profile("Patient", element("Patient.birthDate", min=1), name="born")
COLOURS: Json = {
    "resourceType": "CodeSystem",
    "url": "https://example.nhs.uk/colours",
    "version": "2",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "red"}],
}


def text(resource: Json) -> bytes:
    return json.dumps(resource).encode()


def folder(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root


def tgz(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, body in files.items():
            said = tarfile.TarInfo(name)
            said.size = len(body)
            made.addfile(said, io.BytesIO(body))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in files.items():
            made.writestr(name, body)
    return path


FILES = {
    "package/package.json": b'{"name": "example", "version": "1.0.0"}',
    "package/StructureDefinition-named.json": text(NAMED),
    "package/CodeSystem-colours.json": b"\xef\xbb\xbf" + text(COLOURS),
    "package/example/StructureDefinition-born.json": text(BORN),
    "package/Patient-one.json": text({"resourceType": "Patient", "id": "one"}),
}


def with_package(*paths: Path) -> Definitions:
    return Definitions.base().with_packages(paths)


@pytest.mark.parametrize("kind", ["folder", "tgz", "zip"])
def test_an_npm_package_is_read_whatever_holds_it(tmp_path: Path, kind: str) -> None:
    made = {"folder": folder, "tgz": tgz, "zip": zipped}[kind](tmp_path / f"package.{kind}", FILES)
    definitions = with_package(made)
    assert definitions.problems == []
    assert definitions.structure(HERE + "named") == NAMED
    assert definitions.resource("CodeSystem", COLOURS["url"]) == COLOURS
    assert {each["id"]: each for each in definitions.snapshot(HERE + "named")}["Patient.name"]["min"] == 1
    assert definitions.structure(HERE + "born") is None, "examples are no definitions"
    assert HERE + "named" in list(definitions.every("StructureDefinition"))


@pytest.mark.parametrize("kind", ["folder", "tgz", "zip"])
def test_xml_is_read_as_well_in_any_tree_of_folders(tmp_path: Path, kind: str) -> None:
    files = {"./structuredefinitions/named.xml": to_xml(NAMED), "./codesystems/colours.xml": to_xml(COLOURS)}
    definitions = with_package({"folder": folder, "tgz": tgz, "zip": zipped}[kind](tmp_path / f"package.{kind}", files))
    assert definitions.problems == []
    assert definitions.structure(HERE + "named") == NAMED
    assert definitions.resource("CodeSystem", COLOURS["url"] + "|2") == COLOURS


def test_one_file_is_a_package_of_one(tmp_path: Path) -> None:
    folder(tmp_path, {"named.json": text(NAMED), "born.json": text(BORN)})
    definitions = with_package(tmp_path / "named.json")
    assert definitions.structure(HERE + "named") == NAMED
    assert definitions.structure(HERE + "born") is None


def test_the_base_is_left_as_it_is(tmp_path: Path) -> None:
    with_package(folder(tmp_path, {"named.json": text(NAMED)}))
    assert Definitions.base().structure(HERE + "named") is None


def test_a_later_package_wins_and_a_version_finds_its_own(tmp_path: Path) -> None:
    newer = {**COLOURS, "version": "3", "concept": []}
    one = folder(tmp_path / "one", {"colours.json": text(newer)})
    other = folder(tmp_path / "other", {"colours.json": text(COLOURS)})
    definitions = with_package(one, other)
    assert definitions.resource("CodeSystem", COLOURS["url"]) == COLOURS
    assert definitions.resource("CodeSystem", COLOURS["url"] + "|3") == newer
    assert definitions.resource("CodeSystem", COLOURS["url"] + "|4") is None


def test_a_version_may_be_told_by_its_first_parts() -> None:
    versions = [{**COLOURS, "version": version} for version in ("1.9.0", "1.10.0", "2.0.0", "11.0.0")]
    definitions = Definitions.base().with_resources(versions)
    for said, found in (("1", "1.10.0"), ("1.9", "1.9.0"), ("2.0", "2.0.0")):
        assert (definitions.resource("CodeSystem", f"{COLOURS['url']}|{said}") or {})["version"] == found
    assert definitions.resource("CodeSystem", COLOURS["url"] + "|1.1") is None


def test_a_type_of_r4_is_not_redefined_by_another_release() -> None:
    other = profile("Patient", element("Patient"), url=R4 + "Patient", version="5.0.0", fhirVersion="5.0.0")
    definitions = Definitions.base().with_resources([other])
    assert (definitions.structure("Patient") or {})["version"] == "4.0.1"
    assert (definitions.structure(R4 + "Patient|5.0.0") or {})["version"] == "5.0.0"


def test_a_naming_system_is_found_by_url_and_unique_ids() -> None:
    ids = [{"type": "uri", "value": "https://example.nhs.uk/id"}, {"type": "oid", "value": "2.16.840.1"}]
    system = {"resourceType": "NamingSystem", "url": "https://example.nhs.uk/NamingSystem/one", "uniqueId": ids}
    definitions = Definitions.base().with_resources([system])
    for url in ("https://example.nhs.uk/NamingSystem/one", "https://example.nhs.uk/id", "urn:oid:2.16.840.1"):
        assert definitions.resource("NamingSystem", url) == system


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("broken.json", b'{"resourceType": "CodeSystem"', "broken.json: no JSON, line 1"),
        ("broken.xml", b"<CodeSystem", "broken.xml: "),
        ("entities.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><CodeSystem xmlns="http://hl7.org/fhir"/>', "entities.xml: "),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_used(tmp_path: Path, name: str, body: bytes, why: str) -> None:
    definitions = with_package(folder(tmp_path, {name: body, "named.json": text(NAMED), "list.json": b"[1]"}))
    assert [file for file, _ in definitions.problems] == [name]
    assert definitions.problems[0][1].startswith(why)
    assert definitions.structure(HERE + "named") == NAMED


def test_a_file_that_has_changed_since_is_told(tmp_path: Path) -> None:
    definitions = with_package(folder(tmp_path, {"named.json": text(NAMED), "born.json": text(BORN)}))
    (tmp_path / "named.json").write_bytes(text({**NAMED, "url": HERE + "renamed"}))
    (tmp_path / "born.json").unlink()
    assert definitions.structure(HERE + "named") is None
    assert definitions.structure(HERE + "born") is None
    assert [reason for _, reason in definitions.problems] == [
        "named.json: is no longer what the index says",
        "born.json: cannot be read (FileNotFoundError)",
    ]


@pytest.mark.parametrize("name", ["none.tgz", "none", "notes.txt"])
def test_what_is_no_package_is_refused(tmp_path: Path, name: str) -> None:
    folder(tmp_path, {"notes.txt": b"x"})
    with pytest.raises(Unusable, match=name):
        with_package(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "body"), [("a.tgz", b"no archive"), ("a.tgz", gzip.compress(b"no tar", mtime=0)), ("a.zip", b"PK\x03\x04")]
)
def test_a_broken_archive_is_refused(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(Unusable, match=r"a\.(tgz|zip): no archive that can be read"):
        with_package(tmp_path / name)


def test_an_archive_cut_short_is_refused(tmp_path: Path) -> None:
    whole = tgz(tmp_path / "whole.tgz", {"named.json": text(NAMED), "noise.json": bytes(range(256)) * 500}).read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unusable, match="no archive that can be read"):
        with_package(tmp_path / "cut.tgz")


@pytest.mark.parametrize("kind", ["tgz", "zip"])
def test_archives_that_grow_beyond_bounds_are_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SIZE", 100_000)
    monkeypatch.setattr(archive, "TOTAL", 300_000)
    make = {"tgz": tgz, "zip": zipped}[kind]
    with pytest.raises(Unusable, match=r"too large|a member of more"):
        with_package(make(tmp_path / f"one.{kind}", {"a.json": b" " * 200_000}))
    with pytest.raises(Unusable, match="too large"):
        with_package(make(tmp_path / f"many.{kind}", {f"{number}.json": b" " * 90_000 for number in range(5)}))


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBERS", 3)
    with pytest.raises(Unusable, match="more than 3 members"):
        with_package(tgz(tmp_path / "many.tgz", {f"{number}.json": b"{}" for number in range(5)}))


def test_a_package_of_rubbish_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="more than 500 files"):
        with_package(tgz(tmp_path / "rubbish.tgz", {f"{number}.json": b"" for number in range(600)}))


def test_names_and_links_of_an_archive_lead_nowhere(tmp_path: Path) -> None:
    """Nothing is unpacked to disk, so a name is only a name."""
    path = tgz(tmp_path / "odd.tgz", {"../../../outside.json": text(NAMED)})
    assert with_package(path).structure(HERE + "named") == NAMED
    assert not (tmp_path.parent / "outside.json").exists()
    with tarfile.open(tmp_path / "link.tgz", "w:gz") as made:
        link = tarfile.TarInfo("named.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        made.addfile(link)
    assert with_package(tmp_path / "link.tgz").problems == []


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder(tmp_path / "outside", {"named.json": text(NAMED)})
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "named.json").symlink_to(tmp_path / "outside" / "named.json")
    definitions = with_package(tmp_path / "inside")
    assert definitions.problems == [("named.json", "named.json: leads out of the folder")]
    assert definitions.structure(HERE + "named") is None


def test_a_file_beyond_the_size_of_a_resource_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "SIZE", 50)
    definitions = with_package(folder(tmp_path, {"named.json": text(NAMED)}))
    assert definitions.problems == [("named.json", "named.json: more than 50 bytes")]


def listing(*rows: Json) -> bytes:
    return text({"index-version": 2, "files": list(rows)})


NAMED_ROW = {"filename": "named.json", "resourceType": "StructureDefinition", "url": HERE + "named", "version": "1.2.3"}


def test_the_index_of_a_package_saves_reading_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> list[tuple[str, str, str]]:
        raise AssertionError("read")

    folder(tmp_path, {"package/named.json": text(NAMED), "package/.index.json": listing(NAMED_ROW)})
    monkeypatch.setattr("interop.fhir.definitions.files.named", never)
    assert with_package(tmp_path).structure(HERE + "named") == NAMED
    assert with_package(tmp_path / "package").structure(HERE + "named") == NAMED


@pytest.mark.parametrize(
    "index",
    [
        listing(),
        listing(NAMED_ROW, {**NAMED_ROW, "filename": "gone.json"}),
        listing({"filename": "named.json"}),
        b"{}",
        b"[]",
        b"no index",
    ],
)
def test_an_index_that_does_not_fit_the_files_is_not_believed(tmp_path: Path, index: bytes) -> None:
    folder(tmp_path, {"package/named.json": text(NAMED), "package/.index.json": index})
    definitions = with_package(tmp_path)
    assert definitions.structure(HERE + "named") == NAMED
    assert definitions.problems == []


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    body = text(NAMED).replace(b'"min": 1', b'"min": 1, "minValueDecimal": 1.50')
    definitions = with_package(folder(tmp_path, {"named.json": body}))
    made = {each["id"]: each for each in definitions.snapshot(HERE + "named")}
    assert str(made["Patient.name"]["minValueDecimal"]) == "1.50"
