"""The commands that govern, at a running engine with sign-on; what an EMIS extract says of sharing, up to the decisions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from interop.app.engine import Engine
from interop.cli.main import app
from interop.mapping.places import mappings_root
from interop.policy.facts import Agreement
from interop.store.plan import Access
from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A81001"}}
ANN = {"resourceType": "Patient", "generalPractitioner": [PRACTICE]}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data", open=False) as engine:
        yield engine


def invoke(command: list[str]) -> Result:
    return CliRunner().invoke(app, command)


async def run(engine: Engine, *command: str, token: str = "") -> Result:
    said = [*command, "--url", f"http://127.0.0.1:{engine.http}", "--data", str(engine.settings.data), "--token", token]
    return await asyncio.to_thread(invoke, said)


async def token(engine: Engine, role: str, org: str = "") -> str:
    said = ["token", "--data", str(engine.settings.data), "--role", role, "--org", org]
    made = await asyncio.to_thread(invoke, said)
    assert made.exit_code == 0, made.output
    return made.stdout.strip()


async def ann(engine: Engine) -> str:
    """A Patient, written by the demonstration's tester."""
    async with client(engine) as http:
        bearer = {"authorization": f"Bearer {await token(engine, 'tester')}"}
        answer = await http.post("/fhir/Patient", json=ANN, headers=bearer)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id


async def test_consent_from_given_to_withdrawn(engine: Engine) -> None:
    patient, gp = await ann(engine), await token(engine, "gp", "A81001")
    given = await run(engine, "consent", patient, "given", "--until", "2099", "--json", token=gp)
    assert given.exit_code == 0, given.output
    assert json.loads(given.stdout)["provision"]["type"] == "permit"
    label = await run(engine, "consent", patient, "refused", "--label", "HIV", token=gp)
    assert label.stdout.startswith("Consent for HIV refused: version 2 of Consent/")
    seen = await run(engine, "why", patient, token=gp)
    assert seen.stdout.splitlines()[0] == "It may be seen."
    withdrawn = await run(engine, "consent", patient, "withdrawn", token=gp)
    assert "version 3 of" in withdrawn.stdout
    seen = await run(engine, "why", patient, token=gp)
    assert seen.stdout.splitlines()[0] == "It may not be seen."
    assert "What would change it:" in seen.stdout


async def test_an_emergency_and_a_claim(engine: Engine) -> None:
    patient, crew = await ann(engine), await token(engine, "ambulance-clinician", "RYE")
    declared = await run(engine, "break-glass", patient, "--reason", "Unconscious", "--minutes", "30", token=crew)
    assert declared.exit_code == 0, declared.output
    assert declared.stdout.startswith("The record is open to you until 20")
    claimed = await run(engine, "claim", patient, "--reason", "Called again", "--json", token=crew)
    assert json.loads(claimed.stdout)["reasonCode"] == [{"text": "Called again"}]
    told = await run(engine, "why", patient, "--json", token=crew)
    assert json.loads(told.stdout)["parameter"][0]["valueBoolean"] is True


async def test_agreements_begin_are_listed_and_end(engine: Engine) -> None:
    assert (await run(engine, "agreement", "list")).stderr.startswith("There is no agreement.")
    made = await run(engine, "agreement", "add", "A81001", "--partner", "RX1", "--purpose", "booking", "--end", "2098-12-31")
    assert made.stdout == "active: A81001 with RX1 for booking until 2099-01-01T00:00:00.000Z\n"
    await run(engine, "agreement", "add", "RX1", "--pending")
    ended = await run(engine, "agreement", "withdraw", "A81001", "--partner", "RX1")
    assert ended.stdout == "withdrawn: A81001 with RX1 for booking until 2099-01-01T00:00:00.000Z\n"
    listed = await run(engine, "agreement", "list", "--json")
    said = {(each["source"], each["partner"], each["status"]) for each in map(json.loads, listed.stdout.splitlines())}
    assert said == {("A81001", "RX1", "withdrawn"), ("RX1", "*", "pending")}
    shown = (await run(engine, "agreement", "list")).stdout.splitlines()
    assert ["withdrawn", "A81001", "RX1", "booking", "2099-01-01", "00:00"] in [line.split() for line in shown]
    stray = await run(engine, "agreement", "withdraw", "A81009")
    assert "There was no such agreement here" in stray.stderr


