"""No resource makes ``access_rows`` raise, and none that is not whole gives anything."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from interop.fhir.rows import EARLIEST, LATEST
from interop.policy.access import access_rows
from interop.policy.relationships import RELATIONSHIPS
from tests.spec.policy.test_held_consents import BREAKING, CARER, CONSENT, DENY, NURSE, PERMIT, actor, labels, purpose
from tests.spec.policy.test_held_relationships import BOOKED, ENCOUNTER, EPISODE, PATIENT, PERIOD, REFERRED, TEAM

NESTED: dict[str, Any] = {
    **PERMIT,
    **labels("HIV"),
    "period": PERIOD,
    "provision": [{**DENY, **purpose("HRESCH")}, {**PERMIT, **CARER}],
}
WHOLE: tuple[dict[str, Any], ...] = (
    {**PATIENT, "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}},
    {**TEAM, "period": PERIOD},
    REFERRED,
    {**ENCOUNTER, "status": "finished", "period": PERIOD},
    {**EPISODE, "period": PERIOD},
    {**BOOKED, "end": "2026-01-10T10:00:00Z"},
    {**CONSENT, "dateTime": "2026-01-01", "provision": NESTED},
    {**CONSENT, "provision": {**BREAKING, **actor(**NURSE), "period": PERIOD}},
)
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=8)
    | some.sampled_from(["active", "9999", "0000"]),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(["type", "period", "x"]), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a resource."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for name, child in children for place in places(child, (*above, name)))]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[place[0]] = replaced(value[place[0]], place[1:], new)
    return copied


@settings(max_examples=600, deadline=None)
@given(some.data())
def test_whatever_stands_anywhere_it_answers_with_sound_rows(data: some.DataObject) -> None:
    resource = data.draw(some.sampled_from(WHOLE))
    for _ in range(data.draw(some.integers(1, 3))):
        place = data.draw(some.sampled_from(places(resource)[1:]))
        resource = replaced(resource, place, data.draw(JSON))
    for declared in (True, False):
        for row in access_rows(resource, declared=declared):
            if row.kind == "token":
                assert resource["resourceType"] == "Consent"
                continue
            assert row.kind == "access"
            assert isinstance(row.a, str)
            assert row.a
            assert EARLIEST <= row.b < row.c <= LATEST


def test_other_resources_say_nothing() -> None:
    kinds = {*RELATIONSHIPS, "Consent"}
    assert kinds == {"Patient", "CareTeam", "ServiceRequest", "Encounter", "EpisodeOfCare", "Appointment", "Consent"}
    others: tuple[Any, ...] = ("Observation", "Contract", "Practitioner", "", None, 3, ["Consent"], {})
    for kind in others:
        assert access_rows({**CONSENT, **TEAM, "provision": DENY, "resourceType": kind}) == []
