"""Pulling from the e-Referral Service: what is fetched, what is tried again, what is known already. No network is used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
import stamina

from adapters.ers import adapter
from adapters.ers.settings import Settings
from interop.errors import Problem
from interop.ports import Have, Pulled

BASE = "https://ers.test/referrals/FHIR"
TOKEN = "https://ers.test/oauth2/token"
UBRN = "000099900017"
SETTINGS = {"adapter": "ers", "url": BASE, "token": "ERS_TOKEN", "worklists": ["REFERRALS_FOR_REVIEW"], "services": ["99101"]}
OAUTH = {
    "url": BASE,
    "token_url": TOKEN,
    "client_id": "engine",
    "client_secret": "ERS_SECRET",
    "worklists": ["REFERRALS_FOR_REVIEW"],
    "organisation": "R99901",
    "function": "SERVICE_PROVIDER_CLINICIAN",
}
DATE = {"date": "Thu, 06 Mar 2025 07:30:00 GMT"}


class Seen(dict[str, Have]):
    """A journal of the test's own."""

    def newest(self, stem: str) -> Have | None:
        return self.get(stem)

    def take(self, pulled: list[Pulled]) -> None:
        for one in pulled:
            if one.body:
                said = adapter.envelope(one.body)
                self[said.control_id.rpartition("/")[0]] = Have(said.control_id, said.digest)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ERS_TOKEN", "t0ken")
    monkeypatch.setenv("ERS_SECRET", "s3cret")
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def pull(seen: Seen | None = None, settings: dict[str, Any] = SETTINGS) -> list[Pulled]:
    async def run() -> list[Pulled]:
        return [one async for one in adapter.pull(settings, seen if seen is not None else Seen())]

    return asyncio.run(run())


def worklist(*references: str, version: int = 0) -> dict[str, Any]:
    told = [{"url": "referralRequestVersion", "valueInteger": version}] if version else []
    url = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-ReferralsforReview-WorkListItem-1"
    entries = [{"extension": [{"url": url, "extension": told}], "item": {"reference": one}} for one in references]
    return {"resourceType": "List", "status": "current", "mode": "snapshot", "entry": entries}


def referral(version: int = 7, **more: Any) -> dict[str, Any]:
    subject = {"identifier": {"system": "http://fhir.nhs.net/Id/nhs-number", "value": "9991000011"}}
    return {"resourceType": "ReferralRequest", "id": UBRN, "meta": {"versionId": str(version)}, "subject": subject, **more}


def advice(version: int) -> dict[str, Any]:
    return {"resourceType": "CommunicationRequest", "id": UBRN, "meta": {"versionId": str(version)}, "status": "active"}


def booked() -> dict[str, Any]:
    url = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-Appointment-Reference-1"
    return referral(extension=[{"url": url, "valueReference": {"reference": "Appointment/990412"}}])


