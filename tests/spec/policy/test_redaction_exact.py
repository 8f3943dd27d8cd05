"""What is left, to the letter, when what tells where somebody is is taken out: that, and nothing more, goes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.policy.redaction import may_be_place, without_whereabouts
from interop.policy.whereabouts import WhereaboutsRefused, orders, read_whereabouts, redacted, tells

SECRET = "7 Secret Lane"
MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
KEPT = {"extension": [{"url": "urn:x", "valueString": "y"}]}
GONE = {"extension": [{"url": "urn:x", "valueAddress": {"text": SECRET}}]}
LEFT = {"contentType": "text/plain", "language": "en", "_language": KEPT, "size": 3, "creation": "2026"}
FILE = {"id": "a", **LEFT, "data": "eA==", "url": SECRET, "title": SECRET, "_title": KEPT, "hash": "eA=="}
OFFICE = {"resourceType": "Organization", "id": "o", "name": "Ward"}


def left(kind: str, listed: tuple[str, ...] = (), **elements: Any) -> dict[str, Any]:
    """What is left of the elements of a resource; nothing is listed besides but what is named."""
    made = without_whereabouts({"resourceType": kind, **elements}, lambda type: listed)
    assert next(iter(made.items())) == ("resourceType", kind)
    return {name: value for name, value in made.items() if name != "resourceType"}


def test_an_attachment_keeps_what_kind_of_thing_it_is() -> None:
    assert left("Patient", photo=[FILE, {"title": SECRET}]) == {"photo": [{"id": "a", **LEFT}, MASKED]}
    assert left("DocumentReference", content=[{"attachment": {"url": SECRET}}]) == {"content": [{"attachment": MASKED}]}


@pytest.mark.parametrize(
    ("element", "reference", "made"),
    [
        ("performer", {"reference": "RelatedPerson/1", "type": "RelatedPerson", "display": "Mum", "_display": KEPT,
                       "identifier": {"value": "1"}, "id": "a"},
         {"reference": "RelatedPerson/1", "type": "RelatedPerson", "id": "a"}),
        ("performer", {"display": "Mum"}, MASKED),
        ("performer", {"type": "Practitioner", "display": "Dr B", "identifier": {"value": "1"}},
         {"type": "Practitioner", "display": "Dr B", "identifier": {"value": "1"}}),
        ("performer", {"type": "RelatedPerson", "display": "Mum"}, {"type": "RelatedPerson"}),
        ("encounter", {"display": "Visit"}, {"display": "Visit"}),
        ("encounter", {}, {}),
        ("subject", {"display": SECRET}, MASKED),
        ("subject", {"reference": "Location/1", "id": "a"}, MASKED),
        ("subject", {"reference": "Patient/1", "display": "A", "mood": "x"}, {"reference": "Patient/1", "display": "A"}),
        ("subject", {"reference": "#nowhere", "display": "A"}, MASKED),
        ("subject", {"reference": 5, "display": "A"}, MASKED),
        ("device", {"reference": "#nowhere", "display": "A"}, {"reference": "#nowhere", "display": "A"}),
    ],
)  # fmt: skip
def test_what_is_left_of_a_reference(element: str, reference: dict[str, Any], made: dict[str, Any]) -> None:
    before, after = ([reference], [made]) if element == "performer" else (reference, made)
    elements: dict[str, Any] = {element: before}
    assert left("Observation", **elements) == {element: after}


def test_a_reference_to_what_is_contained_is_one_to_its_type() -> None:
    held = [
        {**OFFICE, "telecom": [{"value": SECRET}]},
        {"resourceType": "Location", "id": "l"},
        {"resourceType": "RelatedPerson", "id": "k"},
    ]
    made = left(
        "Observation", contained=held, subject={"reference": "#l", "display": SECRET},
        performer=[{"reference": "#o", "display": "Ward"}, {"reference": "#k", "display": "Mum"}],
    )  # fmt: skip
    assert made == {
        "contained": [OFFICE, {"resourceType": "RelatedPerson", "id": "k"}],
        "subject": MASKED,
        "performer": [{"reference": "#o", "display": "Ward"}, {"reference": "#k"}],
    }


def test_what_is_contained_stays_where_anything_leads_to_it_from_without() -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "#o"}}
    turning = {"resourceType": "Organization", "id": "t", "partOf": {"reference": "#t"}}
    performer = [{"reference": "#r"}]
    assert left("Observation", contained=[OFFICE, role, turning], performer=performer)["contained"] == [OFFICE, role]
    assert left("Observation", contained=[OFFICE, turning]) == {}
    assert left("Observation", contained=[{"resourceType": "Nothing", "id": "r", "name": SECRET}], performer=performer) == {
        "performer": performer
    }
    assert left("Observation", contained=["x", OFFICE], performer=[{"reference": "#o"}])["contained"] == [OFFICE]
    one, other = ({"resourceType": "Organization", "id": id, "partOf": {"reference": f"#{up}"}} for id, up in ("ab", "ba"))
    assert left("Observation", contained=[one, other], performer=[{"reference": "#a"}])["contained"] == [one, other]
    assert left("Observation", contained=[], performer=performer) == {"performer": performer}


def test_what_r4_does_not_know_goes() -> None:
    assert left("Patient", mood=SECRET, _mood=GONE, gender="male", active=False) == {"gender": "male", "active": False}
    assert left("Nothing", id="1", name=SECRET) == {}
    assert left("Observation", **{"value[x]": {"unit": SECRET}, "_value[x]": KEPT, "status": "final"}) == {"status": "final"}
    assert left("Patient", gender={"x": SECRET}, maritalStatus=SECRET, contact=[SECRET, {"gender": "male"}]) == {
        "gender": MASKED, "contact": [{"gender": "male"}],
    }  # fmt: skip


def test_extensions_go_with_what_they_held_and_others_stay() -> None:
    nested = {"url": "z", "extension": [*KEPT["extension"], *GONE["extension"]]}
    bare = {"id": "a", "url": "urn:x"}
    assert left("Patient", extension=[bare, nested, *GONE["extension"]]) == {"extension": [{"url": "z", **KEPT}]}
    assert left("Patient", extension=GONE["extension"]) == {}
    assert left("Patient", maritalStatus=GONE, birthDate="1990", _birthDate=GONE) == {"maritalStatus": MASKED, "birthDate": "1990"}
    assert left("Patient", birthDate="1990", _birthDate=KEPT) == {"birthDate": "1990", "_birthDate": KEPT}


def test_the_values_of_a_list_and_what_extends_them_keep_their_places() -> None:
    name = {"given": ["A", "B", "C"], "_given": [None, KEPT, GONE]}
    assert left("Patient", name=[name]) == {"name": [{"given": ["A", "B", "C"], "_given": [None, KEPT, None]}]}
    assert left("Patient", name=[{"given": [None, "B"], "_given": [GONE, None]}]) == {"name": [{"given": [None, "B"]}]}


def test_what_is_listed_goes_and_what_only_begins_like_it_stays() -> None:
    person = {"contact": [{"name": {"text": "Mum"}, "gender": "male"}, {"name": {"text": "Dad"}}], "active": True, "_active": KEPT}
    assert left("Patient", ("contact.name",), **person) == {
        "contact": [{"gender": "male"}, MASKED], "active": True, "_active": KEPT,
    }  # fmt: skip
    assert left("Patient", ("contact", "active"), **person) == {}
    assert left("Patient", ("act", "contact.na", "contac.name"), **person) == person
    assert left("Patient", ("contact.name.text",), **person)["contact"] == [{"name": MASKED, "gender": "male"}, {"name": MASKED}]


def test_where_r4_demands_something_it_is_masked_and_where_it_does_not_it_goes() -> None:
    visit = {"location": [{"location": {"display": SECRET}}], "text": {"status": "generated", "div": SECRET}}
    assert left("Encounter", ("location.location",), **visit) == {"location": [{"location": MASKED}]}
    assert left("Encounter", ("location",), **visit) == {}
    assert left("Patient", ("communication.language",), communication=[{"language": {"text": "x"}, "preferred": True}]) == {
        "communication": [{"language": MASKED, "preferred": True}]
    }
    assert left("Patient", ("communication.language",), communication=[{"preferred": True}]) == {
        "communication": [{"preferred": True}]
    }
    assert left("Observation", ("status",), status="final") == {}
    assert left("DocumentReference", ("content",), content=[{"attachment": {"url": SECRET}}]) == {"content": [MASKED]}


@pytest.mark.parametrize("named", [{"display": SECRET}, {"identifier": {"value": SECRET}}])
def test_what_a_reference_to_anything_calls_may_be_a_place(named: dict[str, object]) -> None:
    assert SECRET not in repr(left("Observation", focus=[named]))
    assert SECRET not in repr(left("Composition", subject=named))


def test_what_extends_what_needs_no_extension_goes() -> None:
    """R4 has an underscore before the names of primitive elements alone."""
    assert left("Patient", _contact=[None, KEPT], _maritalStatus=KEPT, _address=[KEPT]) == {}
    wanted = {"type": {"text": "to"}}
    assert left("Task", input=[{**wanted, "_valueAddress": GONE}, {**wanted, "valueAddress": {}}]) == {
        "input": [wanted, {**wanted, "valueAddress": MASKED}]
    }


def test_a_resource_of_a_type_that_is_none_is_empty() -> None:
    entry = [{"resource": {"resourceType": kind, "city": SECRET, "text": SECRET}} for kind in ("Address", "Nothing")]
    assert left("Bundle", entry=entry) == {
        "entry": [{"resource": {"resourceType": "Address"}}, {"resource": {"resourceType": "Nothing"}}]
    }


def test_resources_within_others_are_gone_through() -> None:
    entry = {"resource": {"resourceType": "Patient", "gender": "male", "address": [{"text": SECRET}]}}
    assert left("Bundle", type="collection", entry=[entry]) == {
        "type": "collection", "entry": [{"resource": {"resourceType": "Patient", "gender": "male"}}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("type", "parameter", "may"),
    [
        ("Encounter", "location", True),
        ("Provenance", "target", True),
        ("Observation", "encounter", False),
        ("Observation", "code", False),
        ("Observation", "mood", False),
        ("Patient", "name", False),
        ("QuestionnaireResponse", "item-subject", True),
    ],
)
def test_which_parameters_may_lead_to_a_place(type: str, parameter: str, may: bool) -> None:
    assert may_be_place(type, parameter) is may


def test_what_something_was_taken_out_of_is_labelled_beside_its_other_labels() -> None:
    """FHIR R4 security labels, 6.1.3.5."""
    told = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED", "display": "redacted"}
    assert orjson.loads(redacted(b'{"resourceType":"Patient","id":"1"}'))["meta"] == {"security": [told]}
    own = {"system": "urn:x", "code": "y"}
    body = orjson.dumps({"resourceType": "Patient", "id": "1", "meta": {"versionId": "2", "security": [own]}})
    assert orjson.loads(redacted(body))["meta"] == {"versionId": "2", "security": [own, told]}


@pytest.mark.parametrize("name", ["_id", "_lastUpdated", "_list", "_security", "_tag", "_profile", "patient", "subject"])
def test_parameters_of_every_type_tell_nothing_of_where_somebody_is(name: str) -> None:
    assert not tells("Patient", name)
    assert not tells("Observation", name)
    assert tells("Patient", "_mood")
    assert tells("Patient", "_source")
    assert tells("", "address")
    assert not tells("", "mood")


ROW = {"kind": "element", "type": "Patient", "name": "photo", "why": "By which the person is recognised"}


def test_the_table_says_what_goes_of_which_type_or_of_all() -> None:
    rows = [ROW, {**ROW, "name": "contact"}, {**ROW, "type": "*", "kind": "parameter"}]
    assert read_whereabouts(rows) == {"element": {"Patient": {"photo", "contact"}}, "parameter": {"*": {"photo"}}}


@pytest.mark.parametrize("wrong", [{"kind": "thing"}, {"type": "Nothing"}, {"type": ""}, {"why": ""}])
def test_a_row_of_no_kind_of_no_type_or_without_a_reason_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(WhereaboutsRefused) as refused:
        read_whereabouts([ROW, {**ROW, **wrong}])
    assert str(refused.value) == "whereabouts.csv, line 3: kind, type or why"


@pytest.mark.parametrize("type", ["Patient", "Person", "RelatedPerson"])
def test_people_are_put_in_no_order_of_which_it_is_not_known_what_it_tells(type: str) -> None:
    assert orders(type, "mood")
    assert orders("Observation", "mood") is False
