"""A message read field by field: what each populated field became, and from which field each element came."""

from __future__ import annotations

import pytest

from interop.ids import Mint
from interop.mapping.examples import examples
from interop.mapping.library import adapters, family_of
from interop.mapping.lineage import Lineage, lineage

FAMILIES = ("hl7v2", "openhr", "emis", "ers", "gpconnect", "documents", "bars", "nhs111")
REASONS = {"mapped", "read", "not-carried", "unmapped", "condition", "unreadable", "no-code", "unresolved"}


def read(family: str, body: bytes) -> Lineage:
    envelope, source = adapters()[family].open(body)
    return lineage(family_of(envelope, traced=True), source, envelope, Mint())


def of(family: str, name: str) -> Lineage:
    (found,) = [each for each in examples(family) if each.name.startswith(f"{name}.") or each.name == name]
    return read(family, next(iter(found.bodies)))


@pytest.mark.parametrize("family", [*FAMILIES[:3], *(pytest.param(each, marks=pytest.mark.long) for each in FAMILIES[3:])])
def test_every_populated_field_has_a_fate_and_both_sides_agree(family: str) -> None:
    for example in list(examples(family))[:6]:
        for body in example.bodies[:2]:
            told = read(family, body)
            assert told.fields
            assert {each.fate for each in told.fields} <= REASONS
            for place, one in enumerate(told.fields):
                assert all(place in told.elements[each].fields for each in one.elements), one.path
            for number, element in enumerate(told.elements):
                assert all(number in told.fields[each].elements for each in element.fields), element.row
            assert sorted(place for line in told.lines for place in line.fields) == list(range(len(told.fields)))


def test_tracing_changes_nothing_of_what_is_made() -> None:
    for example in list(examples("hl7v2"))[:4]:
        for body in example.bodies:
            envelope, source = adapters()["hl7v2"].open(body)
            plain, traced = family_of(envelope).map(source, envelope, Mint()), read("hl7v2", body).made
            assert traced is not None
            assert [(one.type, one.id, one.registers) for one in plain.contributions] == [
                (one.type, one.id, one.registers) for one in traced.contributions
            ]
            assert (sorted(plain.losses), plain.carried) == (sorted(traced.losses), traced.carried)


def test_each_element_of_an_er7_message_has_its_field() -> None:
    told = of("hl7v2", "admission")
    fields = {each.row: told.fields[place].path for each in told.elements for place in each.fields}
    assert (fields["PAT030"], fields["PAT040"], fields["PAT180"], fields["ORG01"]) == ("PID-5", "PID-7", "NK1-2", "MSH-4")
    assert not [each.row for each in told.elements if not each.fields and each.source not in ("constant", "")]


def test_of_segments_that_repeat_each_is_told_apart() -> None:
    body = b"\r".join((
        b"MSH|^~\\&|PAS|RXX|E|E|20260110090000||ADT^A01|1|P|2.4", b"EVN|A01|20260110090000", b"PID|||H1^^^RXX^PI||Ash^Mary",
        b"NK1|1|ASH^PETER", b"NK1|2|ASH^PAUL", b"PV1||I",
    ))  # fmt: skip
    told = read("hl7v2", body)
    kin = [place for place, each in enumerate(told.fields) if each.path == "NK1-2"]
    made = [{told.elements[each].value["given"][0] for each in told.fields[place].elements} for place in kin]
    assert made == [{"PETER"}, {"PAUL"}]


def test_an_element_of_a_tree_has_the_node_that_holds_its_value() -> None:
    told = of("openhr", "changes")
    born = next(each for each in told.elements if each.path == "birthDate")
    assert [(told.fields[place].path, told.fields[place].text) for place in born.fields] == [
        ("adminDomain/person/birthDate", str(born.value))
    ]