def bundle(*resources: dict[str, Any], next_: str = "") -> dict[str, Any]:
    links = [{"relation": "next", "url": next_}] if next_ else []
    entries = [{"fullUrl": f"x/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "id": "b", "link": links, "entry": entries}


def words(number: str) -> dict[str, Any]:
    based = [{"reference": f"CommunicationRequest/{UBRN}/_history/6"}]
    return {"resourceType": "Communication", "id": number, "status": "completed", "basedOn": based}


def outcome(code: str) -> dict[str, Any]:
    issue = {"code": "value", "details": {"coding": [{"code": code}]}, "diagnostics": "about 9991000011"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


LIST = f"{BASE}/STU3/ReferralRequest/$ers.fetchworklist"
REFERRAL = f"{BASE}/STU3/ReferralRequest/{UBRN}"


@respx.mock
def test_a_worklist_then_what_it_lists_then_its_appointment() -> None:
    asked = respx.post(LIST).respond(json=worklist(f"ReferralRequest/{UBRN}"), headers=DATE)
    respx.get(REFERRAL).respond(json=booked())
    respx.get(f"{BASE}/STU3/Appointment/990412").respond(
        json={"resourceType": "Appointment", "id": "990412", "meta": {"versionId": "2"}, "status": "booked"}
    )
    listed, referred, appointment = pull()
    assert adapter.envelope(listed.body).order.time == 1_741_246_200_000_000
    assert [referred.what, appointment.what] == [f"ReferralRequest/{UBRN}/7", "Appointment/990412/2"]
    assert asked.calls.last.request.headers["authorization"] == "Bearer t0ken"
    said = json.loads(asked.calls.last.request.content)["parameter"]
    assert said[0]["valueCodeableConcept"]["coding"][0]["code"] == "REFERRALS_FOR_REVIEW"
    assert said[1]["valueIdentifier"]["value"] == "99101"


@respx.mock
def test_the_same_again_is_nothing_new() -> None:
    """Neither the worklist, asked a day later, nor the version of the referral; a version that is known is not fetched."""
    respx.post(LIST).mock(side_effect=[httpx.Response(200, json=worklist(f"ReferralRequest/{UBRN}", version=7), headers=DATE)] * 2)
    fetched = respx.get(REFERRAL).respond(json=referral())
    seen = Seen()
    seen.take(first := pull(seen))
    again = pull(seen)
    assert [bool(one.body) for one in first + again] == [True, True, False, False]
    assert fetched.call_count == 1


@respx.mock
def test_a_file_that_was_scanned_since_is_new_though_the_version_is_not() -> None:
    respx.post(LIST).respond(json=worklist(f"ReferralRequest/{UBRN}"))
    respx.get(REFERRAL).mock(
        side_effect=[httpx.Response(200, json=referral()), httpx.Response(200, json=referral(status="active"))]
    )
    seen = Seen()
    seen.take(pull(seen))
    assert [bool(one.body) for one in pull(seen)] == [False, True]


@respx.mock
def test_what_two_worklists_list_is_fetched_once() -> None:
    respx.post(LIST).respond(json=worklist(f"ReferralRequest/{UBRN}", f"ReferralRequest/{UBRN}"))
    fetched = respx.get(REFERRAL).respond(json=referral())
    pull(settings={**SETTINGS, "worklists": ["REFERRALS_FOR_REVIEW", "APPOINTMENT_SLOT_ISSUES"]})
    assert fetched.call_count == 1


CONVERSATION = f"{BASE}/STU3/Communication"
ADVICE = {**SETTINGS, "worklists": ["ADVICE_AND_GUIDANCE_REQUESTS"], "services": []}


def _advice_listed(*versions: int) -> None:
    respx.post(f"{BASE}/STU3/CommunicationRequest/$ers.fetchworklist").respond(json=worklist(f"CommunicationRequest/{UBRN}"))
    answers = [httpx.Response(200, json=advice(version)) for version in versions]
    respx.get(f"{BASE}/STU3/CommunicationRequest/{UBRN}").mock(side_effect=answers)


@respx.mock
def test_every_page_of_a_conversation_is_read() -> None:
    _advice_listed(6)
    first = bundle(words("1"), next_=f"{BASE}/STU3/Communication?page=2")
    asked = respx.get(CONVERSATION).mock(
        side_effect=[httpx.Response(200, json=first), httpx.Response(200, json=bundle(words("2")))]
    )
    made = [adapter.open(one.body)[1].text("entry/resource/id") for one in pull(settings=ADVICE)[2:]]
    assert made == ["1", "2"]
    assert asked.calls[0].request.url.params["based-on"] == f"CommunicationRequest/{UBRN}/_history/6"
    assert len(asked.calls[0].request.url.params.get_list("_include")) == 3


@respx.mock
@pytest.mark.parametrize("status", [409, 412, 404])
def test_a_version_that_has_moved_on_is_read_again(status: int) -> None:
    _advice_listed(6, 7)
    asked = respx.get(CONVERSATION).mock(side_effect=[httpx.Response(status), httpx.Response(200, json=bundle(words("1")))])
    whats = [one.what.rpartition("/")[0] for one in pull(settings=ADVICE)[1:]]
    assert whats == [f"CommunicationRequest/{UBRN}", f"CommunicationRequest/{UBRN}", f"Communication/{UBRN}"]
    assert asked.calls.last.request.url.params["based-on"].endswith("/_history/7")


@respx.mock
def test_a_version_that_moves_on_twice_is_told_as_a_conflict() -> None:
    _advice_listed(6, 7)
    respx.get(CONVERSATION).respond(412)
    last = pull(settings=ADVICE)[-1]
    assert last.problem is not None
    assert last.problem.reason.name == "stale-version"


@respx.mock
@pytest.mark.parametrize("next_", ["https://elsewhere.test/STU3/Communication?page=2", "STU3/Communication"])
def test_the_token_does_not_follow_a_link_to_another_address(next_: str) -> None:
    _advice_listed(6)
    respx.get(CONVERSATION).respond(json=bundle(words("1"), next_=next_))
    last = pull(settings=ADVICE)[-1]
    assert last.problem is not None
    assert last.problem.reason.name == "source-error"


@respx.mock
def test_pages_that_do_not_end_are_left() -> None:
    _advice_listed(6)
    respx.get(CONVERSATION).respond(json=bundle(words("1"), next_=f"{BASE}/STU3/Communication?page=2"))
    assert pull(settings=ADVICE)[-1].problem is not None


def slot(number: int) -> dict[str, Any]:
    return {"resourceType": "Slot", "id": str(number), "status": "free"}


@respx.mock
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([httpx.Response(200, json=bundle(*map(slot, range(20)))), httpx.Response(200, json=bundle(slot(21)))], [None, None]),
        ([httpx.Response(200, json=bundle(*map(slot, range(20)))), httpx.Response(422, json=outcome("INVALID_VALUE"))], [None]),
        ([httpx.Response(200, json=bundle())], [None]),
        ([httpx.Response(422, json=outcome("INVALID_VALUE"))], ["source-error"]),
    ],
)
def test_pages_of_slots_end_where_one_is_not_full_or_there_is_none(
    answers: list[httpx.Response], expected: list[str | None]
) -> None:
    asked = respx.get(f"{BASE}/STU3/Slot").mock(side_effect=answers)
    made = pull(settings={**SETTINGS, "worklists": [], "slots": ["99101"]})
    assert [one.problem.reason.name if one.problem else None for one in made] == expected
    assert asked.calls.last.request.url.params["page"] == str(len(answers))


@respx.mock
@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(429, headers={"retry-after": "2"}),
        httpx.Response(503, headers={"retry-after": "Thu, 06 Mar 2025 07:30:00 GMT"}),
        httpx.Response(500),
        httpx.Response(504),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("down"),
    ],
)
def test_what_may_pass_is_tried_again(first: Any) -> None:
    asked = respx.post(LIST).mock(side_effect=[first, httpx.Response(200, json=worklist())])
    (listed,) = pull()
    assert (listed.problem, asked.call_count) == (None, 2)


