"""Who saw what was taken down: everyone, from the audit; who is told; who may take down; what is found of it afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import pytest

from interop.api.delivering.meaning import CONTENT
from interop.app.engine import Engine
from interop.audit.log import AuditLog
from interop.audit.row import CHANGE, NOTICE
from interop.audit.trail import Trail
from interop.clock import ManualClock
from interop.fhir.validation import check
from interop.notify.topics import Topic
from tests.spec.audit.test_engine import rows
from tests.spec.engine.running import client, running
from tests.spec.engine.taking import JSON, ask, sent, taken
from tests.spec.engine.test_takedown import VISIT, message
from tests.spec.policy.test_held_commands import ann, run, token

pytestmark = pytest.mark.anyio
WHY = "about another person"


class World(NamedTuple):
    """An engine with sign-on, Ann who has given consent, an Observation of hers that is wrong, who is who."""

    engine: Engine
    http: httpx.AsyncClient
    ann: str
    tokens: dict[str, str]

    async def get(self, role: str, address: str) -> httpx.Response:
        return await self.http.get(f"/fhir/{address}", headers={"authorization": f"Bearer {self.tokens[role]}"})

    async def put(self, address: str, body: dict[str, Any]) -> None:
        bearer = {"authorization": f"Bearer {self.tokens['tester']}"}
        answer = await self.http.put(f"/fhir/{address}", json=body, headers={**JSON, **bearer})
        assert answer.is_success, answer.text

    async def down(self, *more: str, role: str = "privacy-officer", what: tuple[str, ...] = ("document", "Observation/o1")) -> Any:
        command = ("takedown", *what, "--reason", WHY, "--json", *more)
        done = await run(self.engine, *command, token=self.tokens[role])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@asynccontextmanager
async def world(data: Path) -> AsyncIterator[World]:
    async with running(data, open=False) as engine, client(engine) as http:
        id_ = await ann(engine)
        roles = {"tester": "", "gp": "A81001", "hospital-clinician": "RX1", "privacy-officer": "RX1", "operator": "RX1"}
        tokens = {role: await token(engine, role, org) for role, org in roles.items()}
        assert (await run(engine, "consent", id_, "given", token=tokens["gp"])).exit_code == 0
        made = World(engine, http, id_, tokens)
        fact = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": f"Patient/{id_}"}}
        for name in ("o1", "o2"):
            await made.put(f"Observation/{name}", {**fact, "id": name})
        yield made


async def test_everyone_who_was_given_it_is_listed_and_nobody_else(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        for role, address in (
            ("gp", "Observation/o1"), ("gp", "Observation/o2"), ("gp", f"Patient/{at.ann}"), ("gp", "Observation/o1/_history/1"),
            ("gp", f"Observation?patient={at.ann}"), ("gp", f"Patient/{at.ann}/$everything"),
            ("gp", f"Patient?_id={at.ann}&_revinclude=Observation:patient"), ("gp", f"Condition?patient={at.ann}"),
            ("hospital-clinician", "Observation/o1"), ("hospital-clinician", f"Patient/{at.ann}"),
        ):  # fmt: skip
            answer = await at.get(role, address)
            assert answer.status_code == (404 if (role, address) == ("hospital-clinician", "Observation/o1") else 200), address
        dry = await at.down("--dry-run")
        assert (dry["dryRun"], dry["people"], dry["seen"]) == (True, 1, [])
        told = await at.down("--yes")
        seen = [(one["role"], one["organisation"], one["how"], one["what"]) for one in told["seen"]]
        assert seen == [
            ("gp", "A81001", "read", "Observation"), ("gp", "A81001", "vread", "Observation"),
            ("gp", "A81001", "search-type", "Observation"), ("gp", "A81001", "$everything", "Patient"),
            ("gp", "A81001", "search-type", "Patient"),
        ]  # fmt: skip
        assert len({one["event"] for one in told["seen"]}) == 5
        assert (await at.get("privacy-officer", f"AuditEvent/{told['seen'][0]['event']}")).status_code == 200
        assert await at.down("--yes") == {**told, "resources": [{**told["resources"][0], "withheld": 0}]}
        await at.get("gp", f"Observation?patient={at.ann}")
        assert (await at.down("--yes"))["seen"] == told["seen"]


async def test_each_who_saw_it_and_each_subscription_waits_in_the_outbox_without_a_name(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        await at.get("gp", "Observation/o1")
        channel = {"type": "rest-hook", "endpoint": "https://93.184.215.14/told"}
        results = Topic("r", "urn:example:results", "Observation", frozenset(("created",)), None, frozenset())
        cast("dict[str, Topic]", at.engine.audited.topics)[results.url] = results
        by_topic = {"type": "websocket", "_payload": {"extension": [{"url": CONTENT, "valueCode": "empty"}]}}
        for name, criteria, status in (
            ("s1", "Observation?code=x", "requested"), ("s2", "Condition", "requested"), ("s3", "Observation", "off"),
            ("s4", results.url, "requested"),
        ):  # fmt: skip
            said = {"resourceType": "Subscription", "id": name, "status": status, "reason": "x", "criteria": criteria}
            await at.put(f"Subscription/{name}", {**said, "channel": by_topic if name == "s4" else channel})
        told = await at.down("--yes")
        await at.engine.audited.tick()
        alerts = [alert for alert in at.engine.audited.outbox() if alert.rule == "takedown"]
        assert sorted(alert.organisation for alert in alerts) == ["", "", "A81001"]
        assert at.ann not in str(alerts)
        queue = (await at.get("privacy-officer", "$privacy-queue?rule=takedown")).json()
        items = [{part["name"]: part for part in each["part"]} for each in queue["parameter"]]
        assert sorted(item["role"]["valueCode"] for item in items) == ["gp", "subscriber", "subscriber"]
        assert {item["user"]["valueString"] for item in items} == {told["seen"][0]["user"], "Subscription/s1", "Subscription/s4"}
        assert at.ann not in json.dumps(queue)
        await at.down("--yes")
        await at.engine.audited.tick()
        assert len([alert for alert in at.engine.audited.outbox() if alert.rule == "takedown"]) == 3


async def test_who_cannot_be_told_of_one_takedown_keeps_no_alert_from_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.audited.TICK", 3_600)  # whoever tells has it in hand meanwhile
    async with world(tmp_path / "data") as at:
        audited = at.engine.audited
        await at.get("gp", "Observation/o1")
        await at.down("--yes")
        audited.untold.append(1 << 40)
        with pytest.raises(ValueError, match="unpack"):
            await audited.tick()
        assert [alert for alert in audited.outbox() if alert.rule == "takedown"]
        audited.untold.clear()


async def test_it_is_in_the_audit_before_it_is_done_and_the_person_sees_that_it_was(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        number = (await at.down("--yes"))["takedown"]
        attempt = next(row for row in rows(tmp_path / "data") if row.interaction == "$takedown" and row.kind == CHANGE)
        assert (attempt.who.role, attempt.patients, attempt.more["keys"]) == (
            "privacy-officer", (at.ann,), [["takedown", "Observation", "o1"]],
        )  # fmt: skip
        said = (await at.http.get(f"/messages/{number}", headers={"authorization": f"Bearer {at.tokens['operator']}"})).json()
        assert said["controlId"] == f"audit:1-{attempt.sequence}"
        looks = (await at.get("privacy-officer", f"Patient/{at.ann}/$who-looked")).json()["parameter"]
        found = [{part["name"]: list(part.values())[1] for part in each["part"]} for each in looks if each["name"] == "look"]
        assert [(look["action"], look["what"], look["role"]) for look in found if look["what"] == "$takedown"] == [
            ("removed something from the record", "$takedown", "privacy-officer")
        ]


async def test_its_audit_events_keep_to_r4(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        await at.get("gp", "Observation/o1")
        await at.down("--yes")
        found = (await at.get("privacy-officer", "AuditEvent?_count=200")).json()["entry"]
        events = [each["resource"] for each in found if "$takedown" in json.dumps(each)]
        assert {event["action"] for event in events} >= {"D", "E"}
        for event in events:
            assert [finding for finding in check(event) if finding.severity == "error"] == []


async def test_only_a_privacy_officer_takes_down(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        for role in ("gp", "hospital-clinician", "operator"):
            done = await run(at.engine, "takedown", "document", "Observation/o1", "--reason", WHY, "--yes", token=at.tokens[role])
            assert done.exit_code == 1
            assert "403" in done.stderr
        assert (await at.get("gp", "Observation/o1")).status_code == 200


async def test_afterwards_it_is_gone_for_those_who_could_see_it_and_nothing_for_those_who_could_not(tmp_path: Path) -> None:
    """Who never could is answered as before; to who could, it is as absent as what never was, or gone where a deletion is shown."""
    async with world(tmp_path / "data") as at:
        outside = [await at.get("hospital-clinician", address) for address in ("Observation/o1", "Observation/none")]
        assert (await at.get("gp", "Observation/o1")).status_code == 200
        await at.down("--yes")
        after = [await at.get("hospital-clinician", address) for address in ("Observation/o1", "Observation/none")]
        assert [answer.status_code for answer in (*outside, *after)] == [404] * 4
        assert outside[0].content == after[0].content
        for role in ("gp", "tester"):
            assert (await at.get(role, "Observation/o1")).status_code == 410
            for address in ("Observation/o1/_history/1", "Observation/o1/_history/9"):
                assert (await at.get(role, address)).status_code == 404
        for role in ("privacy-officer", "operator"):
            for address in ("Observation/o1", "Observation/o1/_history/1"):
                assert (await at.get(role, address)).status_code in (403, 404)


async def test_so_it_is_with_what_a_feed_sent(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        bearer = {"authorization": f"Bearer {at.tokens['tester']}"}
        numbers = []
        practice = "PD1|||SURGERY^^A81001"
        for day, more in ((1, (VISIT,)), (2, (VISIT, "AL1|1|DA|PEN^Penicillin"))):
            body = message(day, practice, *more)
            answer = await at.http.post("/ingest/hl7v2?wait=applied", content=body, headers=bearer)
            numbers.append(answer.json()["message"])
        (patient,) = [each["resource"]["id"] for each in (await at.get("tester", "Patient?name=TEST")).json()["entry"]]
        assert (await run(at.engine, "agreement", "add", "RXX", token=at.tokens["tester"])).exit_code == 0
        assert (await run(at.engine, "consent", patient, "given", token=at.tokens["gp"])).exit_code == 0
        (allergy,) = [each["resource"]["id"] for each in (await at.get("tester", "AllergyIntolerance")).json()["entry"]]
        addresses = [
            f"AllergyIntolerance/{allergy}",
            f"AllergyIntolerance/{allergy}/_history/1",
            f"AllergyIntolerance?patient={patient}",
        ]
        roles = ("gp", "hospital-clinician")
        before = {role: [await at.get(role, address) for address in addresses] for role in roles}
        assert [answer.status_code for answer in before["gp"]] == [200] * 3
        told = await at.down("--yes", what=("message", str(numbers[1])))
        assert {(one["role"], one["how"]) for one in told["seen"]} == {
            (role, how) for role, hows in (("gp", ("read", "vread", "search-type")), ("tester", ("search-type",))) for how in hows
        }
        after = {role: [await at.get(role, address) for address in addresses] for role in roles}
        assert [answer.status_code for answer in after["gp"]] == [410, 404, 200]
        assert after["gp"][2].json().get("entry", []) == []
        other = "hospital-clinician"
        assert [answer.status_code for answer in before[other][:2]] == [404, 404]
        assert [answer.content for answer in before[other][:2]] == [answer.content for answer in after[other][:2]]


async def test_what_came_without_a_person_is_found_in_the_audit_too(tmp_path: Path) -> None:
    """A Binary names nobody; neither do the rows of who read it."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        letter = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "eA=="}
        assert (await http.put("/fhir/Binary/b", json=letter, headers=JSON)).status_code == 201
        for address in ("Binary/b", "Binary/none", "Patient"):
            await http.get(f"/fhir/{address}")
        told = await taken(http, "Binary/b")
        assert [(one["how"], one["what"]) for one in told.seen] == [("read", "Binary")]


