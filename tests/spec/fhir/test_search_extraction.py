"""FHIR R4 search, 3.1.1.4: what a search finds a resource by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir import facts
from interop.fhir.canonicals import UCUM
from interop.fhir.rows import EARLIEST, HIGHEST, LATEST, LOWEST
from interop.fhir.searching import IndexRow, asked_units, base_units, index_rows, interval, normalise

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2024-01-01T00:00:00Z", "tag": [{"system": "urn:t", "code": "x"}]},
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}, {"value": "A1"}],
    "active": True,
    "name": [{"text": "Ms Zoë Éclair", "family": "Éclair", "given": ["Zoë", "Anne"], "prefix": ["Ms"]}],
    "telecom": [{"system": "phone", "value": "01632 960001"}, {"system": "email", "value": "zoe@example.org"}],
    "gender": "female",
    "birthDate": "1980-05",
    "address": [{"line": ["1 High Street"], "city": "Leeds", "postalCode": "LS1 4AP"}],
    "generalPractitioner": [
        {"reference": "Practitioner/g1/_history/3"},
        {"identifier": {"system": "urn:g", "value": "G1"}, "display": "Dr Glyn"},
    ],
}


def rows(resource: dict[str, Any], *parameters: str) -> set[tuple[Any, ...]]:
    """The rows of those parameters, without the parameter's name where there is one alone."""
    found = index_rows(resource, frozenset(parameters))
    assert len(found) == len(set(found))
    return {tuple(row)[1:] for row in found} if len(parameters) == 1 else {tuple(row) for row in found}


