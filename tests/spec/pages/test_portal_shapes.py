"""What the portal makes of resources before it shows them: choices in force, who acts, what is taken together, pages of a list."""

from __future__ import annotations

from typing import Any

import pytest

from interop.careplan.crew.line import Said as Line
from interop.pages.portal.appointments import appointment
from interop.pages.portal.choices import carers, changed, in_force, others
from interop.pages.portal.listing import listing, number
from interop.pages.portal.looked import look, together
from interop.pages.portal.medicines import repeated
from interop.pages.portal.plan import shaped
from interop.pages.portal.problems import problem
from interop.pages.record.asking import Known
from interop.policy.asker import Asker
from interop.policy.said import Said, written

NOW = 1_790_000_000_000_000
ANN = Asker("iss|ann", "patient", "", "app", "own-record", "p1", "Patient/p1", scopes=None)
SURGERY = Asker("iss|gp1", "gp", "A81001", "surgery", scopes=None)
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
BEA = {"identifier": {"system": "urn:interop:user", "value": "iss|bea"}}


def consent(said: Said, asker: Asker = ANN, id: str = "c1") -> dict[str, Any]:
    """As the engine keeps it."""
    return written(said, id, "p1", asker, "", NOW - 1_000_000)


def states(*found: dict[str, Any]) -> dict[str, str]:
    """What is in force by topic, of those on which something was said."""
    return {each.address: each.state for each in in_force(found, NOW) if each.state}


def test_what_is_in_force_is_what_the_policy_reads() -> None:
    """A refusal of anybody's record of it comes before a permission; what has ended or is inactive is not in force."""
    yes = consent(Said().decide("given", ""))
    assert states() == {}
    assert states(yes) == {"sharing": "given"}
    assert states(yes, {**consent(Said().decide("refused", ""), id="c2")}) == {"sharing": "refused"}
    assert states({**yes, "status": "inactive"}) == {}
    assert states(consent(Said().decide("given", "2020-01-01"))) == {}
    assert states(consent(Said().decide("withdrawn", ""))) == {"sharing": "refused"}
    private = Said().decide("given", "").decide("refused", "", ("HIV",)).decide("given", "2030-01-01", ("PSY",))
    assert states(consent(private)) == {"sharing": "given", "HIV": "refused", "PSY": "given"}
    assert {each.address: each.until > NOW for each in in_force([consent(private)], NOW) if each.until} == {"PSY": True}


def test_a_refusal_that_another_system_has_recorded_counts_and_stands_in_its_words() -> None:
    theirs = {
        "resourceType": "Consent", "id": "x", "status": "active", "scope": SCOPE, "patient": {"reference": "Patient/p1"},
        "category": [{"text": "Dissent from sharing"}], "policyRule": {"text": "local"}, "provision": {"type": "deny"},
    }  # fmt: skip
    mine = consent(Said().decide("given", ""))
    assert states(mine, theirs) == {"sharing": "refused"}
    assert others([mine, theirs]) == [theirs]


def test_who_acts_is_listed_until_it_ends() -> None:
    said = Said().decide("given", "2030-01-01", proxies=(BEA,)).decide("given", "", proxies=({"reference": "RelatedPerson/r1"},))
    listed = {each.key: each.until for each in carers([consent(said)], NOW)}
    assert listed == {"urn:interop:user|iss|bea": "2030-01-01", "RelatedPerson/r1": ""}
    assert carers([consent(said.decide("withdrawn", "", proxies=(BEA,)))], NOW)[0].key == "RelatedPerson/r1"
    assert carers([consent(Said().decide("given", "2020-01-01", proxies=(BEA,)))], NOW) == []


def test_who_changed_the_choices_last_is_an_organisation_or_the_person() -> None:
    assert changed([]) == ("", "")
    assert changed([consent(Said().decide("given", ""))])[1] == ""
    assert changed([consent(Said().decide("given", ""), SURGERY)])[1] == "A81001"


def seen(at: str, role: str = "gp", what: str = "Condition", action: str = "searched the record") -> dict[str, Any]:
    """A look as the API tells it."""
    said = {"when": at, "role": role, "organisation": "Larkfield", "purpose": "direct-care", "action": action, "what": what}
    return {"name": "look", "part": [{"name": name, "valueString": value} for name, value in said.items()]}


