"""``/messages/``: looking through the journal, what became of each field of a message, and what it says to who states a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.asgi import Request
from interop.api.auditing.auditing import Auditing
from interop.api.services import Services
from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.audit.privacy import CONTENT
from interop.audit.trail import Trail
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Entry, Outcome
from tests.spec.api.conftest import Client
from tests.spec.api.messages import admission
from tests.spec.api.people import T0, patient
from tests.spec.policy.worlds import Made, keep

pytestmark = pytest.mark.anyio
OPERATOR = Asker("https://id.test|ops", "operator", "RA1", "console", scopes=None)
GP = Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None)
SENDER = Asker("", "feed", "RXX", "pas", scopes=None, feed="hospital")
OTHER = Asker("", "feed", "RXX", "other", scopes=None, feed="open")
NUMBER = "9990000018"
MARK = "UNMISTAKABLE"
HOUR = 3_600_000_000


class Desk:
    """A door at which everyone is who the test says."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def admit(self, request: Request) -> Asker:
        return self.asker


@pytest.fixture
def operator(services: Services) -> Services:
    services.door = Desk(OPERATOR)
    return services


@pytest.fixture
async def trail(operator: Services, tmp_path: Path) -> AsyncIterator[Trail]:
    """The audit of what is asked."""
    key, clock = AuditKey(bytes(range(32))), ManualClock()
    log = AuditLog.open(tmp_path / "audit", tmp_path / "checkpoints", key, clock, background=False)
    operator.audit = Auditing(log, operator.feeds)
    yield Trail(tmp_path / "audit")
    log.close()


def entry(number: int, feed: str = "hospital", **more: str) -> Entry:
    """A message that came so many hours after midnight."""
    said = {"control_id": f"C{number}", "type": "ADT^A01", **more}
    return Entry(
        0, feed, "hl7v2", T0 + number * HOUR, said["control_id"], said["type"], b"MSH|", state=said.get("state", "received")
    )


async def kept(store: SqlStore, body: bytes, **more: object) -> None:
    await store.commit(Change(entries=[Entry(0, "hospital", "hl7v2", T0, "C1", "ADT^A01", body, **more)]))  # type: ignore[arg-type]


async def recorded(store: SqlStore, *resources: dict[str, Any], persons: dict[str, str] | None = None) -> None:
    """These are in the record."""
    await keep(store, [Made(each["resourceType"], each["id"], [each], "pas", "RXX") for each in resources], persons or {})


def identified(family: str = MARK) -> bytes:
    """An admission of somebody with an NHS number."""
    return admission(family=family).replace(b"PID|||", b"PID|||" + NUMBER.encode() + b"^^^NHS~")


async def opened(client: Client, view: str = "lineage", reason: object = "repair", number: int = 1) -> httpx.Response:
    body = orjson.dumps({"reason": reason})
    return await client.send("POST", f"/messages/{number}/{view}", body, content_type="application/json")


async def numbers(client: Client, query: str) -> list[int]:
    answer = await client.get(f"/messages/?{query}")
    assert answer.status_code == 200, answer.text
    return [each["message"] for each in answer.json()["messages"]]


async def test_messages_are_listed_newest_first_a_page_at_a_time(operator: Services, store: SqlStore, client: Client) -> None:
    await store.commit(Change(entries=[entry(number) for number in range(1, 6)]))
    first = (await client.get("/messages/?count=2")).json()
    assert ([each["message"] for each in first["messages"]], first["total"], first["exact"], first["next"]) == ([5, 4], 5, True, 4)
    await store.commit(Change(entries=[entry(6)]))
    assert await numbers(client, "count=2&after=4") == [3, 2], "what has come since moves nothing"
    last = (await client.get("/messages/?count=2&after=2")).json()
    assert ([each["message"] for each in last["messages"]], "next" in last) == ([1], False)


async def test_they_are_filtered_and_counted(operator: Services, store: SqlStore, client: Client) -> None:
    more = [entry(1), entry(2, "open", type="ORU^R01"), entry(3, control_id="X"), entry(4, state="refused"), entry(5)]
    await store.commit(Change(entries=more))
    await store.commit(Change(outcomes=[Outcome(3, "shelved", T0, "invalid-resource"), Outcome(5, "failed", T0, "mapping-fault")]))
    for query, wanted in (
        ("feed=open", [2]),
        ("type=ORU%5ER01", [2]),
        ("state=refused", [4]),
        ("state=shelved", [3]),
        ("state=received", [2, 1]),
        ("reason=mapping-fault", [5]),
        ("category=fault", [5]),
        ("category=incorrect", [3]),
        ("control=X", [3]),
        ("received=ge2026-01-01T03:00:00Z", [5, 4, 3]),
        ("received=ge2026-01-01T02:00:00Z&received=lt2026-01-01T04:00:00Z", [3, 2]),
        ("feed=hospital&state=applied", []),
    ):
        assert await numbers(client, query) == wanted, query
        assert (await client.get(f"/messages/?{query}&count=1")).json()["total"] == len(wanted), query


