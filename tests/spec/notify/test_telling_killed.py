"""A process that is killed while it tells somebody: told again under the same key, and known by it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.clock import ManualClock
from interop.store.values import Change
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.engine.running import found
from tests.spec.notify.mailserver import mailing
from tests.spec.notify.receiving import receiving
from tests.spec.notify.telling import MAIL, Telephones, declared, person, told
from tests.spec.rules.acting import START, team

pytestmark = [pytest.mark.anyio, pytest.mark.long]


def own(directory: Path) -> tuple[str, ...]:
    """A rule that tells of each stay, at any hour."""
    site = directory / "site"
    site.mkdir()
    head = "id,event,condition,action,to,within,once,says,why\n"
    (site / "rules.csv").write_text(f"{head}told-it,admitted,,notify admitted,named-clinician,1d,event,See to it,It is tried\n")
    (site / "quiet.csv").write_text("id,to,channel,from,until,urgent,why\nprofessional-sms,-,-,-,-,-,It is tried at night too\n")
    return ("--rules", str(site))


async def admitted(http: httpx.AsyncClient, practitioner: dict[str, Any]) -> None:
    """Somebody for whom a clinician answers comes into hospital."""
    answer = await http.post("/ingest/hl7v2?wait=applied", content=adt("A28", "K1", at="20251201100000"))
    assert answer.is_success, answer.text
    (patient,) = await found(http, "Patient?identifier=L1001")
    for each in (practitioner, team("t1", patient["id"])):
        answer = await http.put(f"/fhir/{each['resourceType']}/{each['id']}", json=each)
        assert answer.is_success, answer.text
    answer = await http.post("/ingest/hl7v2?wait=applied", content=adt("A01", "K2", at=f"{datetime.now(UTC):%Y%m%d%H%M%S}"))
    assert answer.is_success, answer.text


async def test_killed_between_sending_and_the_mark_the_gateway_knows_it_by_its_key(tmp_path: Path) -> None:
    async with mailing() as mail, receiving() as receiver:
        telephones = Telephones(receiver)
        options = ("--destinations", str(declared(tmp_path, mail.port, receiver.url.removesuffix("/in"))), *own(tmp_path))
        receiver.answers = [-2]
        async with Served(tmp_path / "data", *options) as engine, engine.client() as http:
            await admitted(http, person("Practitioner", "named"))
            await receiver.until(1)
            engine.kill()
        reference = telephones.sent[0]["reference"]
        telephones.states[reference] = "sending"
        receiver.answers = [200]
        async with Served(tmp_path / "data", *options):
            got = await receiver.until(2)
        assert [each.method for each in got[:2]] == ["POST", "GET"]
        assert got[1].path == f"/v2/notifications?reference={reference}"
        assert len(telephones.sent) == 1


async def test_killed_before_the_answer_an_e_mail_goes_again_under_its_name_and_says_so(tmp_path: Path) -> None:
    async with mailing() as mail, receiving() as receiver:
        options = ("--destinations", str(declared(tmp_path, mail.port, receiver.url.removesuffix("/in"))), *own(tmp_path))
        mail.replies = [-1, 250]
        async with Served(tmp_path / "data", *options) as engine, engine.client() as http:
            await admitted(http, person("Practitioner", "named", {"system": "email", "value": MAIL}))
            await mail.until(1)
            engine.kill()
        async with Served(tmp_path / "data", *options):
            await mail.until(2)
        first, second = (each.message for each in mail.got)
        assert first["Message-ID"] == second["Message-ID"]
        assert (first["X-Possible-Duplicate"], second["X-Possible-Duplicate"]) == (None, "yes")


class Dying:
    """A store that takes so many commits more; whoever makes the next hears nothing of it any more."""

    def __init__(self, store: Any) -> None:
        self._commit, self.left, self.died = store.commit, -1, asyncio.Event()
        store.commit = self

    async def __call__(self, change: Change) -> Any:
        if self.left == 0:
            self.died.set()
            await asyncio.Event().wait()
        self.left -= 1
        return await self._commit(change)


async def test_wherever_it_ends_in_between_everybody_is_told_once(tmp_path: Path) -> None:
    """From the journal's entry of what is to be told to the last mark of what became of it, commit by commit."""
    for commits in range(1, 30):
        clock, place = ManualClock(START), tmp_path / str(commits)
        place.mkdir()
        async with told(place, clock) as one:
            dying = Dying(one.here.engine.workshop.store)
            dying.left = commits
            quiet = asyncio.create_task(one.communication("Practitioner/named"))
            died = asyncio.create_task(dying.died.wait())
            await asyncio.wait((quiet, died), return_when=asyncio.FIRST_COMPLETED)
            alive = not died.done()
            for each in (quiet, died):
                each.cancel()
            await asyncio.gather(quiet, died, return_exceptions=True)
            dying.left = -1  # an engine that is stopped in order writes a little more
        sent = len(one.telephones.sent)
        async with told(place, clock, one.telephones.states) as again:
            await again.quiet()
            await again.later(60)
            assert sent + len(again.telephones.sent) == 1, commits
            assert ((await again.read("c1"))["status"], again.mail.got, one.mail.got) == ("in-progress", [], [])
        if alive:
            break
    assert 5 < commits < 29
