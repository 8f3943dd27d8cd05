"""What is no longer kept goes: content of messages, replaced versions, and what a source alone has said that has withdrawn."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from interop.app.disposing import Disposing
from interop.app.engine import Engine
from interop.cli.main import app
from interop.policy.asker import TESTER
from interop.ports import Feed
from interop.store.plan import Heads, Message, Pairs, Persons, Sourced
from tests.spec.durability.process import CODE
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import client, ingest, journal, settings
from tests.spec.engine.taking import persons, taken
from tests.spec.engine.test_replay import OTHER, replayed
from tests.spec.engine.test_takedown import VISIT, message
from tests.spec.engine.test_takedown_api import put

pytestmark = pytest.mark.anyio
DAY = 24 * 3600 * 1_000_000
FEEDS = {
    "one": Feed("one", "hl7v2", test_numbers=True, organisation="RX1"),
    "two": Feed("two", "hl7v2", test_numbers=True, organisation="RX2"),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ago:
    """The time so many days ago."""

    def __init__(self, days: float) -> None:
        self.days = days

    def now(self) -> int:
        return time.time_ns() // 1000 - int(self.days * DAY)


@asynccontextmanager
async def engine(data: Path, ago: float = 0, **more: Any) -> AsyncIterator[tuple[Engine, httpx.AsyncClient, Ago]]:
    clock = Ago(ago)
    one = await Engine.start(settings(data, **more), clock, declared=FEEDS)
    try:
        async with client(one) as http:
            yield one, http, clock
    finally:
        await one.stop()


async def asked(one: Engine, *words: str) -> tuple[int, dict[str, Any], str]:
    """A command's exit code, what it printed as JSON, and the sentence on standard error."""
    url = ("--url", f"http://127.0.0.1:{one.http}") if "certificates" not in words else ()
    said = ["retention", *words, *url, "--data", str(one.settings.data), "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, said)
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 or "certificates" in words else {}, done.stderr


async def agree(http: httpx.AsyncClient, source: str, status: str) -> None:
    parameters = [{"name": "source", "valueString": source}, {"name": "status", "valueCode": status}]
    answer = await http.post("/fhir/$agreement", json={"resourceType": "Parameters", "parameter": parameters})
    assert answer.status_code in (200, 201), answer.text


async def sent(http: httpx.AsyncClient, feed: str, controls: Sequence[str], **more: Any) -> None:
    for control in controls:
        body = adt(control=control, local=f"L{feed}", visit=f"V{feed}", nhs=ZELDA, **more)
        if feed == "two":
            body = body.replace(b"|PAS|RX1|", b"|PAS|RX2|")
        answer = await ingest(http, body, feed)
        assert answer.status_code == 200, answer.text


async def test_content_and_versions_go_after_their_time_and_what_is_young_stays(tmp_path: Path) -> None:
    async with engine(tmp_path, 100) as (_, http, clock):
        for number, phone in enumerate(("01632960141", "01632960142", "01632960143")):
            await sent(http, "one", [f"A{number}"], phone=phone, at=f"2026010510000{number}")
        clock.days = 5
        await sent(http, "one", ["B"], phone="01632960144", at="20260105100009")
    async with engine(tmp_path, keep_journal=30, keep_versions=30) as (one, http, _):
        status, dry, _ = await asked(one, "run", "--dry-run")
        assert (status, dry["dryRun"], dry["messages"]) == (0, True, 3)
        assert dry["versions"] >= 2
        assert [bool(entry.body) for number in range(1, 5) for entry in await one.workshop.store.query(Message(number))] == [
            True
        ] * 4
        status, done, _ = await asked(one, "run")
        assert {**done, "dryRun": True} == dry
        entries = [entry for number in range(1, 5) for entry in await one.workshop.store.query(Message(number))]
        assert [bool(entry.body) for entry in entries] == [False, False, False, True]
        assert [entry.state for entry in entries] == ["applied"] * 4
        (patient,) = [entry["resource"] for entry in (await http.get("/fhir/Patient?identifier=Lone")).json()["entry"]]
        history = (await http.get(f"/fhir/Patient/{patient['id']}/_history")).json()
        assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["4", "3"]
        assert (await http.get(f"/fhir/Patient/{patient['id']}/_history/1")).status_code == 404
        assert (await asked(one, "run"))[1]["messages"] == 0
        again = await ingest(
            http, adt(control="B", local="Lone", visit="Vone", nhs=ZELDA, phone="01632960144", at="20260105100009"), "one"
        )
        assert again.status_code == 200
        assert len(await journal(one)) == 4


async def test_without_settings_everything_is_kept(tmp_path: Path) -> None:
    async with engine(tmp_path, 4000) as (_, http, _):
        await sent(http, "one", ["A", "B"])
        await agree(http, "RX1", "withdrawn")
    async with engine(tmp_path) as (one, _, _):
        _, done, _ = await asked(one, "run")
        assert (done["messages"], done["versions"], done["sources"], done["certificates"]) == (0, 0, {}, [])


async def test_what_a_source_has_said_that_withdrew_is_purged_when_its_time_has_come_and_certified(tmp_path: Path) -> None:
    async with engine(tmp_path, 100) as (one, http, clock):
        await agree(http, "RX1", "active")
        await sent(http, "one", ["A", "B"])
        await sent(http, "two", ["C"])
        ((_, keys),) = await one.workshop.store.query(Sourced("RX1"))
        mine = next(id_ for type_, id_ in keys if type_ == "Patient")
        assert len({person for _, person, _ in await one.workshop.store.query(Persons((mine,)))}) == 1
        assert len(await one.workshop.store.query(Persons((mine,)))) == 2
        clock.days = 40
        await agree(http, "RX1", "withdrawn")
    async with engine(tmp_path, purge_after=60) as (one, _, _):
        assert (await asked(one, "run", "--dry-run"))[1]["sources"] == {}
    async with engine(tmp_path, purge_after=30, open=False) as (one, http, _):
        _, dry, _ = await asked(one, "run", "--dry-run")
        assert list(dry["sources"]) == ["RX1"]
        before = await seen(one, http, keys)
        status, done, problem = await asked(one, "run")
        assert (status, problem, done["certificates"]) == (0, "", [1])
        assert await seen(one, http, keys) == before
        assert (await one.workshop.store.query(Sourced("RX1")))[0][1] == [
            key for key in keys if key[0] in ("Organization", "Location")
        ]
        gone = tuple(key for key in keys if key[0] not in ("Organization", "Location", "Practitioner"))
        for head in await one.workshop.store.query(Heads(gone)):
            assert (head.deleted, head.body, head.contributions) == (True, b"", {})
        entries = {entry.control_id: entry for number in range(1, 8) for entry in await one.workshop.store.query(Message(number))}
        assert [bool(entries[control].body) for control in "ABC"] == [False, False, True]
        assert entries["A"].keys == ()
        assert entries["C"].keys != ()
        assert [len(line) for line in [await one.workshop.store.query(Persons((mine,)))]] == [1]
        _, said, _ = await asked(one, "certificates")
        assert (said["source"], said["genuine"], said["people"], said["messages"]) == ("RX1", True, 1, 2)
        assert said["resources"] == dry["sources"]["RX1"]
        text = (tmp_path / "audit" / "checkpoints" / "000001.certificate").read_text()
        assert all(word not in text for word in ("QUARRINGTON", ZELDA, mine))
        assert (await asked(one, "run"))[1]["certificates"] == []
        path = tmp_path / "audit" / "checkpoints" / "000001.certificate"
        path.write_text(path.read_text().replace('"people": 1', '"people": 0'))
        assert (await asked(one, "certificates"))[:2] == (1, {**said, "people": 0, "genuine": False})


async def seen(one: Engine, http: httpx.AsyncClient, keys: list[tuple[str, str]]) -> list[tuple[int, bytes]]:
    """What a practitioner of another organisation is answered who asks for each of these, by every way."""
    said = ["token", "--data", str(one.settings.data), "--role", "gp", "--org", "RX9"]
    made = await asyncio.to_thread(CliRunner().invoke, app, said)
    bearer = {"authorization": f"Bearer {made.stdout.strip()}"}
    found = []
    for type_, id_ in [*keys, ("Patient", "nobody")]:
        place = f"/fhir/{type_}/{id_}"
        for address in (place, f"{place}/_history", f"{place}/_history/1", f"{place}/_history/2", f"/fhir/{type_}?_id={id_}"):
            answer = await http.get(address, headers=bearer)
            assert answer.status_code in (200, 404), answer.text
            content = answer.json()
            for changing in ("timestamp", "id", "meta"):
                content.pop(changing, None)
            found.append((answer.status_code, json.dumps(content).replace(str(http.base_url), "").encode()))
    return found


@pytest.mark.long
async def test_a_purge_that_is_cut_off_goes_on_and_everything_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path, 100) as (_, http, _):
        await sent(http, "one", ["A", "B", "C"])
        await agree(http, "RX1", "withdrawn")
    expected: dict[str, Any] = {}
    for cut in (99, 1, 2, 3):
        place = tmp_path.with_name(f"{tmp_path.name}-{cut}")
        shutil.copytree(tmp_path, place)
        async with engine(place, purge_after=1) as (one, _, _):
            left = cut
            commit = one.workshop.store.commit

            async def fails(change: Any, commit: Any = commit) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise OSError("cut off")
                return await commit(change)

            monkeypatch.setattr(one.workshop.store, "commit", fails)
            status, _, _ = await asked(one, "run")
            assert status == (0 if cut == 99 else 1)
        monkeypatch.undo()
        async with engine(place, purge_after=1) as (one, _, _):
            await asked(one, "run")
            _, said, _ = await asked(one, "certificates")
            told = {name: said[name] for name in ("resources", "versions", "people", "messages", "bytes", "sha256")}
            expected = expected or told
            assert told == expected, cut