@respx.mock
@pytest.mark.parametrize(
    ("answer", "reason", "calls"),
    [
        (httpx.Response(429), "source-busy", 3),
        (httpx.Response(429, headers={"retry-after": "3600"}), "source-busy", 1),
        (httpx.Response(503), "source-unavailable", 3),
        (httpx.Response(504), "source-timeout", 3),
        (httpx.ReadTimeout("slow"), "source-timeout", 3),
        (httpx.ConnectError("down"), "source-unavailable", 3),
        (httpx.Response(401), "source-denied", 1),
        (httpx.Response(403, json=outcome("NO_ACCESS")), "source-denied", 1),
    ],
)
def test_what_lasts_ends_the_pull_with_its_reason(answer: Any, reason: str, calls: int) -> None:
    asked = respx.post(LIST).mock(side_effect=[answer] * 3)
    with pytest.raises(Problem) as caught:
        pull()
    assert (caught.value.reason.name, asked.call_count) == (reason, calls)


@respx.mock
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "not-found"),
        (httpx.Response(422, json=outcome("INVALID_VALUE")), "source-error"),
        (httpx.Response(200, json=outcome("INVALID_VALUE")), "source-error"),
        (httpx.Response(200, text="<html>"), "source-error"),
        (httpx.Response(200, json=[]), "source-error"),
        (httpx.Response(302, headers={"location": "https://elsewhere.test"}), "source-error"),
    ],
)
def test_what_is_wrong_with_one_is_told_and_the_rest_is_fetched(answer: httpx.Response, reason: str) -> None:
    respx.post(LIST).respond(json=worklist(f"ReferralRequest/{UBRN}", "ReferralRequest/000099900025"))
    respx.get(REFERRAL).mock(return_value=answer)
    respx.get(f"{BASE}/STU3/ReferralRequest/000099900025").respond(json={**referral(), "id": "000099900025"})
    _, wrong, right = pull()
    assert wrong.problem is not None
    assert (wrong.problem.reason.name, wrong.body, bool(right.body)) == (reason, b"", True)
    assert "9991000011" not in str(wrong.problem)


