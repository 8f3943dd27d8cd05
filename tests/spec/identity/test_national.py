"""The national service verifies what no source has verified: a message with an unverified number, an engine that asks, links that
follow; and what does not follow. The service is off unless settings name it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from interop.app.copying import copy_journal
from interop.app.engine import Engine
from interop.apply.tracing import OLD
from interop.clock import MICROSECONDS, ManualClock
from interop.ports.demographics import Reply
from interop.store.plan import Persons
from tests.spec.adapters.pds import NUMBER, OTHER, patient
from tests.spec.engine.running import client, found, journal, running
from tests.spec.identity.national import asking, settled
from tests.spec.identity.test_command import command, lines
from tests.spec.identity.test_decisions import admission, applied, call, history, ids, parts
from tests.spec.identity.test_queue import HOME, queue

pytestmark = pytest.mark.anyio
SLIP = {"given": "MOLLY", "born": "19410318"}


async def groups(engine: Engine, *locals: str, http: httpx.AsyncClient) -> list[set[str]]:
    """Which of these local numbers are one person, the national service's own Patients aside."""
    own = dict(zip(await ids(http, *locals), locals, strict=True))
    rows = await engine.workshop.store.query(Persons(tuple(own)))
    persons: dict[str, set[str]] = {id: {own[id]} for id in own}
    told: dict[str, set[str]] = {}
    for id, person, _ in rows:
        if id in own:
            told.setdefault(person, set()).add(own[id])
            persons.pop(id)
    return sorted([*told.values(), *persons.values()], key=sorted)


async def test_it_is_off_unless_settings_name_it_and_then_nothing_is_asked(tmp_path: Path) -> None:
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        other = router.route().respond(500)
        async with running(tmp_path / "data") as engine, client(engine) as http:
            assert engine.tracer is None
            await applied(http, admission("L1", status="02", more=HOME), admission("L2"))
            one, two = await ids(http, "L1", "L2")
            assert await queue(engine, http) == [({one, two}, "number")]
            for operation in ("verify", "trace"):
                answer = await http.post(f"/fhir/Patient/{one}/$identity-{operation}")
                assert answer.status_code == 422
                assert "--pds" in answer.text
                refused = await command(engine, operation, one)
                assert (refused.exit_code, "--pds" in refused.stderr) == (1, True)
        assert not other.called


@pytest.mark.parametrize("status", ["02", "03", ""])
async def test_a_number_that_was_not_verified_is_asked_about_and_links_what_the_service_knows_as_the_same_person(
    tmp_path: Path, status: str
) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient()
        await applied(http, admission("L1", status=status, more=HOME), admission("L2", more=HOME))
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]
        assert service.asked == [f"Patient/{NUMBER}"], "once, whoever holds it"
        assert await queue(engine, http) == []
        (one,) = await ids(http, "L1")
        assert len(await found(http, f"Encounter?patient={one}")) == 2
        records = parts(await history(http, one), "record")
        assert len(records) == 3, "the service's own Patient is the evidence"


async def test_what_the_service_says_is_a_message_of_its_own_feed(tmp_path: Path) -> None:
    """As a Patient of a source of its own, with death and how the service knows of it; nobody else sends under that feed."""
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    coding = {"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus", "code": "2"}
    status = {"url": "deathNotificationStatus", "valueCodeableConcept": {"coding": [coding]}}
    died = {"deceasedDateTime": "2025-11-02T00:00:00+00:00", "extension": [{"url": url, "extension": [status]}]}
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient(**died)
        await applied(http, admission("L1", status="02", more=HOME))
        await settled(engine)
        (told,) = [entry for entry in await journal(engine) if entry.feed == "pds"]
        assert (told.adapter, told.state, told.type) == ("r4", "applied", "collection")
        (own,) = [each for each in await found(http, f"Patient?identifier={NUMBER}") if ":pds#" in each["meta"]["source"]]
        assert own["deceasedDateTime"].startswith("2025-11-02")
        assert own["extension"] == died["extension"]
        assert own["id"] != NUMBER
        assert NUMBER not in own["meta"]["source"]
        assert (await http.post("/ingest/pds", json=patient())).status_code == 404, "nobody else says so"


