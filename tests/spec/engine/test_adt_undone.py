"""What is undone is as though it had not been, in whatever order the messages come (HL7 v2.4 chapter 3)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import httpx
import pytest

from tests.spec.engine.running import found, ingest

pytestmark = pytest.mark.anyio

WARD = "WARD7^BAY2^4^RX1"
CCU = "CCU^^^RX1"


def adt(event: str, hour: int, visit: str, *, place: str = WARD, prior: str = "", more: dict[int, str] | None = None) -> bytes:
    """An event of a visit at an hour of one day; ``more`` are other fields of PV1 by number, of PV2 from 100 on."""
    at = f"20260105{hour:02}0000"
    fields = {2: "I", 3: place, 6: prior, 19: visit, **(more or {})}
    pv1 = "|".join(["PV1", *(fields.get(number, "") for number in range(1, 46))])
    pv2 = "|".join(["PV2", *(fields.get(100 + number, "") for number in range(1, 10))])
    segments = [
        f"MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|{at}||ADT^{event}|{visit}{event}{hour}|P|2.4|||||GBR|UNICODE UTF-8|EN||iTKv1.0",
        f"EVN||{at}||||{at}",
        f"PID|1||L{visit}^^^PAS||QUARRINGTON^ZELDA||19480312|2",
        pv1,
    ]
    return "\r".join([*segments, pv2] if pv2.strip("PV2|") else segments).encode()


def pair(event: str, hour: int, first: str, second: str) -> bytes:
    """A24 or A37 of two people."""
    at = f"20260105{hour:02}0000"
    lines = [f"MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|{at}||ADT^{event}|{first}{event}{hour}|P|2.4", f"EVN||{at}||||{at}"]
    return "\r".join([*lines, *(f"PID|||{name}^^^PAS||QUARRINGTON^{name}||19480312|2" for name in (first, second))]).encode()


async def applied(http: httpx.AsyncClient, *bodies: bytes) -> None:
    for body in bodies:
        answer = await ingest(http, body)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text


async def visit_of(http: httpx.AsyncClient, number: str) -> dict[str, Any]:
    """What the record says of a visit, places by the ward's name, whose visit it is left out."""
    (one,) = await found(http, f"Encounter?identifier={number}")
    places = []
    for place in one.get("location", []):
        where = (await http.get(f"/fhir/{place['location']['reference']}")).json()
        places.append((where["name"], place.get("status"), place.get("period", {}).get("start")))
    kept = ("status", "period", "hospitalization", "participant", "extension")
    return {name: one[name] for name in kept if name in one} | {"location": sorted(places)}


ADMITTED = {44: "202601051000"}
OUT = {44: "202601051000", 45: "202601051200", 36: "1", 37: "19"}
UNDONE: list[tuple[str, list[tuple[str, int, dict[str, Any]]], dict[str, Any]]] = [
    (
        "A11 cancels an admission",
        [("A01", 10, {"more": ADMITTED}), ("A08", 11, {"more": ADMITTED}), ("A11", 12, {})],
        {"status": "cancelled", "location": [("4", None, None), ("BAY2", None, None)]},
    ),
    (
        "A12 cancels a transfer",
        [
            ("A01", 10, {"more": ADMITTED}),
            ("A02", 11, {"place": CCU, "prior": WARD, "more": ADMITTED}),
            ("A08", 12, {"place": CCU, "prior": WARD, "more": ADMITTED}),
            ("A12", 13, {"more": ADMITTED}),
        ],
        {
            "status": "in-progress",
            "period": {"start": "2026-01-05T10:00:00+00:00"},
            "location": [("4", "active", None), ("BAY2", "active", None)],
        },
    ),
    (
        "A13 cancels a discharge",
        [
            ("A01", 10, {"more": ADMITTED}),
            ("A03", 12, {"more": OUT}),
            ("A08", 13, {"more": OUT}),
            ("A13", 14, {"more": ADMITTED}),
        ],
        {
            "status": "in-progress",
            "period": {"start": "2026-01-05T10:00:00+00:00"},
            "location": [("4", "active", None), ("BAY2", "active", None)],
        },
    ),
    (
        "A25 cancels a pending discharge",
        [
            ("A01", 10, {"more": ADMITTED}),
            ("A16", 11, {"more": ADMITTED | {109: "20260107"}}),
            ("A08", 12, {"more": ADMITTED | {109: "20260107"}}),
            ("A25", 13, {"more": ADMITTED}),
        ],
        {
            "status": "in-progress",
            "period": {"start": "2026-01-05T10:00:00+00:00"},
            "location": [("4", "active", None), ("BAY2", "active", None)],
        },
    ),
    (
        "A52 cancels a leave of absence",
        [("A01", 10, {"more": ADMITTED}), ("A21", 11, {"more": ADMITTED}), ("A52", 13, {"more": ADMITTED})],
        {
            "status": "in-progress",
            "period": {"start": "2026-01-05T10:00:00+00:00"},
            "location": [("4", "active", None), ("BAY2", "active", None)],
        },
    ),
    (
        "A53 cancels the return from it",
        [("A01", 10, {}), ("A21", 11, {}), ("A22", 12, {}), ("A53", 13, {})],
        {"status": "onleave", "location": [("4", "reserved", None), ("BAY2", "reserved", None)]},
    ),
    (
        "A38 cancels a pre-admission",
        [("A05", 10, {}), ("A08", 11, {}), ("A38", 12, {})],
        {"status": "cancelled", "location": [("4", None, None), ("BAY2", None, None)]},
    ),
]


