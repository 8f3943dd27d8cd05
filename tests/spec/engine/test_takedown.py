"""Takedown: what was sent about the wrong person goes, what was there before comes back, nothing shows that it was there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from interop.app.engine import Engine
from interop.cli.main import app
from interop.mapping.library import adapters
from interop.ports import MessageState
from interop.store.plan import Access
from interop.store.values import Change, Entry, Outcome
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import client, found, ingest, journal, running, tell
from tests.spec.engine.taking import Told, ask, persons, sent, taken
from tests.spec.families.maps import example
from tests.spec.identity.test_queue import queue
from tests.spec.policy.test_held_commands import SHARING

pytestmark = pytest.mark.anyio
FEEDS = "feed,adapter,ack,test_numbers,description,snapshots\n"
ORU = (
    "MSH|^~\\&|LAB|RXX|HUB|HUB|20260103||ORU^R01|LAB1|P|2.4\rPID|1||P1^^^PAS||TEST^ANN\r"
    "OBR|1||LAB77|FBC^Full blood count|||20260103\rOBX|1|NM|HB^Haemoglobin||72.50|g/L|||||F"
)
MDM = (
    "MSH|^~\\&|DOC|RXX|HUB|HUB|20260104||MDM^T02|DOC1|P|2.4\rEVN|T02|20260104\rPID|1||P1^^^PAS||TEST^ANN\r"
    "PV1|1|I|WARD||||||||||||||||V1\rTXA|1|DS|TX|||||||||D77||||||AU\rOBX|1|TX|LETTER||The wrong words||||||F"
)


def message(day: int, *more: str, trigger: str = "A08", patient: str = "P1", name: str = "TEST^ANN", sender: str = "PAS") -> bytes:
    at = f"202601{day:02}1000"
    lines = [f"MSH|^~\\&|{sender}|RXX|HUB|HUB|{at}||ADT^{trigger}|{sender}{trigger}{day}|P|2.4", f"EVN|{trigger}|{at}"]
    return "\r".join([*lines, f"PID|1||{patient}^^^PAS||{name}", *more]).encode()


VISIT = "PV1|1|I|WARD||||||||||||||||V1"
WRONG = ("PV1|1|I|WARD||||||||||||||||V9", "AL1|1|DA|PEN^Penicillin", "DG1|1||J18.9^Pneumonia^I10||20260102|W")


async def status(http: httpx.AsyncClient, number: int) -> dict[str, Any]:
    said: dict[str, Any] = (await http.get(f"/messages/{number}")).json()
    return said


async def refused(http: httpx.AsyncClient, body: bytes) -> bool:
    """Whether a message is told that it was taken down."""
    answer = await ingest(http, body)
    return answer.status_code == 409 and "taken down" in answer.text


def a_year_later(engine: Engine) -> None:
    """Let messages come later than any window of repeats is long."""
    clock = engine.workshop.clock

    class Later:
        def now(self) -> int:
            return clock.now() + 365 * 24 * 3600 * 1_000_000

    engine.intake._clock = Later()


async def test_what_a_wrong_message_said_goes_and_what_was_there_before_is_back(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        (before,) = await found(http, "Patient")
        number = await sent(http, message(2, *WRONG, name="OTHER^BOB"))
        assert len(await found(http, "Encounter")) == 2
        dry = await taken(http, number, dry=True)
        assert len(await found(http, "Encounter")) == 2
        told = await taken(http, number)
        assert dry.resources == told.resources
        patient = told.resources[f"Patient/{before['id']}"]
        assert (patient["gone"], patient["withheld"]) == (False, 1)
        assert sorted(name.partition("/")[0] for name, one in told.resources.items() if one["gone"]) == [
            "AllergyIntolerance", "Condition", "Encounter",
        ]  # fmt: skip
        assert [len(await found(http, type_)) for type_ in ("Encounter", "AllergyIntolerance", "Condition")] == [1, 0, 0]
        (after,) = await found(http, "Patient")
        assert after["name"] == before["name"]
        said = await status(http, number)
        assert (said["state"], said["reason"], said["detail"]) == ("applied", "taken-down", str(told.takedown))


@pytest.mark.parametrize(
    ("body", "types"),
    [(ORU.encode(), {"Observation", "DiagnosticReport"}), (MDM.encode(), {"DocumentReference"})],
    ids=["a result", "a document"],
)
async def test_a_result_and_a_document_go_whole(body: bytes, types: set[str], tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, body)
        there = {one["resourceType"]: one["id"] for type_ in types for one in await found(http, type_)}
        assert there.keys() == types
        (name, id_), *_ = sorted(there.items())
        told = await taken(http, f"{name}/{id_}")
        assert told.takedown > number
        for type_, each in there.items():
            assert (await http.get(f"/fhir/{type_}/{each}")).status_code == 410
            assert (await http.get(f"/fhir/{type_}/{each}/_history/1")).status_code == 404
            assert await found(http, type_) == []
        assert len(await found(http, "Patient")) == 1


async def test_nothing_gives_what_was_taken_down_by_any_way_of_asking(tmp_path: Path) -> None:
    """Words of it are in no answer: reads, versions, histories of every level, searches, operations, queries of HL7 v2."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        wrong = message(2, *WRONG, "ZXX|SECRETWORD", name="SECRETWORD^BOB").replace(b"Penicillin", b"SECRETWORD")
        number = await sent(http, wrong.replace(b"Pneumonia", b"SECRETWORD"))
        gone = [
            f"{type_}/{one['id']}" for type_ in ("Encounter", "AllergyIntolerance", "Condition") for one in await found(http, type_)
        ]
        (patient,) = await found(http, "Patient")
        versions = [f"{name}/_history/{version}" for name in (*gone, f"Patient/{patient['id']}") for version in (1, 2, 3)]
        whole = (f"Patient/{patient['id']}/{each}" for each in ("$everything", "$whole-record", "$care-plan", "$crew-card"))
        ways = [
            *gone, *(f"{name}/_history" for name in gone), *versions, *whole, "Patient/_history", "_history", "Condition/_history",
            f"Patient/{patient['id']}/_history", "Patient?name=SECRETWORD", "Patient?_has:Condition:patient:code:text=SECRETWORD",
            "Condition?code:text=SECRETWORD", "AllergyIntolerance?_include=*&_revinclude=*", "Encounter?_include=Encounter:patient",
            "Patient?_revinclude=*", "Patient?_revinclude=Condition:patient", "Observation/$lastn?patient=" + patient["id"],
            "Condition?_content=SECRETWORD", "AllergyIntolerance?_text=SECRETWORD", "Patient?_content=SECRETWORD",
        ]  # fmt: skip
        before = [(await http.get(f"/fhir/{way}")).text for way in ways]
        assert sum("SECRETWORD" in text for text in before) > len(ways) / 2
        await taken(http, number)
        for way in ways:
            answer = await http.get(f"/fhir/{way}")
            if "SECRETWORD" not in way:
                assert "SECRETWORD" not in answer.text, way
            else:
                assert answer.json().get("entry", []) == [], way
        assert "SECRETWORD" not in (await http.get(f"/messages/{number}")).text
        query = "MSH|^~\\&|X|RXX|HUB|HUB|20260105||QBP^Q22^QBP_Q21|Q1|P|2.5\rQPD|Q22^Find|T1|@PID.5.1^SECRETWORD\rRCP|I|10^RD"
        (answered,) = await tell(engine, query.encode())
        assert answered is not None
        assert "SECRETWORD^" not in answered.text