@pytest.mark.long
async def test_a_rebuild_says_what_it_cannot_make_again_and_does_without_it_when_it_is_told_to(tmp_path: Path) -> None:
    async with engine(tmp_path / "data", 100) as (_, http, clock):
        await sent(http, "one", ["A"])
        clock.days = 5
        await sent(http, "one", ["B"], phone="01632960144", at="20260105100009")
    async with engine(tmp_path / "data", keep_journal=30) as (one, _, _):
        assert (await asked(one, "run"))[1]["messages"] == 1
    words = ["rebuild", "--data", str(tmp_path / "data"), "--into", str(tmp_path / "new"), "--mappers", "0", "--test-numbers"]
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", CODE, *words], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("1 messages have no content any more")
    assert not (tmp_path / "new").exists()
    words.append("--without-purged")
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", CODE, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    async with engine(tmp_path / "new") as (one, _, _):
        entries = [entry for number in (1, 2) for entry in await one.workshop.store.query(Message(number))]
        assert [(entry.state, entry.reason) for entry in entries] == [("failed", "purged"), ("applied", "")]


async def test_a_takedown_that_would_need_what_is_gone_is_refused(tmp_path: Path) -> None:
    async with engine(tmp_path, 100) as (_, http, clock):
        await sent(http, "one", ["A"])
        clock.days = 5
        await sent(http, "one", ["B"], phone="01632960144", at="20260105100009")
    async with engine(tmp_path, keep_journal=30) as (one, http, _):
        await asked(one, "run")
        last = (await journal(one))[-1].message
        parameters = [{"name": "message", "valuePositiveInt": last}, {"name": "reason", "valueString": "Of another person"}]
        answer = await http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": parameters})
        assert answer.status_code == 410, answer.text
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "purged"


