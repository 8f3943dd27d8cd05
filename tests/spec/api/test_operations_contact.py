"""``$contact-choices`` and ``$record-contact-choices``: how a person wants to be told of news, under the rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from interop.api.reading import ReadingStore
from interop.apply.acting.person import known
from interop.apply.whereabouts import Whereabouts
from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.policy.asker import Asker
from interop.policy.grants import USER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from interop.store.sql.store import SqlStore
from interop.store.where import All
from tests.spec.api.governed import ANN, CREW, DAUGHTER, DESK, GP, OFFICER, OPERATOR, PROGRAM, WARD, World, contribute, of_ann
from tests.spec.api.people import patient

pytestmark = pytest.mark.anyio
CONTACT = "urn:interop:codes:contact"
MOBILE = {"system": "phone", "value": "07700 900123", "use": "mobile", "rank": 2}
MAIL = {"system": "email", "value": "ann@home.example", "rank": 1}


@pytest.fixture
async def here(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    async with of_ann(store, clock) as made:
        yield made


async def asked(here: World, who: Asker, of: str = "ann") -> dict[str, Any]:
    """What the operation tells, by GET; the channels by their codes."""
    answer = await here.client.get(f"/fhir/Patient/{of}/$contact-choices", x_who=who.user or who.client)
    assert answer.status_code == 200, answer.text
    return shaped(answer.json())


def shaped(said: dict[str, Any]) -> dict[str, Any]:
    """Parameters by name."""

    def value(each: dict[str, Any]) -> Any:
        if "part" in each:
            return {one["name"]: value(one) for one in each["part"]}
        return next(value for name, value in each.items() if name != "name")

    made = {each["name"]: value(each) for each in said["parameter"] if each["name"] != "channel"}
    channels = [value(each) for each in said["parameter"] if each["name"] == "channel"]
    return made | {"channels": {each.pop("code"): each for each in channels}}


async def flags(here: World) -> list[dict[str, Any]]:
    rows = await here.store.query(Search(PERMIT_ALL, "Flag", All(()), count=100))
    return [orjson.loads(each.body) for each in rows]


def record(here: World, who: Asker, of: str = "Patient/ann", /, **said: Any) -> Any:
    forms = {bool: "valueBoolean", str: "valueCode"}
    return here.call(who, "record-contact-choices", of, **{name: {forms[type(each)]: each} for name, each in said.items()})


async def test_nothing_is_said_until_somebody_says_it(here: World) -> None:
    await here.share()
    told = await asked(here, ANN)
    assert (told["sms"], told["email"], "first" in told, "changed" in told) == (True, True, False, False)
    assert await flags(here) == []


async def test_what_the_person_says_is_one_flag_that_the_engine_keeps(here: World) -> None:
    """Each call says what it names and leaves the rest; said again it changes nothing."""
    await here.share()
    told = shaped((await record(here, ANN, sms=False)).json())
    assert (told["sms"], told["email"], told["by"], told["changed"]) == (False, True, "person", "2026-01-01T00:00:00.000Z")
    assert (await record(here, ANN, sms=False)).status_code == 200
    (flag,) = await flags(here)
    assert not failed(check(flag))
    assert (flag["meta"]["versionId"], flag["status"], flag["author"]) == ("1", "active", {"reference": "Patient/ann"})
    assert flag["code"]["coding"] == [{"system": CONTACT, "code": "no-sms"}]
    await record(here, ANN, first="email")
    (flag,) = await flags(here)
    assert [each["code"] for each in flag["code"]["coding"]] == ["no-sms", "first-email"]
    assert not failed(check(flag))
    told = shaped((await record(here, ANN, sms=True, first="either")).json())
    assert (told["sms"], told["email"], "first" in told) == (True, True, False)
    (flag,) = await flags(here)
    assert (flag["status"], flag["meta"]["versionId"]) == ("inactive", "3")
    assert not failed(check(flag))


async def test_what_is_not_wanted_is_not_tried_first(here: World) -> None:
    await here.share()
    await record(here, ANN, first="sms")
    told = shaped((await record(here, ANN, sms=False)).json())
    assert "first" not in told


async def test_who_acts_for_the_person_says_it_too_for_as_long_as_they_act(here: World) -> None:
    """The person reads that it was not themself."""
    await here.share()
    assert (await record(here, DAUGHTER, sms=False)).status_code == 404
    daughter = {"valueReference": {"identifier": {"system": USER, "value": DAUGHTER.user}}}
    await here.done(GP, "record-consent", decision="given", proxy=daughter)
    assert (await record(here, DAUGHTER, sms=False)).status_code == 200
    assert ((await asked(here, ANN))["by"], (await asked(here, DAUGHTER))["sms"]) == ("carer", False)
    await here.done(GP, "record-consent", decision="withdrawn", proxy=daughter)
    assert (await record(here, DAUGHTER, sms=True)).status_code == 404
    assert (await asked(here, ANN))["sms"] is False


async def test_the_practice_writes_down_what_the_person_said(here: World) -> None:
    await here.share()
    assert (await record(here, GP, email=False)).status_code == 200
    told = await asked(here, ANN)
    assert (told["email"], told["by"], told["organisation"]) == (False, "staff", "A81001")


async def test_whoever_has_nothing_to_do_with_the_person_learns_and_changes_nothing(here: World) -> None:
    """For the practice that they could find who it is does not do; of another person nobody says whether there is one."""
    await here.share()
    assert (await record(here, ANN, sms=False)).status_code == 200
    answers = [await record(here, GP, of, sms=True) for of in ("Patient/ann-ward", "Patient/nobody")]
    assert [each.status_code for each in answers] == [200, 404]
    bea = [await record(here, who, "Patient/bea", sms=True) for who in (GP, ANN, DAUGHTER)]
    await contribute(here.store, "A81001", patient("bea", number="9990000026"))
    again = [await record(here, who, "Patient/bea", sms=True) for who in (GP, ANN, DAUGHTER)]
    assert {each.status_code for each in (*bea, *again)} == {404}
    assert {each.content for each in bea} == {each.content for each in again}


@pytest.mark.parametrize("who", [CREW, WARD, OFFICER, OPERATOR, PROGRAM], ids=lambda one: str(one.role))
async def test_other_roles_have_no_business_with_it(here: World, who: Asker) -> None:
    await here.share()
    assert (await record(here, who, sms=False)).status_code == 403
    answer = await here.client.get("/fhir/Patient/ann/$contact-choices", x_who=who.user or who.client)
    assert answer.status_code == 403
    assert await flags(here) == []


@pytest.mark.parametrize("who", [GP, WARD], ids=lambda one: str(one.role))
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_who_may_write_what_is_clinical_does_not_therefore_write_over_what_the_person_has_said(
    here: World, who: Asker, method: str
) -> None:
    """Neither turned on again, nor put into the person's mouth, nor taken away: that is for the operation, which knows who may."""
    await here.share()
    await here.done(GP, "record-consent", decision="given")
    await here.done(WARD, "claim-relationship", reason="On the ward")
    await record(here, ANN, sms=False)
    (flag,) = await flags(here)
    address, body = f"/fhir/Flag/{flag['id']}", {name: each for name, each in flag.items() if name != "meta"}
    assert (await here.client.get(address, x_who=who.user)).status_code == 200
    patch = [{"op": "replace", "path": "/status", "value": "inactive"}]
    said = {"PUT": orjson.dumps(body | {"status": "inactive"}), "PATCH": orjson.dumps(patch), "DELETE": b""}[method]
    form = {"content_type": "application/json-patch+json"} if method == "PATCH" else {}
    answer = await here.client.send(method, address, said, x_who=who.user, **form)
    assert (answer.status_code, await flags(here)) == (403, [flag])
    assert "$record-contact-choices" in answer.json()["issue"][0]["diagnostics"]
    assert (await asked(here, ANN))["sms"] is False