@pytest.mark.parametrize("query", ["state=lost", "category=x", "reason=x", "received=tomorrow", "after=x", "count=-1", "patient=1",
                                   "feed=a&feed=b", "category=fault&reason=not-found"])  # fmt: skip
async def test_a_filter_that_is_none_is_refused(operator: Services, client: Client, query: str) -> None:
    answer = await client.get(f"/messages/?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad-parameter")


async def test_a_list_is_for_who_runs_the_engine_alone(services: Services, store: SqlStore, client: Client) -> None:
    await store.commit(Change(entries=[entry(1)]))
    for asker, status in ((OPERATOR, 200), (GP, 403), (SENDER, 403)):
        services.door = Desk(asker)
        assert (await client.get("/messages/")).status_code == status, asker.role


async def test_the_shelf_tells_what_the_record_lacks_and_what_to_do(operator: Services, store: SqlStore, client: Client) -> None:
    await store.commit(Change(entries=[entry(1), entry(2), entry(3), entry(4), entry(5, state="refused")]))
    said = [("shelved", "invalid-resource"), ("shelved", "invalid-resource"), ("applied", ""), ("refused", "taken-down")]
    await store.commit(Change(outcomes=[Outcome(place, state, T0, why) for place, (state, why) in enumerate(said, 1)]))
    (one,) = (await client.get("/messages/shelf")).json()["shelf"]
    assert (one["feed"], one["state"], one["reason"], one["messages"]) == ("hospital", "shelved", "invalid-resource", 2)
    assert (one["oldest"], one["newest"]) == ("2026-01-01T01:00:00.000Z", "2026-01-01T02:00:00.000Z")
    assert (one["category"], one["action"][-1]) == ("incorrect", ".")


async def test_a_message_says_what_happened_to_it(services: Services, client: Client) -> None:
    for body in (admission(), admission(), admission("2", trigger="ADT^A99")):
        await client.send("POST", "/ingest/hospital", body)
    services.door = Desk(OPERATOR)
    await services.intake.drain()  # type: ignore[attr-defined]
    said = (await client.get("/messages/1/history")).json()
    assert [each["event"] for each in said["events"]] == ["received", "repeated"]
    assert said["acknowledgement"] == {"state": "sent", "told": "accepted", "code": "AA"}
    said = (await client.get("/messages/2/history")).json()
    assert [(each["event"], each.get("reason")) for each in said["events"]][-1] == ("refused", "unknown-trigger")
    assert (said["acknowledgement"]["told"], said["acknowledgement"]["code"]) == ("refused", "AR")


async def test_each_field_says_what_became_of_it_without_its_value(operator: Services, store: SqlStore, client: Client) -> None:
    await kept(store, identified())
    answer = await client.get("/messages/1/lineage")
    assert (answer.status_code, answer.json()["masked"]) == (200, True)
    for word in (MARK, "MARY", NUMBER, "19500304", "H1", "GREEN"):
        assert word not in answer.text, word
    fields = {each["path"]: each for each in answer.json()["fields"]}
    elements = answer.json()["elements"]
    (named,) = {elements[place]["path"] for place in fields["PID-5"]["elements"]}
    assert (named, fields["PID-5"]["fate"]) == ("Patient.name", "mapped")
    assert {elements[place]["row"] for place in fields["PID-7"]["elements"]} == {"PAT040"}
    assert (fields["EVN-1"]["fate"], fields["EVN-1"]["losses"][0]["row"]) == ("not-carried", "ORG44")
    assert fields["EVN-1"]["losses"][0]["why"].endswith("MSH-9")
    assert {each["reference"].partition("/")[0] for each in answer.json()["resources"]} >= {"Patient", "Encounter"}


async def test_what_it_says_is_given_for_a_reason(operator: Services, store: SqlStore, client: Client) -> None:
    body = identified()
    await kept(store, body)
    said = (await opened(client)).json()
    assert next(each["value"] for each in said["fields"] if each["path"] == "PID-5") == f"{MARK}^MARY"
    assert {"family": MARK, "given": ["MARY"]}.items() <= next(
        each["value"] for each in said["elements"] if each["path"] == "Patient.name"
    ).items()
    raw = await opened(client, "content")
    assert (raw.content, raw.headers["content-type"]) == (body, "application/octet-stream")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"reason": "curious"}', b'{"reason": "repair", "more": 1}', b'{"reason": ["repair"]}', b"reason=repair"],
)
async def test_without_a_reason_of_the_list_there_is_nothing(
    operator: Services, client: Client, store: SqlStore, body: bytes
) -> None:
    await kept(store, identified())
    for view in ("lineage", "content"):
        answer = await client.send("POST", f"/messages/1/{view}", body, content_type="application/json")
        assert (answer.status_code, MARK in answer.text) == (400, False)
    assert (await client.get("/messages/1/content")).status_code == 405


