"""Takedown: what was sent about the wrong person goes, what was there before comes back, nothing shows that it was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio


def message(day: int, *more: str, trigger: str = "A08", patient: str = "P1", name: str = "TEST^ANN", sender: str = "PAS") -> bytes:
    at = f"202601{day:02}1000"
    lines = [f"MSH|^~\\&|{sender}|RXX|HUB|HUB|{at}||ADT^{trigger}|{sender}{trigger}{day}|P|2.4", f"EVN|{trigger}|{at}"]
    return "\r".join([*lines, f"PID|1||{patient}^^^PAS||{name}", *more]).encode()


WRONG = ("PV1|1|I|WARD||||||||||||||||V9", "AL1|1|DA|PEN^Penicillin", "DG1|1||J18.9^Pneumonia^I10||20260102|W")


async def sent(http: httpx.AsyncClient, body: bytes, feed: str = "hl7v2") -> int:
    answer = await ingest(http, body, feed)
    assert answer.json()["state"] == "applied", answer.text
    number: int = answer.json()["message"]
    return number


async def taken(http: httpx.AsyncClient, number: int, **more: Any) -> dict[str, Any]:
    said = [{"name": "message", "valuePositiveInt": number}, {"name": "reason", "valueString": "sent about the wrong person"}]
    said += [{"name": name, "valueBoolean": value} for name, value in more.items()]
    answer = await http.post("/fhir/$takedown", json={"resourceType": "Parameters", "parameter": said})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_what_a_wrong_message_said_goes_and_what_was_there_before_is_back(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await sent(http, message(1, "PV1|1|I|WARD||||||||||||||||V1"))
        (before,) = await found(http, "Patient")
        number = await sent(http, message(2, *WRONG, name="OTHER^BOB"))
        assert len(await found(http, "Encounter")) == 2
        told = await taken(http, number)
        assert sum(each["name"] == "resource" for each in told["parameter"]) == 4, told
        assert [len(await found(http, type_)) for type_ in ("Encounter", "AllergyIntolerance", "Condition")] == [1, 0, 0]
        (after,) = await found(http, "Patient")
        assert after["name"] == before["name"]