async def test_versions_that_held_it_are_not_given_again_and_earlier_ones_are(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, message(2, VISIT, name="OTHER^BOB"))
        await sent(http, message(3, VISIT, name="TEST^ANNA"))
        (patient,) = await found(http, "Patient")
        address = f"/fhir/Patient/{patient['id']}/_history"
        assert [(await http.get(f"{address}/{version}")).status_code for version in (1, 2, 3)] == [200, 200, 200]
        await taken(http, number)
        assert [(await http.get(f"{address}/{version}")).status_code for version in (1, 2, 3, 4)] == [200, 404, 404, 200]
        history = (await http.get(address)).json()
        assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["4", "1"]
        assert history["total"] == 2
        (after,) = await found(http, "Patient")
        assert (after["name"], after["meta"]["versionId"]) == (patient["name"], "4")


async def test_what_others_have_said_since_stands(tmp_path: Path) -> None:
    """Of the same feed, and of another."""
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(FEEDS + "a,hl7v2,applied,yes,x,\nb,hl7v2,applied,yes,x,\n")
    async with running(tmp_path / "data", feeds=feeds, mllp_feed="a") as engine, client(engine) as http:
        number = await sent(http, message(1, VISIT, "AL1|1|DA|PEN^Penicillin", name="WRONG^BOB"), "a")
        await sent(http, message(2, VISIT), "a")
        await sent(http, message(3, VISIT, "AL1|1|DA|PEN^Penicillin", sender="OTHER"), "b")
        told = await taken(http, number)
        (patient,) = await found(http, "Patient")
        assert patient["name"][0]["family"] == "TEST"
        assert len(await found(http, "AllergyIntolerance")) == 1
        assert [one["gone"] for name, one in told.resources.items() if name.startswith("AllergyIntolerance")] == [False]


