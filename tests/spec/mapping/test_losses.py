"""Losses: nothing that a message holds is dropped silently; what reaches no element is told, with its path and a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.formats.er7 import Message
from interop.mapping.library import Family
from tests.spec.mapping.small import er7, json, load, made, xml

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\nPV1,52,,\nOBX,20,,\n",
    "routes": "ADT^A01,pat visit,\nADT^A31,pat,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n",
    "codes": {"sex": "M,,male,,\n"},
}


def losses(tmp_path: Path, elements: str, *segments: str, message: str = "ADT^A01") -> list[tuple[str, str, str]]:
    """What is told of a message."""
    return made(load(tmp_path, **TABLES, elements=elements), er7(*segments), message).losses


def test_a_field_without_a_row_is_unmapped(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-8,,gender,,sex,\n", "PID|||1||Able||1941|M") == [
        ("PID-5", "unmapped", ""),
        ("PID-7", "unmapped", ""),
    ]


def test_so_is_a_segment_that_no_row_reads(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-8,,gender,,sex,\n", "PID|||1", "ZZZ|1||x", "OBX|1") == [
        ("OBX-1", "unmapped", ""),
        ("ZZZ-1", "unmapped", ""),
        ("ZZZ-3", "unmapped", ""),
    ]


def test_so_is_what_only_another_route_reads(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-8,,gender,,sex,\nA02,visit,,PV1-3,,serviceType.text,,,\n"
    assert losses(tmp_path, rows, "PID|||1", "PV1|||WARD", message="ADT^A31") == [("PV1-3", "unmapped", "")]


def test_so_is_a_repetition_beyond_those_that_are_read(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-5.1,,name[x].family,,,\n", "PID|||1||Able~Baker~~Cole") == [
        ("PID-5[2]", "unmapped", ""),
        ("PID-5[4]", "unmapped", ""),
    ]


def test_so_is_a_component_that_no_row_reads(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-5.1,,name[x].family,,,\nA02,pat,PID-11~,.5,,address[+].postalCode,,,\n"
    assert losses(tmp_path, rows, "PID|||1||Able^Ann^^Jr||||||1 High St^^Hythe^^CT21") == [
        ("PID-11.1", "unmapped", ""),
        ("PID-11.3", "unmapped", ""),
        ("PID-5.2", "unmapped", ""),
        ("PID-5.4", "unmapped", ""),
    ]


def test_and_a_component_of_any_repetition(tmp_path: Path) -> None:
    rows = "A01,pat,PID-11~,.5,,address[+].postalCode,,,\n"
    found = losses(tmp_path, rows, "PID|||1||||||||^^^^CT21~^^Hythe^^CT20")
    assert [(path.partition("[")[0].partition(".")[0], reason) for path, reason, _ in found] == [("PID-11", "unmapped")]


def test_so_is_a_subcomponent_where_only_others_are_read(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-6.1.2,,contact[m].name.family,,,\nA02,pat,,PID-5.1,,name[x].family,,,\n"
    assert losses(tmp_path, rows, "PID|||1||van Able&van|van Brook&van&Brook") == [
        ("PID-6.1.1", "unmapped", ""),
        ("PID-6.1.3", "unmapped", ""),
    ]


def test_and_so_it_is_in_a_sub_table(tmp_path: Path) -> None:
    rows = "A01,pat,PID-3~,.,,identifier[+],table:CX,,\nC01,CX,,.1,,value,,,\n"
    rows += "C02,CX,,.4.1,,system,system,,\nC03,CX,,.6.2,,period.start,hl7time,,\n"
    assert losses(tmp_path, rows, "PID|||1^^^HOSP~2^^^HOSP&1.2&ISO^^x") == [
        ("PID-3.4.2", "unmapped", ""),
        ("PID-3.4.3", "unmapped", ""),
        ("PID-3.6.1", "unmapped", ""),
    ]


def test_what_a_row_leaves_out_says_which_row(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-1,,-,,,a counter of segments\nA02,pat,,PID-8,,gender,,sex,\n"
    assert losses(tmp_path, rows, "PID|1||1") == [("PID-1", "not-carried", "A01")]


def test_a_whole_segment_may_be_left_out(tmp_path: Path) -> None:
    """What a row reads of it is carried all the same; what the resource of the row is not there for is told as ever."""
    rows = "A01,pat,,OBX,,-,,,not of the record\nA02,pat,,OBX-3,,name[x].family,,,\nA03,visit,,PV1,,-,,,nor this\n"
    assert losses(tmp_path, rows, "PID|||1", "OBX|1||x||y", "OBX|2", "PV1|1", message="ADT^A31") == [
        ("OBX-1", "not-carried", "A01"),
        ("OBX-1", "not-carried", "A01"),
        ("OBX-5", "not-carried", "A01"),
        ("PV1-1", "unmapped", ""),
    ]


def test_what_a_transform_cannot_read(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-7,,birthDate,hl7time,,\n", "PID|||1||||17/3/41") == [("PID-7", "unreadable", "A01")]


def test_what_a_code_table_lacks(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-8,,gender,,sex,\n", "PID|||1|||||X") == [("PID-8", "no-code", "A01")]


def test_a_field_all_of_whose_rows_have_conditions_that_do_not_hold(tmp_path: Path) -> None:
    rows = (
        "A01,pat,,PID-7,PID-8 = M,birthDate,hl7time,,\nA02,pat,,PID-7,PID-8 = F,birthDate,hl7time,,\nA03,pat,,PID-8,,gender,,sex,\n"
    )
    assert losses(tmp_path / "a", rows, "PID|||1||||1941|M") == []
    assert losses(tmp_path / "b", rows, "PID|||1||||1941") == [("PID-7", "condition", "")]


def test_a_repetition_that_no_row_takes(tmp_path: Path) -> None:
    rows = "A01,pat,PID-5~,.1,.7 = L,name[+].family,,,\nA02,pat,PID-5~,.1,.7 = M,name[+maiden].family,,,\n"
    assert losses(tmp_path, rows, "PID|||1||Able^^^^^^L~Baker^^^^^^X~Cole^^^^^^M") == [("PID-5[2]", "condition", "A01")]


def test_a_deletion_is_no_loss(tmp_path: Path) -> None:
    assert losses(tmp_path, "A01,pat,,PID-8,,gender,,sex,\n", 'PID|||1||""|||""') == []


def test_the_fields_that_are_carried_are_counted(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES, elements="A01,pat,,PID-8,,gender,,sex,\nA02,pat,,PID-7,,birthDate,hl7time,,\n")
    assert made(family, er7("PID|||1|||||M")).mapped.carried == 2
    assert made(family, er7("PID|||1||||1941|M")).mapped.carried == 3


TREE: dict[str, Any] = {
    "source": "".join(
        f"{name},,,\n" for name in ("patient", "id", "name", "family", "given", "note", "@code", "@lang", "text", "born")
    ),
    "routes": "doc,pat,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\n",
}


def tree_losses(tmp_path: Path, elements: str, document: str) -> list[tuple[str, str, str]]:
    return made(load(tmp_path, "xml", **TREE, elements=elements), xml(document), "doc").losses


def test_a_leaf_of_a_tree_that_no_row_reads_is_unmapped(tmp_path: Path) -> None:
    document = (
        '<doc><id>d</id><patient code="x"><id>1</id><name><family>Able</family><given>Ann</given></name></patient><patient/></doc>'
    )
    assert tree_losses(tmp_path, "A01,pat,name,family,,name[+].family,,,\n", document) == [
        ("id", "unmapped", ""),
        ("patient/@code", "unmapped", ""),
        ("patient/name/given", "unmapped", ""),
    ]


def test_each_leaf_counts_by_itself(tmp_path: Path) -> None:
    document = "<doc><patient><id>1</id><name><given>Ann</given><given>Bea</given></name></patient></doc>"
    found = tree_losses(tmp_path, "A01,pat,,name/given,,name[x].given[+],,,\n", document)
    assert found == [("patient/name/given", "unmapped", "")]


def test_what_a_row_of_a_tree_leaves_out_is_all_that_lies_there(tmp_path: Path) -> None:
    document = '<doc><patient><id>1</id><note lang="en">x<text>y</text></note></patient></doc>'
    assert tree_losses(tmp_path, "A01,pat,,note,,-,,,an internal remark\nA02,pat,,id,,language,,,\n", document) == [
        ("patient/note", "not-carried", "A01"),
        ("patient/note/@lang", "not-carried", "A01"),
        ("patient/note/text", "not-carried", "A01"),
    ]


def test_a_row_may_leave_out_every_path_that_ends_so(tmp_path: Path) -> None:
    document = '<doc code="a"><patient code="b"><id>1</id><name code="c"/></patient></doc>'
    assert tree_losses(tmp_path, "A01,pat,,**/name/@code|**/patient/@code,,-,,,markup\n", document) == [
        ("@code", "unmapped", ""),
        ("patient/@code", "not-carried", "A01"),
        ("patient/name/@code", "not-carried", "A01"),
    ]


def test_a_leaf_that_any_row_reads_is_not_left_out(tmp_path: Path) -> None:
    document = "<doc><patient><id>1</id><name><family>Able</family></name></patient></doc>"
    rows = "A01,pat,,name,,-,,,the rest\nA00,pat,,name/family,,name[x].family,,,\n"
    assert tree_losses(tmp_path, rows, document) == []


def test_markup_is_no_loss(tmp_path: Path) -> None:
    """Where a schema lies, and why an element is empty, say nothing of the person."""
    document = (
        '<doc xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"><patient><id>1</id>'
        '<born nullFlavor="UNK"/></patient></doc>'
    )
    assert tree_losses(tmp_path, "A01,pat,,born,,birthDate,hl7time,,\n", document) == []


def test_unreadable_and_no_code_in_trees(tmp_path: Path) -> None:
    tables = {**TREE, "codes": {"sex": "M,,male,,\n"}}
    rows = "A01,pat,,born,,birthDate,hl7time,,\nA02,pat,,text,,gender,,sex,\n"
    document = xml("<doc><patient><id>1</id><born>long ago</born><text>X</text></patient></doc>")
    assert made(load(tmp_path, "xml", **tables, elements=rows), document, "doc").losses == [
        ("born", "unreadable", "A01"),
        ("text", "no-code", "A02"),
    ]


def test_json_leaves_too(tmp_path: Path) -> None:
    source = json('{"patient": {"id": "1", "note": [{"text": "a"}, {"text": "b"}], "born": null, "name": false}}')
    assert made(load(tmp_path, "json", **TREE, elements="A01,pat,,id,,language,,,\n"), source, "doc").losses == [
        ("patient/name", "unmapped", ""),
        ("patient/note/text", "unmapped", ""),
        ("patient/note/text", "unmapped", ""),
    ]


# The property: whatever stands in a message is carried or told.

ROWS = (
    "A01,pat,PID-5~,.,,name[+],table:XPN,,\nA02,pat,,PID-7,,birthDate,hl7time,,\nA03,pat,,PID-8,,gender,,sex,\n"
    "A04,pat,,PID-6.1,,contact[m].name.family,,,\nA05,pat,,PID-1,,-,,,a counter\nA06,pat,PID-13~,.1,.2 = PRN,telecom[+].value,,,\n"
    "A07,pat,,PID-9.2,PID-8 = M,contact[x].name.text,,,\nA08,visit,,PV1-3.1,,serviceType.text,,,\n"
    "A09,visit,OBX,OBX-5,,reasonCode[+].text,,,\n"
    "A10,pat,,PID-16.1,,maritalStatus,,marital,\n"
    "N01,XPN,,.1,,family,,,\nN02,XPN,,.2,,given[+],,,\nN03,XPN,,.5,,-,,,a title\n"
)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    tables = {**TABLES, "codes": {"sex": "M,,male,,\nF,,female,,\n", "marital": "M,http://example.org/m,M,,\n"}}
    return load(tmp_path_factory.mktemp("tables"), **tables, elements=ROWS)


leaf = st.sampled_from(["", "", "t", "t", "M", '""'])
component = st.lists(leaf, min_size=1, max_size=3).map("&".join)
repetition = st.lists(component, min_size=1, max_size=6).map("^".join)
whole_field = st.one_of(leaf, st.lists(repetition, min_size=1, max_size=3).map("~".join))


def segment(name: str, width: int) -> st.SearchStrategy[str]:
    """A segment whose fields are mostly absent."""
    fields = st.lists(st.one_of(st.just(""), whole_field), min_size=1, max_size=width)
    return fields.map(lambda filled: "|".join((name, *filled)))


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A message in which every text but M is another, so that each can be found again."""
    rest = draw(st.lists(st.one_of(segment("PV1", 8), segment("OBX", 7), segment("ZZZ", 3)), max_size=4))
    body = "\r".join((draw(segment("PID", 18)), *rest))
    numbers = count(1)
    return "MSH|^~\\&|\r" + re.sub("t", lambda _: f"t{next(numbers)}t", body)