def test_looks_of_the_same_within_a_minute_are_one_with_all_that_they_did() -> None:
    told = [
        seen("2026-10-14T10:00:40Z"), seen("2026-10-14T10:00:20Z", what="Observation"), seen("2026-10-14T10:00:10Z"),
        seen("2026-10-14T09:59:59Z"), seen("2026-10-14T09:59:50Z", "ambulance-clinician"),
    ]  # fmt: skip
    found = together([look(each, True) for each in told])
    assert [(each.times, len(each.did)) for each in found] == [(3, 2), (1, 1), (1, 1)]
    assert found[0].did == ("Searched the record: health problems", "Searched the record: results and measurements")
    assert (found[0].who, found[0].why) == ("A general practitioner", "For your care")
    assert look(told[0], False).why == "For the person's care"


@pytest.mark.parametrize(
    ("total", "page", "shown", "previous", "next_"),
    [
        (0, "", (0, 0), 0, 0),
        (20, "", (1, 20), 0, 0),
        (21, "", (1, 20), 0, 2),
        (21, "2", (21, 21), 1, 0),
        (60, "2", (21, 40), 1, 3),
        (60, "99", (41, 60), 2, 0),
        (60, "-1", (1, 20), 0, 2),
        (60, "٣", (1, 20), 0, 2),
        (60, "9" * 99, (1, 20), 0, 2),
    ],
)
def test_a_page_of_a_list_says_which_of_how_many(total: int, page: str, shown: tuple[int, int], previous: int, next_: int) -> None:
    found = listing(list(range(1, total + 1)), page)
    assert (found.first, found.last, found.total) == (*shown, total)
    assert list(found.shown) == list(range(shown[0], shown[1] + 1)) if total else not found.shown
    assert (found.previous, found.next) == (previous, next_)
    assert number(page) >= 1


def test_an_appointment_without_a_time_or_place_says_so() -> None:
    """Of a waiting list there is no day yet; one that is cancelled is gone to by nobody."""
    bare = appointment({"resourceType": "Appointment", "status": "waitlist"}, Known())
    assert (bare.what, bare.start, bare.status, bare.off) == ("Appointment", "", "On the waiting list: no time yet", False)
    assert appointment({"resourceType": "Appointment", "status": "cancelled"}, Known()).off
    clinic = {
        "resourceType": "Location", "id": "l1", "name": "Fracture clinic",
        "telecom": [{"system": "phone", "value": "01632 960001"}],
        "address": {"line": ["1 High Street"], "city": "Eastmere", "postalCode": "QX1 1AA"},
    }  # fmt: skip
    there = {"actor": {"reference": "Location/l1"}, "status": "accepted"}
    found = appointment({"resourceType": "Appointment", "status": "booked", "participant": [there]}, Known([clinic]))
    assert (found.where, found.address, found.phone) == (
        ("Fracture clinic",), "1 High Street, Eastmere, QX1 1AA", "01632 960001",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verified", "clinical", "told"),
    [("confirmed", "active", "Current"), ("refuted", "active", "It was ruled out"), ("", "resolved", "In the past"), ("", "", ""),
     ("entered-in-error", "", "Recorded by mistake: do not rely on it")],
)  # fmt: skip
def test_a_problem_says_how_it_stands_and_that_it_was_a_mistake_first(verified: str, clinical: str, told: str) -> None:
    said = {"verificationStatus": {"coding": [{"code": verified}]}, "clinicalStatus": {"coding": [{"code": clinical}]}}
    found = problem({"resourceType": "Condition", "code": {"text": "Asthma"}, **said}, Known())
    assert (found.name, found.state, found.date) == ("Asthma", told, "")


def test_a_plan_that_is_not_there_is_empty_and_no_fault() -> None:
    assert shaped([]).headings == []
    assert shaped([{"resourceType": "Composition"}]).groups() == []


def test_a_medicine_that_stands_there_twice_is_not_to_be_taken_twice() -> None:
    """A prescription and its issue are two records of one medicine."""
    listed = [Line("Ramipril 5mg capsules"), Line("Alendronic acid 70mg tablets"), Line("RAMIPRIL 5mg capsules")]
    assert repeated(listed) == {"ramipril 5mg capsules"}
    assert repeated(listed[:2]) == frozenset()
