"""``/itk3/$process-message``: messages of ITK3, answered once they are on disk (ITK3 Messaging Distribution).

The answer is an ITK3 response with its code.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from lxml import etree

from interop.api.services import Services
from interop.clock import ManualClock
from interop.ports import Feed
from interop.store.plan import Everything
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.protocols import serving
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
MESSAGE = "/itk3/$process-message"
HANDOVER, DISCHARGE = example("documents", "handover.json"), example("documents", "discharge.xml")


@pytest.fixture
async def services(store: SqliteStore, clock: ManualClock) -> AsyncIterator[Services]:
    async with serving(store, clock, Feed("handover", "documents"), 4) as made:
        yield made


async def post(client: Client, body: bytes) -> httpx.Response:
    return await client.http.request("POST", MESSAGE, content=body)


def told(answer: httpx.Response) -> tuple[int, str, str, str]:
    """Status, the response's code, whose message it answers, the ITK response code."""
    header, outcome = (entry["resource"] for entry in orjson.loads(answer.content)["entry"])
    assert header["event"]["code"] == "ITK008M"
    code = outcome["issue"][0]["details"]["coding"][0]["code"]
    return answer.status_code, header["response"]["code"], header["response"]["identifier"], code


async def states(store: SqliteStore) -> list[tuple[str, str]]:
    return [(entry.feed, entry.state) async for entry in store.stream(Everything())]


def header_id(body: bytes) -> str:
    return str(orjson.loads(body)["entry"][0]["resource"]["id"])


async def test_a_message_is_answered_with_success_once_it_is_on_disk(client: Client, store: SqliteStore) -> None:
    assert told(await post(client, HANDOVER)) == (200, "ok", header_id(HANDOVER), "20013")
    assert await states(store) == [("handover", "received")]


async def test_the_same_again_is_a_duplicate_and_kept_once(client: Client, store: SqliteStore) -> None:
    await post(client, HANDOVER)
    assert told(await post(client, HANDOVER)) == (409, "fatal-error", header_id(HANDOVER), "20007")
    assert len(await states(store)) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", (400, "fatal-error", "UNREADABLE-IN-ORIGINAL-MESSAGE", "10009")),
        (HANDOVER.replace(b'"YH001"', b'"ITK008M"'), (422, "fatal-error", header_id(HANDOVER), "10004")),
        (b'{"resourceType":"Patient"}', (415, "fatal-error", "UNREADABLE-IN-ORIGINAL-MESSAGE", "20006")),
        (HANDOVER.replace(b'"9995000016"', b'"{{number}}"'), (422, "fatal-error", header_id(HANDOVER), "20009")),
    ],
    ids=["unreadable", "an answer", "no bundle", "a template"],
)
async def test_what_cannot_be_taken_is_told_by_its_code_and_kept(
    client: Client, store: SqliteStore, body: bytes, said: tuple[int, str, str, str]
) -> None:
    assert told(await post(client, body)) == said
    assert await states(store) == [("handover", "refused")]


async def test_xml_is_answered_in_xml(client: Client) -> None:
    answer = await post(client, DISCHARGE)
    assert answer.headers["content-type"] == "application/fhir+xml;charset=utf-8"
    root: Any = etree.fromstring(answer.content)
    names = {"f": "http://hl7.org/fhir"}
    assert root.xpath("//f:OperationOutcome/f:issue/f:details/f:coding/f:code/@value", namespaces=names) == ["20013"]
    assert root.xpath("//f:MessageHeader/f:destination/f:endpoint/@value", namespaces=names) == ["MESHMAILBOX01"]
    assert root.xpath("//f:MessageHeader/f:extension/f:extension/@url", namespaces=names) == ["BusAckRequested", "InfAckRequested"]


async def test_there_is_one_address(client: Client) -> None:
    assert (await client.get("/itk3/other")).status_code == 404
    wrong = await client.http.request("PUT", MESSAGE, content=HANDOVER)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