async def test_each_view_is_audited_with_its_reason_and_told_to_the_privacy_officer(
    operator: Services, store: SqlStore, trail: Trail, client: Client
) -> None:
    await recorded(store, patient("mary", MARK, number=NUMBER))
    await kept(store, identified(), keys=(f"https://fhir.nhs.uk/Id/nhs-number|{NUMBER}",))
    await client.get("/messages/1/lineage")
    for view in ("lineage", "content"):
        await opened(client, view, "incident")
    trail.catch_up()
    items = trail.index.items(rule=CONTENT)
    assert [(each.user, "mary" in each.patients.split()) for each in items] == [(OPERATOR.user, True)] * 2
    rows = [trail.one(each.chain, each.sequence, 0) for each in items]
    for found in rows:
        assert found is not None
        row = found[1]
        assert (row.interaction, row.more["reason"], row.more["message"], row.status) == ("$message-content", "incident", 1, 200)
        assert MARK not in str(row)
        assert NUMBER not in str(row)


async def test_nobody_else_is_told_anything(services: Services, store: SqlStore, client: Client) -> None:
    await kept(store, identified())
    services.door = Desk(SENDER)
    assert (await client.get("/messages/1/lineage")).json()["masked"], "the sender of a message sees what became of it"
    for asker, masked in ((SENDER, 200), (OTHER, 404), (GP, 403)):
        services.door = Desk(asker)
        for view in ("history", "lineage"):
            assert (await client.get(f"/messages/1/{view}")).status_code == masked, asker
        for number in (1, 99):
            for view in ("lineage", "content"):
                answer = await opened(client, view, number=number)
                assert (answer.status_code, MARK in answer.text) == (403, False), asker


HIDDEN = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


@pytest.mark.parametrize("body", [identified(), b"unreadable, of " + NUMBER.encode()])
async def test_who_hides_is_not_shown(operator: Services, store: SqlStore, trail: Trail, client: Client, body: bytes) -> None:
    await recorded(store, patient("mary", MARK, number=NUMBER, meta={"security": [HIDDEN]}))
    await kept(store, body)
    said = (await client.get("/messages/1/lineage")).json()
    assert (said["withheld"], MARK in str(said)) == (True, False)
    for view in ("lineage", "content"):
        answer = await opened(client, view)
        assert (answer.status_code, answer.json()["reason"], MARK in answer.text) == (403, "forbidden", False)
    trail.catch_up()
    assert trail.index.items(rule=CONTENT) == []


async def test_a_sender_does_not_learn_whom_others_keep_hidden(services: Services, store: SqlStore, client: Client) -> None:
    await kept(store, identified())
    services.door = Desk(SENDER)
    before = (await client.get("/messages/1/lineage")).json()
    await recorded(store, patient("mary", MARK, number=NUMBER, meta={"security": [HIDDEN]}))
    assert (await client.get("/messages/1/lineage")).json() == before


async def test_nor_of_who_is_one_person_with_them(operator: Services, store: SqlStore, client: Client) -> None:
    molly = patient("molly", meta={"security": [HIDDEN]}, number="9990000026")
    await recorded(store, patient("mary", MARK, number=NUMBER), molly, persons={"mary": "p1", "molly": "p1"})
    await kept(store, identified())
    assert (await opened(client)).status_code == 403


async def test_nor_of_what_a_statute_protects(operator: Services, store: SqlStore, client: Client) -> None:
    very = HIDDEN | {"code": "V"}
    await kept(store, identified())
    made = (await opened(client)).json()["resources"]
    id_ = next(each["reference"] for each in made if each["reference"].startswith("Encounter/")).partition("/")[2]
    stay = {"resourceType": "Encounter", "id": id_, "status": "finished", "class": {"code": "IMP"}, "meta": {"security": [very]}}
    await recorded(store, stay)
    assert (await opened(client)).status_code == 403


async def test_what_was_taken_down_is_given_to_nobody(operator: Services, store: SqlStore, client: Client) -> None:
    await kept(store, identified())
    await store.commit(Change(outcomes=[Outcome(1, "refused", T0, "taken-down", "7")]))
    assert [(await opened(client, view)).status_code for view in ("lineage", "content")] == [410, 410]
    assert (await client.get("/messages/1/lineage")).status_code == 410
    assert (await client.get("/messages/1/history")).json()["events"][-1] == {"event": "taken-down", "message": 7}


async def test_an_empty_message_is_empty(operator: Services, store: SqlStore, client: Client) -> None:
    await kept(store, b"")
    answer = await opened(client, "content")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_what_clients_wrote_is_no_message(operator: Services, store: SqlStore, client: Client) -> None:
    await store.commit(Change(entries=[Entry(0, "api", "api", T0, "", f"PUT Patient/{NUMBER}", b'{"resourceType":"Patient"}')]))
    assert (await opened(client)).status_code == 404
    listed = await client.get("/messages/")
    assert (NUMBER in listed.text, listed.json()["messages"][0]["type"]) == (False, "PUT Patient")


async def test_what_cannot_be_mapped_shows_its_fields_and_why(operator: Services, store: SqlStore, client: Client) -> None:
    await kept(store, admission(trigger="ADT^A99"))
    said = (await client.get("/messages/1/lineage")).json()
    assert (said["problem"]["reason"], len(said["fields"]) > 10, said["elements"]) == ("unknown-trigger", True, [])