async def test_what_a_message_took_away_comes_back(tmp_path: Path, place: dict[str, str]) -> None:
    """A cancelled admission, and what a complete snapshot left out."""
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(FEEDS + "pas,hl7v2,applied,yes,x,allergies\n")
    async with running(tmp_path / "data", feeds=feeds, mllp_feed="pas", **place) as engine, client(engine) as http:
        await sent(http, message(1, VISIT, "AL1|1|DA|A^A", "AL1|2|DA|B^B", trigger="A01"), "pas")
        before = await found(http, "Encounter")
        number = await sent(http, message(2, VISIT, "AL1|1|DA|B^B", trigger="A11"), "pas")
        now = await found(http, "Encounter")
        assert not now or now[0]["status"] == "cancelled"
        number = [number, await sent(http, message(3, VISIT, "AL1|1|DA|B^B"), "pas")]
        assert len(await found(http, "AllergyIntolerance")) == 1
        for each in number:
            await taken(http, each)
        assert len(await found(http, "AllergyIntolerance")) == 2
        (after,) = await found(http, "Encounter")
        assert after["status"] == before[0]["status"]


async def test_a_merge_and_an_identity_that_rest_on_it_are_undone(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await sent(http, adt("A01", "C1", local="L1", visit="V1"))
        await sent(http, adt("A01", "C2", local="L2", visit="V2", family="OTHER"))
        number = await sent(http, adt("A40", "C3", local="L1", merged="L2", at="20260106"))
        assert [len(one) for one in await persons(engine)] == [2]
        await taken(http, number)
        assert [len(one) for one in await persons(engine)] == [1, 1]
        again = [
            await sent(http, adt("A08", f"C4{local}", local=local, nhs=ZELDA, visit=f"V{local}", at="20260107"))
            for local in ("L1", "L7")
        ]
        grouped = sorted(len(one) for one in await persons(engine))
        await taken(http, again[1])
        assert sorted(len(one) for one in await persons(engine)) == [1, 1]
        assert grouped in ([1, 2], [1, 1, 1])


async def test_a_pair_that_waits_for_people_closes_when_one_of_them_is_gone_and_when_they_are_alike_no_longer(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, adt("A01", "C1", local="L1", visit="V1"))
        made = await sent(http, adt("A01", "C2", local="L2", visit="V2"))
        other = adt("A01", "C3", local="L3", visit="V3", family="KETTLEWELL", born="19800808", phone="01632960999")
        await sent(http, other.replace(b"^ZELDA", b"^MARY").replace(b"7 Tolpuddle Row", b"9 Low Street").replace(b"QX9", b"QX1"))
        alike = await sent(http, adt("A08", "C4", local="L3", visit="V3", at="20260107"))
        waiting = [len(await queue(engine, http))]
        for number in (alike, made):
            await taken(http, number)
            waiting.append(len(await queue(engine, http)))
        assert waiting == [3, 1, 0]


async def test_a_message_that_was_taken_down_stays_down(tmp_path: Path, place: dict[str, str]) -> None:
    """Sent again the same day or a year later it is told that it was; what is right comes under a control id of its own."""
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        body = message(2, *WRONG, name="OTHER^BOB")
        number = await sent(http, body)
        told = await taken(http, number)
        assert await refused(http, body)
        (said,) = await tell(engine, body)
        assert said is not None
        assert said.code == "AE"
        a_year_later(engine)
        assert await refused(http, body)
        assert [await found(http, type_) for type_ in ("Condition", "Patient")] == [[], []]
        await sent(http, body.replace(b"PASA082", b"PASA083"))
        assert len(await found(http, "Condition")) == 1
        assert (await taken(http, number)).takedown == told.takedown
        assert len(await found(http, "Condition")) == 1


async def test_after_a_restart_too(tmp_path: Path) -> None:
    body = message(2, *WRONG)
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await taken(http, await sent(http, body))
    async with running(tmp_path / "data") as engine, client(engine) as http:
        a_year_later(engine)
        assert await refused(http, body)


async def test_twice_is_once_though_two_ask_together(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await sent(http, message(2, *WRONG))
        told = await asyncio.gather(*(taken(http, number) for _ in range(4)))
        assert len({one.takedown for one in told}) == 1
        assert {frozenset(one.resources) for one in told} == {frozenset(told[0].resources)}
        (encounter,) = (name for name in told[0].resources if name.startswith("Encounter"))
        history = (await http.get(f"/fhir/{encounter}/_history")).json()
        assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE"]


async def test_a_message_that_was_refused_is_taken_down_and_there_was_nothing_of_it(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        answer = await ingest(http, message(2, *WRONG).replace(b"|2.4", b"|9.9"))
        number = int(answer.headers["location"].rpartition("/")[2])
        assert (await status(http, number))["state"] == "refused"
        told = await taken(http, number)
        assert (told.resources, told.people) == ({}, 0)
        said = await status(http, number)
        assert (said["state"], said["reason"]) == ("refused", "taken-down")


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.SHELVED])
async def test_one_that_failed_is_not_tried_again_when_it_is_repeated(state: MessageState, tmp_path: Path) -> None:
    """Without a takedown a repeat of what failed is worked on."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await engine.workshop.dispatcher.stop()
        body = message(2, *WRONG)
        number = (await http.post("/ingest/hl7v2", content=body)).json()["message"]
        await engine.workshop.store.commit(Change(outcomes=[Outcome(number, state, 1, "fault")]))
        await engine.workshop.dispatcher.start()
        told = await taken(http, number)
        assert (told.resources, told.people) == ({}, 0)
        assert await refused(http, body)
        assert (await status(http, number))["state"] == state
        assert await found(http, "Condition") == []


async def test_one_that_waits_again_by_then_is_taken_down_and_not_applied_after_that(tmp_path: Path) -> None:
    """It was sent again between the asking and the takedown's place."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        shop = engine.workshop
        await shop.dispatcher.stop()
        number = (await http.post("/ingest/hl7v2", content=message(2, *WRONG))).json()["message"]
        await shop.store.commit(Change(outcomes=[Outcome(number, MessageState.SHELVED, 1, "fault")]))
        waiting = asyncio.create_task(ask(http, number))
        while not shop.takedowns.awaited():
            await asyncio.sleep(0)
        await shop.store.commit(Change(outcomes=[Outcome(number, MessageState.RECEIVED, 1)]))
        shop.dispatcher._claims.read_up_to = number  # type: ignore[attr-defined]
        await shop.dispatcher.start()
        told = Told((await waiting).json())
        shop.dispatcher.again(number)
        await sent(http, message(3, VISIT))
        said = await status(http, number)
        assert (said["state"], said["reason"], said["detail"]) == ("refused", "taken-down", str(told.takedown))
        assert await found(http, "Condition") == []
        assert await refused(http, message(2, *WRONG))


async def test_where_a_message_that_was_applied_cannot_be_mapped_any_more_nothing_is_done(tmp_path: Path) -> None:
    """Its adapter is not installed: what it said could not be told again and would be lost."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        store = engine.workshop.store
        number = await sent(http, message(1, *WRONG))
        keys = tuple(adapters()["hl7v2"].envelope(message(1, *WRONG)).keys)
        other = Entry(0, "hl7v2", "uninstalled", 1, "", "", b"x", keys)
        await store.commit(Change(entries=[other]))
        await store.commit(Change(outcomes=[Outcome(other.message, MessageState.APPLIED, 1)]))
        assert (await ask(http, number)).status_code == 500
        assert len(await found(http, "Condition")) == 1
        assert (await http.get(f"/messages/{other.message + 1}")).status_code == 404


async def test_a_message_that_waits_with_others_of_its_patient_is_taken_down_in_its_place(tmp_path: Path) -> None:
    """Journalled and not yet in the record: the takedown comes after it and before what comes later."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        await engine.workshop.dispatcher.stop()
        numbers = [
            (await http.post("/ingest/hl7v2", content=message(day, *WRONG, name=f"N{day}^X"))).json()["message"] for day in (2, 3)
        ]
        waiting = asyncio.create_task(taken(http, numbers[0]))
        while numbers[0] not in engine.workshop.takedowns._waiting:
            await asyncio.sleep(0)
        await engine.workshop.dispatcher.start()
        told = await waiting
        await sent(http, message(4, VISIT, name="N4^X"))
        assert told.takedown > numbers[1]
        (patient,) = await found(http, "Patient")
        assert patient["name"][0]["family"] == "N4"
        assert len(await found(http, "Condition")) == 1


@pytest.mark.parametrize(
    ("what", "status"),
    [(4_711, 404), ("Patient/none", 404), ("Patient", 400), ("Nothing/x", 400)],
)
async def test_what_is_not_there_cannot_be_taken(what: int | str, status: int, tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert (await ask(http, what)).status_code == status


async def test_a_reason_is_wanted_and_of_several_messages_the_wrong_one(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        numbers = [await sent(http, message(day, VISIT, name=f"N{day}^X")) for day in (1, 2)]
        (patient,) = await found(http, "Patient")
        assert (await ask(http, numbers[0], reason="")).status_code == 400
        answer = await ask(http, f"Patient/{patient['id']}")
        assert answer.status_code == 400
        assert f"({numbers[0]}, {numbers[1]})" in answer.text


async def test_a_relationship_that_rests_on_it_goes_with_it(tmp_path: Path) -> None:
    """A practice that a wrong message registers somebody with."""
    async with running(tmp_path / "data") as engine, client(engine) as http:

        async def care() -> set[str]:
            (patient,) = await found(http, "Patient")
            rows = await engine.workshop.store.query(Access((patient["id"],), ("care",)))
            return {code for _, _, code, *_ in rows}

        await sent(http, message(1, "PD1||||G1^RIGHT^^^^^^^^^^^^A81001", VISIT))
        before = await care()
        number = await sent(http, message(2, "PD1|||WRONG SURGERY^^B83012", VISIT))
        during = await care()
        assert during - before
        await taken(http, number)
        assert await care() == before


@pytest.mark.parametrize("name", ["takedown", "replay", "api", "engine", "pds"])
async def test_no_feed_has_a_name_that_the_journal_has_for_what_is_the_engines(tmp_path: Path, name: str) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        answer = await ingest(http, message(1, *WRONG), name)
        assert answer.status_code == 404
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "wrong-feed"
        assert await journal(engine) == []


async def test_the_command_that_explains_says_nothing_of_it(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, message(2, *WRONG, name="SECRETWORD^BOB"))
        names = [f"{one['resourceType']}/{one['id']}" for type_ in ("Patient", "Condition") for one in await found(http, type_)]
        for down in (False, True):
            said = [
                await asyncio.to_thread(CliRunner().invoke, app, ["explain", name, "--data", str(tmp_path / "data")])
                for name in names
            ]
            assert ["SECRETWORD" in each.output for each in said] == [not down, False]
            assert ("Pneumonia" in said[1].output) is not down
            await taken(http, number)


async def test_an_agreement_that_a_message_brought_goes_with_it(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:

        def agreed() -> list[str]:
            return [each.status for each in engine.workshop.governance.facts().agreements]

        await sent(http, example("emis", "organisations.txt"), "emis")
        first = await sent(http, SHARING.format("true", "false").encode(), "emis")
        second = await sent(http, SHARING.format("true", "true").encode(), "emis")
        told = [agreed()]
        for each in (second, first):
            await taken(http, each)
            told.append(agreed())
        assert told == [["withdrawn"], ["active"], []]


async def test_a_takedown_that_failed_is_done_when_it_is_asked_for_again(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapper that was killed, say, while the takedown was at its turn."""
    number = await sent(http, message(5, *WRONG))
    takedowns = engine.workshop.takedowns
    perform = takedowns.perform

    async def dying(entry: Entry) -> Any:
        raise ChildProcessError

    with monkeypatch.context() as patched:
        patched.setitem(engine.workshop.dispatcher._orders, "takedown", dying)
        assert (await ask(http, number)).status_code == 500
    assert engine.workshop.dispatcher._orders["takedown"] == perform
    assert await found(http, "AllergyIntolerance")
    assert (await taken(http, number)).resources
    assert not await found(http, "AllergyIntolerance")
    assert await refused(http, message(5, *WRONG))
    assert not takedowns._waiting
