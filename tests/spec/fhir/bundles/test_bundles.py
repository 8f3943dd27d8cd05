"""FHIR R4 Bundle, sections 2.36.2 to 2.36.4: identities, resolution of references, documents, messages, searches."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.validation import check

TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A</div>'}
BASE = "https://example.org/fhir/"
ONE, TWO, THREE = (f"urn:uuid:c757873d-ec9a-4326-a141-55600000000{number}" for number in (1, 2, 3))
PATIENT = {"resourceType": "Patient", "id": "p", "text": TEXT}


def visit(subject: str, id_: str = "e") -> dict[str, Any]:
    """An Encounter of a subject."""
    return {
        "resourceType": "Encounter",
        "id": id_,
        "text": TEXT,
        "status": "planned",
        "class": {"system": "urn:c", "code": "A"},
        "subject": {"reference": subject},
    }


def found(kind: str, *entries: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    """(severity, expression) of what is found in a Bundle."""
    said = check({"resourceType": "Bundle", "type": kind, "entry": list(entries), **members})
    return [(each.severity, each.expression) for each in said]


def at(url: str | None, resource: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An entry."""
    return {**({"fullUrl": url} if url else {}), "resource": resource, **members}


# Identities


def test_an_entry_has_a_full_url() -> None:
    assert found("collection", at(BASE + "Patient/p", PATIENT)) == []
    assert found("collection", at(None, PATIENT)) == [("error", "Bundle.entry[0]")]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_but_for_transactions_and_batches(kind: str) -> None:
    assert found(kind, at(None, PATIENT, request={"method": "POST", "url": "Patient"})) == []


@pytest.mark.parametrize("url", ["Patient/p", "p", "/Patient/p"])
def test_it_is_absolute(url: str) -> None:
    assert found("collection", at(url, PATIENT)) == [("error", "Bundle.entry[0].fullUrl")]


@pytest.mark.parametrize("url", [BASE + "Patient/q", BASE + "Person/p"])
def test_it_ends_with_the_type_and_id_of_the_resource(url: str) -> None:
    assert found("collection", at(url, PATIENT)) == [("error", "Bundle.entry[0].fullUrl")]


def test_one_of_a_server_has_a_resource_with_an_id() -> None:
    assert found("collection", at(BASE + "Patient/p", {"resourceType": "Patient", "text": TEXT})) == [
        ("error", "Bundle.entry[0].fullUrl")
    ]
    assert found("collection", at(ONE, {"resourceType": "Patient", "text": TEXT})) == []


def test_it_is_given_once_but_for_other_versions() -> None:
    other = {**PATIENT, "meta": {"versionId": "2"}}
    assert found("collection", at(BASE + "Patient/p", PATIENT), at(BASE + "Patient/p", other)) == []
    assert found("collection", at(BASE + "Patient/p", PATIENT), at(BASE + "Patient/p", PATIENT)) == [("error", "Bundle")]


# References


def test_a_relative_reference_stands_on_the_full_url_of_its_entry() -> None:
    assert found("collection", at(BASE + "Encounter/e", visit("Patient/p")), at(BASE + "Patient/p", PATIENT)) == []
    elsewhere = "https://other.example.org/Patient/p"
    assert found("collection", at(BASE + "Encounter/e", visit("Patient/p")), at(elsewhere, PATIENT)) == [
        ("warning", "Bundle.entry[0].resource.subject")
    ]


def test_one_to_a_resource_outside_is_nothing_to_tell() -> None:
    assert found("collection", at(BASE + "Encounter/e", visit("Patient/q"))) == []
    assert found("collection", at(BASE + "Encounter/e", visit("https://other.example.org/Patient/q"))) == []


def test_a_urn_leads_to_an_entry() -> None:
    assert found("transaction", at(ONE, PATIENT, request=POST("Patient")), at(TWO, visit(ONE), request=POST("Encounter"))) == []
    assert found("collection", at(TWO, visit(THREE))) == [("warning", "Bundle.entry[0].resource.subject")]


