"""Transaction: all of a Bundle or nothing (FHIR R4 http, 3.1.0.11.2)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.api.services import Services
from interop.apply.drafts import Draft
from interop.apply.journalled import Step, entry_of, steps_of
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.errors import Problem
from interop.formats.json import DEPTH, load_json
from interop.store.plan import Everything, Message, Messages, Waiting
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Conflict, Entry
from tests.spec.api.bundles import entry, locations, post, statuses
from tests.spec.api.conftest import Client, calling, matches, serving
from tests.spec.api.people import contribute, patient
from tests.spec.api.rebuilt import rebuilt

pytestmark = pytest.mark.anyio
SYSTEM = "https://example.org/numbers"
P, Q, X = "urn:uuid:6f1c2a5e-0000-4000-8000-000000000001", "urn:uuid:6f1c2a5e-0000-4000-8000-000000000002", "urn:oid:1.2.3"


class Killed(BaseException):
    """The process ends here."""


def numbered(id: str, number: str) -> dict[str, Any]:
    """A Patient with an identifier; id '' for none."""
    made = patient(id, identifier=[{"system": SYSTEM, "value": number}])
    return made if id else {name: value for name, value in made.items() if name != "id"}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "w"}, "subject": {"reference": subject}} | more


async def present(client: Client) -> set[str]:
    """All that is there."""
    found = [await client.ids(f"/fhir/{type}") for type in ("Patient", "Observation", "Provenance", "DocumentReference")]
    return {one for of_type in found for one in of_type}


async def test_all_is_done_and_answered_in_the_order_of_the_requests(client: Client) -> None:
    await client.put(patient("old"))
    await client.put(patient("there"))
    answer = await post(
        client,
        "transaction",
        entry("GET", "Patient?_id=p1"),
        entry("PUT", "Patient/p1", patient("p1")),
        entry("POST", "Patient", patient("x"), P),
        entry("DELETE", "Patient/old"),
        entry("PATCH", "Patient/there", {"resourceType": "Parameters", "parameter": [gender("other")]}),
        entry("GET", "Patient/there"),
    )
    assert answer.json()["type"] == "transaction-response"
    assert statuses(answer) == ["200", "201", "201", "204", "200", "200"], answer.text
    assert locations(answer) == ["", "Patient/p1", "Patient/new-1", "", "Patient/there", ""]
    assert matches(answer.json()["entry"][0]["resource"]) == ["Patient/p1"]
    assert answer.json()["entry"][5]["resource"]["gender"] == "other"
    assert await present(client) == {"Patient/p1", "Patient/new-1", "Patient/there"}


def gender(code: str) -> dict[str, Any]:
    parts = {"type": ("Code", "add"), "path": ("String", "Patient"), "name": ("String", "gender"), "value": ("Code", code)}
    return {"name": "operation", "part": [{"name": name, f"value{kind}": value} for name, (kind, value) in parts.items()]}


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        (entry("PUT", "Patient/bad", {"resourceType": "Patient", "id": "bad", "gender": "unheard-of"}), 422, "invalid-resource"),
        (entry("PUT", "Patient/bad", patient("other")), 400, "bad-parameter"),
        (entry("PUT", "Patient/bad"), 400, "bad-parameter"),
        (entry("PUT", "Group/bad", patient("bad")), 400, "bad-parameter"),
        (entry("PUT", "Unheard/bad", patient("bad")), 404, "unknown-type"),
        (entry("PUT", "Patient/there", patient("there", family="B"), ifMatch='W/"9"'), 412, "stale-version"),
        (entry("PUT", "Patient/theirs", patient("theirs", family="B")), 403, "feed-owned"),
        (entry("DELETE", "Patient/theirs"), 403, "feed-owned"),
        (entry("PUT", f"Patient?identifier={SYSTEM}|twice", numbered("", "twice")), 412, "several-matches"),
        (entry("POST", "Patient", numbered("", "twice"), ifNoneExist=f"identifier={SYSTEM}|twice"), 412, "several-matches"),
        (entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|twice")), 412, "several-matches"),
        (entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|never")), 412, "no-match"),
        (entry("POST", "Observation", observation("Patient?unheard=of")), 400, "bad-parameter"),
        (entry("PATCH", "Patient/nobody", {"resourceType": "Parameters"}), 404, "not-found"),
        (entry("PUT", "Patient/good", patient("good", family="B")), 400, "same-resource"),
        (entry("DELETE", "Patient/good"), 400, "same-resource"),
        (entry("PUT", f"Patient?identifier={SYSTEM}|good", numbered("", "good")), 400, "same-resource"),
        (entry("PUT", "Patient/other", patient("other"), P), 400, "bad-parameter"),
        (entry("GET", "https://elsewhere.example/fhir/Patient/1"), 400, "bad-parameter"),
    ],
)
async def test_one_failure_leaves_everything_as_it_was(
    client: Client, store: SqliteStore, bad: dict[str, Any], status: int, code: str
) -> None:
    for number, name in enumerate(("there", "twice", "twice")):
        await client.put(numbered(name if number < 2 else "again", name))
    await client.put(numbered("good", "good"))
    await contribute(store, patient("theirs"))
    before, journal = await present(client), [one async for one in store.stream(Everything())]
    good = [entry("PUT", "Patient/good", patient("good", family="C")), entry("POST", "Patient", patient("x"), P)]
    answer = await post(client, "transaction", *good, bad)
    assert answer.status_code == status, answer.text
    issue = answer.json()["issue"][0]
    assert issue["details"]["coding"][0]["code"] == code
    assert issue["expression"][0].startswith("Bundle.entry[2]")
    assert (await client.get("/fhir/Patient/good")).headers["etag"] == 'W/"1"'
    assert await present(client) == before
    assert [one async for one in store.stream(Everything())] == journal


@pytest.mark.parametrize(
    ("full_url", "written", "read"),
    [
        (P, P, "Patient/new-1"),
        (P, f"{P}#part", "Patient/new-1#part"),
        (X, X, "Patient/new-1"),
        ("https://old.example/fhir/Patient/7", "https://old.example/fhir/Patient/7", "Patient/new-1"),
        ("https://old.example/fhir/Patient/7", "https://old.example/fhir/Patient/7/_history/3", "Patient/new-1/_history/1"),
        ("https://old.example/fhir/Patient/7", "Patient/7", "Patient/new-1"),
        (P, "Patient/7", "Patient/7"),
        (P, "urn:uuid:6f1c2a5e-0000-4000-8000-00000000000f", "urn:uuid:6f1c2a5e-0000-4000-8000-00000000000f"),
        (P, "#inside", "#inside"),
    ],
)
async def test_references_between_entries(client: Client, full_url: str, written: str, read: str) -> None:
    resource = observation(written, contained=[{"resourceType": "Patient", "id": "inside"}], focus=[{"reference": "#inside"}])
    entries = [entry("POST", "Patient", patient("x"), full_url)]
    entries.insert(0, entry("PUT", "Observation/o1", resource | {"id": "o1"}, "https://old.example/fhir/Observation/o1"))
    assert statuses(await post(client, "transaction", *entries)) == ["201", "201"]
    assert (await client.get("/fhir/Observation/o1")).json()["subject"] == {"reference": read}


async def test_references_stand_in_uris_and_narratives_too(client: Client) -> None:
    links = f"""<a href="{P}">who</a> <a href='{P}#x'>x</a> {P} <img src="{P}" alt="a"/>"""
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{links}</div>'
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "text": {"status": "generated", "div": div},
        "extension": [{"url": "https://example.org/a", "valueUri": P}, {"url": "https://example.org/b", "valueString": P}],
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": P},
        "content": [{"attachment": {"url": P, "title": P}}],
        "contained": [{"resourceType": "Patient", "id": "c", "link": [{"other": {"reference": P}, "type": "seealso"}]}],
        "context": {"related": [{"reference": "#c"}], "sourcePatientInfo": {"reference": P, "display": P}},
    }
    answer = await post(
        client, "transaction", entry("POST", "DocumentReference", document), entry("POST", "Patient", patient("x"), P)
    )
    assert statuses(answer) == ["201", "201"], answer.text
    shown = (await client.get(f"/fhir/{locations(answer)[0]}")).json()
    made = locations(answer)[1]
    assert shown["text"]["div"] == div.replace(f'"{P}"', f'"{made}"').replace(f"'{P}#x'", f'"{made}#x"')
    assert [each.get("valueUri", each.get("valueString")) for each in shown["extension"]] == [made, P]
    assert shown["masterIdentifier"]["value"] == P
    assert shown["content"][0]["attachment"] == {"url": made, "title": P}
    assert shown["contained"][0]["link"][0]["other"] == {"reference": made}
    assert shown["context"]["sourcePatientInfo"] == {"reference": made, "display": P}


async def test_a_canonical_is_no_reference_to_an_entry(client: Client) -> None:
    url = "https://old.example/fhir/Questionnaire/7"
    answer = await post(
        client,
        "transaction",
        entry(
            "POST", "QuestionnaireResponse", {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": url}
        ),
        entry("POST", "Questionnaire", {"resourceType": "Questionnaire", "status": "active", "url": url}, url),
    )
    assert (await client.get(f"/fhir/{locations(answer)[0]}")).json()["questionnaire"] == url


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_reference_follows_a_conditional_write(client: Client, there: bool, method: str) -> None:
    if there:
        await client.put(numbered("p0", "1"))
    criteria = f"identifier={SYSTEM}|1"
    resource = numbered("", "1")
    write = entry("POST", "Patient", resource, P, ifNoneExist=criteria)
    if method == "PUT":
        write = entry("PUT", f"Patient?{criteria}", resource, P)
    answer = await post(client, "transaction", entry("PUT", "Observation/o1", observation(P, id="o1")), write)
    assert statuses(answer) == ["201", "200" if there else "201"]
    expected = "Patient/p0" if there else "Patient/new-1"
    assert (await client.get("/fhir/Observation/o1")).json()["subject"]["reference"] == expected


@pytest.mark.parametrize("criteria", ["_id=p0", f"identifier={SYSTEM}|1", f"identifier={SYSTEM}%7C1"])
async def test_a_conditional_reference_means_the_one_match(client: Client, criteria: str) -> None:
    await client.put(numbered("p0", "1"))
    assert statuses(await post(client, "transaction", entry("POST", "Observation", observation(f"Patient?{criteria}")))) == ["201"]
    assert (await client.get("/fhir/Observation/new-1")).json()["subject"] == {"reference": "Patient/p0"}


@pytest.mark.parametrize("criteria", [f"identifier={SYSTEM}|1", "identifier=1", f"identifier={SYSTEM}|1&active=true"])
async def test_a_conditional_reference_may_mean_what_is_written_beside_it(client: Client, criteria: str) -> None:
    made = numbered("", "1") | {"active": True}
    entries = [entry("POST", "Observation", observation(f"Patient?{criteria}")), entry("POST", "Patient", made)]
    assert statuses(await post(client, "transaction", *entries)) == ["201", "201"]
    assert (await client.get("/fhir/Observation/new-1")).json()["subject"] == {"reference": "Patient/new-2"}
    assert (await post(client, "transaction", *entries)).json()["issue"][0]["code"] == "multiple-matches"


async def test_two_creates_under_the_same_criteria_make_one(client: Client) -> None:
    resource = numbered("", "1")
    one = [entry("POST", "Patient", resource, each, ifNoneExist=f"identifier={SYSTEM}|1") for each in (P, Q)]
    subject = [entry("POST", "Observation", observation(each)) for each in (P, Q)]
    answer = await post(client, "transaction", *one, *subject)
    assert statuses(answer) == ["201", "200", "201", "201"]
    assert len({(await client.get(f"/fhir/{at}")).json()["subject"]["reference"] for at in locations(answer)[2:]}) == 1


async def test_what_changes_nothing_keeps_its_version(client: Client, store: SqliteStore) -> None:
    await client.put(patient("same"))
    await client.put(patient("other"))
    entries = [entry("PUT", "Patient/same", patient("same")), entry("PUT", "Patient/other", patient("other", family="Brook"))]
    answer = await post(client, "transaction", *entries)
    assert statuses(answer) == ["200", "200"]
    assert [one["response"]["etag"] for one in answer.json()["entry"]] == ['W/"1"', 'W/"2"']
    before = [one async for one in store.stream(Everything())]
    assert statuses(await post(client, "transaction", *entries)) == ["200", "200"]
    assert [one async for one in store.stream(Everything())] == before


@pytest.mark.parametrize("entries", [[], [entry("GET", "metadata")], [entry("DELETE", "Patient/nobody")]])
async def test_a_transaction_that_writes_nothing(client: Client, store: SqliteStore, entries: list[dict[str, Any]]) -> None:
    answer = await post(client, "transaction", *entries)
    assert (answer.status_code, len(answer.json().get("entry", []))) == (200, len(entries))
    assert [one async for one in store.stream(Everything())] == []


async def test_one_entry_of_the_journal_and_one_change_of_the_record(client: Client, store: SqliteStore) -> None:
    before = store.counters
    entries = [entry("POST", "Patient", patient("x"), P), *(entry("POST", "Observation", observation(P)) for _ in range(50))]
    await post(client, "transaction", *entries)
    after = store.counters
    assert (after.commits - before.commits, after.entries - before.entries, after.puts - before.puts) == (2, 1, 51)


async def test_the_journal_makes_the_same_bytes_again(
    client: Client, services: Services, store: SqliteStore, clock: ManualClock, tmp_path: Path
) -> None:
    weight = b'{"value":72.50,"extension":[{"url":"https://example.org/x","valueDecimal":1.0e2}]}'
    first = entry("POST", "Observation", observation(P, valueQuantity="HERE"))
    bundle = orjson.dumps(
        {"resourceType": "Bundle", "type": "transaction", "entry": [first, entry("POST", "Patient", patient("x"), P)]}
    )
    await client.put(patient("old"))
    clock.advance(60)
    answer = await client.send("POST", "/fhir", bundle.replace(b'"HERE"', weight))
    made = locations(answer)
    clock.advance(60)
    await post(client, "transaction", entry("DELETE", "Patient/old"), entry("PUT", made[1], patient(made[1][8:], family="Brook")))
    clock.advance(3600)
    served = {at: (await client.get(f"/fhir/{at}")).content for at in made}
    assert weight in served[made[0]]
    assert await rebuilt(store, services, tmp_path) == served


@pytest.mark.parametrize("broken", [1, 2])
async def test_what_was_cut_off_after_the_journal_is_finished(
    client: Client, services: Services, store: SqliteStore, broken: int
) -> None:
    """The process ends when the journal is written (1) or before (2: nothing was promised)."""
    commit = store.commit

    async def cut(change: Change) -> Committed | Conflict:
        if (broken == 1 and change.puts) or (broken == 2 and change.entries):
            raise Killed
        return await commit(change)

    store.commit = cut  # type: ignore[method-assign]
    entries = [entry("POST", "Patient", patient("x"), P), entry("POST", "Observation", observation(P))]
    with pytest.raises(Killed):
        await post(client, "transaction", *entries)
    store.commit = commit  # type: ignore[method-assign]
    waiting: list[Entry] = await store.query(Waiting(0))
    assert len(waiting) == (broken == 1)
    for one in waiting:
        await Writes(store, services.clock).finish(one)
        (shown,) = await store.query(Message(one.message))
        assert shown.state == "applied"
    assert await present(client) == ({"Patient/new-1", "Observation/new-2"} if broken == 1 else set())


async def test_what_failed_for_its_client_does_not_come_over_what_was_written_since(
    client: Client, store: SqliteStore, services: Services
) -> None:
    """The answer to the journal's commit was lost: the client was told 503, the entry is there."""
    commit = store.commit

    async def lost(change: Change) -> Committed | Conflict:
        await commit(change)
        raise Problem("journal-unavailable")

    store.commit = lost  # type: ignore[method-assign]
    assert (await client.put(patient("x", family="Old"))).status_code == 503
    store.commit = commit  # type: ignore[method-assign]
    (waiting,) = await store.query(Waiting(0))
    assert (await client.put(patient("x", family="New"))).status_code == 201
    await Writes(store, services.clock).finish(waiting)
    (shown,) = await store.query(Message(waiting.message))
    assert (shown.state, shown.reason) == ("refused", "stale-version")
    read = (await client.get("/fhir/Patient/x")).json()
    assert (read["name"][0]["family"], read["meta"]["versionId"]) == ("New", "1")