def leaves(source: Message) -> Iterator[tuple[str, frozenset[str]]]:
    """Every text of a message with the paths by which a loss may tell of it."""
    for fields in source.segments[1:]:
        for number, value in enumerate(fields[1:], 1):
            field = f"{fields[0]}-{number}"
            for again, one in enumerate(value.split("~"), 1):
                for place, part in enumerate(one.split("^"), 1):
                    for inner, text in enumerate(part.split("&"), 1):
                        paths = {field, f"{field}[{again}]", f"{field}.{place}", f"{field}.{place}.{inner}"}
                        by_key = field in ("PID-3", "PV1-19") and again == 1 and place in (1, 4, 5)
                        if text not in ("", "M", '""') and not by_key:
                            yield text, frozenset(paths)


def texts(value: Any) -> str:
    """All that a message made, as one text."""
    if isinstance(value, dict):
        return "|".join(map(texts, value.values()))
    return "|".join(map(texts, value)) if isinstance(value, list) else str(value)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(messages())
def test_every_populated_field_is_carried_or_told(family: Family, body: str) -> None:
    """It stands in a register, makes a key, or a loss has the path of its field, repetition, component or subcomponent."""
    source = Message.parse(body.encode())
    outcome = made(family, source)
    carried = "|".join(texts(one.registers) for one in outcome.mapped.contributions)
    told = {loss.path for loss in outcome.mapped.losses}
    assert [text for text, paths in leaves(source) if text not in carried and not paths & told] == []


