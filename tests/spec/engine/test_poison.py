"""Messages that can be read and not applied: they are shelved; their feed goes on or stands still, as it declares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.hl7v2 import Hl7v2
from interop.api.absences import health
from interop.app.engine import Engine
from interop.cli.messages import messages
from interop.errors import Problem, reasons
from interop.ports.envelope import Envelope
from interop.store.plan import Feeds
from interop.store.values import FeedCount
from tests.spec.durability.process import PATIENCE
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender

pytestmark = pytest.mark.anyio
FEEDS = """feed,adapter,ack,test_numbers,description,on_poison,folder
strict,hl7v2,applied,yes,stops,stop,
later,hl7v2,journalled,yes,stops and answers at once,stop,
files,hl7v2,journalled,yes,stops and watches,stop,in
easy,hl7v2,applied,yes,goes on,go-on,
plain,hl7v2,applied,yes,says nothing,,
"""


class Mapper:
    """Whether who maps is mended: until then some messages break it."""

    mended = False


@pytest.fixture
def brittle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours that some messages meet when they are opened to be mapped."""
    whole = Hl7v2.open

    def opened(adapter: Hl7v2, body: bytes) -> tuple[Envelope, Any]:
        if b"DEADLY" in body and not Mapper.mended:
            raise RuntimeError("of the mapper")
        return whole(adapter, body)

    monkeypatch.setattr(Hl7v2, "open", opened)
    monkeypatch.setattr(Mapper, "mended", False)


@pytest.fixture
async def engine(tmp_path: Path, brittle: None) -> AsyncIterator[Engine]:
    async with begun(tmp_path) as engine:
        yield engine


def begun(tmp_path: Path, **place: str) -> Any:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "feeds.csv").write_text(FEEDS)
    return running(tmp_path / "data", feeds=tmp_path / "feeds.csv", mllp_feed="strict", **place)


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client(engine) as http:
        yield http


def body(number: int, *, deadly: bool = False, feed: str = "x", ward: str = "WARD7") -> bytes:
    """A message of an hour of its own about the one patient of its feed."""
    return adt(
        "A01" if number == 1 else "A08",
        f"C{number}",
        local=f"L{feed}",
        visit=f"V{feed}",
        family="DEADLY" if deadly else f"N{number}",
        at=f"20260105{number:02}0000",
        ward=f"{ward}^BAY{number}",
    )


def reason(answer: httpx.Response) -> str:
    said: str = answer.json()["issue"][0]["details"]["coding"][0]["code"]
    return said


async def resume(http: httpx.AsyncClient, feed: str, **more: bool) -> httpx.Response:
    said = [{"name": "resume", "valueString": feed}, *({"name": name, "valueBoolean": value} for name, value in more.items())]
    return await http.post("/fhir/$replay", json={"resourceType": "Parameters", "parameter": said})


async def states(engine: Engine, feed: str) -> list[str]:
    return [entry.state for entry in await journal(engine) if entry.feed == feed]


async def standing(engine: Engine, feed: str) -> FeedCount:
    counts: list[FeedCount] = await engine.workshop.store.query(Feeds())
    return next(each for each in counts if each.feed == feed)


