"""Replay: messages are mapped again by the tables of today, and what comes of it takes the place of what they had said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from interop.audit.row import CHANGE
from interop.store.plan import Feeds, Message, Messages
from tests.spec.audit.test_engine import rows
from tests.spec.engine.retabling import NO_ALLERGIES, NO_GENDER, NO_UPDATES, forget, tables, use
from tests.spec.engine.running import client, found, running
from tests.spec.engine.taking import JSON, Told, persons, present, sent, taken
from tests.spec.engine.test_takedown import VISIT, message, status

pytestmark = pytest.mark.anyio
ANN = "TEST^ANN|||2"
OTHER = VISIT.removesuffix("V1") + "V2"
ALLERGY = "AL1|1|DA|PEN^Penicillin"


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Other tests find the packaged tables."""
    yield
    forget()


class Replayed(Told):
    """What a replay is answered."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.number = next(iter(self._all("replay")), 0)
        self.messages: int = self._all("messages")[0]
        self.next = next(iter(self._all("next")), 0)
        self.moved = [(each["message"], each["before"], each["now"]) for each in self._all("moved")]
        self.held = {}
        self.differences = {}
        for parameter in said["parameter"]:
            if parameter["name"] == "held":
                (_, number), (_, why), *rest = [tuple(each.values()) for each in parameter["part"]]
                self.held[number] = (why, sorted(reference for _, reference in rest))
            if parameter["name"] == "difference":
                parts = [(each["name"], each[next(name for name in each if name != "name")]) for each in parameter["part"]]
                one = dict(parts)
                self.differences[one["reference"]] = (
                    one["kind"],
                    [part for part in parts if part[0] in ("change", "vanish", "new")],
                )


async def asked(http: httpx.AsyncClient, *, dry: bool = False, **filters: Any) -> httpx.Response:
    forms = {
        "message": "valuePositiveInt",
        "after": "valueUnsignedInt",
        "count": "valuePositiveInt",
        "all": "valueBoolean",
        "since": "valueInstant",
        "until": "valueInstant",
    }
    said = [
        {"name": name.replace("_", "-"), forms.get(name, "valueString"): value}
        for name, values in filters.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    said += [{"name": "dry-run", "valueBoolean": True}] if dry else []
    return await http.post("/fhir/$replay", json={"resourceType": "Parameters", "parameter": said}, headers=JSON)


async def replayed(http: httpx.AsyncClient, *, dry: bool = False, **filters: Any) -> Replayed:
    """Replay what the filters choose."""
    answer = await asked(http, dry=dry, **(filters or {"all": True}))
    assert answer.status_code == 200, answer.text
    return Replayed(answer.json())


async def counts(engine: Engine) -> list[tuple[str, int, int, int]]:
    found = await engine.workshop.store.query(Feeds())
    return [(one.feed, one.applied, one.refused, one.failed) for one in found if one.feed != "replay"]


@pytest.mark.long
async def test_what_the_old_tables_said_and_the_new_ones_do_not_goes(
    tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        number = await sent(http, message(1, VISIT, ALLERGY, name=ANN))
        before = await present(engine)
        assert (await replayed(http)).differences == {}
    use(monkeypatch, tables(tmp_path / "tables", NO_GENDER | NO_ALLERGIES))
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        dry = await replayed(http, dry=True)
        assert await present(engine) == before
        told = await replayed(http)
        assert (dry.differences, dry.messages) == (told.differences, told.messages) == (told.differences, 1)
        kinds = {name.partition("/")[0]: said for name, said in told.differences.items()}
        assert kinds["Patient"] == ("change", [("vanish", "Patient.gender")])
        assert kinds["AllergyIntolerance"][0] == "vanish"
        assert kinds.keys() == {"Patient", "AllergyIntolerance"}
        (patient,) = await found(http, "Patient")
        assert "gender" not in patient
        assert await found(http, "AllergyIntolerance") == []
        assert (await status(http, number))["state"] == "applied"


@pytest.mark.long
async def test_twice_is_once(tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        for day in (3, 1, 2):
            await sent(http, message(day, VISIT, ALLERGY, name=ANN))
    use(monkeypatch, tables(tmp_path / "tables", NO_GENDER))
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        first = await replayed(http)
        (patient,) = await found(http, "Patient")
        entries = len(await engine.workshop.store.query(Messages(count=100)))
        second = await replayed(http)
        assert (first.number > 0, second.number, second.differences) == (True, 0, {})
        assert (await found(http, "Patient")) == [patient]
        assert len(await engine.workshop.store.query(Messages(count=100))) == entries


@pytest.mark.long
async def test_a_message_that_failed_is_in_the_record_once_there_is_a_table_for_it(
    tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = tables(tmp_path / "tables", NO_UPDATES)
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        use(monkeypatch, lacking)
        answer = await http.post("/ingest/hl7v2", content=message(1, VISIT, ALLERGY, name=ANN))
        while engine.workshop.unfinished:
            await engine.workshop.dispatcher.idle.wait()
        number = answer.json()["message"]
        state = (await status(http, number))["state"]
        assert state == "refused"
        assert await counts(engine) == [("hl7v2", 0, 1, 0)]
    use(monkeypatch, None)
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        assert (await replayed(http, dry=True, state="applied")).messages == 0
        told = await replayed(http, state=state, reason="unknown-trigger")
        assert told.moved == [(number, state, "applied")]
        assert {kind for kind, _ in told.differences.values()} == {"new"}
        said = await status(http, number)
        assert (said["state"], "reason" in said, said["carried"] > 0) == ("applied", False, True)
        assert await counts(engine) == [("hl7v2", 1, 0, 0)]
        assert len(await found(http, "AllergyIntolerance")) == 1


@pytest.mark.long
async def test_what_the_tables_of_today_refuse_is_left_as_it_is_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each resource in which its word stands: the rest is replayed."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        refused = await sent(http, message(1, VISIT, name=ANN))
        await sent(http, message(2, VISIT, name=ANN, trigger="A01"))
        (held,) = [name for name in await present(engine) if name.startswith("Patient")]
        await sent(http, message(3, OTHER, name=ANN, trigger="A01", patient="P2"))
        before = await present(engine)
    use(monkeypatch, tables(tmp_path / "tables", NO_GENDER | NO_UPDATES))
    async with running(tmp_path / "data") as engine, client(engine) as http:
        for dry in (True, False):
            told = await replayed(http, dry=dry)
            assert told.held.keys() == {refused}
            assert told.held[refused][0] == "unknown-trigger"
            assert held in told.held[refused][1]
            assert [name.partition("/")[0] for name in told.differences] == ["Patient"]
            assert held not in told.differences
        after = await present(engine)
        assert [name for name in before if before[name] != after[name]] == [*told.differences]


async def test_a_batch_at_a_time_until_there_is_no_next(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        numbers = [await sent(http, message(day, VISIT, patient=f"P{day}")) for day in range(1, 6)]
        after, told = 0, []
        while True:
            one = await replayed(http, all=True, after=after, count=2)
            told.append(one.messages)
            after = one.next
            if not after:
                break
        assert (sum(told), max(told)) == (5, 2)
        assert (await replayed(http, message=numbers[:2])).messages == 2
        assert (await replayed(http, since="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00Z")).messages == 0
        assert (await replayed(http, control_id="PASA083")).messages == 1
        assert (await asked(http)).status_code == 400
        assert (await asked(http, message=4711)).status_code == 404
        assert (await asked(http, message=1, feed="hl7v2")).status_code == 400


@pytest.mark.long
async def test_what_a_replay_has_shown_is_withheld_by_a_later_takedown(
    tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions that a replay has made hold the words of all its messages."""
    use(monkeypatch, tables(tmp_path / "tables", NO_ALLERGIES))
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        first = await sent(http, message(1, VISIT, name=ANN))
        wrong = await sent(http, message(2, VISIT, ALLERGY, name="WRONG^BOB|||2"))
    use(monkeypatch, tables(tmp_path / "others", NO_GENDER))
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        told = await replayed(http, message=first)
        assert {name.partition("/")[0] for name in told.differences} == {"Patient"}
        assert (await replayed(http)).differences
        (allergy,) = await found(http, "AllergyIntolerance")
        (patient,) = await found(http, "Patient")
    use(monkeypatch, tables(tmp_path / "again", NO_ALLERGIES))
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await taken(http, wrong)
        assert await found(http, "AllergyIntolerance") == []
        assert "WRONG" not in (await http.get("/fhir/_history?_count=100")).text
        assert (await http.get(f"/fhir/AllergyIntolerance/{allergy['id']}/_history/1")).status_code == 404
        assert "WRONG" not in (await http.get(f"/fhir/Patient/{patient['id']}/_history?_count=100")).text
        assert (await replayed(http, message=[first, wrong])).messages == 1


