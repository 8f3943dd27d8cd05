"""A SNOMED CT release on disk (RF2 Snapshot), compiled and used as a code system (Using SNOMED CT with FHIR)."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.sctid import check_digit, is_concept, namespace
from interop.fhir.terminology import Terminology
from interop.fhir.terminology.releases import BadRelease, Release, load_rf2
from tests.spec.fhir.terminology import rf2
from tests.spec.fhir.terminology.made import Json, codes, value_set

SNOMED = "http://snomed.info/sct"
EDITION = f"{SNOMED}/{rf2.MODULE}"
VERSION = f"{EDITION}/version/{rf2.TIME}"
SET = f"{SNOMED}?fhir_vs"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("rf2")
    load_rf2(rf2.write(folder / "release", rf2.files()), folder / "compiled")
    return Release.open(folder / "compiled")


@pytest.fixture(scope="module")
def terms(release: Release) -> Terminology:
    return Terminology(Definitions.base(), [release])


def filtered(name: str, op: str, value: str) -> Json:
    return value_set("f", include=[{"system": SNOMED, "filter": [{"property": name, "op": op, "value": value}]}])


def test_identifiers_have_a_check_digit_a_partition_and_a_namespace() -> None:
    assert is_concept(rf2.ROOT)
    assert namespace(rf2.ROOT) == rf2.SPACE
    assert check_digit("13887500") == "5"
    assert not is_concept("138875006")
    assert not is_concept(rf2.sctid(1, "11")), "the partition of descriptions"
    assert not is_concept("12345")


def test_the_version_names_the_module_that_depends_on_the_others(release: Release) -> None:
    assert release.version == VERSION
    assert len(release) == len(rf2.CONCEPTS)
    assert len(release.source) == 64
    assert release.verify()


def test_a_known_code_has_the_display_that_britain_prefers(terms: Terminology) -> None:
    verdict = terms.validate_in_system(SNOMED, rf2.APPLE)
    assert (verdict.result, verdict.display) == (True, "Apple")


@pytest.mark.parametrize(("display", "fits"), [("apple", True), ("Malus", True), ("Apple (fruit)", True), ("Pear", False)])
def test_every_active_term_is_a_display(terms: Terminology, display: str, fits: bool) -> None:
    assert terms.validate_in_system(SNOMED, rf2.APPLE, display).display_ok is fits
    assert terms.validate_in_system(SNOMED, rf2.PEAR, "A term that was withdrawn").display_ok is False


def test_an_inactive_concept_is_a_code_and_is_told(terms: Terminology) -> None:
    verdict = terms.validate_in_system(SNOMED, rf2.MEDLAR)
    assert (verdict.result, verdict.inactive, verdict.severity) == (True, True, "warning")


def test_unknown_codes_are_refused_and_those_of_extensions_that_are_not_loaded_are_not_checked(terms: Terminology) -> None:
    assert terms.validate_in_system(SNOMED, rf2.concept(77)).result is False
    assert terms.validate_in_system(SNOMED, "apple").result is False
    assert terms.validate_in_system(SNOMED, rf2.APPLE[:-1]).result is False
    elsewhere = "1" + "1888888" + "10"
    verdict = terms.validate_in_system(SNOMED, elsewhere + check_digit(elsewhere))
    assert (verdict.result, verdict.message) == (None, "the code is of an extension of SNOMED CT that is not loaded")


def test_subsumption(terms: Terminology) -> None:
    assert terms.subsumes(SNOMED, rf2.ROOT, rf2.COX) == "subsumes"
    assert terms.subsumes(SNOMED, rf2.COX, rf2.TOOL) == "subsumed-by"
    assert terms.subsumes(SNOMED, rf2.PEAR, rf2.TOOL) == "not-subsumed", "an inactive link and a link that is no is-a"
    assert terms.subsumes(SNOMED, rf2.PEAR, rf2.PEAR) == "equivalent"


def test_lookup(terms: Terminology) -> None:
    found = terms.lookup(SNOMED, rf2.COX)
    assert found is not None
    assert (found.parents, found.children, found.definition) == ([rf2.APPLE, rf2.TOOL], [], "Cox's Orange Pippin (fruit)")


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", rf2.APPLE, [rf2.APPLE, rf2.COX]),
        ("concept", "descendent-of", rf2.APPLE, [rf2.COX]),
        ("concept", "generalizes", rf2.APPLE, [rf2.ROOT, rf2.FRUIT, rf2.APPLE]),
        ("concept", "in", rf2.SET, [rf2.COX, rf2.PEAR]),
        ("concept", "in", f"{rf2.PEAR},{rf2.TOOL}", [rf2.PEAR, rf2.TOOL]),
        ("concept", "=", rf2.PEAR, [rf2.PEAR]),
        ("parent", "=", rf2.TOOL, [rf2.COX, rf2.BASKET]),
        ("constraint", "=", f"<< {rf2.APPLE} |Apple|", [rf2.APPLE, rf2.COX]),
        ("constraint", "=", f"<{rf2.APPLE}", [rf2.COX]),
        ("constraint", "=", f"<!{rf2.FRUIT}", [rf2.APPLE, rf2.PEAR]),
        ("constraint", "=", f">{rf2.APPLE}", [rf2.ROOT, rf2.FRUIT]),
        ("constraint", "=", f">!{rf2.COX}", [rf2.APPLE, rf2.TOOL]),
        ("constraint", "=", f"^ {rf2.SET}", [rf2.COX, rf2.PEAR]),
        ("constraint", "=", f"{rf2.PEAR} OR {rf2.TOOL} OR {rf2.COX}", [rf2.COX, rf2.PEAR, rf2.TOOL]),
        ("constraint", "=", f"<< {rf2.FRUIT} AND << {rf2.TOOL}", [rf2.COX]),
        ("constraint", "=", f"<< {rf2.FRUIT}, << {rf2.TOOL}", [rf2.COX]),
        ("constraint", "=", f"<< {rf2.FRUIT} MINUS (<< {rf2.APPLE} OR {rf2.PEAR})", [rf2.FRUIT]),
        ("constraint", "=", f"<< ({rf2.APPLE} OR {rf2.BASKET}) /* a note */", [rf2.APPLE, rf2.COX, rf2.BASKET]),
        ("constraint", "=", f"descendantOrSelfOf {rf2.APPLE} or memberOf {rf2.SET}", [rf2.APPLE, rf2.COX, rf2.PEAR]),
        ("constraint", "=", f"DescendantOf {rf2.APPLE}", [rf2.COX]),
        ("constraint", "=", f"* MINUS << {rf2.ROOT}", [rf2.EMPTY_SET]),
    ],
)
def test_filters_and_simple_expression_constraints(terms: Terminology, name: str, op: str, value: str, expected: list[str]) -> None:
    """Brief and long syntax; what expands is what validates."""
    wanted = filtered(name, op, value)
    assert sorted(codes(terms, wanted), key=int) == sorted(expected, key=int)
    assert [code for code in rf2.CONCEPTS if terms.validate_code(wanted, SNOMED, code).result] == sorted(
        expected, key=rf2.CONCEPTS.index
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (f"< {rf2.FRUIT} : 363698007 = {rf2.TOOL}", "has a form that is not computed"),
        (f"{rf2.FRUIT} AND {rf2.PEAR} OR {rf2.TOOL}", "mixes AND, OR and MINUS without brackets"),
        (f"<< {rf2.concept(77)}", "a concept of the expression constraint is not in the release"),
        (f"^ {rf2.EMPTY_SET}", "a reference set is not in the release"),
        (f"({rf2.PEAR}", "does not close"),
        ("(" * 50 + rf2.PEAR + ")" * 50, "too deep"),
        (f"<< (<< (<< {rf2.PEAR}))", "walks too often"),
        ("<<", "has a form that is not computed"),
        ("{{ C active = 0 }}", "has a form that is not computed"),
    ],
)
def test_constraints_that_are_not_computed_leave_the_code_unchecked(terms: Terminology, value: str, reason: str) -> None:
    verdict = terms.validate_code(filtered("constraint", "=", value), SNOMED, rf2.PEAR)
    assert verdict.result is None
    assert reason in verdict.message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (SET, rf2.CONCEPTS),
        (f"{SET}=isa/{rf2.APPLE}", [rf2.APPLE, rf2.COX]),
        (f"{SET}=refset/{rf2.SET}", [rf2.COX, rf2.PEAR]),
        (f"{SET}=ecl/%3C%20{rf2.APPLE}", [rf2.COX]),
        (f"{EDITION}?fhir_vs=isa/{rf2.APPLE}", [rf2.APPLE, rf2.COX]),
        (f"{VERSION}?fhir_vs=isa/{rf2.APPLE}", [rf2.APPLE, rf2.COX]),
    ],
)
def test_value_sets_that_a_url_says_itself(terms: Terminology, url: str, expected: list[str]) -> None:
    assert codes(terms, url) == sorted(expected, key=int)


def test_another_edition_or_version_is_not_loaded(terms: Terminology) -> None:
    for version in (f"{SNOMED}/900000000000207008", f"{EDITION}/version/20250401"):
        verdict = terms.validate_code(f"{version}?fhir_vs", SNOMED, rf2.PEAR)
        assert (verdict.result, verdict.message) == (None, f"version {version} of SNOMED CT is not loaded")


def test_a_value_set_of_r4_that_names_absent_concepts_is_not_checked(terms: Terminology) -> None:
    """The release of the garden has no clinical findings."""
    assert terms.validate_code("http://hl7.org/fhir/ValueSet/condition-code", SNOMED, rf2.PEAR).result is None


def test_a_zip_gives_the_same(tmp_path: Path, release: Release) -> None:
    load_rf2(rf2.packed(tmp_path / "r.zip", rf2.files()), tmp_path / "out")
    again = Release.open(tmp_path / "out")
    assert again.version == release.version
    assert list(again.concepts()) == list(release.concepts())


def test_of_two_packages_the_later_row_counts(tmp_path: Path) -> None:
    """An extension beside the release that it extends: a concept that it makes inactive, and one that it adds."""
    content = rf2.files()
    extra = {
        name.replace("Garden", "Shed").replace(rf2.TIME, "20260501"): text.split("\r\n")[0] + "\r\n"
        for name, text in content.items()
    }
    concepts = next(name for name in extra if "_Concept_" in name)
    new = rf2.concept(60)
    extra[concepts] += "".join(
        "\t".join(row) + "\r\n"
        for row in (
            [rf2.PEAR, "20260501", "0", rf2.MODULE, "900000000000074008"],
            [rf2.COX, "20250101", "0", rf2.MODULE, "900000000000074008"],
            [new, "20260501", "1", rf2.MODULE, "900000000000074008"],
        )
    )
    load_rf2(rf2.write(tmp_path / "both", {**content, **extra}), tmp_path / "out")
    terms = Terminology(Definitions.base(), [Release.open(tmp_path / "out")])
    assert terms.validate_in_system(SNOMED, rf2.PEAR).inactive
    assert not terms.validate_in_system(SNOMED, rf2.COX).inactive
    assert terms.validate_in_system(SNOMED, new).result is True


def test_progress_names_files_and_rows(tmp_path: Path) -> None:
    said: list[tuple[str, int]] = []
    load_rf2(rf2.write(tmp_path / "r", rf2.files()), tmp_path / "out", lambda name, rows: said.append((name, rows)))
    assert (f"sct2_Concept_GardenSnapshot_GB{rf2.SPACE}_{rf2.TIME}.txt", len(rf2.CONCEPTS) + 1) in said


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("_Concept_", "1\t2", "2 columns, not 5"),
        ("_Concept_", f"x{rf2.PEAR}\t{rf2.TIME}\t1\t{rf2.MODULE}\t1", "column 1 is no SNOMED CT identifier"),
        ("_Concept_", f"{rf2.PEAR}\t{rf2.TIME}\tyes\t{rf2.MODULE}\t1", "effectiveTime or active is not one"),
        ("_Concept_", f"{rf2.PEAR}\tApril\t1\t{rf2.MODULE}\t1", "effectiveTime or active is not one"),
        (
            "_Relationship_",
            f"{rf2.sctid(60, '12')}\t{rf2.TIME}\t1\t{rf2.MODULE}\t\t1\t0\t1\t1\t1",
            "column 5 is no SNOMED CT identifier",
        ),
    ],
)
def test_a_malformed_row_is_refused_with_file_and_line(tmp_path: Path, kind: str, row: str, reason: str) -> None:
    """And nothing is written."""
    content = rf2.files()
    name = next(each for each in content if kind in each)
    content[name] += row + "\r\n"
    line = content[name].count("\n")
    with pytest.raises(BadRelease) as raised:
        load_rf2(rf2.write(tmp_path / "r", content), tmp_path / "out")
    assert str(raised.value) == f"{Path(name).name} line {line}: {reason}"
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = rf2.packed(tmp_path / "r.zip", rf2.files())
    whole = bytearray(path.read_bytes())
    for at in range(60, len(whole) // 2):
        whole[at] ^= 0x5A
    path.write_bytes(whole)
    with pytest.raises(BadRelease):
        load_rf2(path, tmp_path / "out")


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRelease, match="no RF2 snapshot of concepts"):
        load_rf2(tmp_path, tmp_path / "out")
    (tmp_path / "text").write_text("hello hello hello")
    with pytest.raises(BadRelease, match="not a compiled release"):
        Release.open(tmp_path / "text")


def test_a_compiled_release_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    load_rf2(rf2.write(tmp_path / "r", rf2.files()), tmp_path / "out")
    whole = (tmp_path / "out").read_bytes()
    for length in (20, 200, len(whole) - 9):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(BadRelease):
            Release.open(tmp_path / "cut")
    (tmp_path / "bent").write_bytes(whole[:-9] + bytes(9))
    assert not Release.open(tmp_path / "bent").verify() or whole.endswith(bytes(9))
