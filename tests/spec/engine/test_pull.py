"""``interop pull``: what is fetched goes the way of what is sent, once, and what is older does not win."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import stamina

from interop.app.engine import Engine
from interop.cli.pull import pull
from interop.store.plan import Held
from tests.spec.engine.running import TIMEOUT, client, found, ingest, running

pytestmark = pytest.mark.anyio
BASE = "https://ers.test/FHIR"
UBRN = "000099900017"
SOURCES = f"""
[referrals]
adapter = "ers"
url = "{BASE}"
token = "ERS_TOKEN"
worklists = ["AWAITING_BOOKING"]
[hospital]
adapter = "hl7v2"
"""
NHS = {"identifier": {"system": "http://fhir.nhs.net/Id/nhs-number", "value": "9991000011"}}
STATE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-ReferralState-1"
REFERENCE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-eRS-Appointment-Reference-1"


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.setenv("ERS_TOKEN", "t0ken")
    (tmp_path / "sources.toml").write_text(SOURCES)
    async with running(tmp_path / "data") as engine:
        yield engine


@pytest.fixture
def service() -> Iterator[respx.Router]:
    """The service, and the way to the engine left as it is."""
    stamina.set_testing(True, attempts=2)
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        yield router
    stamina.set_testing(False)


def told(service: respx.Router, version: int, state: str) -> None:
    """A worklist of one referral with a booking, as it is at a version."""
    entry = {"item": {"reference": f"ReferralRequest/{UBRN}"}}
    listed = {"resourceType": "List", "status": "current", "mode": "snapshot", "entry": [entry]}
    service.post(f"{BASE}/STU3/ReferralRequest/$ers.fetchworklist").respond(json=listed)
    known = {"url": "state", "valueCoding": {"system": "https://fhir.nhs.uk/STU3/CodeSystem/eRS-ReferralState-1", "code": state}}
    extensions = [{"url": STATE, "extension": [known]}, {"url": REFERENCE, "valueReference": {"reference": "Appointment/990412"}}]
    referral = {
        "resourceType": "ReferralRequest",
        "id": UBRN,
        "meta": {"versionId": str(version)},
        "extension": extensions,
        "status": "active",
        "intent": "plan",
        "subject": NHS,
    }
    service.get(f"{BASE}/STU3/ReferralRequest/{UBRN}").respond(json=referral)
    booking = {
        "resourceType": "Appointment",
        "id": "990412",
        "meta": {"versionId": "0", "profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/eRS-Appointment-1"]},
        "status": "booked",
        "start": f"2025-06-{10 + version}T09:00:00.000Z",
        "end": f"2025-06-{10 + version}T09:30:00.000Z",
        "incomingReferral": [{"reference": f"ReferralRequest/{UBRN}/_history/{version}"}],
        "participant": [{"actor": NHS, "status": "accepted"}],
    }
    service.get(f"{BASE}/STU3/Appointment/990412").respond(json=booking)


async def run(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], feed: str = "referrals") -> tuple[int, Any]:
    """Exit code and the last line of ``--json``."""

    def called() -> int:
        to = f"http://127.0.0.1:{engine.http}"
        return pull(feed, sources=tmp_path / "sources.toml", to=to, data=tmp_path / "data", database=None, token="", as_json=True)

    code = await asyncio.to_thread(called)
    lines = capsys.readouterr().out.splitlines()
    return code, json.loads(lines[-1]) if lines else None


async def one(http: httpx.AsyncClient, search: str) -> dict[str, Any]:
    """The only resource that a search finds, once it is there."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            entries = (await http.get(f"/fhir/{search}")).json().get("entry", [])
            if entries:
                (entry,) = entries
                return dict(entry["resource"])
            await asyncio.sleep(0.05)


