"""e-Referral Service: referrals, bookings, advice and guidance, worklists and slots as R4."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.ers import adapter
from interop.errors import Problem
from interop.formats.json import load_json, write_json
from interop.ports import Order
from interop.record.fold import fold
from interop.record.state import State, load, merge, stated
from tests.spec.families.maps import example, make

REFERRAL = example("ers", "referral.json")
BOOKING = example("ers", "booking.json")


def test_the_id_of_a_referral_is_its_ubrn() -> None:
    """Twelve digits, whichever of the two resources comes first."""
    request, named = make("ers", REFERRAL).one("req"), make("ers", BOOKING).one("areq")
    assert {"system": "https://fhir.nhs.uk/Id/UBRN", "value": "000099900017"} in request["identifier"]
    assert request["id"] == named["id"]


def test_the_contained_appointment_is_the_resource_that_the_referral_names() -> None:
    """``Extension-eRS-Appointment-Reference-1`` tells its id."""
    assert make("ers", REFERRAL).one("appt")["id"] == make("ers", BOOKING).one("sappt")["id"]


def test_a_request_to_book_has_no_id_of_its_own() -> None:
    """Its id is the word ``appointment``: two requests are not one because of it."""
    request = example("ers", "request.json")
    other = request.replace(b"000099900025", b"000099900033")
    assert make("ers", request).one("rappt")["id"] != make("ers", other).one("rappt")["id"]


@pytest.mark.parametrize(
    ("state", "status", "task"),
    [
        ("NOT_BOOKED", "active", "requested"),
        ("BOOKED", "active", "ready"),
        ("REJECTED", "active", "rejected"),
        ("CANCELLED", "revoked", "cancelled"),
        ("CANCELLED_REFERRAL", "revoked", "cancelled"),
        ("SOMETHING_NEW", "active", "draft"),
    ],
)
def test_the_state_is_kept_as_it_is_and_gives_the_status_of_the_task(state: str, status: str, task: str) -> None:
    """The referral is active for as long as the service says so; of a state that no table knows nothing is said to be asked."""
    made = make("ers", REFERRAL.replace(b"DEFERRED_TO_PROVIDER", state.encode()))
    assert (made.one("req")["status"], made.one("state")["status"]) == (status, task)
    assert state in write_json(made.one("req")["extension"]).decode()
    assert made.one("state")["businessStatus"]["coding"][0]["code"] == state


@pytest.mark.parametrize("system", ["http://fhir.nhs.net/Id/nhs-number", "https://fhir.nhs.uk/Id/nhs-number"])
def test_identifier_systems_have_variants(system: str) -> None:
    """e-RS writes the old form; the record holds the one that UK Core knows."""
    body = BOOKING.replace(b"http://fhir.nhs.net/Id/nhs-number", system.encode())
    (identifier,) = make("ers", body).one("apat")["identifier"]
    assert (identifier["system"], identifier["value"]) == ("https://fhir.nhs.uk/Id/nhs-number", "9991000011")


def test_an_nhs_number_of_the_service_has_been_traced() -> None:
    """The service holds only numbers that PDS has traced, so those known by their number alone may link."""
    (identifier,) = make("ers", BOOKING).one("apat")["identifier"]
    assert identifier["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "01"


def test_a_template_base_in_a_system_is_put_right() -> None:
    """``_baseUrl_/STU3/CodeSystem/SPECIALTY`` is what the service's own examples send."""
    coding = make("ers", REFERRAL).one("req")["performerType"]["coding"][0]
    assert coding["system"] == "https://fhir.nhs.uk/STU3/CodeSystem/SPECIALTY"


def test_each_participant_refers_to_what_its_identifier_names() -> None:
    """Service, patient and clinician, in the order of the source; whoever else takes part keeps the number that names them."""
    *known, other = make("ers", BOOKING).one("sappt")["participant"]
    kinds = [participant["actor"]["reference"].partition("/")[0] for participant in known]
    assert kinds == ["HealthcareService", "Patient", "Practitioner"]
    assert other["actor"]["identifier"]["value"] == "R9990"


def test_two_week_wait_is_urgent_and_stays_two_week_wait() -> None:
    """R4 has no priority of that name; the extension keeps it."""
    request = make("ers", REFERRAL).one("req")
    assert request["priority"] == "urgent"
    assert "TWO_WEEK_WAIT" in write_json(request["extension"]).decode()


def ids(name: str, file: str, number: int = 0) -> str:
    """The id of a resource that an example makes."""
    made = [one.id for body in _bodies(file) for one in make("ers", body).contributions if one.name == name]
    return made[number]