def observation(**parts: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", **parts}


def test_an_identifier_is_a_token() -> None:
    assert rows(PATIENT, "identifier") == {
        ("token", "https://fhir.nhs.uk/Id/nhs-number", "9990000018", None),
        ("token", "", "A1", None),
    }


def test_a_code_has_the_system_of_its_value_set() -> None:
    assert rows(PATIENT, "gender") == {("token", "http://hl7.org/fhir/administrative-gender", "female", None)}


def test_a_boolean_is_a_token() -> None:
    assert rows(PATIENT, "active") == {("token", "", "true", None)}


def test_every_coding_of_a_concept_is_a_token() -> None:
    codings = [{"system": "http://snomed.info/sct", "code": "1"}, {"system": "urn:local", "code": "A"}, {"display": "no code"}]
    assert rows(observation(code={"coding": codings, "text": "x"}), "code") == {
        ("token", "http://snomed.info/sct", "1", None),
        ("token", "urn:local", "A", None),
        ("text", "no code", None, None),
        ("text", "x", None, None),
    }


def test_an_identifier_is_found_by_its_type_and_what_that_is_called() -> None:
    typed = {"type": {"coding": [{"system": "urn:t", "code": "MR"}, {"code": "X"}], "text": "Récord"}, "value": "7"}
    assert rows({"resourceType": "Patient", "identifier": [typed]}, "identifier") == {
        ("token", "", "7", None),
        ("of-type", "urn:t", "MR|7", None),
        ("of-type", "", "X|7", None),
        ("text", "record", None, None),
    }


def test_a_contact_point_is_found_with_and_without_blanks_and_by_its_system() -> None:
    assert rows(PATIENT, "phone") == {
        ("token", system, value, None) for system in ("", "phone") for value in ("01632 960001", "01632960001")
    }
    assert rows(PATIENT, "email") == {("token", "", "zoe@example.org", None), ("token", "email", "zoe@example.org", None)}
    assert rows(PATIENT, "telecom") == rows(PATIENT, "phone") | rows(PATIENT, "email")


def test_strings_lose_case_and_accents_and_are_kept_as_written() -> None:
    assert rows(PATIENT, "family") == {("string", "eclair", "Éclair", None)}
    assert normalise("  STRASSE\tÅngström ") == normalise("straße  angstrom")


def test_a_name_and_an_address_give_their_parts() -> None:
    assert {row[1] for row in rows(PATIENT, "name")} == {"ms zoe eclair", "eclair", "zoe", "anne", "ms"}
    assert {row[1] for row in rows(PATIENT, "address")} == {"1 high street", "leeds", "ls1 4ap"}


def test_a_reference_is_found_with_and_without_its_version_by_identifier_and_by_name() -> None:
    assert rows(PATIENT, "general-practitioner") == {
        ("reference", "Practitioner/g1", None, None),
        ("reference", "Practitioner/g1/_history/3", None, None),
        ("identifier", "urn:g", "G1", None),
        ("text", "dr glyn", None, None),
    }


THERE = {("token", "", "", None)}


def test_a_reference_into_the_resource_itself_is_there_and_leads_nowhere() -> None:
    """It is not ``:missing``, as any element of which nothing else can be found."""
    assert rows({"resourceType": "Encounter", "subject": {"reference": "#p"}}, "subject") == {("reference", "#p", None, None)}
    assert rows(observation(valueQuantity={"unit": "mg"}), "value-quantity") == THERE


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ({"reference": "Patient/p1"}, True),
        ({"reference": "https://example.org/fhir/Patient/p1"}, True),
        ({"reference": "Group/g1"}, False),
        ({"reference": "urn:uuid:00000000-0000-4000-8000-000000000000", "type": "Patient"}, True),
        ({"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}, False),
    ],
)
def test_resolve_is_told_by_the_literal_or_the_type(reference: dict[str, str], patient: bool) -> None:
    encounter = {"resourceType": "Encounter", "subject": reference}
    assert rows(encounter, "subject") == {("reference", reference["reference"], None, None)}
    assert rows(encounter, "patient") == (rows(encounter, "subject") if patient else set())


def test_a_participant_is_found_by_its_role() -> None:
    actors = [{"actor": {"reference": each}} for each in ("Patient/p1", "Location/l1", "Practitioner/d1")]
    found = rows({"resourceType": "Appointment", "participant": actors}, "patient", "location", "practitioner", "actor")
    assert ("patient", "reference", "Patient/p1", None, None) in found
    assert ("location", "reference", "Location/l1", None, None) in found
    assert ("practitioner", "reference", "Practitioner/d1", None, None) in found
    assert len(found) == 6


def test_a_partial_date_is_an_interval() -> None:
    assert rows(PATIENT, "birthdate") == {("date", *(interval("1980-05") or ()), None)}


def test_a_period_may_be_open_on_a_side() -> None:
    start, end = interval("2024-02-03T10:00:00Z"), interval("2024-02-04")
    assert start
    assert end
    for period, low, high in [
        ({"start": "2024-02-03T10:00:00Z"}, start[0], LATEST),
        ({"end": "2024-02-04"}, EARLIEST, end[1]),
        ({"start": "2024-02-03T10:00:00Z", "end": "2024-02-04"}, start[0], end[1]),
    ]:
        assert rows({"resourceType": "Encounter", "period": period}, "date") == {("date", low, high, None)}
    assert rows({"resourceType": "Encounter", "period": {}}, "date") == set()


def test_a_timing_counts_by_its_outer_limits() -> None:
    timing = {"event": ["2024-03-02", "2024-03-05"], "repeat": {"boundsPeriod": {"start": "2024-03-01", "end": "2024-03-04"}}}
    low, high = interval("2024-03-01"), interval("2024-03-05")
    assert low
    assert high
    assert rows(observation(effectiveTiming=timing), "date") == {("date", low[0], high[1], None)}


def test_a_quantity_has_its_code_its_unit_and_its_comparator() -> None:
    value = {"value": 5.4, "unit": "Millimoles", "system": "urn:units", "code": "mmol/L"}
    assert rows(observation(valueQuantity=value), "value-quantity") == {
        ("quantity", 5.4, 5.4, unit) for unit in ("mmol/L", "urn:units|mmol/L", "~millimoles", "urn:units|~millimoles")
    }
    assert rows(observation(valueQuantity={"value": 3, "comparator": "<"}), "value-quantity") == {
        ("quantity", LOWEST, 3 - 3e-11, None)
    }
    assert rows(observation(valueQuantity={"value": 3, "comparator": ">="}), "value-quantity") == {("quantity", 3.0, HIGHEST, None)}


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [("", "lbs", True), ("", "LBS", True), (UCUM, "lbs", True), (UCUM, "[lb_av]", True), ("", "[lb_av]", True),
     ("", "[LB_AV]", False), ("urn:other", "lbs", False)],
)  # fmt: skip
def test_a_search_names_a_unit_by_code_or_as_people_write_it(system: str, code: str, found: bool) -> None:
    weight = {"value": 185, "unit": "Lbs", "system": UCUM, "code": "[lb_av]"}
    kept = {row[3] for row in rows(observation(valueQuantity=weight), "value-quantity") if row[0] == "quantity"}
    assert bool(kept & set(asked_units(system, code))) is found


def test_quantities_of_ucum_are_comparable() -> None:
    """185 pounds are found by a search for kilograms, and grams per litre are milligrams per millilitre."""

    def measured(value: object, code: str) -> set[tuple[Any, ...]]:
        quantity = {"value": value, "system": UCUM, "code": code}
        return {row[1:] for row in rows(observation(valueQuantity=quantity), "value-quantity") if row[0] == "measure"}

    pounds = base_units(Decimal("185"), "[lb_av]")
    assert pounds is not None
    assert measured(185, "[lb_av]") == {(float(pounds[0]), float(pounds[0]), "g")}
    assert measured(5.4, "g/L") == measured("5.40", "mg/mL") != set()
    assert measured(1, "bananas") == set()


def test_a_range_is_an_interval() -> None:
    condition = {"resourceType": "Condition", "onsetRange": {"low": {"value": 40, "code": "a", "system": UCUM}}}
    found = rows(condition, "onset-age")
    assert {row for row in found if row[0] == "quantity"} == {
        ("quantity", 40.0, HIGHEST, "a"),
        ("quantity", 40.0, HIGHEST, f"{UCUM}|a"),
    }
    assert [row[2:] for row in found if row[0] == "measure"] == [(HIGHEST, "s")]


