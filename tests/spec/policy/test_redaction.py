"""Of every type of R4: nothing that tells where somebody is is left in what is about one who hides it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.fhir import facts
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.formats.json import write_json
from interop.policy.redaction import may_be_place
from interop.policy.tables import tables
from interop.policy.whereabouts import guarded, orders, redacted, shown, tells
from interop.store.where import All, Chain, Has, Ids, Not, Reference, Text, Token, Where
from tests.emitted import of_examples

SECRET = "7 Secret Lane"
DEEP = 5
PLACES = ("Location", "Organization", "Practitioner", "PractitionerRole", "HealthcareService", "Person", "RelatedPerson", "Patient")
ADDRESS = {"line": [SECRET], "text": SECRET, "_text": {"extension": [{"url": "urn:x", "valueString": SECRET}]}}
TELLING: dict[str, Any] = {
    "Address": ADDRESS,
    "ContactPoint": {"system": "phone", "value": SECRET},
    "Attachment": {"contentType": "text/plain", "data": SECRET, "url": SECRET, "title": SECRET, "hash": SECRET},
    "Narrative": {"status": "generated", "div": SECRET},
}
EXTENDED = [
    {"url": "urn:x", "valueAddress": ADDRESS},
    {"url": "urn:x", "valueContactPoint": TELLING["ContactPoint"]},
    {"url": "urn:x", "valueAttachment": TELLING["Attachment"]},
    {"url": "urn:x", "valueContactDetail": {"telecom": [TELLING["ContactPoint"]]}},
    {"url": "urn:x", "valueReference": {"reference": "Location/1", "display": SECRET}},
    {"url": "urn:x", "valueReference": {"display": SECRET}},
    {"url": "urn:x", "extension": [{"url": "urn:y", "valueAddress": ADDRESS}]},
]
ABOUT = sorted(
    type
    for type in facts.resource_types()
    if type == "Patient" or any("Patient" in each.targets or not each.targets for each in facts.search_parameters(type).values())
)


def filled(block: str, within: tuple[str, ...] = ()) -> dict[str, Any]:
    """Everything that R4 lets stand there, all choices at once; what tells nothing is ``x``."""
    made: dict[str, Any] = {}
    for name, element in facts.block(block).items():
        if name.endswith("[x]") or name in ("contained", "id", "meta"):
            continue
        value = _value(element, within)
        if value is not None:
            made[name] = value if element.max == 1 else [value]
            if facts.is_primitive(element.types[0]):
                shadow = {"extension": [{"url": "urn:x", "valueAddress": ADDRESS}]}
                made[f"_{name}"] = shadow if element.max == 1 else [shadow]
    return made


def _value(element: facts.Element, within: tuple[str, ...]) -> Any:
    kind = element.types[0]
    if kind in TELLING:
        return TELLING[kind]
    if kind == "Extension":
        return None
    if kind == "Resource":
        return {**contained("Person", ""), "extension": EXTENDED} if len(within) < DEEP else None
    if kind == "Reference":
        kin = "RelatedPerson" in element.targets
        return {"reference": "RelatedPerson/1" if kin else "Location/1", "display": SECRET, "identifier": {"value": SECRET}}
    if facts.is_primitive(kind):
        return "x"
    if element.block in within or len(within) > DEEP:
        return None
    return {"extension": EXTENDED, **filled(element.block, (*within, element.block))}


def contained(type: str, id: str) -> dict[str, Any]:
    return {"resourceType": type, **filled(type, (type,) * (DEEP - 1)), "id": id}


def about(type: str) -> dict[str, Any]:
    held = [contained(each, each.lower()) for each in PLACES]
    references = [{"url": "urn:x", "valueReference": {"reference": f"#{each['id']}"}} for each in held]
    return {"resourceType": type, "id": "1", **filled(type), "contained": held, "extension": [*EXTENDED, *references]}


@pytest.mark.parametrize("type", ABOUT)
def test_nothing_that_is_about_a_person_tells_it(type: str) -> None:
    whole = orjson.dumps(about(type))
    assert whole.count(SECRET.encode()) > 20
    left = redacted(whole)
    assert SECRET.encode() not in left
    assert b"Location/1" not in left
    assert orjson.loads(left)["id"] == "1"


def test_a_question_is_asked_of_every_type_that_may_be_about_one() -> None:
    assert len(ABOUT) > 80
    assert {"Person", "RelatedPerson", "Encounter", "Task", "Basic", "Provenance"} <= set(ABOUT)


@pytest.mark.parametrize("type", [each for each in ABOUT if tables().types[each] not in ("directory", "book", "contract")])
def test_no_parameter_over_an_address_or_a_number_finds_one(type: str) -> None:
    """Where R4 has ``Patient.address.city`` and its like under a parameter."""
    for code, parameter in facts.search_parameters(type).items():
        for path in parameter.expression.replace("(", " ").replace(")", " ").replace("|", " ").split():
            parts = path.split(".")
            steps = [facts.element(".".join(parts[:size])) for size in range(2, len(parts) + 1)]
            if parts[0] == type and any(step is not None and step.types[0] in ("Address", "ContactPoint") for step in steps):
                assert tells(type, code), f"{type}?{code}"


def test_what_the_mappings_make_is_as_r4_has_it_when_it_is_redacted() -> None:
    count = 0
    for _, resource in of_examples():
        before = {finding.rule for finding in check(resource) if failed([finding])}
        after = [f for f in check(orjson.loads(redacted(write_json(resource)))) if failed([f]) and f.rule not in before]
        assert not after, (resource, after)
        count += 1
    assert count > 100


def test_what_is_not_a_place_stays() -> None:
    left = orjson.loads(redacted(orjson.dumps({
        "resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "Weight"},
        "subject": {"reference": "Patient/1", "display": "A"}, "performer": [{"reference": "Practitioner/1", "display": "Dr B"}],
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward", "telecom": [TELLING["ContactPoint"]]}],
        "encounter": {"reference": "Encounter/1"}, "note": [{"text": "x", "authorReference": {"reference": "#o"}}],
        "extension": [{"url": "urn:x", "valueString": "y"}, {"url": "urn:x", "valueAddress": ADDRESS}],
    })))  # fmt: skip
    assert left["performer"] == [{"reference": "Practitioner/1", "display": "Dr B"}]
    assert left["contained"] == [{"resourceType": "Organization", "id": "o", "name": "Ward"}]
    assert left["extension"] == [{"url": "urn:x", "valueString": "y"}]
    assert left["subject"]["display"] == "A"


def test_what_was_contained_in_what_is_gone_goes_with_it() -> None:
    doctor = {"resourceType": "Practitioner", "id": "gp", "name": [{"text": "Dr B"}]}
    person = {"resourceType": "Patient", "id": "1", "contained": [doctor], "generalPractitioner": [{"reference": "#gp"}]}
    assert b"Dr B" not in redacted(orjson.dumps(person))


def test_where_r4_demands_something_it_says_that_it_is_masked() -> None:
    masked = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
    visit = {"resourceType": "Encounter", "id": "1", "location": [{"location": {"display": SECRET}, "status": "active"}]}
    assert orjson.loads(redacted(orjson.dumps(visit)))["location"] == [{"location": masked, "status": "active"}]
    task = {"resourceType": "Task", "id": "1", "input": [{"type": {"text": "to"}, "valueAddress": ADDRESS}]}
    assert orjson.loads(redacted(orjson.dumps(task)))["input"] == [{"type": {"text": "to"}, "valueAddress": masked}]


@pytest.mark.parametrize(
    ("where", "type", "made"),
    [
        (Reference("location", ("Location/1",)), "Encounter", All((Reference("location", ("Location/1",)), shown(5)))),
        (Reference("actor", ("https://here/fhir/Location/1",)), "Appointment",
         All((Reference("actor", ("https://here/fhir/Location/1",)), shown(5)))),
        (Reference("actor", ("Practitioner/1",)), "Appointment", None),
        (Chain("location", "Location", Text("name", "x")), "Encounter",
         All((Chain("location", "Location", Text("name", "x")), shown(5)))),
        (Chain("subject", "Patient", Text("name", "x")), "Encounter", None),
        (Text("location", "x", "starts", "text"), "Encounter", All((Text("location", "x", "starts", "text"), shown(5)))),
        (Token("actor", "x", None, "identifier"), "Appointment", All((Token("actor", "x", None, "identifier"), shown(5)))),
        (Token("subject", "x", None, "identifier"), "Observation", None),
        (Has("Patient", "organization", Ids(("a",))), "Organization",
         Has("Patient", "organization", All((Ids(("a",)), shown(5))))),
        (Has("Encounter", "location", None), "Location", Has("Encounter", "location", shown(5))),
        (Has("Encounter", "subject", Ids(("a",))), "Patient", None),
        (Has("Encounter", "subject", None), "Location", None),
        (Has("Appointment", "actor", None), "Practitioner", None),
        (Has("Encounter", "location", None), "", Has("Encounter", "location", shown(5))),
        (All((Text("name", "x"), Token("_tag", "y"))), "Patient", None),
        (All((Text("name", "x"), Text("town", "y"))), "Patient", All((Text("name", "x"), All((Text("town", "y"), shown(5)))))),
        (Token("encounter", "x", None, "identifier"), "Observation", None),
        (Not(Token("_tag", "y")), "Patient", None),
        (Not(Text("town", "y")), "Patient", Not(All((Text("town", "y"), shown(5))))),
        (Text("town", "x"), "Patient", All((Text("town", "x"), shown(5)))),
        (Text("town", "x"), "Encounter", All((Text("town", "x"), shown(5)))),
        (Token("_tag", "x"), "Patient", None),
    ],
)  # fmt: skip
def test_no_question_that_leads_to_a_place_or_a_practice_finds_one(where: Where, type: str, made: Where | None) -> None:
    found = guarded(where, type, 5)
    assert found is where if made is None else found == made


def test_nobody_is_put_in_the_order_of_places() -> None:
    """Nor by a parameter of a client's own, of which nobody knows what it tells."""
    assert orders("Patient", "town")
    assert not orders("Observation", "mood")
    assert not orders("Patient", "_lastUpdated")
    assert orders("Encounter", "location")
    assert not orders("Observation", "subject")
    assert not may_be_place("Observation", "code")