def _bodies(file: str) -> list[bytes]:
    return list(adapter.split(io.BytesIO(example("ers", file))))


def test_a_referral_and_the_advice_that_it_was_made_of_are_two_requests_with_one_number() -> None:
    """Whoever tells of them: the referral, the request for advice, its messages, a worklist, a search in R4."""
    assert ids("req", "converted.json") == ids("r4req", "r4-requests.json") == ids("itemreq", "for-review.json")
    advice = ids("radv", "converted.json")
    assert advice != ids("req", "converted.json")
    for name, file in (
        ("adv", "advice.json"),
        ("comadv", "conversation.json"),
        ("itemadv", "advice-worklist.json"),
        ("actadv", "actions.json"),
        ("r4adv", "r4-requests.json"),
        ("askadv", "convert-advice.json"),
    ):
        assert ids(name, file) == advice, name


def test_a_file_of_the_advice_is_that_of_the_referral_made_of_it() -> None:
    """Contained or beside it in a Bundle."""
    assert (
        ids("doc", "advice.json")
        == ids("bdoc", "conversation.json")
        == ids("doc", "converted.json")
        == ids("doc", "advice-created.json")
    )


def test_a_message_is_the_same_in_the_answer_to_its_sending_and_in_the_conversation() -> None:
    assert ids("com", "advice-created.json") == ids("com", "conversation.json")


def test_a_service_of_the_directory_is_that_of_a_shortlist() -> None:
    assert ids("r4svc", "r4-service.json") == ids("lsvc", "referral.json") == ids("found", "services-found.json")


def test_whoever_tells_of_a_request_it_has_each_number_and_each_origin_once() -> None:
    """STU3 and R4, the referral and what only names it."""
    states: dict[str, State] = {}
    for number, file in enumerate(("converted.json", "r4-requests.json", "for-review.json", "advice.json", "conversation.json"), 1):
        for each in _bodies(file):
            for one in make("ers", each).contributions:
                if one.type == "ServiceRequest":
                    merge(states.setdefault(one.id, {"r": {}}), load(stated(one, order(each), number)))
    made = [fold("ServiceRequest", {("ers", ""): state}) for state in states.values()]
    for body in filter(None, made):
        for name in ("identifier", "basedOn", "category"):
            said = [write_json(dict(sorted(element.items()))) for element in body.get(name, ())]
            assert len(said) == len(set(said)), name


def test_a_worklist_that_has_been_worked_off_is_empty() -> None:
    """The same worklist, asked again a day later; the first answer told late brings nothing back."""
    state: State = {"r": {}}
    for number, file in enumerate(("slot-issues.json", "empty-worklist.json", "slot-issues.json"), 1):
        (each,) = _bodies(file)
        (one,) = [made for made in make("ers", each).contributions if made.name == "work"]
        assert one.id == ids("work", "slot-issues.json")
        merge(state, load(stated(one, order(each), number)))
    body = fold("List", {("ers", ""): state})
    assert body is not None
    assert ("entry" in body, body["date"]) == (False, "2025-03-07T07:30:00.000Z")


def order(file: bytes) -> Order:
    return adapter.envelope(file).order


def test_what_is_newer_is_told_by_versions_where_there_are_any() -> None:
    """The versions of an appointment begin anew with each: those of its referral come first."""
    booked = BOOKING.replace(b'"versionId": "2"', b'"versionId": "0"')
    assert order(BOOKING) > order(booked) > order(REFERRAL)
    assert order(REFERRAL.replace(b'"versionId": "7"', b'"versionId": "9"')) > order(BOOKING)


def test_a_file_that_was_scanned_is_newer_than_one_that_waits_for_it() -> None:
    waiting = example("ers", "conversation.json")
    assert order(waiting.replace(b"PENDING", b"AVAILABLE")) > order(waiting)


def test_a_worklist_is_as_old_as_the_answer_or_as_what_it_last_tells() -> None:
    assert order(example("ers", "slot-issues.json")).time == 1_741_246_200_000_000
    assert order(example("ers", "awaiting-booking.json")).time == 1_737_385_200_000_000