async def test_the_audit_goes_by_runs_and_what_is_left_is_verified_and_read(tmp_path: Path) -> None:
    for ago in (100, 90, 5):
        async with engine(tmp_path, ago) as (_, http, _):
            await sent(http, "one", [f"A{ago}"])
    async with engine(tmp_path, keep_audit=30) as (one, http, _):
        assert (await asked(one, "run", "--dry-run"))[1]["audit-parts"] == 2
        assert (await asked(one, "run"))[1]["audit-parts"] == 2
        assert (await asked(one, "run"))[1]["audit-parts"] == 0
        assert (await http.get("/fhir/AuditEvent?_count=50")).status_code == 200
    assert sorted(path.name for path in (tmp_path / "audit").glob("*.log")) == ["00000003-0001.log", "00000004-0001.log"]
    done = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", "--data", str(tmp_path), "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["bad"], said["removed"] > 0) == (0, None, True)
    again = tmp_path.with_name("again")
    words = ["backup", str(tmp_path.with_name("backup")), "--data", str(tmp_path), "--json"]
    assert (await asyncio.to_thread(CliRunner().invoke, app, words)).exit_code == 0
    words = ["restore", str(tmp_path.with_name("backup")), "--data", str(again), "--json"]
    assert (await asyncio.to_thread(CliRunner().invoke, app, words)).exit_code == 0
    async with engine(again):
        pass
    done = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", "--data", str(again), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["removed"]) == (0, said["removed"])


