"""The code tables of a mapping as concept maps (docs/mapping-language.md, ``codes``)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import BadTable, Terminology, code_tables

HEAD = "source,system,code,display,why\n"


def tables(root: Path, **named: str) -> Terminology:
    folder = root / "surgery" / "codes"
    folder.mkdir(parents=True)
    for name, text in named.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return Terminology(Definitions.base().with_resources(code_tables(root)))


def ask(terms: Terminology, name: str, code: str) -> list[tuple[str, str, str]]:
    found = terms.translate(f"urn:interop:source:surgery:{name}", code, concept_map=f"urn:interop:conceptmap:surgery:{name}")
    return [(each.system, each.code, each.display) for each in found]


def test_a_row_is_a_translation(tmp_path: Path) -> None:
    terms = tables(tmp_path, sex="# made up\n" + HEAD + 'F,urn:s,female,"Female, as said",\nM,,male,,why not\n')
    assert ask(terms, "sex", "F") == [("urn:s", "female", "Female, as said")]
    assert ask(terms, "sex", "M") == [("", "male", "")]
    assert ask(terms, "sex", "X") == []


def test_a_star_takes_all_other_values_and_only_those(tmp_path: Path) -> None:
    terms = tables(tmp_path, way=HEAD + "*,urn:a,=,,\nF,urn:b,foot,Foot,\nC,urn:a,car,,\n", end=HEAD + "*,urn:a,none,None,\n")
    assert ask(terms, "way", "F") == [("urn:b", "foot", "Foot")]
    assert ask(terms, "way", "C") == [("urn:a", "car", "")]
    assert ask(terms, "way", "Q") == [("urn:a", "Q", "")]
    assert ask(terms, "end", "Q") == [("urn:a", "none", "None")]


@pytest.mark.parametrize("text", ["code,source\na,b\n", HEAD + "a,b\n"], ids=["columns", "cells"])
def test_a_bad_table_is_refused_with_file_and_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadTable, match=r"way\.csv line [12]"):
        tables(tmp_path, way=text)


def test_every_table_of_this_project_is_a_map_whose_codes_are_known_or_not_checked() -> None:
    """The names are those of the folder; a target that a loaded complete code system lacks would be a fault of the table."""
    maps = list(code_tables(files("mappings")))
    terms = Terminology(Definitions.base().with_resources(maps))
    assert "urn:interop:conceptmap:administrative-gender" in {each["url"] for each in maps}
    unknown = [
        (each["name"], group["target"], target["code"])
        for each in maps
        for group in each["group"]
        for element in group["element"]
        for target in element.get("target", ())
        if "target" in group and terms.validate_in_system(group["target"], target["code"]).result is False
    ]
    assert unknown == []