@pytest.fixture(scope="module")
def tree_family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    rows = (
        "A01,pat,name,.,,name[+],table:N,,\nN01,N,,family,,family,,,\n"
        "N02,N,given,.,,given[+],,,\nA02,pat,,text,@code = a,language,,,\n"
        "A03,pat,,note,,-,,,a remark\nA04,pat,,born,,birthDate,hl7time,,\nA05,pat,,name/@lang|id,,implicitRules,,,\n"
        "A06,pat,,**/@lang,,-,,,markup\nA07,pat,name[given]/note,.,,contact[+].name.text,,,\n"
    )
    return load(tmp_path_factory.mktemp("tables"), "xml", **TREE, elements=rows)


names = st.sampled_from(["patient", "id", "name", "family", "given", "note", "text", "born"])
elements = st.recursive(
    st.builds(lambda name, text: f"<{name}>{text}</{name}>", names, st.sampled_from(["", "t"])),
    lambda inner: st.builds(
        lambda name, attribute, kids: f"<{name}{attribute}>{''.join(kids)}</{name}>",
        names,
        st.sampled_from(["", ' code="t"', ' lang="t"', ' code="a"']),
        st.lists(inner, max_size=5),
    ),
    max_leaves=25,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(elements, min_size=1, max_size=3))
def test_every_text_of_a_tree_is_carried_or_told(tree_family: Family, inside: list[str]) -> None:
    """Each leaf by itself: what one leaf's path tells does not excuse another that was read."""
    numbers = count(1)
    body = re.sub('>t<|"t"', lambda found: found[0].replace("t", f"t{next(numbers)}t"), f"<doc>{''.join(inside)}</doc>")
    source = xml(body)
    outcome = made(tree_family, source, "doc")
    carried = "|".join(texts(one.registers) for one in outcome.mapped.contributions)
    unread = Counter(
        path for path, node in source.leaves() if re.fullmatch(r"t\d+t", node.value or "") and node.value not in carried
    )
    told = Counter(loss.path for loss in outcome.mapped.losses)
    keyed = {path for path in unread if path.endswith(("patient/id", "patient/@code"))}  # makes the key; decides a ``when``
    refused = sum(count for path, count in told.items() if path in ("born", "name/@lang|id", "text"))
    missing = sum((unread - told)[path] for path in unread if path not in keyed)
    assert missing <= refused