def test_a_relative_one_cannot_stand_on_nothing() -> None:
    assert found("collection", at(None, visit("Patient/p")), at(BASE + "Patient/p", PATIENT)) == [
        ("error", "Bundle.entry[0]"),
        ("error", "Bundle.entry[0].resource.subject"),
    ]


def test_it_is_of_the_form_type_and_id() -> None:
    assert ("error", "Bundle.entry[0].resource.subject") in found("collection", at(BASE + "Encounter/e", visit("p")))


def test_a_transaction_may_search_for_what_it_names() -> None:
    assert found("transaction", at(ONE, visit("Patient?identifier=urn:s|1"), request=POST("Encounter"))) == []


def test_one_that_leads_to_two_entries_is_none() -> None:
    other = {**PATIENT, "meta": {"versionId": "2"}}
    entries = at(BASE + "Encounter/e", visit("Patient/p")), at(BASE + "Patient/p", PATIENT), at(BASE + "Patient/p", other)
    assert found("collection", *entries) == [("error", "Bundle.entry[0].resource.subject")]


def POST(url: str) -> dict[str, str]:
    return {"method": "POST", "url": url}


# Documents and messages

LETTER = {
    "resourceType": "Composition",
    "text": TEXT,
    "status": "final",
    "type": {"text": "A"},
    "subject": {"reference": BASE + "Patient/p"},
    "date": "2024-02-03",
    "author": [{"display": "A"}],
    "title": "A",
}
DOCUMENT = {"identifier": {"system": "urn:s", "value": "1"}, "timestamp": "2024-02-03T10:00:00Z"}
TO_PATIENT = at(BASE + "Patient/p", PATIENT)


def test_a_document_starts_with_a_composition_and_holds_what_that_names() -> None:
    assert found("document", at(ONE, LETTER), TO_PATIENT, **DOCUMENT) == []
    assert found("document", at(ONE, LETTER), **DOCUMENT) == [("error", "Bundle.entry[0].resource.subject")]
    assert ("error", "Bundle") in found("document", TO_PATIENT, at(ONE, LETTER), **DOCUMENT)
    assert ("error", "Bundle") in found("document", at(ONE, LETTER), TO_PATIENT)


def test_its_sections_name_entries() -> None:
    section = {"title": "A", "section": [{"title": "B", "entry": [{"reference": TWO}]}]}
    expected = ("error", "Bundle.entry[0].resource.section[0].section[0].entry[0]")
    assert expected in found("document", at(ONE, {**LETTER, "section": [section]}), TO_PATIENT, **DOCUMENT)
    visited = at(TWO, visit(BASE + "Patient/p"))
    assert found("document", at(ONE, {**LETTER, "section": [section]}), TO_PATIENT, visited, **DOCUMENT) == []


def test_every_entry_of_a_document_hangs_together_with_it() -> None:
    apart = at(TWO, {"resourceType": "Basic", "text": TEXT, "code": {"text": "A"}})
    assert found("document", at(ONE, LETTER), TO_PATIENT, apart, **DOCUMENT) == [("error", "Bundle.entry[2]")]
    backwards = at(TWO, visit(BASE + "Patient/p"))
    assert found("document", at(ONE, LETTER), TO_PATIENT, backwards, **DOCUMENT) == [("warning", "Bundle.entry[2]")]


def test_a_document_of_nothing_is_none() -> None:
    said = check({"resourceType": "Bundle", "type": "document", **DOCUMENT})
    assert ("error", "Bundle.entry") in [(each.severity, each.expression) for each in said]


HEADER = {
    "resourceType": "MessageHeader",
    "text": TEXT,
    "eventUri": "urn:e",
    "source": {"endpoint": "urn:s"},
    "focus": [{"reference": BASE + "Patient/p"}],
}


