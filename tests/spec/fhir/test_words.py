"""FHIR R4 search, 3.1.1.4.20: the words of the narrative and of the whole resource."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.searching import index_rows


def words(resource: dict[str, Any], code: str) -> str:
    rows = index_rows(resource, frozenset((code,)))
    assert len(rows) <= 1
    return rows[0].a if rows else ""


def told(div: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>'},
    }


@pytest.mark.parametrize(
    ("div", "found"),
    [
        ("<p>Café &amp; bar</p>", "Café & bar"),
        ("<td>Name</td><td>Jim</td>", "Name Jim"),
        ("H<sub>2</sub>O, <b>Chal</b>mers", "H2O, Chalmers"),
        ("a<br/>b\n  c", "a b c"),
        ('<img src="x" alt="y"/>', ""),
        ("&#233;&lt;p&gt;", "é<p>"),
    ],
)
def test_the_narrative_loses_its_tags(div: str, found: str) -> None:
    assert words(told(div), "_text") == found


def test_the_content_is_what_people_wrote() -> None:
    observation = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "urn:s", "code": "C1", "display": "Systolic pressure"}], "text": "Pressure"},
        "valueString": "high",
        "note": [{"text": "taken *twice*", "authorReference": {"reference": "Patient/1", "display": "Dr Glyn"}}],
        "extension": [{"url": "urn:x", "valueString": "beyond"}],
        "contained": [{"resourceType": "Patient", "name": [{"family": "Within"}]}],
        "text": {"div": "<div>told</div>"},
    }
    found = words(observation, "_content")
    told = "beyond Dr Glyn high Pressure Systolic pressure taken *twice* told Within"
    assert sorted(found.split()) == sorted(told.split())


def test_what_has_no_words_has_no_row() -> None:
    assert index_rows({"resourceType": "Patient", "id": "p", "gender": "male"}, frozenset(("_text", "_content"))) == []
