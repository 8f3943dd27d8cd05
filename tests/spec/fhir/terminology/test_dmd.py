"""The NHS dictionary of medicines and devices on disk (TRUD XML release), compiled and used as a code system."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.terminology.releases import BadRelease, Release, load_dmd
from tests.spec.fhir.terminology.made import codes, value_set

DMD = "https://dmd.nhs.uk"
VTM, OLD_VTM, VMP, BAD_VMP, AMP, VMPP, AMPP, SUBSTANCE, TABLET = range(9991001, 9991010)
"""Made-up codes."""

FILES = {
    "f_vtm2_3010426.xml": f"""<?xml version="1.0" encoding="utf-8"?>
<VIRTUAL_THERAPEUTIC_MOIETIES>
<VTM><VTMID>{VTM}</VTMID><NM>Nonsensol</NM><VTMIDPREV>{OLD_VTM}</VTMIDPREV></VTM>
</VIRTUAL_THERAPEUTIC_MOIETIES>""",
    "f_vmp2_3010426.xml": f"""<VIRTUAL_MED_PRODUCTS><VMPS>
<VMP><VPID>{VMP}</VPID><VTMID>{VTM}</VTMID><NM>Nonsensol 10mg
 tablets</NM><PRES_STATCD>0001</PRES_STATCD></VMP>
<VMP><VPID>{BAD_VMP}</VPID><INVALID>1</INVALID><NM>Nonsensol 20mg tablets</NM></VMP>
</VMPS><VIRTUAL_PRODUCT_INGREDIENT><VPI><VPID>{VMP}</VPID><ISID>{SUBSTANCE}</ISID></VPI></VIRTUAL_PRODUCT_INGREDIENT>
</VIRTUAL_MED_PRODUCTS>""",
    "f_amp2_3010426.xml": f"""<ACTUAL_MEDICINAL_PRODUCTS><AMPS>
<AMP><APID>{AMP}</APID><VPID>{VMP}</VPID><NM>Sillium 10mg tablets</NM><DESC>Sillium 10mg tablets (Humbug Ltd)</DESC></AMP>
</AMPS></ACTUAL_MEDICINAL_PRODUCTS>""",
    "f_vmpp2_3010426.xml": f"""<VIRTUAL_MED_PRODUCT_PACK><VMPPS>
<VMPP><VPPID>{VMPP}</VPPID><NM>Nonsensol 10mg tablets 28 tablet</NM><VPID>{VMP}</VPID></VMPP>
</VMPPS></VIRTUAL_MED_PRODUCT_PACK>""",
    "f_ampp2_3010426.xml": f"""<ACTUAL_MEDICINAL_PROD_PACKS><AMPPS>
<AMPP><APPID>{AMPP}</APPID><NM>Sillium 10mg tablets (Humbug Ltd) 28 tablet</NM><VPPID>{VMPP}</VPPID><APID>{AMP}</APID></AMPP>
</AMPPS></ACTUAL_MEDICINAL_PROD_PACKS>""",
    "f_ingredient2_3010426.xml": f"""<INGREDIENT_SUBSTANCES>
<ING><ISID>{SUBSTANCE}</ISID><NM>Nonsensol hydrochloride</NM></ING></INGREDIENT_SUBSTANCES>""",
    "f_lookup2_3010426.xml": f"""<LOOKUP><FORM><INFO><CD>{TABLET}</CD><DESC>Tablet</DESC></INFO></FORM>
<BASIS_OF_NAME><INFO><CD>0001</CD><DESC>Somebody's list</DESC></INFO></BASIS_OF_NAME></LOOKUP>""",
}


def folder(root: Path, **changes: str) -> Path:
    root.mkdir()
    for name, text in {**FILES, **changes}.items():
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    root = tmp_path_factory.mktemp("dmd")
    load_dmd(folder(root / "release"), root / "compiled")
    return Release.open(root / "compiled")


@pytest.fixture(scope="module")
def terms(release: Release) -> Terminology:
    return Terminology(Definitions.base(), [release])


def test_the_version_is_the_date_of_the_files(release: Release) -> None:
    assert (release.url, release.version, release.verify()) == (DMD, "20260401", True)


@pytest.mark.parametrize(
    ("code", "display"),
    [
        (VTM, "Nonsensol"),
        (VMP, "Nonsensol 10mg tablets"),
        (AMP, "Sillium 10mg tablets (Humbug Ltd)"),
        (VMPP, "Nonsensol 10mg tablets 28 tablet"),
        (AMPP, "Sillium 10mg tablets (Humbug Ltd) 28 tablet"),
        (SUBSTANCE, "Nonsensol hydrochloride"),
        (TABLET, "Tablet"),
    ],
)
def test_every_kind_of_code_has_its_name(terms: Terminology, code: int, display: str) -> None:
    """An actual product is shown with its supplier."""
    verdict = terms.validate_in_system(DMD, str(code), display)
    assert (verdict.result, verdict.display, verdict.display_ok, verdict.inactive) == (True, display, True, False)