async def test_what_a_clinician_records_of_telling_is_a_record_of_their_own(here: World) -> None:
    await here.share()
    await here.done(GP, "record-consent", decision="given")
    await record(here, ANN, email=False)
    (kept,) = await flags(here)
    code = {"coding": [{"system": CONTACT, "code": "no-sms"}]}
    forged = {**kept, "id": "", "author": {"reference": "Patient/ann"}, "code": kept["code"] | code}
    body = orjson.dumps({name: each for name, each in forged.items() if name not in ("meta", "id")})
    answer = await here.client.send("POST", "/fhir/Flag", body, x_who=GP.user)
    assert answer.status_code == 201, answer.text
    told = await asked(here, ANN)
    assert (told["sms"], told["email"]) == (True, False)
    assert [told["channels"][each]["elsewhere"] for each in ("sms", "email")] == [True, False]
    address = f"/fhir/Flag/{answer.json()['id']}"
    assert (await here.client.send("DELETE", address, x_who=GP.user)).is_success


async def test_who_says_alone_that_they_are_involved_turns_nothing_on_that_the_person_has_turned_off(here: World) -> None:
    await here.share()
    await record(here, ANN, sms=False)
    await here.done(DESK, "claim-relationship", reason="Rang her")
    assert (await record(here, DESK, sms=True)).status_code == 403
    assert (await record(here, DESK, email=False)).status_code == 200
    told = await asked(here, ANN)
    assert (told["sms"], told["email"]) == (False, False)


async def test_it_is_no_alert_among_what_the_whole_record_holds(here: World) -> None:
    """Who reads that there is an alert looks for a danger."""
    await here.share()
    await here.done(GP, "record-consent", decision="given")
    await record(here, ANN, sms=False)
    answer = await here.client.get("/fhir/Patient/ann/$whole-record", x_who=GP.user)
    (outcome,) = (each["resource"] for each in answer.json()["entry"] if each["search"]["mode"] == "outcome")
    told = {issue["details"]["text"] for issue in outcome["issue"]}
    assert {"Alerts: none recorded.", "Consents and preferences: 2 recorded."} <= told