def test_a_patched_resource_as_deep_as_may_be_is_read_from_the_journal() -> None:
    """The Bundle in the journal is deeper than what was sent."""
    item: dict[str, Any] = {"linkId": "x", "type": "string"}
    for _ in range((DEPTH - 3) // 2):
        item = {"linkId": "x", "type": "group", "item": [item]}
    key = ("Questionnaire", "q")
    resource = load_json(orjson.dumps({"resourceType": "Questionnaire", "id": "q", "status": "draft", "item": [item]}))
    (step,) = steps_of(entry_of([Step(key, Draft(key, resource), "PATCH")], b"", 0))
    assert step.draft is not None
    assert step.draft.held == Draft(key, resource).held


async def test_what_the_database_does_not_take_is_failed_and_not_met_again(client: Client, store: SqliteStore) -> None:
    commit = store.commit

    async def broken(change: Change) -> Committed | Conflict:
        if change.puts:
            raise Problem("fault", detail="IntegrityError")
        return await commit(change)

    store.commit = broken  # type: ignore[method-assign]
    answer = await post(client, "transaction", entry("POST", "Patient", patient("x")))
    assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (500, "fault")
    assert await store.query(Waiting(0)) == []
    (shown,) = await store.query(Messages(count=1))
    assert (shown.state, shown.reason, shown.detail) == ("failed", "fault", "IntegrityError")


async def test_what_a_feed_took_meanwhile_refuses_the_whole(client: Client, services: Services, store: SqliteStore) -> None:
    commit = store.commit

    async def late(change: Change) -> Committed | Conflict:
        result = await commit(change)
        if change.entries:
            store.commit = commit  # type: ignore[method-assign]
            await contribute(store, patient("mine", family="Brook"))
        return result

    store.commit = late  # type: ignore[method-assign]
    answer = await post(
        client, "transaction", entry("PUT", "Patient/mine", patient("mine")), entry("POST", "Patient", patient("x"))
    )
    assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (403, "feed-owned")
    assert await present(client) == {"Patient/mine"}
    assert await store.query(Waiting(0)) == []


async def test_bundles_side_by_side_on_the_same_resources_all_succeed(client: Client) -> None:
    names = [f"p{n}" for n in range(8)]

    def bundle(turn: int) -> list[dict[str, Any]]:
        order = names if turn % 2 else names[::-1]
        return [entry("PUT", f"Patient/{name}", patient(name, family=f"F{turn}")) for name in order]

    answers = await asyncio.gather(*(post(client, "transaction", *bundle(turn)) for turn in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    shown = [(await client.get(f"/fhir/Patient/{name}")).json() for name in names]
    assert {each["meta"]["versionId"] for each in shown} == {"12"}
    assert len({each["name"][0]["family"] for each in shown}) == 1


Write = tuple[str, int]
BUNDLES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["PUT", "DELETE", "MATCH", "CREATE"]), st.integers(0, 3)),
        unique_by=lambda one: one[1],
        min_size=1,
    ),
    min_size=2,
    max_size=6,
)