def token(value: str = "first", **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"access_token": value, "expires_in": 600, **more})


@respx.mock
def test_a_token_is_had_once_and_renewed_once_when_it_has_expired() -> None:
    asked = respx.post(TOKEN).mock(side_effect=[token(), token("second")])
    respx.post(LIST).mock(side_effect=[httpx.Response(200, json=worklist(f"ReferralRequest/{UBRN}"))])
    fetched = respx.get(REFERRAL).mock(side_effect=[httpx.Response(401), httpx.Response(200, json=referral())])
    assert all(one.body for one in pull(settings=OAUTH))
    assert [call.request.headers["authorization"] for call in fetched.calls] == ["Bearer first", "Bearer second"]
    assert asked.call_count == 2
    assert b"grant_type=client_credentials" in asked.calls[0].request.content
    assert fetched.calls[0].request.headers["nhsd-end-user-organisation-ods"] == "R99901"
    assert fetched.calls[0].request.headers["nhsd-ers-business-function"] == "SERVICE_PROVIDER_CLINICIAN"


@respx.mock
def test_a_token_that_expires_at_once_is_asked_for_again_each_time() -> None:
    asked = respx.post(TOKEN).mock(side_effect=[token(expires_in="10"), token("second")])
    respx.post(LIST).respond(json=worklist(f"ReferralRequest/{UBRN}"))
    respx.get(REFERRAL).respond(json=referral())
    pull(settings=OAUTH)
    assert asked.call_count == 2


@respx.mock
@pytest.mark.parametrize("answer", [httpx.Response(401), httpx.Response(400), httpx.Response(200, json={})])
def test_credentials_that_are_refused_end_the_pull_and_are_told_to_nobody(answer: httpx.Response) -> None:
    respx.post(TOKEN).mock(return_value=answer)
    with pytest.raises(Problem) as caught:
        pull(settings=OAUTH)
    assert caught.value.reason.name == "source-denied"
    assert "s3cret" not in str(caught.value)


@respx.mock
def test_a_second_401_is_not_answered_by_a_third_token() -> None:
    asked = respx.post(TOKEN).mock(return_value=token())
    respx.post(LIST).respond(401)
    with pytest.raises(Problem) as caught:
        pull(settings=OAUTH)
    assert (caught.value.reason.name, asked.call_count) == ("source-denied", 2)


@respx.mock
def test_a_professional_session_and_a_signed_assertion_are_sent_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERS_SESSION", "pro://session")
    monkeypatch.setenv("ERS_ASID", "200000000115")
    monkeypatch.setenv("ERS_JWT", "header.claims.signature")
    listed = respx.post(LIST).respond(json=worklist())
    pull(settings={"url": BASE, "session": "ERS_SESSION", "asid": "ERS_ASID", "worklists": ["AWAITING_BOOKING"]})
    sent = listed.calls.last.request.headers
    assert (sent["http_x_session_key"], sent["xapi_asid"]) == ("pro://session", "200000000115")
    asked = respx.post(TOKEN).mock(return_value=token())
    pull(settings={**OAUTH, "client_secret": "", "client_assertion": "ERS_JWT"})
    assert b"client_assertion=header.claims.signature" in asked.calls.last.request.content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://ers.test"}, "https"),
        ({"url": "https://user:pass@ers.test"}, "credentials"),
        ({"token_url": "ftp://x"}, "token_url"),
        ({"worklists": "ALL"}, "a list"),
        ({"services": ["a b"]}, "codes"),
        ({"timeout": "soon"}, "a number"),
        ({"attempts": 0}, "attempts"),
        ({"token": ""}, "sign on"),
        ({"tokn": "x"}, "tokn"),
        ({"attempts": True}, "a number"),
    ],
)
def test_settings_that_cannot_be_are_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings.read({**SETTINGS, **change})


def test_a_credential_that_is_not_set_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERS_TOKEN")
    with pytest.raises(ValueError, match="ERS_TOKEN"):
        pull()


def test_the_pause_that_the_service_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real back-off: a Retry-After of a second is waited for."""
    stamina.set_testing(False)
    pauses: list[float] = []

    async def sleep(seconds: float, *_: Any) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with respx.mock:
        respx.post(LIST).mock(side_effect=[httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200, json=worklist())])
        pull()
    assert 7.0 in pauses