@pytest.mark.parametrize(
    ("file", "name", "facts"),
    [
        ("BookedIBS", "req", {"status": "active", "priority": "routine", "authoredOn": "2024-05-08T09:54:23.167Z"}),
        ("BookedIBS", "appt", {"status": "booked", "start": "2021-07-05T10:00:00.000Z", "created": "2021-06-11T13:43:34.424Z"}),
        ("BookedIBS", "state", {"status": "ready", "intent": "plan"}),
        ("retrieveReferralRequest/responses/DeferredToProvider", "state", {"status": "requested"}),
        ("retrieveReferralRequest/responses/DeferredToProvider", "appt", {"status": "proposed", "comment": "Yes!"}),
        ("retrieveAppointment/responses/BookedDBS", "sappt", {"status": "booked", "end": "2022-03-01T09:00:00.000Z"}),
        ("retrieveAppointment/responses/CAAL", "sappt", {"status": "proposed", "comment": "Please rebook later"}),
        ("BookingWithNamedClinician", "rappt", {"status": "booked", "start": "2022-07-11T13:15:00+00:00"}),
        ("WithAttachmentFileReference", "adv", {"status": "active", "intent": "order", "priority": "routine"}),
        ("WithAttachmentFileReference", "turn", {"status": "requested"}),
        ("createAdviceAndGuidance/responses/ExampleRCA", "com", {"status": "completed", "sent": "2021-09-23T13:40:06.259Z"}),
        (
            "responses/AwaitingBooking",
            "item",
            {"authoredOn": "2021-09-03T14:19:04.702Z", "lastModified": "2021-09-03T14:19:04.702Z"},
        ),
        ("LettersOutstanding", "item", {"restriction": {"period": {"end": "2021-09-03"}}}),
        ("Page1With2Schedules", "slot", {"status": "free", "start": "2021-05-22T20:59:43.956Z", "end": "2021-05-22T21:59:43.956Z"}),
        ("sampleServiceWithFullAttributes", "r4svc", {"name": "Direct SVC 1"}),
        ("ResponseExampleReferral", "r4req", {"status": "active", "intent": "order"}),
        ("createReferral/requests/MinimalRequest", "plan", {"status": "draft", "priority": "urgent"}),
        ("NoSlots", "none", {"status": "current", "date": "2021-05-20T07:44:45.096Z"}),
    ],
)
def test_what_the_samples_say(file: str, name: str, facts: dict[str, object], shared: Callable[[str], Path]) -> None:
    """The first resource of that name of the first sample of that name."""
    root = shared("samples/ereferral/ers")
    path = next(path for path in sorted(root.rglob("*.json")) if f"{file}" in str(path.relative_to(root)))
    bodies = list(adapter.split(io.BytesIO(path.read_bytes())))
    body = next(found for each in bodies for found in make("ers", each).all(name))
    assert {key: body.get(key) for key in facts} == facts


def test_every_sample_converts_whole_to_valid_r4_and_an_error_is_refused(shared: Callable[[str], Path]) -> None:
    """Whatever the service's own examples hold."""
    seen = 0
    for path in sorted(shared("samples/ereferral/ers").rglob("*.json")):
        for body in adapter.split(io.BytesIO(path.read_bytes())):
            if load_json(body).get("resourceType") == "OperationOutcome":
                with pytest.raises(Problem, match="error"):
                    make("ers", body)
                continue
            made = make("ers", body)
            assert made.contributions, path.name
            assert made.findings() == [], path.name
            assert [(loss.path, loss.reason) for loss in made.losses if loss.reason != "not-carried"] == [], path.name
            seen += 1
    assert seen >= 43


def test_each_item_of_a_worklist_is_of_its_own_patient() -> None:
    """Two referrals of two people: nothing of the one is said of the other; an item that names no patient is nobody's."""
    extension = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-AwaitingBooking-WorkListItem-1"
    numbers = ("9991000011", "9991000127", "")
    items = []
    for place, number in enumerate(numbers):
        who = {"url": "patient", "valueReference": {"identifier": {"system": "http://fhir.nhs.net/Id/nhs-number", "value": number}}}
        said = [who] if number else [{"url": "clinicalContext", "valueString": "Knee"}]
        item = {"reference": f"ReferralRequest/00009990005{place}"}
        items.append({"extension": [{"url": extension, "extension": said}], "item": item})
    profile = "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-FetchWorklist-List-1"
    made = make(
        "ers", json.dumps({"resourceType": "List", "meta": {"profile": [profile]}, "status": "current", "entry": items}).encode()
    )
    people = [f"Patient/{each['id']}" for each in made.all("itempat")]
    assert [each.get("for", {}).get("reference") for each in made.all("item")] == [*people, None]
    assert [each.get("subject", {}).get("reference") for each in made.all("itemreq")] == [*people, None]
    assert [each["focus"]["reference"] for each in made.all("item")] == [
        f"ServiceRequest/{each['id']}" for each in made.all("itemreq")
    ]
