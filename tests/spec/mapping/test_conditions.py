"""``when``: tests joined by ``and``, each of them of a closed grammar, so that two can be proved to exclude each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.mapping.conditions import Condition, exclusive, parse_condition
from interop.mapping.paths import PathError
from tests.spec.mapping.small import er7, load, made, refused, xml

SOURCE = "MSH,21,,\nPID,30,,\n"


def holds(tmp_path: Path, when: str, pid: str) -> bool:
    """Whether a row with that condition is carried out for a PID."""
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        elements=f"A01,pat,,PID-1,{when},name[x].text,,,\n",
    )
    return "name:x" in made(family, er7(pid)).one("pat").registers


@pytest.mark.parametrize(
    ("when", "pid", "expected"),
    [
        ("PID-8 present", "PID|1|||||||M", True),
        ("PID-8 present", "PID|1||3", False),
        ('"PID-8 present"', 'PID|1|||||||""', False),
        ("PID-8 absent", "PID|1|||||||M", False),
        ("PID-8 absent", 'PID|1|||||||""', True),
        ("not PID-8 present", "PID|1|||||||M", False),
        ("not PID-8 absent", "PID|1|||||||M", True),
        ("PID-8 = M", "PID|1|||||||M", True),
        ("PID-8 = M", "PID|1|||||||F", False),
        ("not PID-8 = M", "PID|1|||||||F", True),
        ("not PID-8 = M", "PID|1", True),
        ("PID-5.2 = 'Mary Ann'", "PID|1||||X^Mary Ann", True),
        ("PID-5.2 = 'O''Dea'", "PID|1||||X^O'Dea", True),
        ('"PID-8 in M,F"', "PID|1|||||||F", True),
        ('"PID-8 in M,F"', "PID|1|||||||U", False),
        ('"not PID-8 in M,F"', "PID|1|||||||U", True),
        ("\"PID-8 in 'A,B',F\"", "PID|1|||||||A,B", True),
        ('"PID-8 starts M,F"', "PID|1|||||||Fem", True),
        ('"PID-8 starts M,F"', "PID|1|||||||U", False),
        ('"not PID-8 starts M,F"', "PID|1|||||||U", True),
        ("length PID-7 = 8", "PID|1||||||19410317", True),
        ("length PID-7 = 8", "PID|1||||||1941", False),
        ("not length PID-7 = 8", "PID|1||||||1941", True),
        ("PID-8 = M and PID-7 present", "PID|1||||||1941|M", True),
        ("PID-8 = M and PID-7 present", "PID|1|||||||M", False),
        ("PID-5.1 = 'this and that'", "PID|1||||this and that", True),
    ],
)
def test_a_row_is_carried_out_where_its_condition_holds(tmp_path: Path, when: str, pid: str, expected: bool) -> None:
    assert holds(tmp_path, when, pid) is expected


def test_a_resource_is_made_where_its_condition_holds(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,PID-8 present,upsert,\n",
        elements="A01,pat,,PID-8,,name[x].text,,,\n",
    )
    assert made(family, er7("PID|||1|||||M")).all("pat")
    assert not made(family, er7("PID|||1")).all("pat")


def test_paths_with_a_dot_are_of_what_each_stands_on_others_of_the_resource(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        source=SOURCE,
        routes="ADT^A01,pat,\n",
        resources="pat,,PID,Patient,PID-3,,upsert,\n",
        elements="A01,pat,PID-5~,.1,.7 = L and PID-8 = M,name[+].family,,,\n",
    )
    names = "PID|||1||Able^^^^^^L~Baker^^^^^^N|||"
    assert made(family, er7(f"{names}M")).body("pat")["name"] == [{"family": "Able"}]
    assert "name" not in made(family, er7(f"{names}F")).body("pat")


def test_so_it_is_in_trees(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        "xml",
        source="patient,,,\nid,,,\nname,,,\nuse,,,\nsex,,,\nfamily,,,\n",
        routes="doc,pat,\n",
        resources="pat,,patient,Patient,id,,upsert,\n",
        elements="A01,pat,name,family,./use = L and sex = M,name[+].family,,,\n",
    )
    names = "<id>1</id><name><use>L</use><family>Able</family></name><name><use>N</use><family>Baker</family></name>"
    document = "<doc><patient>{}<sex>{}</sex></patient></doc>"
    assert made(family, xml(document.format(names, "M")), "doc").body("pat")["name"] == [{"family": "Able"}]
    assert "name" not in made(family, xml(document.format(names, "F")), "doc").body("pat")


@pytest.mark.parametrize(
    "text", ["PID-8", "PID-8 is M", "PID-8 present or PID-7 present", "length PID-7 > 8", "and", "pid present"]
)
def test_anything_else_is_no_condition(text: str) -> None:
    with pytest.raises(PathError):
        parse_condition(text, er7=True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("PID-8 = M", "PID-8 = F", True),
        ("PID-8 = M", "PID-8 in M,F", False),
        ("PID-8 in A,B", "PID-8 in C,D", True),
        ("PID-8 in A,B", "not PID-8 in A,B,C", True),
        ("PID-8 in A,B,C", "not PID-8 in A,B", False),
        ("not PID-8 = M", "not PID-8 = F", False),
        ("PID-8 present", "PID-8 absent", True),
        ("not PID-8 present", "PID-8 present", True),
        ("PID-8 present", "PID-8 = M", False),
        ("PID-8 absent", "PID-8 = M", True),
        ("PID-8 absent", "not PID-8 = M", False),
        ("PID-8 absent", "PID-8 starts M", True),
        ("PID-8 absent", "length PID-8 = 3", True),
        ("PID-8 absent", "length PID-8 = 0", False),
        ("length PID-7 = 8", "length PID-7 = 4", True),
        ("length PID-7 = 8", "not length PID-7 = 8", True),
        ("length PID-7 = 8", "not length PID-7 = 4", False),
        ("PID-8 starts AB", "PID-8 starts AC", True),
        ("PID-8 starts AB", "PID-8 starts A", False),
        ("PID-8 starts A", "not PID-8 starts A", True),
        ("PID-8 starts AB", "not PID-8 starts A", True),
        ("PID-8 starts A", "not PID-8 starts AB", False),
        ("PID-8 in AX,AY", "not PID-8 starts A", True),
        ("PID-8 in AX,AY", "PID-8 starts B", True),
        ("PID-8 in AX,BY", "PID-8 starts B", False),
        ("PID-8 = M", "PID-7 = F", False),
        ("PID-8 = M and PID-7 present", "PID-9 present and PID-7 absent", True),
        ("", "PID-8 = M", False),
    ],
)
def test_two_conditions_exclude_each_other_where_that_can_be_proved(one: str, other: str, expected: bool) -> None:
    conditions = parse_condition(one, er7=True), parse_condition(other, er7=True)
    assert exclusive(*conditions) is expected
    assert exclusive(*reversed(conditions)) is expected


VALUES = ["", "A", "B", "AB", "AC", "ABC"]
tests = st.one_of(
    st.builds("{} {}".format, st.sampled_from(["PID-7", "PID-8"]), st.sampled_from(["present", "absent"])),
    st.builds(
        lambda path, op, values: f"{path} {op} {','.join(values)}",
        st.sampled_from(["PID-7", "PID-8"]),
        st.sampled_from(["in", "starts"]),
        st.lists(st.sampled_from(VALUES[1:]), min_size=1, max_size=3),
    ),
    st.builds("{} = {}".format, st.sampled_from(["PID-7", "PID-8"]), st.sampled_from(VALUES[1:])),
    st.builds("length {} = {}".format, st.sampled_from(["PID-7", "PID-8"]), st.integers(0, 3)),
)
conditions = st.lists(st.builds("{}{}".format, st.sampled_from(["", "not "]), tests), min_size=1, max_size=3).map(" and ".join)


def satisfied(condition: Condition, valuation: dict[str, str]) -> bool:
    """What a condition means, said a second time."""
    for test in condition:
        value = valuation[test.text]
        said = {
            "present": value != "",
            "in": value in test.values,
            "starts": any(value.startswith(start) for start in test.values),
            "length": len(value) == test.length,
        }[test.kind]
        if said is test.negated:
            return False
    return True


@given(conditions, conditions)
def test_what_excludes_each_other_never_holds_together(one: str, other: str) -> None:
    first, second = parse_condition(one, er7=True), parse_condition(other, er7=True)
    if exclusive(first, second):
        for a in VALUES:
            for b in VALUES:
                valuation = {"PID-7": a, "PID-8": b}
                assert not (satisfied(first, valuation) and satisfied(second, valuation))


def test_rows_that_exclude_each_other_may_share_a_target(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-7,PID-8 = M,birthDate,hl7time,,\nA02,pat,,PID-29,PID-8 in F,birthDate,hl7time,,\n"
    tables = {
        "source": SOURCE,
        "routes": "ADT^A01,pat,\n",
        "resources": "pat,,PID,Patient,PID-3,,upsert,\n",
    }
    assert refused(tmp_path / "a", **tables, elements=rows) == []
    assert [one.row for one in refused(tmp_path / "b", **tables, elements=rows.replace("in F", "starts M"))] == ["A02"]