def test_a_message_holds_its_focus() -> None:
    assert found("message", at(ONE, HEADER), TO_PATIENT) == []
    assert found("message", at(ONE, HEADER)) == [("error", "Bundle.entry[0].resource.focus[0]")]
    apart = at(TWO, {"resourceType": "Basic", "text": TEXT, "code": {"text": "A"}})
    assert found("message", at(ONE, HEADER), TO_PATIENT, apart) == [("warning", "Bundle.entry[2]")]


# Searches

SELF = {"link": [{"relation": "self", "url": BASE + "Patient?name=a"}]}
MATCH = {"search": {"mode": "match"}}


def test_results_are_of_the_type_that_was_searched_and_have_ids() -> None:
    assert found("searchset", at(BASE + "Patient/p", PATIENT, **MATCH), **SELF) == []
    assert found("searchset", at(BASE + "Encounter/e", visit("Patient/q"), **MATCH), **SELF) == [
        ("error", "Bundle.entry[0].resource")
    ]
    assert found("searchset", at(BASE + "Encounter/e", visit("Patient/q"), search={"mode": "include"}), **SELF) == []
    assert found("searchset", at(ONE, {"resourceType": "Patient", "text": TEXT}, **MATCH), **SELF) == [
        ("error", "Bundle.entry[0].resource")
    ]


def test_several_types_may_be_searched() -> None:
    link = [{"relation": "self", "url": BASE + "?_type=Patient,Encounter"}]
    assert found("searchset", at(BASE + "Encounter/e", visit("Patient/q"), **MATCH), link=link) == []


def test_an_outcome_is_an_operation_outcome() -> None:
    outcome = {"resourceType": "OperationOutcome", "text": TEXT, "issue": [{"severity": "information", "code": "informational"}]}
    assert found("searchset", at(None, outcome, search={"mode": "outcome"}), **SELF) == []
    assert found("searchset", at(BASE + "Patient/p", PATIENT, search={"mode": "outcome"}), **SELF) == [
        ("error", "Bundle.entry[0].resource")
    ]


def test_what_was_searched_and_why_an_entry_is_there_should_be_said() -> None:
    assert found("searchset", at(BASE + "Patient/p", PATIENT)) == [("warning", "Bundle"), ("warning", "Bundle")]


def test_a_relation_of_links_is_given_once() -> None:
    twice = [{"relation": "self", "url": BASE + "Patient"}] * 2
    assert found("searchset", at(BASE + "Patient/p", PATIENT, **MATCH), link=twice) == [("error", "Bundle.link[1].relation")]


def test_pages_are_of_searches_and_histories() -> None:
    assert found("collection", TO_PATIENT, link=[{"relation": "next", "url": "urn:n"}]) == [("error", "Bundle.link[0].relation")]


@pytest.mark.parametrize(
    "entry",
    [None, [], {}, [None], [1], [{"resource": []}], [{"fullUrl": 1}], [{"resource": {"resourceType": "Patient"}, "search": 1}]],
)
@pytest.mark.parametrize("kind", ["document", "message", "searchset", "collection", None, 1, []])
def test_what_is_no_bundle_is_told_and_never_raised(kind: Any, entry: Any) -> None:
    assert check({"resourceType": "Bundle", "type": kind, "entry": entry, "link": [1, {"relation": []}]})


def test_bundles_in_bundles_are_by_themselves() -> None:
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [at(TWO, visit(THREE))]}
    assert found("collection", at(ONE, inner)) == [("warning", "Bundle.entry[0].resource.entry[0].resource.subject")]


def test_a_uuid_is_the_identity_of_one_resource() -> None:
    """A relative reference with the UUID of an entry names the type of that entry."""
    group = {"resourceType": "Group", "text": TEXT, "type": "person", "actual": True}
    uuid = ONE.removeprefix("urn:uuid:")
    entries = [at(ONE, group), at(TWO, visit(f"Patient/{uuid}"))]
    assert ("error", "Bundle.entry[1].resource.subject") in found("collection", *entries)
    entries = [at(ONE, group), at(TWO, visit(f"Group/{uuid}"))]
    assert [each for each in found("collection", *entries) if each[0] == "error"] == []