@pytest.mark.parametrize(
    ("national", "why"),
    [
        ({"born": "1941-03-18"}, "conflict"),
        ({"given": "Anne"}, "conflict"),
        ({"family": "Quarrington"}, "number"),
        ({"address": [{"postalCode": "QX1 1AA"}]}, "number"),
    ],
)
async def test_where_the_service_knows_somebody_else_nothing_links_and_people_are_asked(
    tmp_path: Path, national: dict[str, Any], why: str
) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient(**national)
        await applied(http, admission("L1", status="02", more=HOME), admission("L2", status="02", more=HOME))
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}]
        one, two = await ids(http, "L1", "L2")
        waiting = await queue(engine, http)
        assert ({one, two}, "number") in waiting
        beside = [reason for sides, reason in waiting if sides & {one, two} and sides != {one, two}]
        assert beside == [why, why]


async def test_a_number_that_the_service_does_not_have_verifies_nothing_and_is_asked_about_once(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        await applied(http, admission("L1", status="02", more=HOME), admission("L2"))
        await settled(engine)
        one, two = await ids(http, "L1", "L2")
        assert await queue(engine, http) == [({one, two}, "number")]
        await applied(http, admission("L1", status="02", hour=11, more=HOME))
        await settled(engine)
        assert service.asked == [f"Patient/{NUMBER}"]
        assert "pds" not in {entry.feed for entry in await journal(engine)}


async def test_a_verified_number_is_not_asked_about_unless_settings_want_all(tmp_path: Path) -> None:
    for wanted, asked in (("unverified", []), ("all", [f"Patient/{NUMBER}"])):
        async with asking(tmp_path / wanted, pds_ask=wanted) as (engine, http, service):
            await applied(http, admission("L1"))
            await settled(engine)
            assert service.asked == asked


async def test_a_number_that_was_replaced_parts_whom_it_had_joined_and_people_are_asked(tmp_path: Path) -> None:
    """With history; and what the service takes back is as it was."""
    async with asking(tmp_path / "data") as (engine, http, service):
        await applied(http, admission("L1"), admission("L2"))
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]
        service.people |= {NUMBER: patient(OTHER), OTHER: patient(OTHER)}
        await applied(http, admission("L3", status="02", more=HOME))
        await settled(engine)
        assert await groups(engine, "L1", "L2", "L3", http=http) == [{"L1"}, {"L2"}, {"L3"}]
        one, two = await ids(http, "L1", "L2")
        reasons = {why for sides, why in await queue(engine, http) if one in sides}
        assert "withdrawn" in reasons
        parted = [each for each in parts(await history(http, two), "event") if each["before"] != each["after"]]
        assert [each["why"] for each in parted] == ["identity"] * 2, "once joined, once parted"
        await applied(http, admission("L4", number=OTHER, status="02", more=HOME))
        await settled(engine)
        assert await groups(engine, "L1", "L4", http=http) == [{"L1"}, {"L4"}]
        assert len(parts(await history(http, (await ids(http, "L4"))[0]), "record")) == 2, "the number in its place links"
        service.people[NUMBER] = patient()
        said = lines(await command(engine, "verify", one, "--json"))
        assert said[0]["outcome"] == "found"
        await settled(engine)
        assert await groups(engine, "L1", "L2", "L3", http=http) == [{"L1", "L2", "L3"}]


