"""``$export`` (FHIR Bulk Data Access IG 2.0.0): kick-off, status, manifest, files, and what they hold."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.asgi import Request, Response
from interop.api.auditing.auditor import Unaudited
from interop.api.exporting.exports import AT_ONCE, KEPT, Exports
from interop.api.exporting.job import NAME, Job, decoded, keep
from interop.api.exporting.locking import let_go, taken
from interop.api.problems import json_error
from interop.api.services import Services
from interop.apply.journalled import TAKEN
from interop.clock import ManualClock
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Entry, Outcome
from tests.spec.api.conftest import BASE, Client, calling
from tests.spec.api.people import contribute, encounter, patient, plan

pytestmark = pytest.mark.anyio
ASYNC = {"prefer": "respond-async", "accept": "application/fhir+json"}
GROUP = {
    "resourceType": "Group",
    "id": "g",
    "type": "person",
    "actual": True,
    "member": [
        {"entity": {"reference": "Patient/gp"}},
        {"entity": {"reference": "Patient/b"}, "inactive": True},
        {"entity": {"reference": "Group/inner"}},
    ],
}
INNER = {**GROUP, "id": "inner", "member": [{"entity": {"reference": "Patient/c"}}, {"entity": {"reference": "Group/g"}}]}


@pytest.fixture
async def exports(
    services: Services, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Exports]:
    """They look when they are woken; no test is about how soon they do by themselves."""
    monkeypatch.setattr("interop.api.exporting.exports.LOOK", 3_600)
    made = Exports(tmp_path / "exports", clock, room=lambda directory: 1 << 40)
    made.services, services.exports = services, made
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
async def _record(store: SqlStore) -> None:
    await contribute(store, {"resourceType": "Practitioner", "id": "dr"}, GROUP, INNER)
    await contribute(store, *map(patient, ("gp", "pas", "b", "c")), persons={"gp": "one", "pas": "one", "b": "two", "c": "three"})
    await contribute(store, encounter("e1", "pas"), encounter("e2", "gp", status="finished"), encounter("e3", "b"), plan("c1", "c"))


async def kick(client: Client, address: str, **more: Any) -> httpx.Response:
    return await client.http.request("GET", f"/fhir/{address}", headers={**ASYNC, **more})


async def done(client: Client, exports: Exports, address: str, **more: Any) -> dict[str, Any]:
    """The manifest of an export."""
    answer = await kick(client, address, **more)
    assert answer.status_code == 202, answer.text
    await exports.settled()
    told = await client.http.get(answer.headers["content-location"])
    assert told.status_code == 200, told.text
    manifest: dict[str, Any] = told.json()
    return manifest


async def lines(client: Client, manifest: dict[str, Any], kind: str = "output") -> list[dict[str, Any]]:
    """What the files of a manifest hold."""
    found = []
    for each in manifest[kind]:
        answer = await client.http.get(each["url"])
        assert answer.headers["content-type"] == "application/fhir+ndjson"
        some = [orjson.loads(line) for line in answer.content.splitlines()]
        assert answer.content.endswith(b"\n")
        assert len(some) == each["count"]
        assert {one["resourceType"] for one in some} == {each["type"]}
        found += some
    return found


async def names(client: Client, exports: Exports, address: str, **more: Any) -> list[str]:
    """``Type/id`` of what an export holds, in order."""
    manifest = await done(client, exports, address, **more)
    return [f"{one['resourceType']}/{one['id']}" for one in await lines(client, manifest)]


async def test_the_record_patients_and_a_group(client: Client, exports: Exports) -> None:
    people = ["CarePlan/c1", "Encounter/e1", "Encounter/e2", "Encounter/e3"]
    patients = [f"Patient/{each}" for each in ("b", "c", "gp", "pas")]
    whole = [*people, "Group/g", "Group/inner", *patients, "Practitioner/dr"]
    assert await names(client, exports, "$export") == whole
    assert await names(client, exports, "Patient/$export") == [*people, *patients]
    found = await names(client, exports, "Group/g/$export")
    assert sorted(found) == ["CarePlan/c1", "Encounter/e1", "Encounter/e2", "Patient/c", "Patient/gp", "Patient/pas"]


async def test_what_is_exported_is_what_a_read_gives(client: Client, exports: Exports) -> None:
    manifest = await done(client, exports, "$export?_type=Encounter")
    (file,) = manifest["output"]
    body = (await client.http.get(file["url"])).content
    assert body.splitlines() == [(await client.http.get(f"/fhir/Encounter/{each}")).content for each in ("e1", "e2", "e3")]


async def test_line_breaks_of_a_client_do_not_break_lines(client: Client, exports: Exports) -> None:
    said = orjson.dumps({"resourceType": "Basic", "id": "x", "code": {"text": "a\nb"}}, option=orjson.OPT_INDENT_2)
    assert (await client.send("PUT", "/fhir/Basic/x", said)).status_code == 201
    (one,) = await lines(client, await done(client, exports, "$export?_type=Basic"))
    assert one["code"]["text"] == "a\nb"


async def test_the_manifest(client: Client, exports: Exports, clock: ManualClock) -> None:
    clock.advance(1.5)
    answer = await kick(client, "Patient/$export?_type=Patient,Encounter&_outputFormat=ndjson")
    assert (answer.status_code, answer.json()["resourceType"]) == (202, "OperationOutcome")
    place = answer.headers["content-location"]
    await exports.settled()
    told = await client.http.get(place)
    assert told.headers["content-type"] == "application/json"
    assert told.headers["expires"] == "Thu, 01 Jan 2026 06:00:01 GMT"
    assert told.json() == {
        "transactionTime": "2026-01-01T00:00:01.500Z",
        "request": f"{BASE}/fhir/Patient/$export?_type=Patient,Encounter&_outputFormat=ndjson",
        "requiresAccessToken": False,
        "output": [
            {"type": "Encounter", "url": f"{place}/Encounter.ndjson", "count": 3},
            {"type": "Patient", "url": f"{place}/Patient.ndjson", "count": 4},
        ],
        "deleted": [],
        "error": [],
    }


async def test_until_it_is_done_it_says_how_far_it_is(client: Client, exports: Exports) -> None:
    await exports.stop()
    place = (await kick(client, "$export")).headers["content-location"]
    told = await client.http.get(place)
    assert (told.status_code, told.content) == (202, b"")
    assert told.headers["x-progress"]
    assert int(told.headers["retry-after"]) >= 1


async def test_the_same_by_post(client: Client, exports: Exports) -> None:
    said = [
        {"name": "_type", "valueString": "Patient,Encounter"},
        {"name": "patient", "valueReference": {"reference": "Patient/pas"}},
    ]
    body = orjson.dumps({"resourceType": "Parameters", "parameter": said})
    headers = {**ASYNC, "content-type": "application/fhir+json"}
    for level in ("Patient", "Group/g"):
        answer = await client.http.post(f"/fhir/{level}/$export", content=body, headers=headers)
        if level == "Group/g":  # the person's other Patient is the member
            assert (answer.status_code, "no member" in answer.text) == (400, True)
            continue
        await exports.settled()
        manifest = (await client.http.get(answer.headers["content-location"])).json()
        found = [one["id"] for one in await lines(client, manifest)]
        assert sorted(found) == ["e1", "e2", "gp", "pas"]


async def test_searches_narrow_a_type_and_any_of_several_will_do(client: Client, exports: Exports) -> None:
    first, second = "Encounter%3Fstatus%3Dfinished", "Encounter%3Fpatient%3DPatient/b%26status%3Din-progress"
    whole = "_type=Encounter,CarePlan"
    assert await names(client, exports, f"$export?{whole}&_typeFilter={first}") == ["CarePlan/c1", "Encounter/e2"]
    both = ["CarePlan/c1", "Encounter/e2", "Encounter/e3"]
    assert await names(client, exports, f"$export?{whole}&_typeFilter={first}&_typeFilter={second}") == both
    assert await names(client, exports, f"$export?{whole}&_typeFilter={first},{second}") == both
    for wrong in ("Encounter%3Fno-such%3D1", "Patient%3Fname%3Dx", "x", "Encounter%3F_include%3DEncounter:subject"):
        assert (await kick(client, f"$export?{whole}&_typeFilter={wrong}")).status_code == 400, wrong


async def test_elements(client: Client, exports: Exports) -> None:
    found = await lines(client, await done(client, exports, "$export?_type=Patient,Practitioner&_elements=Patient.name"))
    assert {frozenset(one) for one in found if one["resourceType"] == "Patient"} == {
        frozenset(("resourceType", "id", "meta", "name"))
    }


async def test_since_gives_what_changed_and_tells_what_was_taken_away(client: Client, exports: Exports, clock: ManualClock) -> None:
    await client.put({"resourceType": "Basic", "id": "stays", "code": {"text": "1"}})
    await client.put({"resourceType": "Basic", "id": "goes", "code": {"text": "1"}})
    clock.advance(1)
    first = await done(client, exports, "$export?_type=Basic")
    assert (len(await lines(client, first)), first["deleted"]) == (2, [])
    clock.advance(1)
    await client.put({"resourceType": "Basic", "id": "new", "code": {"text": "1"}})
    await client.http.delete("/fhir/Basic/goes")
    second = await done(client, exports, f"$export?_type=Basic&_since={first['transactionTime']}")
    assert [one["id"] for one in await lines(client, second)] == ["new"]
    (gone,) = await lines(client, second, "deleted")
    assert (gone["type"], gone["entry"]) == ("transaction", [{"request": {"method": "DELETE", "url": "Basic/goes"}}])


async def test_what_is_not_supported_is_refused_or_passed_over(client: Client, exports: Exports) -> None:
    address = "$export?_type=Patient&includeAssociatedData=LatestProvenanceResources"
    assert (await kick(client, address)).status_code == 400
    manifest = await done(client, exports, address, prefer="respond-async, handling=lenient")
    (warning,) = await lines(client, manifest, "error")
    assert "includeAssociatedData" in warning["issue"][0]["diagnostics"]
    assert len(await lines(client, manifest)) == 4


@pytest.mark.parametrize(
    "address",
    ["$export?_outputFormat=csv", "$export?_type=Nothing", "$export?_since=yesterday", "$export?unknown=1", "$export?patient=gp"],
)
async def test_what_cannot_be_is_refused_at_once(client: Client, exports: Exports, address: str) -> None:
    assert (await kick(client, address)).status_code == 400
    assert exports.jobs == {}


async def test_it_is_asked_for_with_respond_async(client: Client, exports: Exports) -> None:
    assert (await client.get("/fhir/$export")).status_code == 400
    assert (await client.http.request("HEAD", "/fhir/$export", headers=ASYNC)).status_code == 400
    assert exports.jobs == {}
    assert (await kick(client, "Group/none/$export")).status_code == 404
    assert (await kick(client, "Encounter/$export")).status_code == 404


async def test_files_come_compressed_and_in_parts(client: Client, exports: Exports) -> None:
    (file,) = (await done(client, exports, "$export?_type=Encounter"))["output"]
    plain = await client.http.get(file["url"], headers={"accept-encoding": "identity"})
    assert int(plain.headers["content-length"]) == len(plain.content)
    packed = await client.http.get(file["url"], headers={"accept-encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert gzip.decompress(gzip.compress(plain.content)) == packed.content
    for said, low, high in (("bytes=10-19", 10, 20), ("bytes=10-", 10, None), ("bytes=-7", -7, None), ("bytes=5-9999999", 5, None)):
        part = await client.http.get(file["url"], headers={"range": said})
        assert (part.status_code, part.content) == (206, plain.content[low:high]), said
    assert (await client.http.get(file["url"], headers={"range": "bytes=9999999-"})).status_code == 416
    head = await client.http.head(file["url"], headers={"accept-encoding": "identity"})
    assert (head.headers["content-length"], head.content) == (plain.headers["content-length"], b"")


def in_hand(place: Path) -> list[str]:
    """The files below that this process has open."""
    found = []
    for each in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the list's own, and what another thread closes
            found.append(os.readlink(f"/proc/self/fd/{each}"))
    return [each for each in found if each.startswith(str(place))]


async def test_no_file_stays_open_whatever_is_answered(
    client: Client, exports: Exports, services: Services, tmp_path: Path
) -> None:
    (file,) = (await done(client, exports, "$export?_type=Encounter"))["output"]

    class Full(Unaudited):
        def answered(self, request: Request, part: str, response: Response) -> Response:
            return json_error(Problem("audit-unavailable"))

    with next(exports.directory.glob("*/*.ndjson")).open("rb"):
        assert len(in_hand(tmp_path / "exports")) == 1
    assert (await client.http.get(file["url"])).status_code == 200
    async with calling(replace(services, audit=Full())) as unaudited:
        statuses = {(await unaudited.http.get(file["url"])).status_code for _ in range(20)}
    assert (statuses, in_hand(tmp_path / "exports")) == ({503}, [])


async def test_a_file_that_goes_before_it_is_sent_is_not_there(client: Client, exports: Exports, services: Services) -> None:
    (file,) = (await done(client, exports, "$export?_type=Encounter"))["output"]

    class Slow(Unaudited):
        def answered(self, request: Request, part: str, response: Response) -> Response:
            for each in exports.directory.glob("*/*.ndjson"):
                each.unlink()
            return response

    async with calling(replace(services, audit=Slow())) as late:
        answer = await late.http.get(file["url"])
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


async def test_given_up_it_is_gone(client: Client, exports: Exports, tmp_path: Path) -> None:
    place = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    file = (await client.http.get(place)).json()["output"][0]["url"]
    assert (await client.http.delete(place)).status_code == 202
    for method, address in (("GET", place), ("DELETE", place), ("GET", file)):
        assert (await client.http.request(method, address)).status_code == 404
    assert list((tmp_path / "exports").iterdir()) == []


async def test_given_up_while_it_waits_or_runs_it_leaves_nothing(client: Client, exports: Exports, tmp_path: Path) -> None:
    places = [(await kick(client, "$export")).headers["content-location"] for _ in range(AT_ONCE)]
    for place in places:
        assert (await client.http.delete(place)).status_code == 202
        assert (await client.http.get(place)).status_code == 404
    await exports.settled()
    assert (exports.jobs, list((tmp_path / "exports").iterdir())) == ({}, [])


async def test_given_up_when_it_is_just_done_it_leaves_nothing(
    client: Client, exports: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works on it has looked for the last time, and holds it still."""

    def crossed(directory: Path, lock: int) -> None:
        exports._given_up(directory.name)
        let_go(directory, lock)

    monkeypatch.setattr("interop.api.exporting.jobs.let_go", crossed)
    place = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    assert (await client.http.get(place)).status_code == 404
    assert (exports.jobs, list((tmp_path / "exports").iterdir())) == ({}, [])