def test_the_name_without_the_supplier_is_a_text_too(terms: Terminology) -> None:
    assert terms.validate_in_system(DMD, str(AMP), "sillium 10mg tablets").display_ok is True


def test_invalid_and_replaced_codes_are_inactive(terms: Terminology) -> None:
    for code in (BAD_VMP, OLD_VTM):
        verdict = terms.validate_in_system(DMD, str(code))
        assert (verdict.result, verdict.inactive) == (True, True)


def test_other_codes_are_none_of_the_dictionary(terms: Terminology) -> None:
    """Codes of other lookups (bases of names, statuses) are not medicines."""
    for code in ("0001", "1", "9991999", "nonsensol"):
        assert terms.validate_in_system(DMD, code).result is False


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("VTM", [VTM]),
        ("VMP", [VMP, BAD_VMP]),
        ("AMP", [AMP]),
        ("VMPP", [VMPP]),
        ("AMPP", [AMPP]),
        ("INGREDIENT", [SUBSTANCE]),
        ("FORM", [TABLET]),
    ],
)
def test_value_sets_by_kind(terms: Terminology, kind: str, expected: list[int]) -> None:
    """``parent = VMP``, as the value sets of UK Core say it."""
    wanted = value_set("kind", include=[{"system": DMD, "filter": [{"property": "parent", "op": "=", "value": kind}]}])
    assert codes(terms, wanted) == [str(code) for code in expected]
    assert terms.validate_code(wanted, DMD, str(expected[0])).result is True
    assert terms.validate_code(wanted, DMD, str(AMP if kind != "AMP" else VMP)).result is False


def test_a_product_is_a_kind_of_what_it_is_made_from(terms: Terminology) -> None:
    assert terms.subsumes(DMD, str(VTM), str(AMP)) == "subsumes"
    assert terms.subsumes(DMD, str(VMPP), str(AMPP)) == "subsumes"
    assert terms.subsumes(DMD, str(VMP), str(VMPP)) == "not-subsumed", "a pack is no product"
    found = terms.lookup(DMD, str(VMP))
    assert found is not None
    assert (found.parents, found.children, ("parent", "VMP") in found.properties) == ([str(VTM)], [str(AMP)], True)


def test_a_zip_and_a_zip_within_it_give_the_same(tmp_path: Path, release: Release) -> None:
    """TRUD packs the ingredients and others in a zip of their own."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("f_ingredient2_3010426.xml", FILES["f_ingredient2_3010426.xml"])
    with zipfile.ZipFile(tmp_path / "dmd.zip", "w") as archive:
        for name, text in FILES.items():
            if "ingredient" not in name:
                archive.writestr(f"nhsbsa_dmd_4.1.0/{name}", text)
        archive.writestr("week142026-r2_3-BNF.zip", inner.getvalue())
    assert load_dmd(tmp_path / "dmd.zip", tmp_path / "out") == release.version
    assert list(Release.open(tmp_path / "out").concepts()) == list(release.concepts())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "<VIRTUAL_MED_PRODUCTS><VMPS>\n<VMP><VPID>12a</VPID><NM>x</NM></VMP></VMPS></VIRTUAL_MED_PRODUCTS>",
            "line 2: VPID is no identifier",
        ),
        (
            "<VIRTUAL_MED_PRODUCTS><VMPS>\n\n<VMP><VPID>12</VPID></VMP></VMPS></VIRTUAL_MED_PRODUCTS>",
            "line 3: a VMP without VPID or NM",
        ),
        ("<VIRTUAL_MED_PRODUCTS><VMPS>\n<VMP>", "line 2: not XML"),
    ],
)
def test_malformed_records_are_refused_with_file_and_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadRelease) as raised:
        load_dmd(folder(tmp_path / "r", **{"f_vmp2_3010426.xml": text}), tmp_path / "out")
    assert str(raised.value) == f"f_vmp2_3010426.xml {reason}"
    assert not (tmp_path / "out").exists()


def test_a_release_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "r")
    (root / "f_amp2_3010426.xml").unlink()
    with pytest.raises(BadRelease, match="no f_amp2"):
        load_dmd(root, tmp_path / "out")


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    bomb = f'<!DOCTYPE x [<!ENTITY a "SECRET">]>{FILES["f_vmp2_3010426.xml"].replace("Nonsensol", "&a;")}'
    with pytest.raises(BadRelease, match="document type"):
        load_dmd(folder(tmp_path / "r", **{"f_vmp2_3010426.xml": bomb}), tmp_path / "out")