async def test_a_number_that_was_invalidated_links_nobody(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        await applied(http, admission("L1"), admission("L2"))
        service.people[NUMBER] = "INVALIDATED_RESOURCE"
        (one,) = await ids(http, "L1")
        answer = await http.post(f"/fhir/Patient/{one}/$identity-verify")
        assert {each["valueCode"] for each in answer.json()["parameter"] if each["name"] == "outcome"} == {"invalidated"}
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}]
        await settled(engine)
        assert {why for sides, why in await queue(engine, http) if one in sides} >= {"withdrawn"}
        service.people[NUMBER] = patient()
        await http.post(f"/fhir/Patient/{one}/$identity-verify")
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]


async def test_people_who_were_parted_by_hand_stay_apart_whatever_the_service_says(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        await applied(http, admission("L1", status="02", more=HOME), admission("L2"))
        one, two = await ids(http, "L1", "L2")
        await call(http, "unlink", one, two)
        service.people[NUMBER] = patient()
        await http.post(f"/fhir/Patient/{one}/$identity-verify")
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}]


@pytest.mark.parametrize("system", ["http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "urn:another"])
async def test_whoever_the_service_restricts_is_hidden_at_once_and_everywhere(tmp_path: Path, system: str) -> None:
    from interop.policy.asker import Asker

    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient(label="R", system=system)
        await applied(http, admission("L1", more=HOME), admission("L2", more=HOME))
        one, two = await ids(http, "L1", "L2")
        assert await engine.workshop.whereabouts.hidden([one, two]) == frozenset()
        await http.post(f"/fhir/Patient/{one}/$identity-verify")
        assert await engine.workshop.whereabouts.hidden([one, two]) == {one, two}, "also whose source says nothing"
        crew = Asker(user="issuer|crew", role="ambulance-clinician", organisation="RX1", scopes=None)

        async def admit(self: object, request: object) -> Asker:
            return crew

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("interop.api.door.OpenDoor.admit", admit)
            for address in (f"Patient/{one}", f"Patient/{two}", f"Patient/{two}/_history", "Patient?family=ASHDOWN"):
                answer = await http.get(f"/fhir/{address}")
                assert not any(said in answer.text.upper() for said in ("TOLPUDDLE", "QX9", "EASTMERE")), address
            assert (await http.get("/fhir/Patient?address=EASTMERE")).json().get("total", 0) == 0


async def test_a_service_that_fails_delays_and_loses_no_message_and_is_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        assert engine.tracer is not None
        waits, go = asyncio.Event(), asyncio.Event()

        async def pause(seconds: float) -> None:
            if seconds >= 1:
                waits.set()
                await go.wait()

        engine.tracer.pause = pause
        service.down = 403
        await applied(http, admission("L1", status="02", more=HOME), admission("L2"))
        await asyncio.wait_for(waits.wait(), 30)
        await applied(http, admission("L3", "ZELDA", OTHER, "QUARRINGTON", status="02"))
        assert {entry.state for entry in await journal(engine)} == {"applied"}
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}]
        service.down, service.people = 0, {NUMBER: patient()}
        go.set()
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]
    printed = "".join(capsys.readouterr())
    assert "was not asked" in printed
    assert "source-denied" in printed
    assert not re.search(r"\d{10}|ashdown|quarrington", printed, re.IGNORECASE)


async def test_an_answer_that_makes_no_sense_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people = {NUMBER: {"resourceType": "Group"}, OTHER: patient(OTHER, "Zelda", "Quarrington", "1970-01-01")}
        await applied(
            http,
            admission("L1", status="02", more=HOME),
            admission("L2", "ZELDA", OTHER, "QUARRINGTON", "19700101", "02", more=HOME),
            admission("L3", "ZELDA", OTHER, "QUARRINGTON", "19700101"),
        )
        await settled(engine)
        assert await groups(engine, "L1", "L2", "L3", http=http) == [{"L1"}, {"L2", "L3"}]
        assert sorted(service.asked) == sorted([f"Patient/{NUMBER}", f"Patient/{OTHER}"])