def test_money_is_a_quantity_of_its_currency() -> None:
    invoice = {"resourceType": "Invoice", "totalGross": {"value": 12.5, "currency": "GBP"}}
    assert rows(invoice, "totalgross") == {("quantity", 12.5, 12.5, unit) for unit in ("GBP", "urn:iso:std:iso:4217|GBP")}


def test_a_position_in_degrees() -> None:
    place = {"resourceType": "Location", "position": {"longitude": -1.55, "latitude": 53.8}}
    assert rows(place, "near") == {("position", 53.8, -1.55, None)}
    assert rows({"resourceType": "Location", "position": {"longitude": 190, "latitude": 1}}, "near") == THERE


def test_a_number() -> None:
    assert rows({"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": 0.25}]}, "probability") == {
        ("number", 0.25, 0.25, None)
    }


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    plan = {"resourceType": "CarePlan", "instantiatesCanonical": ["http://example.org/p|2"]}
    found = rows(plan, "instantiates-canonical")
    assert {row[1] for row in found if row[0] == "reference"} == {"http://example.org/p|2", "http://example.org/p"}
    assert {row[2] for row in found if row[0] == "below"} == {"http://example.org/p|2", "http://example.org/p"}


def test_uris() -> None:
    assert rows({"resourceType": "ValueSet", "url": "http://example.org/v"}, "url") == {("uri", "http://example.org/v", None, None)}


@pytest.mark.parametrize(
    ("said", "deceased"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2024"}, "true"),
    ],
)
def test_deceased_is_a_rule(said: dict[str, Any], deceased: str) -> None:
    """Patient-deceased: exists and is not false."""
    assert rows({"resourceType": "Patient", **said}, "deceased") == {("token", "", deceased, None)}


def test_a_choice_is_searched_in_every_form_that_fits() -> None:
    for form, kind in [("onsetDateTime", "onset-date"), ("onsetString", "onset-info")]:
        value = "2024-01-01"
        assert len(rows({"resourceType": "Condition", form: value}, kind)) == 1
        assert len(rows({"resourceType": "Condition", form: value}, "onset-date", "onset-info", "onset-age")) == 1


def test_an_extension_is_searched_by_its_value() -> None:
    url = next(p.expression for code, p in facts.search_parameters("Device").items() if code == "din").split("'")[1]
    device = {"resourceType": "Device", "extension": [{"url": url, "valueString": "D1"}, {"url": "urn:other", "valueString": "D2"}]}
    assert {row[2] for row in rows(device, "din")} == {"D1", "d1"}  # a string as a token: without case


def test_related_artifacts_are_filtered_by_a_child() -> None:
    library = {
        "resourceType": "Library",
        "relatedArtifact": [{"type": "depends-on", "resource": "http://a"}, {"type": "predecessor", "resource": "http://b"}],
    }
    assert {row[1:3] for row in rows(library, "depends-on")} == {("http://a", None), ("", "http://a")}


def test_the_first_resource_of_a_document() -> None:
    entries = [{"resource": {"resourceType": "Composition", "id": "c"}}, {"resource": {"resourceType": "Patient", "id": "p"}}]
    assert rows({"resourceType": "Bundle", "entry": entries}, "composition") == {("reference", "Composition/c", None, None)}


def test_all_parameters_but_those_that_the_store_keeps() -> None:
    found = {row.parameter for row in index_rows(PATIENT)}
    assert {"identifier", "family", "given", "_tag", "deceased"} <= found
    assert not {"_id", "_lastUpdated"} & found
    assert rows(PATIENT, "_id") == {("token", "", "p1", None)}


def test_repeats_are_left_out() -> None:
    twice = {"resourceType": "Patient", "name": [{"family": "Sé"}, {"family": "SE"}]}
    assert {row.a for row in index_rows(twice, frozenset(("family",)))} == {"se"}
    assert len(index_rows({**twice, "name": twice["name"] * 2}, frozenset(("family",)))) == 2


def test_what_cannot_be_read_yields_nothing() -> None:
    broken = {
        "resourceType": "Patient",
        "identifier": {},
        "name": ["x", None, {"family": 3, "given": "Al"}],
        "birthDate": "1980-02-31",
        "gender": 5,
        "telecom": [[]],
        "generalPractitioner": "Practitioner/1",
        "active": "true",
    }
    assert rows(broken, "identifier", "birthdate", "gender", "telecom", "general-practitioner", "active") == set()
    assert index_rows({"resourceType": "Unknown"}) == index_rows({}) == index_rows({"resourceType": 3}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "system", "value", "code", "reference", "start", "low", "repeat", "event"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.data())
def test_nothing_is_ever_raised(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["Patient", "Encounter", "Observation", "Appointment", "Bundle", "QuestionnaireResponse"]))
    names = sorted(facts.block(kind))
    resource = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=6))
    for row in index_rows({**resource, "resourceType": kind}):
        assert isinstance(row, IndexRow)