async def test_what_is_pulled_is_in_the_record_and_the_same_again_is_nothing_new(
    engine: Engine, service: respx.Router, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(service, 8, "BOOKED")
    assert await run(engine, tmp_path, capsys) == (0, {"pulled": 3, "new": 3, "known": 0, "failed": 0})
    assert await run(engine, tmp_path, capsys) == (0, {"pulled": 3, "new": 0, "known": 3, "failed": 0})
    async with client(engine) as http:
        appointment = await one(http, "Appointment?status=booked")
        referral = await one(http, f"ServiceRequest?identifier=https://fhir.nhs.uk/Id/UBRN|{UBRN}")
    assert appointment["basedOn"] == [{"reference": f"ServiceRequest/{referral['id']}"}]


async def source(engine: Engine) -> str:
    """What the engine has been told of the source."""
    found = await engine.workshop.store.query(Held("feed-health referrals", engine.workshop.clock.now()))
    return str(found[0]).partition(" ")[0] if found else ""


async def test_a_source_that_does_not_answer_is_down_until_all_of_it_is_seen(
    engine: Engine, service: respx.Router, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that refuses us, or tells of something that cannot be had, is not known to be down, nor to be well."""
    listed = service.post(f"{BASE}/STU3/ReferralRequest/$ers.fetchworklist")
    listed.respond(403)
    assert (await run(engine, tmp_path, capsys))[0] == 2
    assert await source(engine) == ""
    listed.respond(503)
    assert (await run(engine, tmp_path, capsys))[0] == 2
    assert await source(engine) == "down"
    told(service, 8, "BOOKED")
    service.get(f"{BASE}/STU3/Appointment/990412").respond(404)
    assert (await run(engine, tmp_path, capsys))[0] == 1
    assert await source(engine) == "down"
    told(service, 8, "BOOKED")
    assert (await run(engine, tmp_path, capsys))[0] == 0
    assert await source(engine) == "well"


async def test_an_older_answer_does_not_overwrite_a_newer_state(
    engine: Engine, service: respx.Router, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service answers from an old copy."""
    for version, state in ((8, "BOOKED"), (7, "DEFERRED_TO_PROVIDER")):
        told(service, version, state)
        assert (await run(engine, tmp_path, capsys))[0] == 0
    async with client(engine) as http:
        async with asyncio.timeout(TIMEOUT):
            while (await http.get("/messages/5")).json().get("state") != "applied":
                await asyncio.sleep(0.05)
        referral = await one(http, f"ServiceRequest?identifier=https://fhir.nhs.uk/Id/UBRN|{UBRN}")
        appointment = await one(http, "Appointment?status=booked")
    assert "BOOKED" in json.dumps(referral["extension"])
    assert appointment["start"] == "2025-06-18T09:00:00.000Z"


async def test_what_a_later_answer_does_not_say_any_more_is_gone(engine: Engine) -> None:
    """A booking is cancelled to be made later: its time and its slot with it. The booking told late does not bring them back."""
    sample = json.loads(files("mappings").joinpath("ers", "examples", "booking.json").read_bytes())
    deferred = {key: value for key, value in sample.items() if key not in ("start", "end", "slot")} | {"status": "proposed"}
    deferred["incomingReferral"] = [{"reference": f"ReferralRequest/{UBRN}/_history/9"}]
    async with client(engine) as http:
        for body in (sample, deferred, {**sample, "comment": "told again"}):
            assert (await ingest(http, json.dumps(body).encode(), "referrals")).status_code == 200
        (appointment,) = await found(http, "Appointment")
    assert appointment["status"] == "proposed"
    assert {"start", "end", "slot", "comment"}.isdisjoint(appointment)


async def test_a_service_that_is_down_ends_the_pull_with_a_sentence_and_an_action(
    engine: Engine, service: respx.Router, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.post(f"{BASE}/STU3/ReferralRequest/$ers.fetchworklist").respond(503)
    assert (
        await asyncio.to_thread(
            lambda: pull(
                "referrals",
                sources=tmp_path / "sources.toml",
                to="http://127.0.0.1:9",
                data=tmp_path,
                database=None,
                token="",
                as_json=False,
            )
        )
        == 2
    )
    said = capsys.readouterr()
    assert "cannot be reached or is not working" in said.err
    assert "0 new" in said.out


@pytest.mark.parametrize(("feed", "words"), [("absent", "no table"), ("hospital", "cannot pull")])
async def test_a_feed_that_cannot_be_pulled_is_named(
    feed: str, words: str, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await asyncio.to_thread(
        lambda: pull(
            feed, sources=tmp_path / "sources.toml", to="http://127.0.0.1:9", data=tmp_path, database=None, token="", as_json=False
        )
    )
    assert (code, words in capsys.readouterr().err) == (2, True)


async def test_an_engine_that_is_not_there_ends_the_pull(
    engine: Engine, service: respx.Router, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(service, 8, "BOOKED")
    code = await asyncio.to_thread(
        lambda: pull(
            "referrals",
            sources=tmp_path / "sources.toml",
            to="http://127.0.0.1:9",
            data=tmp_path,
            database=None,
            token="",
            as_json=False,
        )
    )
    assert (code, "interop serve" in capsys.readouterr().err) == (2, True)