async def test_nor_does_one_that_breaks_what_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people = {OTHER: patient(OTHER, "Zelda", "Quarrington", "1970-01-01")}
        assert engine.tracer is not None
        pds = engine.tracer._service
        read = pds.read

        async def breaking(number: str) -> Reply:
            if number == NUMBER:
                raise OverflowError
            return await read(number)

        monkeypatch.setattr(pds, "read", breaking)
        await applied(
            http,
            admission("L1", status="02", more=HOME),
            admission("L2", "ZELDA", OTHER, "QUARRINGTON", "19700101", "02", more=HOME),
            admission("L3", "ZELDA", OTHER, "QUARRINGTON", "19700101"),
        )
        async with asyncio.timeout(30):
            await settled(engine)
        assert await groups(engine, "L1", "L2", "L3", http=http) == [{"L1"}, {"L2", "L3"}]


async def test_a_restart_asks_about_nobody_again_and_about_whom_it_had_not_come_to(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient()
        await applied(http, admission("L1", status="02", more=HOME))
        await settled(engine)
        assert engine.tracer is not None
        await engine.tracer.stop()
        await applied(http, admission("L2", "ZELDA", OTHER, "QUARRINGTON", status="02"))
        assert service.asked == [f"Patient/{NUMBER}"]
    async with asking(tmp_path / "data") as (engine, http, service):
        await settled(engine)
        assert service.asked == [f"Patient/{OTHER}"]
    async with asking(tmp_path / "data") as (engine, http, service):
        await settled(engine)
        assert service.asked == []


async def test_after_a_week_a_number_is_asked_about_again_so_that_a_restriction_is_heard(tmp_path: Path) -> None:
    clock = ManualClock()
    async with asking(tmp_path / "data", clock) as (engine, http, service):
        service.people[NUMBER] = patient()
        await applied(http, admission("L1", status="02", more=HOME))
        await settled(engine)
        (one,) = await ids(http, "L1")
        service.people[NUMBER] = patient(label="R")
        clock.advance(OLD // MICROSECONDS - 60)
        assert engine.tracer is not None
        engine.tracer.heard([])
        await settled(engine)
        assert len(service.asked) == 1
        clock.advance(120)
        engine.tracer.heard([])
        await settled(engine)
        assert service.asked == [f"Patient/{NUMBER}"] * 2
        assert await engine.workshop.whereabouts.hidden([one]) == {one}


async def test_somebody_without_a_number_who_waits_in_the_queue_is_traced_and_people_decide(tmp_path: Path) -> None:
    """By names and birth date, former ones too; a postcode is told only where more than one fits."""
    async with asking(tmp_path / "data") as (engine, http, service):
        service.fits, service.people = [patient()], {NUMBER: patient()}
        await applied(http, admission("L1", more=HOME), admission("L2", number="", more=HOME))
        await settled(engine)
        assert service.asked[:2] == [
            "Patient?family=ASHDOWN&birthdate=eq1941-03-17&given=MARY&_history=true",
            f"Patient/{NUMBER}",
        ]
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}], (
            "a trace is evidence, no verified number of the record"
        )
        one, two = await ids(http, "L1", "L2")
        waiting = [sides for sides, why in await queue(engine, http) if two in sides and why == "likeness"]
        assert {one, two} in waiting
        assert len(waiting) == 2, "and beside whom the service names"