@pytest.mark.parametrize(("events", "expected"), [case[1:] for case in UNDONE], ids=[case[0] for case in UNDONE])
async def test_a_cancel_undoes_what_it_cancels_and_what_repeated_it(
    http: httpx.AsyncClient, events: list[tuple[str, int, dict[str, Any]]], expected: dict[str, Any]
) -> None:
    for number, order in enumerate(permutations(events)):
        visit = f"V{number:03}"
        await applied(http, *(adt(event, hour, visit, **more) for event, hour, more in order))
        assert await visit_of(http, visit) == expected, [event for event, _, _ in order]


async def test_a_cancelled_discharge_may_come_again(http: httpx.AsyncClient) -> None:
    await applied(http, adt("A01", 10, "V1", more=ADMITTED), adt("A03", 12, "V1", more=OUT), adt("A13", 13, "V1", more=ADMITTED))
    await applied(http, adt("A03", 15, "V1", more={44: "202601051000", 45: "202601051500"}))
    seen = await visit_of(http, "V1")
    assert (seen["status"], seen["period"]["end"]) == ("finished", "2026-01-05T15:00:00+00:00")


async def test_a_bed_is_left_with_its_ward(http: httpx.AsyncClient) -> None:
    """A02 to a place without a bed: the patient does not lie in the bed before too."""
    await applied(http, adt("A01", 10, "V1"), adt("A02", 11, "V1", place=CCU))
    assert [place for place, status, _ in (await visit_of(http, "V1"))["location"] if status == "active"] == ["CCU"]


async def groups(http: httpx.AsyncClient, *names: str) -> dict[str, int]:
    """How many people's visits each of these is answered with."""
    return {name: len(await found(http, f"Encounter?patient.identifier=L{name}")) for name in names}


@pytest.mark.parametrize("order", list(permutations(range(2))), ids=str)
async def test_unlinking_undoes_a_link_whichever_comes_first(http: httpx.AsyncClient, order: tuple[int, int]) -> None:
    """A24 says that two records are of one person, A37 that they are not; nothing else of them changes."""
    await applied(http, *(adt("A01", 9, name) for name in ("V1", "V2")))
    told = [pair("A24", 11, "LV1", "LV2"), pair("A37", 12, "LV2", "LV1")]
    await applied(http, *(told[place] for place in order))
    assert await groups(http, "V1", "V2") == {"V1": 1, "V2": 1}
    await applied(http, pair("A24", 13, "LV1", "LV2"))
    assert await groups(http, "V1", "V2") == {"V1": 2, "V2": 2}


async def test_unlinking_leaves_what_else_holds_together(http: httpx.AsyncClient) -> None:
    """V1 and V2 are linked, V2 and V3 too, V3 was merged with V4: undoing the first link parts V1 alone."""
    names = ("V1", "V2", "V3", "V4")
    await applied(http, *(adt("A01", 9, name) for name in names))
    merge = pair("A40", 10, "LV3", "LV4").replace(b"PID|||LV4^^^PAS||QUARRINGTON^LV4||19480312|2", b"MRG|LV4^^^PAS")
    await applied(http, merge, pair("A24", 11, "LV2", "LV3"), pair("A24", 11, "LV1", "LV2"))
    assert await groups(http, *names) == dict.fromkeys(names, 4)
    await applied(http, pair("A37", 12, "LV1", "LV2"))
    assert await groups(http, *names) == {"V1": 1, "V2": 3, "V3": 3, "V4": 3}