async def test_merges_that_are_told_again_are_the_same(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT, name=ANN))
        await sent(http, message(2, OTHER, patient="P2", name=ANN))
        await sent(http, message(3, "MRG|P2^^^PAS", trigger="A40", name=ANN))
        before, who = await present(engine), await persons(engine)
        assert max(map(len, who)) == 2
        told = await replayed(http)
        assert (told.number, told.differences) == (0, {})
        assert (await present(engine), await persons(engine)) == (before, who)


@pytest.mark.long
async def test_it_is_in_the_audit_before_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked, what becomes of which resource, of whom; nothing where nothing changes."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, VISIT, ALLERGY, name=ANN))
        await replayed(http)
        assert [row for row in rows(tmp_path / "data") if row.kind == CHANGE] == []
    use(monkeypatch, tables(tmp_path / "tables", NO_GENDER | NO_ALLERGIES))
    async with running(tmp_path / "data") as engine, client(engine) as http:
        told = await replayed(http)
        (entry,) = await engine.workshop.store.query(Message(told.number))
        (row,) = [row for row in rows(tmp_path / "data") if row.kind == CHANGE]
        assert entry.control_id.startswith("audit:")
        assert (row.interaction, len(row.patients)) == ("$replay", 1)
        assert sorted(tuple(key[:2]) for key in row.more["keys"]) == [("delete", "AllergyIntolerance"), ("update", "Patient")]