async def test_of_several_who_fit_none_is_taken(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.fits = [patient(), patient(OTHER)]
        await applied(http, admission("L1", number="", more=HOME))
        (one,) = await ids(http, "L1")
        said = lines(await command(engine, "trace", one, "--json"))
        assert (said[0]["outcome"], len(said[0]["record"])) == ("several", 1)
        assert [each.rpartition("&")[2] for each in service.asked] == ["_history=true"] * 2
        assert ["address-postalcode" in each for each in service.asked] == [False, True]
        assert "pds" not in {entry.feed for entry in await journal(engine)}


async def test_the_commands_tell_in_words_what_the_service_says(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient()
        await applied(http, admission("L1"), admission("L2", "BABY", "", "", ""))
        one, two = await ids(http, "L1", "L2")
        shown = (await command(engine, "verify", one)).stdout
        assert "Personal Demographics Service says: found" in shown
        assert "One person has 2 records now" in shown
        assert NUMBER not in shown
        assert "nothing-to-ask" in (await command(engine, "verify", two)).stdout
        assert "nothing-to-ask" in (await command(engine, "trace", two)).stdout
        assert (await command(engine, "verify", "nobody")).exit_code == 1
        service.down = 429
        assert (await command(engine, "verify", one)).stderr.startswith("429")


async def test_only_those_whose_work_it_is_ask_the_service(tmp_path: Path) -> None:
    from interop.policy.asker import Asker

    async with asking(tmp_path / "data") as (_, http, service):
        await applied(http, admission("L1"))
        (one,) = await ids(http, "L1")
        answers = {}
        for role in ("gp", "hospital-clinician", "patient", "analyst", "system", "privacy-officer", "operator"):
            asker = Asker(user=f"issuer|{role}", role=role, organisation="RX1", scopes=None)

            async def admit(self: object, request: object, asker: Asker = asker) -> Asker:
                return asker

            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("interop.api.door.OpenDoor.admit", admit)
                answers[role] = {
                    (await http.post(f"/fhir/Patient/{one}/$identity-{name}")).status_code for name in ("verify", "trace")
                }
        assert answers == {role: {200} if role in ("privacy-officer", "operator") else {403} for role in answers}
        assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pds": "http://pds.test"}, "https://"),
        ({"pds_api_key": Path("/nowhere/api.key")}, "api.key cannot be read"),
        ({"pds_key": Path("/nowhere/key.pem"), "pds_api_key": Path(__file__).with_name("__init__.py")}, "pds_api_key and pds_kid"),
        ({"pds_rate": 0}, "greater than 0"),
        ({"pds_ask": "some"}, "'unverified' or 'all'"),
        ({"mllp_feed": "pds"}, "cannot be the feed"),
    ],
)
async def test_settings_that_cannot_be_keep_the_engine_from_starting(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        async with asking(tmp_path / "data", **settings):
            pass


async def test_the_same_links_come_of_the_journal_without_asking_anybody(tmp_path: Path) -> None:
    async with asking(tmp_path / "data") as (engine, http, service):
        service.people[NUMBER] = patient()
        await applied(http, admission("L1", status="02", more=HOME), admission("L2"))
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]
    again = tmp_path / "again"
    again.mkdir()
    (again / "id.key").write_bytes((tmp_path / "data" / "id.key").read_bytes())
    await copy_journal((tmp_path / "data", None), (again, None))
    async with running(again) as rebuilt, client(rebuilt) as http:
        while rebuilt.workshop.unfinished:
            await rebuilt.workshop.dispatcher.idle.wait()
        assert rebuilt.tracer is None
        assert await groups(rebuilt, "L1", "L2", http=http) == [{"L1", "L2"}]


@pytest.mark.long
async def test_it_is_the_same_on_postgresql(tmp_path: Path, database: str) -> None:
    async with asking(tmp_path / "data", database=database) as (engine, http, service):
        service.people[NUMBER] = patient(label="R")
        await applied(http, admission("L1", status="02", more=HOME), admission("L2", more=HOME))
        await settled(engine)
        assert await groups(engine, "L1", "L2", http=http) == [{"L1", "L2"}]
        assert await engine.workshop.whereabouts.hidden(await ids(http, "L1", "L2")) == {*await ids(http, "L1", "L2")}
        service.people[NUMBER] = "INVALIDATED_RESOURCE"
        (one,) = await ids(http, "L1")
        await http.post(f"/fhir/Patient/{one}/$identity-verify")
        assert await groups(engine, "L1", "L2", http=http) == [{"L1"}, {"L2"}]
    async with asking(tmp_path / "data", database=database) as (engine, http, service):
        await settled(engine)
        assert service.asked == []
