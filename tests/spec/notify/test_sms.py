"""Text messages by GOV.UK Notify: what is asked of it, and what its answers come to. Its REST API, version 2."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from joserfc import jwt
from joserfc.jwk import OctKey

from adapters.sms import carrier
from interop.errors import Problem
from interop.notify.destinations import read_destinations
from interop.ports import Acknowledgement, Destination, Parcel
from tests.spec.notify.telling import KEY, SECRET, SERVICE, TEMPLATE, declared, unheard

pytestmark = pytest.mark.anyio
NOW = 1_767_607_200_000_000
BASE = "https://api.notify.example"
SEND, FIND = f"{BASE}/v2/notifications/sms", f"{BASE}/v2/notifications"
PARCEL = Parcel("d1", b"There is a message for you", "text/plain", to="07700900123")


@pytest.fixture
def service() -> respx.MockRouter:
    return respx.mock(assert_all_called=False)


@pytest.fixture
async def sms(tmp_path: Path, service: respx.MockRouter) -> AsyncIterator[Any]:
    (tmp_path / "key").write_text(KEY)
    to = Destination("texts", "sms", BASE, "RA1", token=tmp_path / "key", settings={"template": TEMPLATE, "sender": SERVICE})
    made = carrier.courier(to, unheard, lambda: NOW)
    with service:
        yield made
    await made.close()


def found(*states: str, reference: str = "d1") -> httpx.Response:
    return httpx.Response(200, json={"notifications": [{"reference": reference, "status": state} for state in states]})


async def test_it_is_sent_by_the_template_of_the_service_under_the_id_of_the_delivery(sms: Any, service: respx.MockRouter) -> None:
    route = service.post(SEND).respond(201, json={"id": SERVICE, "reference": "d1"})
    taken = await sms.carry(PARCEL)
    assert (taken.problem, taken.code) == (None, "201")
    assert json.loads(route.calls[0].request.content) == {
        "phone_number": "07700900123",
        "template_id": TEMPLATE,
        "reference": "d1",
        "personalisation": {"message": "There is a message for you"},
        "sms_sender_id": SERVICE,
    }
    assert (sms.tracking(PARCEL), sms.awaited(PARCEL)) == ("d1", True)


async def test_each_request_bears_a_token_that_the_secret_has_signed_for_the_service(sms: Any, service: respx.MockRouter) -> None:
    route = service.post(SEND).respond(201, json={"id": SERVICE})
    await sms.carry(PARCEL)
    kind, _, token = route.calls[0].request.headers["authorization"].partition(" ")
    read = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])
    assert (kind, read.claims, read.header["alg"]) == ("Bearer", {"iss": SERVICE, "iat": NOW // 1_000_000}, "HS256")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "destination-refused"),
        (403, "destination-denied"),
        (429, "destination-unavailable"),
        (500, "destination-unanswered"),
        (503, "destination-unavailable"),
    ],
)
async def test_what_it_answers_is_of_the_class_of_the_error_table(
    sms: Any, service: respx.MockRouter, status: int, reason: str
) -> None:
    service.post(SEND).respond(status, json={"errors": [{"error": "ValidationError", "message": "phone_number 07700900123"}]})
    taken = await sms.carry(PARCEL)
    assert (taken.problem.reason.name, taken.code) == (reason, str(status))
    assert "07700900123" not in taken.problem.detail


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"[]", b"{}", b'{"id": ""}'])
async def test_what_answers_in_place_of_the_gateway_has_taken_nothing_for_sure(
    sms: Any, service: respx.MockRouter, body: bytes
) -> None:
    service.post(SEND).respond(200, content=body)
    assert (await sms.carry(PARCEL)).problem.reason.name == "destination-unanswered"


async def test_no_answer_is_ambiguous_and_no_connection_is_not(sms: Any, service: respx.MockRouter) -> None:
    service.post(SEND).side_effect = [httpx.ReadTimeout, httpx.ConnectError]
    reasons = [(await sms.carry(PARCEL)).problem.reason.name for _ in range(2)]
    assert reasons == ["destination-unanswered", "destination-unavailable"]


async def test_what_may_have_been_sent_is_asked_for_and_not_sent_where_it_is_there(sms: Any, service: respx.MockRouter) -> None:
    asked = service.get(FIND, params={"reference": "d1"}).mock(return_value=found("sending"))
    sent = service.post(SEND).respond(201, json={"id": SERVICE})
    again = Parcel(PARCEL.id, PARCEL.body, PARCEL.media_type, to=PARCEL.to, again=True)
    taken = await sms.carry(again)
    assert (taken.problem, taken.code, asked.call_count, sent.call_count) == (None, "there", 1, 0)
    asked.mock(return_value=found())
    assert (await sms.carry(again)).code == "201"
    assert sent.call_count == 1


async def test_what_has_reached_nobody_goes_again_when_it_is_let_go_again(sms: Any, service: respx.MockRouter) -> None:
    service.get(FIND, params={"reference": "d1"}).mock(return_value=found("technical-failure"))
    sent = service.post(SEND).respond(201, json={"id": SERVICE})
    taken = await sms.carry(Parcel("d1", b"x", "text/plain", to="07700900123", again=True))
    assert (taken.problem, taken.said, sent.call_count) == (None, None, 1)


async def test_where_it_cannot_be_asked_nothing_is_sent(sms: Any, service: respx.MockRouter) -> None:
    service.get(FIND).respond(503)
    sent = service.post(SEND).respond(201, json={"id": SERVICE})
    taken = await sms.carry(Parcel("d1", b"x", "text/plain", to="07700900123", again=True))
    assert (taken.problem.reason.name, sent.call_count) == ("destination-unavailable", 0)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("created",), None),
        (("sending",), None),
        (("pending",), None),
        (("sent",), None),
        (("delivered",), Acknowledgement("sms", "d1", True, code="delivered")),
        (("permanent-failure",), Acknowledgement("sms", "d1", False, code="permanent-failure")),
        (("temporary-failure",), Acknowledgement("sms", "d1", False, code="temporary-failure")),
        (("technical-failure",), Acknowledgement("sms", "d1", False, code="technical-failure")),
        (("permanent-failure", "delivered"), Acknowledgement("sms", "d1", True, code="delivered")),
        (("permanent-failure", "sending"), None),
        ((), None),
    ],
)
async def test_what_became_of_it(
    sms: Any, service: respx.MockRouter, states: tuple[str, ...], said: Acknowledgement | None
) -> None:
    service.get(FIND, params={"reference": "d1"}).mock(return_value=found(*states))
    assert await sms.follow("d1") == said


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"notifications": 1}', b'{"notifications": [{}]}'])
async def test_an_answer_that_is_none_says_nothing(sms: Any, service: respx.MockRouter, body: bytes) -> None:
    service.get(FIND).respond(200, content=body)
    with pytest.raises(Problem) as raised:
        await sms.follow("d1")
    assert raised.value.reason.name == "destination-unanswered"


async def test_another_reference_in_the_answer_is_not_ours(sms: Any, service: respx.MockRouter) -> None:
    service.get(FIND).mock(return_value=found("delivered", reference="d2"))
    assert await sms.follow("d1") is None


async def test_a_key_that_is_none_is_tried_again_when_it_is_mended(sms: Any, service: respx.MockRouter, tmp_path: Path) -> None:
    service.post(SEND).respond(201, json={"id": SERVICE})
    (tmp_path / "key").write_text("nothing")
    assert (await sms.carry(PARCEL)).problem.reason.name == "destination-denied"
    (tmp_path / "key").write_text(KEY)
    assert (await sms.carry(PARCEL)).problem is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "template"),
        ({"template": "text"}, "template"),
        ({"template": TEMPLATE, "gateway": "carrier-pigeon"}, "gateway is one of govuk-notify"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, settings: dict[str, str], why: str) -> None:
    (tmp_path / "key").write_text(KEY)
    to = Destination("texts", "sms", BASE, "RA1", token=tmp_path / "key", settings=settings)
    with pytest.raises(ValueError, match=why):
        carrier.courier(to, unheard, lambda: NOW)
    with pytest.raises(ValueError, match="token"):
        carrier.courier(Destination("texts", "sms", BASE, "RA1", settings={"template": TEMPLATE}), unheard, lambda: NOW)


def test_a_telephone_that_is_off_has_three_days_before_nobody_knows(tmp_path: Path) -> None:
    """The gateway says that it has given up after 72 hours; until then it is asked."""
    assert read_destinations(declared(tmp_path, 25, "http://127.0.0.1:9"), lambda host: True)["texts"].hours == 80