async def test_it_expires(client: Client, exports: Exports, clock: ManualClock, tmp_path: Path) -> None:
    place = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    clock.advance(KEPT / 1_000_000 - 1)
    file = (await client.http.get(place)).json()["output"][0]["url"]
    clock.advance(1)
    assert (await client.http.get(file)).status_code == 404
    assert (await client.http.get(place)).status_code == 404
    assert list((tmp_path / "exports").iterdir()) == []


async def test_a_client_has_only_so_many_at_once(client: Client, exports: Exports) -> None:
    await exports.stop()
    for _ in range(AT_ONCE):
        assert (await kick(client, "$export")).status_code == 202
    answer = await kick(client, "$export")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    await exports.start()
    await exports.settled()
    assert (await kick(client, "$export")).status_code == 202


async def test_a_full_disk_fails_the_export_with_a_sentence_and_reading_goes_on(
    client: Client, exports: Exports, services: Services, tmp_path: Path, clock: ManualClock
) -> None:
    await exports.stop()
    full = Exports(tmp_path / "full", clock, room=lambda directory: 1 << 20)
    full.services, services.exports = services, full
    await full.start()
    place = (await kick(client, "$export")).headers["content-location"]
    await full.settled()
    told = await client.http.get(place)
    assert (told.status_code, told.json()["issue"][0]["code"]) == (503, "no-store")
    assert "begin the export again" in told.json()["issue"][0]["diagnostics"]
    assert (await client.get("/fhir/Patient/gp")).status_code == 200
    assert [path.name for path in (tmp_path / "full").rglob("*") if path.is_file()] == [NAME]
    await full.stop()
    await exports.start()


