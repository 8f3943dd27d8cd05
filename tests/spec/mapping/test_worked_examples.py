"""Worked examples: every family shows by messages of its own what its tables make; an analyst reads and changes them as CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.mapping.examples import Example, Expectation, Mismatch, Outcome, compare, examples, run, run_example, value_at
from interop.mapping.library import Family, family, family_of
from interop.mapping.reading import families
from tests.spec.mapping.small import er7, load, made
from tests.spec.mapping.test_effects import PV1, TABLES

SITES = [(name, site) for name in families() for site in ("", *sorted(family(name).sites))]
EXAMPLES = [(name, site, example) for name, site in SITES for example in examples(name, site=site)]


def test_every_family_and_every_site_has_some() -> None:
    assert {(name, site) for name, site, _ in EXAMPLES} == set(SITES)


@pytest.mark.parametrize(("name", "site", "example"), EXAMPLES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_it_makes_what_it_says(name: str, site: str, example: Example) -> None:
    assert [str(mismatch) for mismatch in run_example(family(name, site), example)] == []


def test_a_sites_examples_are_of_messages_that_it_sends() -> None:
    for _, site, example in EXAMPLES:
        for envelope, _ in example.opened():
            assert family_of(envelope).site == site, example.name


@pytest.mark.parametrize("name", families())
def test_every_route_has_an_example(name: str) -> None:
    shown = {envelope.message for of, site, example in EXAMPLES if (of, site) == (name, "") for envelope, _ in example.opened()}
    assert shown == {route.message for route in family(name).model.tables.routes}


@pytest.fixture
def small(tmp_path: Path) -> Family:
    return load(tmp_path, **TABLES)


def outcome(small: Family, message: str, *segments: str) -> Outcome:
    """What a message makes, as an example's runner has it."""
    found = Outcome()
    mapped = made(small, er7(*segments), message).mapped
    for one in mapped.contributions:
        found.add(one)
    found.losses, found.relinks = mapped.losses, mapped.relinks
    return found


@pytest.mark.parametrize(
    ("message", "line", "found"),
    [
        ("ADT^A01", ("visit", "serviceType.text", "WARD1"), None),
        ("ADT^A01", ("visit", "serviceType.text", "WARD2"), "WARD1"),
        ("ADT^A01", ("visit", "serviceType.text", ""), "WARD1"),
        ("ADT^A01", ("visit", "priority.text", ""), None),
        ("ADT^A01", ("visit", "priority.text", "x"), ""),
        ("ADT^A01", ("visit", "serviceType", "x"), "an element with text"),
        ("ADT^A01", ("visit", "type[1].text", "x"), ""),
        ("ADT^A01", ("visit#2", "serviceType.text", "WARD1"), ""),
        ("ADT^A01", ("visit", "effect", "upsert"), None),
        ("ADT^A23", ("gone", "effect", "delete"), None),
        ("ADT^A23", ("gone", "effect", "upsert"), "delete"),
        ("ADT^A11", ("cancel", "visit", "A01,A04"), None),
        ("ADT^A11", ("cancel", "visit", "A03"), "A01,A04"),
        ("ADT^A40", ("link", "merge", "pat"), None),
        ("ADT^A40", ("link", "pat", "merge"), ""),
        ("ADT^A40", ("merge", "link[0].other", "@pat"), None),
        ("ADT^A40", ("merge", "link[0].other.reference", "@pat#1"), None),
        ("ADT^A40", ("merge", "link[0].other", "@merge"), "@pat"),
        ("ADT^A01", ("loss", "PID-8", "unmapped"), None),
        ("ADT^A01", ("loss", "PID-8", "no-code"), "unmapped"),
        ("ADT^A01", ("loss", "PID-9", "unmapped"), ""),
    ],
)
def test_a_line_that_does_not_hold_says_what_was_found(
    small: Family, message: str, line: tuple[str, str, str], found: str | None
) -> None:
    """Its resource, element and value, and what stands there instead."""
    example = Example("sample", [Expectation(*line)], [], adapter=None)  # type: ignore[arg-type]
    mismatches = list(compare(example, outcome(small, message, "PID|||1|||||M", "MRG|2", PV1)))
    assert mismatches == ([] if found is None else [Mismatch("sample", *line, found)])


def test_a_deletion_is_expected_by_its_element_or_by_its_register(small: Family, tmp_path: Path) -> None:
    family_ = load(
        tmp_path / "more", **{**TABLES, "elements": "A01,visit,,PV1-3,,serviceType.text,,,\nA02,visit,PV1-4~,.1,,type[+].text,,,\n"}
    )
    found = outcome(family_, "ADT^A01", 'PV1|||""|""')
    lines = [Expectation("delete", "visit", what) for what in ("serviceType", "type", "type:A02", "type:A03")]
    example = Example("sample", lines, [], adapter=None)  # type: ignore[arg-type]
    assert [mismatch.expected for mismatch in compare(example, found)] == ["type:A03"]


def test_a_mismatch_reads_as_a_sentence() -> None:
    assert str(Mismatch("admission", "pat", "birthDate", "1941", "")) == "admission: pat birthDate: 1941 expected, found nothing"


def test_a_path_is_of_steps() -> None:
    body = {"name": [{"given": ["Ann", "Bea"]}], "_birthDate": {"id": "x"}}
    assert value_at(body, "name[0].given[1]") == "Bea"
    assert value_at(body, "_birthDate.id") == "x"
    assert value_at(body, "name[1].given[0]") is None
    with pytest.raises(ValueError, match="is not a path"):
        value_at(body, "name(0)")


def test_examples_name_resources_by_label_never_by_id() -> None:
    assert all(not line.value.startswith("Patient/") for _, _, one in EXAMPLES for line in one.expected)


def test_an_example_without_expectations_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "hl7v2" / "examples"
    folder.mkdir(parents=True)
    (folder / "lone.hl7").write_text("MSH|")
    with pytest.raises(ValueError, match=r"has no lone\.csv"):
        examples("hl7v2", tmp_path)
    (folder / "lone.csv").write_text("resource,value\n")
    with pytest.raises(ValueError, match="the columns must be resource,path,value"):
        examples("hl7v2", tmp_path)
    assert examples("openhr", tmp_path) == []


def test_an_example_is_mapped_message_by_message() -> None:
    name, site, example = EXAMPLES[0]
    assert run(family(name, site), example).named