async def until(engine: Engine, feed: str, *expected: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await states(engine, feed) != [*expected]:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("feed", ["easy", "plain"])
async def test_it_is_shelved_with_its_category_sentence_and_action_and_the_feed_goes_on(
    engine: Engine, http: httpx.AsyncClient, feed: str
) -> None:
    answers = [await ingest(http, body(number, deadly=number == 2, feed=feed), feed) for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    said = (await http.get(answers[1].headers["location"])).json()
    assert (said["state"], said["category"], said["reason"]) == ("shelved", "fault", "mapping-fault")
    assert said["sentence"]
    assert said["action"]
    assert await states(engine, feed) == ["applied", "shelved", "applied"]
    (patient,) = await found(http, f"Patient?identifier=L{feed}")
    assert patient["name"][0]["family"] == "N3"


async def test_the_feed_is_incomplete_since_it_came_until_it_is_applied_or_taken_back(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        await ingest(http, body(number, deadly=number == 2), "easy")
    shelved = (await journal(engine))[1]
    line = await standing(engine, "easy")
    assert (line.shelved, line.incomplete_since) == (1, shelved.received)
    monkeypatch.setattr(Mapper, "mended", True)
    parameter = [{"name": "message", "valuePositiveInt": shelved.message}]
    assert (await http.post("/fhir/$replay", json={"resourceType": "Parameters", "parameter": parameter})).status_code == 200
    line = await standing(engine, "easy")
    assert (line.shelved, line.incomplete_since) == (0, 0)


async def incomplete(engine: Engine) -> list[tuple[str, int]]:
    """The feeds of which readers are told that messages of them could not be applied, and since when."""
    assert engine.exports is not None
    return [(each.feed, each.since) for each in await health(engine.exports.services) if each.state == "incomplete"]


async def test_of_a_feed_that_nobody_declared_readers_are_told_so_after_a_restart(tmp_path: Path, brittle: None) -> None:
    """By a process that has taken nothing of it, as those that only answer have not."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        for number in (1, 2):
            await ingest(http, body(number, deadly=number == 2), "pas")
        shelved = (await journal(engine))[1]
        assert await incomplete(engine) == [("pas", shelved.received)]
    async with running(tmp_path / "data") as engine:
        assert await incomplete(engine) == [("pas", shelved.received)]


async def test_of_a_feed_that_was_taken_out_readers_are_told_so(tmp_path: Path, brittle: None) -> None:
    async with begun(tmp_path) as engine, client(engine) as http:
        for number in (1, 2):
            await ingest(http, body(number, deadly=number == 2), "easy")
        shelved = (await journal(engine))[1]
    less = "".join(line for line in FEEDS.splitlines(keepends=True) if not line.startswith("easy"))
    (tmp_path / "feeds.csv").write_text(less)
    async with running(tmp_path / "data", feeds=tmp_path / "feeds.csv", mllp_feed="strict") as engine:
        assert await incomplete(engine) == [("easy", shelved.received)]


async def test_of_a_feed_that_stops_what_comes_later_waits_and_others_go_on(engine: Engine, http: httpx.AsyncClient) -> None:
    answers = [await ingest(http, body(number, deadly=number == 2, feed="strict"), "strict") for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 500, 503]
    assert reason(answers[2]) == "feed-stopped"
    assert "retry-after" in answers[2].headers
    assert (await ingest(http, body(1, feed="easy"), "easy")).status_code == 200
    assert await states(engine, "strict") == ["applied", "shelved", "held"]
    line = await standing(engine, "strict")
    assert (line.waiting, line.shelved, line.oldest_waiting > 0) == (1, 1, True)
    (patient,) = await found(http, "Patient?identifier=Lstrict")
    assert patient["name"][0]["family"] == "N1"


async def test_let_go_on_it_applies_what_it_held_back_in_order_and_goes_on(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3, 4):
        await ingest(http, body(number, deadly=number == 2, feed="strict"), "strict")
    dry = await resume(http, "strict", **{"dry-run": True})
    assert dry.status_code == 200, dry.text
    assert [each["valueUnsignedInt"] for each in dry.json()["parameter"] if each["name"] == "messages"] == [2]
    assert await states(engine, "strict") == ["applied", "shelved", "held", "held"]
    assert (await resume(http, "strict")).status_code == 200
    assert await states(engine, "strict") == ["applied", "shelved", "applied", "applied"]
    assert (await ingest(http, body(5, feed="strict"), "strict")).status_code == 200
    (patient,) = await found(http, "Patient?identifier=Lstrict")
    assert patient["name"][0]["family"] == "N5"
    assert reason(await resume(http, "strict")) == "bad-parameter"
    assert (await ingest(http, body(6, deadly=True, feed="strict"), "strict")).status_code == 500
    assert reason(await ingest(http, body(7, feed="strict"), "strict")) == "feed-stopped"


async def test_what_it_held_back_was_applied_one_after_another(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a commit of its own: one that came too late would be older than what is there and leave no version."""
    monkeypatch.setattr("interop.apply.choosing.AT_ONCE", 1)
    for number in (1, 2, 3, 4, 5):
        await ingest(http, body(number, deadly=number == 2, feed="strict"), "strict")
    assert (await resume(http, "strict")).status_code == 200
    (patient,) = await found(http, "Patient?identifier=Lstrict")
    versions = (await http.get(f"/fhir/Patient/{patient['id']}/_history")).json()["entry"]
    assert [each["resource"]["name"][0]["family"] for each in versions] == ["N5", "N4", "N3", "N1"]


@pytest.mark.parametrize("by", ["number", "filter"])
async def test_no_other_replay_applies_what_is_held_back(engine: Engine, http: httpx.AsyncClient, by: str) -> None:
    for number in (1, 2, 3, 4):
        await ingest(http, body(number, deadly=number == 2, feed="strict"), "strict")
    held = [entry.message for entry in await journal(engine) if entry.state == "held"]
    said = [{"name": "message", "valuePositiveInt": number} for number in held] if by == "number" else [
        {"name": "feed", "valueString": "strict"}
    ]  # fmt: skip
    for dry in ([{"name": "dry-run", "valueBoolean": True}], []):
        answer = await http.post("/fhir/$replay", json={"resourceType": "Parameters", "parameter": [*said, *dry]})
        assert answer.status_code == 200
        told = {each["name"]: each.get("valueUnsignedInt") for each in answer.json()["parameter"]}
        assert (told["waiting"], told["messages"]) == (2, 0 if by == "number" else 2)
    assert await states(engine, "strict") == ["applied", "shelved", "held", "held"]
    (patient,) = await found(http, "Patient?identifier=Lstrict")
    assert patient["name"][0]["family"] == "N1"
    assert (await resume(http, "strict")).status_code == 200
    assert await states(engine, "strict") == ["applied", "shelved", "applied", "applied"]


async def test_over_mllp_the_sender_is_told_to_try_again_and_then_that_it_is_done(engine: Engine, http: httpx.AsyncClient) -> None:
    async with sender(engine.mllp) as line:
        codes = []
        for number in (1, 2, 3):
            said = await line.ask(body(number, deadly=number == 2, feed="strict"))
            assert said is not None
            codes.append(said.code)
        again = await line.ask(body(3, feed="strict"))
        assert again is not None
        assert [*codes, again.code] == ["AA", "AE", "AR", "AR"]
        assert (await resume(http, "strict")).status_code == 200
        done = await line.ask(body(3, feed="strict"))
        assert done is not None
        assert done.code == "AA"
    assert await states(engine, "strict") == ["applied", "shelved", "applied"]


async def test_who_does_not_wait_is_acknowledged_and_what_was_sent_waits(engine: Engine, http: httpx.AsyncClient) -> None:
    """Many in one batch behind the one that is shelved."""
    answers = await asyncio.gather(
        *(http.post("/ingest/later", content=body(number, deadly=number == 2)) for number in range(1, 9))
    )
    assert {answer.status_code for answer in answers} == {202}
    async with asyncio.timeout(PATIENCE):
        while not (await standing(engine, "later")).shelved:  # whichever came first
            await asyncio.sleep(0.01)
    assert (await http.post("/ingest/later", content=body(9))).status_code == 202
    async with asyncio.timeout(PATIENCE):
        while "received" in await states(engine, "later"):
            await asyncio.sleep(0.01)
    entries = [entry for entry in await journal(engine) if entry.feed == "later"]
    place = next(at for at, entry in enumerate(entries) if entry.state == "shelved")
    assert {entry.state for entry in entries[place + 1 :]} == {"held"}
    assert {entry.state for entry in entries[:place]} <= {"applied"}
    assert (await resume(http, "later")).status_code == 200
    assert (await standing(engine, "later")).applied == 8


@pytest.mark.long
async def test_files_of_a_folder_wait_as_well(engine: Engine, http: httpx.AsyncClient, tmp_path: Path) -> None:
    assert (await http.post("/ingest/files", content=body(1, deadly=True))).status_code == 202
    await until(engine, "files", "shelved")
    (tmp_path / "part").write_bytes(body(2))
    (tmp_path / "part").rename(tmp_path / "in" / "two.hl7")
    await until(engine, "files", "shelved", "held")
    assert (await resume(http, "files")).status_code == 200
    await until(engine, "files", "shelved", "applied")


async def test_a_feed_that_stands_still_does_so_after_a_restart(tmp_path: Path, brittle: None) -> None:
    async with begun(tmp_path) as engine, client(engine) as http:
        await ingest(http, body(1, deadly=True), "strict")
        assert reason(await ingest(http, body(2), "strict")) == "feed-stopped"
    async with begun(tmp_path) as engine, client(engine) as http:
        assert await states(engine, "strict") == ["shelved", "held"]
        assert reason(await ingest(http, body(3), "strict")) == "feed-stopped"
        assert (await resume(http, "strict")).status_code == 200
        assert await states(engine, "strict") == ["shelved", "applied", "applied"]


@pytest.mark.long
async def test_on_a_database_it_is_the_same(database: str, tmp_path: Path, brittle: None) -> None:
    async with begun(tmp_path, database=database) as engine, client(engine) as http:
        answers = [await ingest(http, body(number, deadly=number == 2), "strict") for number in (1, 2, 3)]
        assert [answer.status_code for answer in answers] == [200, 500, 503]
        assert (await resume(http, "strict")).status_code == 200
        assert (await ingest(http, body(3), "strict")).status_code == 200
        assert await states(engine, "strict") == ["applied", "shelved", "applied"]
        assert (await standing(engine, "strict")).incomplete_since > 0


async def test_who_runs_the_engine_reads_one_sentence_and_one_action(
    engine: Engine, http: httpx.AsyncClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await ingest(http, body(1, deadly=True), "strict")
    shelved = (await journal(engine))[0].message
    known = {"feed": "", "state": "", "control_id": "", "count": 10, "body": 0, "as_json": False}
    assert await asyncio.to_thread(lambda: messages(tmp_path / "data", feeds=True, **known)) == 0  # type: ignore[arg-type]
    told = capsys.readouterr().err
    assert told.startswith(f"The feed strict stands still for message {shelved}. ")
    assert "interop replay --resume" in told
    assert (await resume(http, "strict")).status_code == 200
    assert await asyncio.to_thread(lambda: messages(tmp_path / "data", feeds=True, **known)) == 0  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["journal-unavailable", "throttled", "source-timeout", "mapping-fault"])
async def test_what_fails_while_it_is_applied_is_tried_again_where_the_table_says_that_it_passes_and_nowhere_else(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The second try would do: what does not pass by itself is not tried again though it would."""
    applier, tries = engine.workshop.applier, []
    whole = applier.apply

    async def failing(batch: list[Any]) -> Any:
        tries.append(len(batch))
        if len(tries) == 1:
            raise Problem(name)
        return await whole(batch)

    monkeypatch.setattr(applier, "apply", failing)
    monkeypatch.setattr("interop.apply.dispatcher.AGAIN", 0)
    answer = await ingest(http, body(1), "easy")
    assert len(tries) == 2
    assert (await states(engine, "easy"))[-1] == ("applied" if reasons()[name].retry == "transient" else "shelved")
    assert answer.status_code == (200 if reasons()[name].retry == "transient" else 500)
