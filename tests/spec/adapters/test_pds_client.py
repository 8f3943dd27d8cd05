"""The Personal Demographics Service: what it is asked and what its answers say. No network is used."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
import stamina

from adapters.pds.session import ATTEMPTS, FAILURES, LARGEST, REST
from interop.errors import Problem
from interop.ports.demographics import Criteria, Demographics, Reply
from tests.spec.adapters.pds import AT, BASE, LABELS, NUMBER, OTHER, Hands, asked, failing, outcome, patient, searchset

MARY = Criteria("Ashdown", "1941-03-17", "Mary", "female")
PATIENT = f"{BASE}/Patient/{NUMBER}"


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    """Between attempts nobody waits; there are as many as otherwise."""
    stamina.set_testing(True, attempts=ATTEMPTS)
    yield
    stamina.set_testing(False)


def read(number: str = NUMBER, **more: Any) -> Reply:
    return asked(lambda pds: pds.read(number), **more)


def search(criteria: Criteria = MARY, **more: Any) -> Reply:
    return asked(lambda pds: pds.search(criteria), **more)


def refused(**more: Any) -> Problem:
    with pytest.raises(Problem) as raised:
        read(**more)
    said = f"{raised.value!r} {raised.value.detail} {raised.value.where}"
    assert NUMBER not in said
    assert "ASHDOWN" not in said.upper()
    return raised.value


@respx.mock(assert_all_called=True)
def test_who_has_a_number_is_asked_by_the_number_alone(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(PATIENT).respond(json=patient())
    reply = read()
    assert (reply.outcome, [match.patient["id"] for match in reply.matches]) == ("found", [NUMBER])
    request = route.calls.last.request
    assert (request.method, request.url.raw_path, request.content) == (
        "GET", f"/personal-demographics/FHIR/R4/Patient/{NUMBER}".encode(), b"",
    )  # fmt: skip
    assert request.headers["accept"] == "application/fhir+json"
    assert all(UUID(request.headers[name]).version == 4 for name in ("x-request-id", "x-correlation-id"))
    assert "authorization" not in request.headers, "the sandbox is asked without signing on"


@respx.mock
def test_who_fits_criteria_is_asked_in_the_order_and_form_of_the_service() -> None:
    route = respx.get(f"{BASE}/Patient").respond(json=searchset((patient(), 1)))
    reply = search(MARY._replace(postcode="QX9 7ZD", fuzzy=True, history=True))
    assert (reply.outcome, reply.matches[0].score, reply.matches[0].patient["id"]) == ("one", 1.0, NUMBER)
    assert route.calls.last.request.url.query == (
        b"family=Ashdown&birthdate=eq1941-03-17&given=Mary&gender=female&address-postalcode=QX9%207ZD&_fuzzy-match=true&_history=true"
    )
    search(Criteria("O'Neil", "1950-01-03"))
    assert route.calls.last.request.url.query == b"family=O%27Neil&birthdate=eq1950-01-03"


@respx.mock
@pytest.mark.parametrize(
    ("said", "outcome_", "scores"),
    [
        (searchset(), "none", []),
        (searchset((patient(), 0.8343)), "one", [0.8343]),
        (searchset((patient(), "0.5")), "one", [0.5]),
        (searchset((patient(), 7)), "one", [0.0]),
        (searchset((patient(), None)), "one", [0.0]),
        (searchset((patient(), 1), (patient(OTHER), 0.9)), "several", [1.0, 0.9]),
        (outcome("TOO_MANY_MATCHES", "information"), "several", []),
    ],
)
def test_none_one_and_several_are_told_apart_with_their_scores(said: Any, outcome_: str, scores: list[float]) -> None:
    respx.get(f"{BASE}/Patient").respond(json=said)
    reply = search()
    assert (reply.outcome, [match.score for match in reply.matches]) == (outcome_, scores)


@respx.mock
@pytest.mark.parametrize("system", [LABELS, "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"])
def test_somebody_restricted_comes_with_the_label_and_without_whereabouts(system: str) -> None:
    respx.get(PATIENT).respond(json=patient(label="R", system=system))
    found = read().matches[0].patient
    assert found["meta"]["security"][0]["code"] == "R"
    assert not {"address", "telecom", "generalPractitioner"} & found.keys()


@respx.mock
def test_a_number_that_was_replaced_is_answered_with_the_one_in_its_place() -> None:
    respx.get(PATIENT).respond(json=patient(OTHER))
    reply = read()
    assert (reply.outcome, reply.matches[0].patient["id"]) == ("found", OTHER)


@respx.mock
def test_that_somebody_has_died_comes_with_how_the_service_knows() -> None:
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    status = {"url": "deathNotificationStatus", "valueCodeableConcept": {"coding": [{"code": "2"}]}}
    died = {"deceasedDateTime": "2025-11-02T00:00:00+00:00", "extension": [{"url": url, "extension": [status]}]}
    respx.get(PATIENT).respond(json=patient(**died))
    found = read().matches[0].patient
    assert {name: found[name] for name in died} == died


@respx.mock
@pytest.mark.parametrize(("code", "said"), [("RESOURCE_NOT_FOUND", "not-found"), ("INVALIDATED_RESOURCE", "invalidated")])
def test_a_number_that_nobody_has_or_that_was_invalidated_is_an_answer(code: str, said: str) -> None:
    respx.get(PATIENT).respond(404, json=outcome(code))
    assert read() == Reply(said)


@respx.mock
def test_a_404_of_whoever_stands_before_the_service_says_nothing_of_the_number() -> None:
    respx.get(PATIENT).respond(404, json=outcome("SOMETHING_ELSE"))
    assert refused().reason.name == "source-error"
    respx.get(PATIENT).respond(404, text="<html>no such route</html>")
    assert refused().reason.name == "source-error"


@respx.mock
@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "INVALID_RESOURCE_ID", "source-error"),
        (400, "INVALID_SEARCH_DATA", "source-error"),
        (401, "ACCESS_DENIED", "source-denied"),
        (403, "ACCESS_DENIED", "source-denied"),
        (418, "TEAPOT", "source-error"),
    ],
)
def test_what_the_service_refuses_is_told_by_its_code_and_not_tried_again(status: int, code: str, reason: str) -> None:
    route = respx.get(PATIENT).respond(status, json=outcome(code))
    problem = refused()
    assert (problem.reason.name, route.call_count) == (reason, 1)
    assert str(status) in problem.detail
    assert (code in problem.detail) == (reason == "source-error")


@respx.mock
@pytest.mark.parametrize(
    ("status", "reason"),
    [(408, "source-timeout"), (429, "source-busy"), (500, "source-unavailable"), (502, "source-unavailable"),
     (503, "source-unavailable"), (504, "source-timeout")],
)  # fmt: skip
def test_what_may_pass_is_tried_again_as_the_same_request_and_only_so_often(status: int, reason: str) -> None:
    route = respx.get(PATIENT).respond(status, json=outcome("TOO_MANY_REQUESTS"))
    problem = refused()
    assert (problem.reason.name, problem.reason.retry) == (reason, "ambiguous" if reason == "source-timeout" else "transient")
    assert route.call_count == ATTEMPTS
    assert len({call.request.headers["x-request-id"] for call in route.calls}) == 1
    assert len({call.request.headers["x-correlation-id"] for call in route.calls}) == 1
    respx.get(PATIENT).mock(side_effect=[httpx.Response(status), httpx.Response(200, json=patient())])
    assert read().outcome == "found"


@respx.mock
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ReadTimeout, "source-timeout"),
        (httpx.ConnectTimeout, "source-timeout"),
        (httpx.ConnectError, "source-unavailable"),
        (httpx.RemoteProtocolError, "source-unavailable"),
        (httpx.ReadError, "source-unavailable"),
    ],
)
def test_a_line_that_breaks_or_is_silent_is_tried_again(error: type[httpx.RequestError], reason: str) -> None:
    route = respx.get(PATIENT).mock(side_effect=error(f"about {NUMBER}"))
    assert (refused().reason.name, route.call_count) == (reason, ATTEMPTS)


def waits(said: str, clock: Hands) -> list[float]:
    """How long is waited between the attempts where the service answers with this Retry-After."""
    waited: list[float] = []

    async def run(pds: Demographics) -> None:
        import asyncio

        async def sleep(delay: float) -> None:
            waited.append(delay)

        stamina.set_testing(False)
        kept, asyncio.sleep = asyncio.sleep, sleep  # type: ignore[assignment]
        try:
            with failing("source-busy"):
                await pds.read(NUMBER)
        finally:
            asyncio.sleep = kept

    with respx.mock:
        respx.get(PATIENT).respond(429, headers={"retry-after": said})
        asked(run, clock)
    return waited


def test_a_pause_that_the_service_asks_for_is_kept_and_a_long_one_is_told_at_once() -> None:
    clock = Hands()
    assert waits("2", clock) == [2.0, 2.0]
    assert waits(formatdate(AT + 3, usegmt=True), clock) == [3.0, 3.0]
    assert waits("3600", clock) == [], "nobody waits an hour within a request"
    assert waits(formatdate(AT - 60, usegmt=True), clock) == [0.0, 0.0]
    assert all(0 < each <= 11 for each in waits("soon", clock))
    assert len(waits("soon", clock)) == ATTEMPTS - 1


@respx.mock
def test_a_service_that_asks_for_a_long_pause_is_not_asked_before_it_is_over() -> None:
    clock = Hands()
    route = respx.get(PATIENT).respond(429, headers={"retry-after": "120"})

    async def run(pds: Demographics) -> None:
        for wanted in (1, 1):
            with failing("source-busy"):
                await pds.read(NUMBER)
            assert route.call_count == wanted
        assert pds.calls["resting"] == 1
        clock.on(121)
        respx.get(PATIENT).respond(json=patient())
        assert (await pds.read(NUMBER)).outcome == "found"

    asked(run, clock)


@respx.mock
def test_a_service_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    clock = Hands()
    route = respx.get(PATIENT).respond(503)

    async def run(pds: Demographics) -> None:
        for _ in range(FAILURES + 3):
            with failing("source-unavailable"):
                await pds.read(NUMBER)
        assert route.call_count == FAILURES * ATTEMPTS
        assert (pds.calls["source-unavailable"], pds.calls["resting"]) == (FAILURES * ATTEMPTS, 3)
        clock.on(REST + 1)
        route.respond(json=patient())
        assert (await pds.read(NUMBER)).outcome == "found"
        route.respond(503)
        with pytest.raises(Problem):
            await pds.read(NUMBER)
        assert route.call_count == (FAILURES + 1) * ATTEMPTS + 1, "one answer is enough to begin anew"

    asked(run, clock)


@respx.mock
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{", b'{"resourceType":"Bundle"}', b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","id":7}',
     b'{"resourceType":"Patient","id":"../x"}', b'"x"', b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_patient_is_never_taken_for_one(body: bytes) -> None:
    respx.get(PATIENT).respond(content=body, headers={"content-type": "application/fhir+json"})
    assert refused().reason.name == "source-error"


@respx.mock
def test_a_patient_whose_identifier_is_another_number_than_its_id_is_refused() -> None:
    body = patient()
    body["identifier"][0]["value"] = OTHER
    respx.get(PATIENT).respond(json=body)
    assert refused().reason.name == "source-error"


@respx.mock
@pytest.mark.parametrize(
    "said",
    [
        patient(),
        {"resourceType": "Bundle", "type": "collection"},
        {"resourceType": "Bundle", "type": "searchset", "entry": {}},
        {"resourceType": "Bundle", "type": "searchset", "entry": [None]},
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {"resourceType": "Group", "id": NUMBER}}]},
        searchset(*[(patient(), 1)] * 51),
        outcome("UNKNOWN", "information"),
    ],
)
def test_what_is_no_searchset_of_patients_is_an_error(said: Any) -> None:
    respx.get(f"{BASE}/Patient").respond(json=said)
    with failing("source-error"):
        search()


@respx.mock
def test_an_answer_of_more_than_a_mebibyte_is_not_read_to_its_end() -> None:
    respx.get(PATIENT).respond(content=b" " * (LARGEST + 1))
    assert "bytes" in refused().detail


@respx.mock
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed(status: int) -> None:
    """It would take the number, and the token, to somebody else."""
    elsewhere = respx.get(f"https://elsewhere.test/Patient/{NUMBER}").respond(json=patient())
    respx.get(PATIENT).respond(status, headers={"location": f"https://elsewhere.test/Patient/{NUMBER}"})
    assert refused().reason.name == "source-error"
    assert not elsewhere.called


@respx.mock
def test_a_line_of_a_log_never_holds_a_number_or_a_name(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    respx.get(PATIENT).respond(503, json=outcome("UNKNOWN"))
    respx.get(f"{BASE}/Patient").mock(
        side_effect=[httpx.Response(200, json=searchset((patient(), 1))), httpx.ConnectError("Ashdown")]
    )
    refused()
    search()
    printed = "".join(capsys.readouterr())
    for said in (caplog.text, printed):
        assert NUMBER not in said
        assert "ashdown" not in said.lower()


@pytest.mark.parametrize("number", ["", "999000001", "99900000188", "999000001X", "../metadata", "٩٩٩٠٠٠٠٠١٨"])
@respx.mock(assert_all_called=False)
def test_what_is_no_number_is_not_asked(respx_mock: respx.MockRouter, number: str) -> None:
    route = respx_mock.route().respond(json=patient())
    with failing("bad-parameter"):
        read(number)
    assert not route.called


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria("", "1941-03-17"),
        Criteria(" ", "1941-03-17"),
        Criteria("As*", "1941-03-17"),
        Criteria("Ashdown", ""),
        Criteria("Ashdown", "1941-03"),
        Criteria("Ashdown", "ge1941-03-17"),
        Criteria("Ashdown", "1941-03-17", gender="F"),
        Criteria("A" * 101, "1941-03-17"),
        Criteria("Ash\ndown", "1941-03-17"),
    ],
)
@respx.mock(assert_all_called=False)
def test_criteria_that_the_service_would_refuse_or_take_for_a_pattern_are_not_sent(
    respx_mock: respx.MockRouter, criteria: Criteria
) -> None:
    route = respx_mock.route().respond(json=searchset())
    with failing("bad-parameter"):
        search(criteria)
    assert not route.called