async def test_what_is_done_is_there_after_a_restart_and_what_was_not_is_begun_anew(
    client: Client, exports: Exports, services: Services, tmp_path: Path, clock: ManualClock
) -> None:
    finished = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    manifest = (await client.http.get(finished)).json()
    body = (await client.http.get(manifest["output"][0]["url"])).content
    await exports.stop()
    waiting = (await kick(client, "$export")).headers["content-location"]
    again = Exports(tmp_path / "exports", clock, room=lambda directory: 1 << 40)
    again.services, services.exports = services, again
    assert decoded((tmp_path / "exports" / waiting.rpartition("/")[2] / NAME).read_bytes()).state == "queued"
    clock.advance(60)
    await again.start()
    await again.settled()
    assert (await client.http.get(finished)).json() == manifest
    assert (await client.http.get(manifest["output"][0]["url"])).content == body
    told = (await client.http.get(waiting)).json()
    assert told["transactionTime"] == "2026-01-01T00:01:00.000Z"
    assert len(told["output"]) == len(manifest["output"])
    await again.stop()


async def test_a_start_takes_nothing_away_that_another_process_makes_or_another_version_has_made(
    client: Client, exports: Exports, services: Services, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    directory = tmp_path / "exports" / place.rpartition("/")[2]
    other = Exports(tmp_path / "exports", clock, room=lambda directory: 1 << 40)
    other.services = services

    def crossed(made: Path, job: Job) -> None:
        other._ready()
        other._all()
        keep(made, job)

    await exports.stop()
    monkeypatch.setattr("interop.api.exporting.jobs.keep", crossed)
    assert (await kick(client, "$export")).status_code == 202
    monkeypatch.undo()
    text, files = (directory / NAME).read_bytes(), sorted(path.name for path in directory.iterdir())
    said = orjson.loads(text)
    async with calling(replace(services, exports=other)) as there:
        for told, status in (
            ({**said, "later": 1}, 200),
            ({**said, "wanted": {**said["wanted"], "until": 1}}, 404),
            ({**said, "asker": {**said["asker"], "ward": "1"}}, 404),
            ({"another": "form"}, 404),
            (said, 200),
        ):
            (directory / NAME).write_bytes(orjson.dumps(told))
            assert (await there.http.get(place)).status_code == status, told
            await other._look()
            assert sorted(path.name for path in directory.iterdir()) == files
    (directory / NAME).write_bytes(b"{}")
    (tmp_path / "exports" / f"{'0' * 32}.new").mkdir()
    for each in (tmp_path / "exports").iterdir():
        os.utime(each, (0, 0))
    await other._look()
    assert len(list((tmp_path / "exports").iterdir())) == 1, "what has stood for a day and cannot be read goes; what can stays"
    await exports.start()


async def test_files_are_for_their_owner_alone(client: Client, exports: Exports, tmp_path: Path) -> None:
    await done(client, exports, "$export")
    root = tmp_path / "exports"
    assert {path.stat().st_mode & 0o077 for path in (root, *root.rglob("*"))} == {0}


async def test_the_statement_says_so(client: Client) -> None:
    said = (await client.get("/fhir/metadata")).json()
    assert said["instantiates"] == ["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"]
    of = {each["type"]: each.get("operation", []) for each in said["rest"][0]["resource"]} | {"": said["rest"][0]["operation"]}
    named = {type_: [one["definition"].rpartition("/")[2] for one in some if one["name"] == "export"] for type_, some in of.items()}
    expected = {"": ["export"], "Patient": ["patient-export"], "Group": ["group-export"]}
    assert {type_: some for type_, some in named.items() if some} == expected


async def test_what_was_taken_down_since_ends_it(client: Client, exports: Exports, store: SqlStore, clock: ManualClock) -> None:
    place = (await kick(client, "$export")).headers["content-location"]
    await exports.settled()
    file = (await client.http.get(place)).json()["output"][0]["url"]
    clock.advance(1)
    taken = Entry(0, TAKEN, TAKEN, clock.now(), "", "takedown", b"{}")
    await store.commit(Change(entries=[taken]))
    assert (await client.http.get(file)).status_code == 200
    await store.commit(Change(outcomes=[Outcome(taken.message, MessageState.APPLIED.value, clock.now())]))
    assert (await client.http.get(file)).status_code == 404
    assert (await client.http.get(place)).json()["issue"][0]["details"]["coding"][0]["code"] == "export-ended"


async def test_whichever_process_is_asked_says_how_it_is_gives_its_files_and_stops_it(
    client: Client, exports: Exports, services: Services, tmp_path: Path, clock: ManualClock
) -> None:
    """Processes share the directory; another one, which works on nothing here, is asked about what the first has begun."""
    other = Exports(tmp_path / "exports", clock, room=lambda directory: 1 << 40)
    other.services = services
    async with calling(replace(services, exports=other)) as there:
        manifest = await done(client, exports, "$export?_type=Encounter")
        (job,) = exports.jobs
        assert (await there.http.get(f"/exports/{job}")).json() == manifest
        file = manifest["output"][0]["url"]
        assert (await there.http.get(file)).content == (await client.http.get(file)).content
        assert (await there.http.delete(f"/exports/{job}")).status_code == 202
        assert [(await each.http.get(file)).status_code for each in (client, there)] == [404, 404]
        begun = (await kick(there, "$export")).headers["content-location"]
        assert (await client.http.get(begun)).status_code == 202
        exports._idle.clear()
        exports._wake.set()
        await exports.settled()
        assert (await there.http.get(begun)).json() == (await client.http.get(begun)).json()
        await exports.stop()
        for _ in range(AT_ONCE):
            assert (await kick(there, "$export")).status_code == 202
        assert (await kick(client, "$export")).status_code == 429


async def test_one_that_another_process_works_on_is_left_to_it_until_that_has_ended(
    client: Client, exports: Exports, tmp_path: Path
) -> None:
    await exports.stop()
    places = [(await kick(client, "$export?_type=Encounter")).headers["content-location"] for _ in range(2)]
    directories = [tmp_path / "exports" / place.rpartition("/")[2] for place in places]
    locks = [taken(directory) for directory in directories]
    for directory in directories:
        keep(directory, replace(decoded((directory / NAME).read_bytes()), state="running", attempts=1, begun=1, resources=7))
    assert [taken(directory) for directory in directories] == [None, None]
    await exports.start()
    await exports.settled()
    assert [(await client.http.get(place)).headers["x-progress"] for place in places] == ["7 resources"] * 2
    assert (await client.http.delete(places[1])).status_code == 202
    assert (await client.http.get(places[1])).status_code == 404
    assert (directories[1] / "cancelled").exists(), "whoever works on it is told"
    for lock in locks:
        assert lock is not None
        os.close(lock)  # as the system does when the process ends
    exports._idle.clear()
    exports._wake.set()
    await exports.settled()
    assert len((await client.http.get(places[0])).json()["output"]) == 1
    assert decoded((directories[0] / NAME).read_bytes()).attempts == 2
    assert not directories[1].exists()