async def test_no_rule_takes_it_for_a_warning(here: World) -> None:
    await here.share()
    await record(here, ANN, sms=False)
    warning = {"resourceType": "Flag", "id": "dog", "status": "active", "subject": {"reference": "Patient/ann"}}
    await contribute(here.store, "A81001", warning | {"code": {"text": "A dog that bites"}})
    found = await known(here.store, "ann", ["flags"], here.clock.now())
    assert [each["id"] for each in found["flags"]] == ["dog"]


async def test_nothing_is_changed_by_get(here: World) -> None:
    answer = await here.client.get("/fhir/Patient/ann/$record-contact-choices?sms=false", x_who=ANN.user)
    assert answer.status_code == 405


@pytest.mark.parametrize("said", [{}, {"first": "letter"}])
async def test_what_is_wrong_is_named(here: World, said: dict[str, Any]) -> None:
    await here.share()
    answer = await record(here, ANN, **said)
    assert answer.status_code == 400
    assert [*said, "sms"][0] in answer.json()["issue"][0]["diagnostics"]


async def test_several_at_a_time_are_all_kept(here: World) -> None:
    await here.share()
    await asyncio.gather(record(here, ANN, sms=False), record(here, ANN, email=False), record(here, GP, first="either"))
    told = await asked(here, ANN)
    assert (told["sms"], told["email"]) == (False, False)


async def test_of_a_person_with_several_patients_what_was_said_last_counts_on_all(here: World) -> None:
    """Who turn out to be two people have each what was said of them, and nobody what another has said."""
    await here.share()
    await record(here, GP, "Patient/ann-ward", sms=False, email=False)
    assert (await asked(here, ANN))["sms"] is False
    told = shaped((await record(here, ANN, sms=True)).json())
    assert (told["sms"], told["email"]) == (True, False)
    assert told["by"] == "person"
    await contribute(here.store, "RX1", links={"ann-ward": "two"})
    assert (await asked(here, ANN))["email"] is True
    (theirs,) = (each for each in await flags(here) if each["subject"]["reference"] == "Patient/ann-ward")
    assert [each["code"] for each in theirs["code"]["coding"]] == ["no-email"]
    assert theirs["author"]["identifier"]["value"] == "A81001"
    assert str(ANN.user) not in str(theirs)


class TestAddresses:
    """Telephones and mailboxes are the sources' to say."""

    @pytest.fixture(autouse=True)
    async def known(self, here: World) -> None:
        await here.share()
        await contribute(here.store, "RX2", patient("ann-home", telecom=[MOBILE, MAIL]), links={"ann-home": "one"})
        await here.done(OPERATOR, "agreement", "", source="RX2")

    async def test_the_person_sees_which_is_used_first_without_its_middle(self, here: World) -> None:
        channels = (await asked(here, ANN))["channels"]
        assert channels["sms"] == {"known": True, "address": "07… …123", "order": 2, "elsewhere": False, "sends": False}
        assert channels["email"] == {"known": True, "address": "a…@home.example", "order": 1, "elsewhere": False, "sends": False}
        await record(here, ANN, first="sms")
        assert [(await asked(here, ANN))["channels"][each]["order"] for each in ("sms", "email")] == [1, 2]
        await record(here, ANN, email=False)
        assert "order" not in (await asked(here, ANN))["channels"]["email"]

    async def test_nobody_else_does(self, here: World) -> None:
        daughter = {"valueReference": {"identifier": {"system": USER, "value": DAUGHTER.user}}}
        await here.done(GP, "record-consent", decision="given", proxy=daughter)
        for who in (GP, DAUGHTER):
            channels = (await asked(here, who))["channels"]
            assert [(each["known"], "address" in each) for each in channels.values()] == [(True, False)] * 2

    async def test_an_address_that_the_person_is_not_given_is_not_shown(self, here: World) -> None:
        """Who shares no more is not told of."""
        await here.done(OPERATOR, "agreement", "", source="RX2", status={"valueCode": "withdrawn"})
        here.clock.advance(1)
        channels = (await asked(here, ANN))["channels"]
        assert [(each["known"], "address" in each) for each in channels.values()] == [(True, False)] * 2

    async def test_of_who_hides_where_they_are_no_address_is_shown(self, here: World) -> None:
        """Not to themself either: somebody in the household may see the screen."""
        assert "address" in (await asked(here, ANN))["channels"]["sms"]
        hides = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
        await contribute(here.store, "RX1", patient("ann-hides", meta=hides), links={"ann-hides": "one"})
        here.services.store = ReadingStore(here.store, Whereabouts(here.store), here.clock)
        channels = (await asked(here, ANN))["channels"]
        assert [(each["known"], "address" in each) for each in channels.values()] == [(True, False)] * 2

    async def test_what_another_record_refuses_is_said_and_not_overruled(self, here: World) -> None:
        flag = {"resourceType": "Flag", "id": "f1", "status": "active", "subject": {"reference": "Patient/ann"}}
        await contribute(here.store, "A81001", flag | {"code": {"coding": [{"system": CONTACT, "code": "no-sms"}]}})
        told = shaped((await record(here, ANN, sms=True, first="sms")).json())
        assert (told["sms"], told["channels"]["sms"]["elsewhere"], "order" in told["channels"]["sms"]) == (True, True, False)