@pytest.mark.long
@settings(max_examples=25)
@given(BUNDLES)
def test_bundles_side_by_side_are_as_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, bundles: list[list[Write]]
) -> None:
    """Whatever they do to the same few resources: all succeed, none of a kind is made twice, and the journal tells how it went."""
    asyncio.run(_side_by_side(tmp_path_factory.mktemp("side-by-side"), bundles))


async def _side_by_side(folder: Path, bundles: list[list[Write]]) -> None:
    clock = ManualClock()
    store = SqliteStore.open(folder / "data", clock=clock)
    _, services = serving(store, clock)
    async with calling(services) as client:
        answers = await asyncio.gather(
            *(post(client, "transaction", *(_written(turn, *one) for one in bundle)) for turn, bundle in enumerate(bundles))
        )
        assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
        for number in range(4):
            assert len(await client.ids(f"/fhir/Patient?identifier={SYSTEM}|{number}")) <= 1
        whole = {at: (await client.get(f"/fhir/{at}")).content for at in await client.ids("/fhir/Patient")}
        assert await rebuilt(store, services, folder) == whole
    await store.close()


def _written(turn: int, method: str, number: int) -> dict[str, Any]:
    """A write of the resource of that number: by id, or of another one by criteria."""
    resource = numbered(f"p{number}", f"own-{number}") | {"name": [{"family": f"F{turn}"}]}
    other = numbered("", str(number)) | {"name": [{"family": f"F{turn}"}]}
    criteria = f"identifier={SYSTEM}|{number}"
    match method:
        case "PUT":
            return entry("PUT", f"Patient/p{number}", resource)
        case "DELETE":
            return entry("DELETE", f"Patient/p{number}")
        case "MATCH":
            return entry("PUT", f"Patient?{criteria}", other)
        case _:
            return entry("POST", "Patient", other, ifNoneExist=criteria)


async def test_five_thousand_entries(client: Client) -> None:
    entries = [entry("POST", "Patient", patient("x"), P), *(entry("POST", "Observation", observation(P)) for _ in range(4999))]
    answer = await post(client, "transaction", *entries)
    assert (len(answer.json()["entry"]), set(statuses(answer))) == (5000, {"201"})
    assert (await client.get("/fhir/Observation?subject=new-1&_summary=count")).json()["total"] == 4999