async def test_who_asked_by_a_query_of_hl7_v2_is_listed(tmp_path: Path) -> None:
    """A Patient whose name was wrong is found by it."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        number = await sent(http, message(2, VISIT, name="OTHER^BOB"))
        query = "MSH|^~\\&|X|RXX|HUB|HUB|20260105||QBP^Q22^QBP_Q21|Q1|P|2.5\rQPD|Q22^Find|T1|@PID.5.1^OTHER\rRCP|I|10^RD"
        asked = await http.post("/ingest/hl7v2", content=query.encode())
        assert "OTHER" in asked.text
        told = await taken(http, number)
        assert {one["how"] for one in told.seen} == {"QBP^Q22"}


async def test_the_list_goes_back_to_when_it_came_and_not_further(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT))
        patient = (await http.get("/fhir/Patient")).json()["entry"][0]["resource"]["id"]
        number = await sent(http, message(2, VISIT, name="OTHER^BOB"))
        await http.get(f"/fhir/Patient/{patient}")
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await http.get(f"/fhir/Patient/{patient}/_history/1")
        told = await taken(http, number)
        assert [one["how"] for one in told.seen] == ["read", "vread"]
        assert told.gaps == []


def test_where_an_engine_ended_without_a_word_reads_may_lack(
    tmp_path: Path, opened: Callable[..., AuditLog], clock: ManualClock
) -> None:
    first = opened()
    clock.advance(10)
    first.write("read")
    last = clock.now()
    os.close(first._file)  # as a process that is no more lets go of it
    clock.advance(60)
    second = opened()
    second.close()
    clock.advance(60)
    third = opened()
    trail = Trail(tmp_path / "audit")
    try:
        assert trail.gaps(0) == [(last, last + 60_000_000)]
        assert trail.gaps(last + 60_000_001) == []
    finally:
        trail.close()
        third.close()


async def test_a_takedown_of_which_nobody_was_told_is_told_at_the_next_start(tmp_path: Path) -> None:
    """The process ended between the record and the list."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await sent(http, message(2, VISIT, name="OTHER^BOB"))
        await http.get("/fhir/Patient")
        seen = engine.audited.auditing.seen
        engine.audited.auditing.seen = None  # type: ignore[method-assign, assignment]
        assert (await ask(http, number)).status_code == 500
        engine.audited.auditing.seen = seen  # type: ignore[method-assign]
    async with running(tmp_path / "data") as engine, client(engine) as http:
        notices = [row for row in rows(tmp_path / "data") if row.kind == NOTICE]
        assert [len(row.more["seen"]) for row in notices] == [1]
        assert len((await taken(http, number)).seen) == 1
        assert [row for row in rows(tmp_path / "data") if row.kind == NOTICE] == notices


@pytest.mark.long
async def test_the_command_tells_what_would_go_and_asks(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as at:
        command = ["takedown", "document", "Observation/o1", "--reason", WHY]
        unasked = await run(at.engine, *command, token=at.tokens["privacy-officer"])
        assert unasked.exit_code == 2
        assert "Observation/o1: goes; versions withheld: 1" in unasked.stdout
        assert "--yes" in unasked.stderr
        for said, code in ((b"n\n", 2), (b"y\n", 0)):
            assert (await at.get("gp", "Observation/o1")).status_code == 200
            assert await typed(at, command, said) == code
        assert (await at.get("gp", "Observation/o1")).status_code == 410


async def typed(at: World, command: list[str], said: bytes) -> int:
    """The exit status of the command at a terminal at which this is typed."""
    ours, theirs = pty.openpty()
    try:
        more = ["--url", f"http://127.0.0.1:{at.engine.http}", "--token", at.tokens["privacy-officer"]]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from interop.cli import main; main()", *command, *more,
            stdin=theirs, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        os.write(ours, said)
        out, errors = await process.communicate()
        assert b"[y/N]" in errors, out + errors
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode is not None
    return process.returncode