@pytest.mark.parametrize(
    ("command", "role", "sentence"),
    [
        (("consent", "nobody", "given"), "gp", "404: There is nothing under that address."),
        (("break-glass", "nobody", "--reason", "x"), "care-navigator", "403: What is asked for is not for who asks."),
        (("agreement", "add", "A81001"), "gp", "403: What is asked for is not for who asks."),
        (("consent", "nobody", "perhaps"), "gp", "404: "),
    ],
)
async def test_what_cannot_be_done_is_said_with_the_next_step(
    engine: Engine, command: tuple[str, ...], role: str, sentence: str
) -> None:
    done = await run(engine, *command, token=await token(engine, role, "A81001"))
    assert done.exit_code == 1
    assert done.stderr.startswith(sentence)
    assert done.stdout == ""


async def test_without_sign_on_or_an_engine_the_next_step_is_named(engine: Engine, tmp_path: Path) -> None:
    refused = await run(engine, "agreement", "list", token="nonsense")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("401: ")
    assert "--token" in refused.stderr
    away = await asyncio.to_thread(invoke, ["agreement", "list", "--url", "http://127.0.0.1:9"])
    assert away.stderr == "No engine answers at http://127.0.0.1:9. Start it with interop serve, or name it with --url.\n"
    none = await asyncio.to_thread(invoke, ["agreement", "list", "--url", "somewhere"])
    assert "--url" in none.stderr


@pytest.mark.long
async def test_a_rebuild_keeps_it_all(tmp_path: Path) -> None:
    async with running(tmp_path / "data", open=False) as engine:
        patient, gp = await ann(engine), await token(engine, "gp", "A81001")
        await run(engine, "consent", patient, "given", token=gp)
        crew = await token(engine, "ambulance-clinician", "RYE")
        await run(engine, "break-glass", patient, "--reason", "Unconscious", token=crew)
        await run(engine, "agreement", "add", "RX1", "--purpose", "booking")
        agreed = engine.workshop.governance.facts().agreements
        said = await engine.workshop.store.query(Access((patient,)))
        assert {row[1] for row in said} == {"care", "consent", "breakglass"}
    command = ["rebuild", "--data", str(tmp_path / "data"), "--into", str(tmp_path / "again"), "--mappers", "0", "--test-numbers"]
    rebuilt = await asyncio.to_thread(invoke, command)
    structlog.reset_defaults()  # the command has set up the log for a stream that is no more
    assert rebuilt.exit_code == 0, rebuilt.output
    async with running(tmp_path / "again", open=False) as engine:
        assert engine.workshop.governance.facts().agreements == agreed
        assert await engine.workshop.store.query(Access((patient,))) == said


GUID = "00000001-5e11-4c0a-9b1d-000000000001"
SHARING = "OrganisationGuid,IsActivated,LastModifiedDate,Disabled,Deleted\n" + GUID + ",{},2025-11-03,{},false\n"


async def test_an_extract_activates_and_withdraws_the_agreement_of_its_organisation(tmp_path: Path) -> None:
    """Journalled like any message: who starts again knows the same."""
    organisations = (mappings_root() / "emis/examples/organisations.txt").read_bytes()
    told: list[list[tuple[str, str]]] = []

    def agreed(engine: Engine) -> list[tuple[str, str]]:
        facts = engine.workshop.governance.facts()
        assert all(isinstance(each, Agreement) for each in facts.agreements)
        return [(each.source, each.status) for each in facts.agreements]

    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert (await ingest(http, organisations, "emis")).is_success
        for activated, disabled in (("false", "false"), ("true", "false"), ("true", "true")):
            assert (await ingest(http, SHARING.format(activated, disabled).encode(), "emis")).is_success
            told.append(agreed(engine))
        (kept,) = await found(http, "Contract")
        assert kept["status"] == "terminated"
        assert GUID in engine.workshop.governance.facts().sources
    assert told == [[(GUID, status)] for status in ("pending", "active", "withdrawn")]
    async with running(tmp_path / "data") as engine:
        assert agreed(engine) == [(GUID, "withdrawn")]


async def test_a_feed_of_one_organisation_agrees_under_its_ods_code(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(
        "feed,adapter,ack,test_numbers,description,organisation,also\n"
        f"practice,emis,journalled,,the practice,A81001,{GUID}=A81001\n"
    )
    async with running(tmp_path / "data", feeds=feeds) as engine, client(engine) as http:
        assert (await ingest(http, SHARING.format("true", "false").encode(), "practice")).is_success
        (agreement,) = engine.workshop.governance.facts().agreements
        assert (agreement.source, agreement.status, agreement.partner) == ("A81001", "active", "")