async def test_a_replay_does_not_undo_a_merge_whose_message_has_lost_its_content(tmp_path: Path) -> None:
    """It is named as held: whether it would be said today nobody can tell."""
    ann = "TEST^ANN|||2"
    async with engine(tmp_path, 100) as (_, http, clock):
        await taken_in(http, message(1, VISIT, name=ann))
        await taken_in(http, message(2, OTHER, patient="P2", name=ann))
        merge = await taken_in(http, message(3, "MRG|P2^^^PAS", trigger="A40", name=ann))
        clock.days = 20
        last = await taken_in(http, message(4, VISIT, name="TEST^ANNE|||2"))
        await taken_in(http, message(5, OTHER, patient="P2", name="TEST^ANNE|||2"))
    async with engine(tmp_path, keep_journal=60, keep_versions=10) as (one, http, _):
        who = await persons(one)
        assert max(map(len, who)) == 2
        assert (await asked(one, "run"))[1]["messages"] == 3
        told = await replayed(http, message=last)
        assert await persons(one) == who
        assert told.held[merge][0] == "purged"
        assert len(told.held[merge][1]) == 2


async def test_a_replay_keeps_the_merge_of_a_message_that_is_gone_beside_the_one_that_it_reads(tmp_path: Path) -> None:
    """Of two who were each merged into the other: a merge that is forgotten might let another be believed."""
    ann = "TEST^ANN|||2"
    async with engine(tmp_path, 100) as (_, http, clock):
        await taken_in(http, message(1, VISIT, name=ann))
        await taken_in(http, message(2, "MRG|P2^^^PAS", trigger="A40", name=ann))
        clock.days = 20
        last = await taken_in(http, message(3, "MRG|P1^^^PAS", patient="P2", trigger="A40", name=ann))
        await taken_in(http, message(4, VISIT, name="TEST^ANNE|||2"))
    async with engine(tmp_path, keep_journal=60, keep_versions=10) as (one, http, _):
        patients = tuple(each for group in await persons(one) for each in group)
        (was,) = await one.workshop.store.query(Pairs(patients))
        assert was.tie == "merge:ab"
        assert (await asked(one, "run"))[1]["messages"] == 2
        await replayed(http, message=last)
        assert await one.workshop.store.query(Pairs(patients)) == [was]


async def test_takedowns_keep_their_content_whoever_wrote_what_they_took(tmp_path: Path) -> None:
    """Whoever asks for one again is told what was told of it before."""
    async with engine(tmp_path, 100) as (_, http, _):
        await put(http, "Basic/b1", {"resourceType": "Basic", "id": "b1", "code": {"text": "right"}})
        wrong = await put(http, "Basic/b1", {"resourceType": "Basic", "id": "b1", "code": {"text": "wrong"}})
        told = await taken(http, wrong)
    async with engine(tmp_path, keep_journal=30) as (one, http, _):
        assert (await asked(one, "run"))[1]["messages"] == 2
        again = await taken(http, wrong)
        assert (again.takedown, again.resources.keys()) == (told.takedown, told.resources.keys())


async def taken_in(http: httpx.AsyncClient, body: bytes) -> int:
    answer = await ingest(http, body.replace(b"RXX", b"RX1"), "one")
    assert answer.json()["state"] == "applied", answer.text
    return int(answer.json()["message"])


class Seats:
    """Of a database that several processes share: whoever has a seat is given it again, and leaves it once."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def take(self, name: str) -> bool:
        self.told.append("taken")
        return True

    async def leave(self, name: str) -> None:
        self.told.append("left")

    async def started(self) -> None:
        """Nobody waits."""


async def test_of_two_runs_in_one_process_none_leaves_the_seat_while_the_other_goes_on(tmp_path: Path) -> None:
    """Else one in another process would begin beside it."""
    async with engine(tmp_path, keep_journal=30) as (one, _, _):
        seats = one.workshop.seats = Seats()
        disposing = Disposing(one.settings, one.workshop, one.audited, FEEDS)
        await asyncio.gather(*(disposing.run(TESTER) for _ in range(3)))
        assert seats.told == ["taken", "left"] * 3
