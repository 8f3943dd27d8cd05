"""The example day by the real ports: what a practice wrote in a plan is what a crew reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.examples.day import day
from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio
BASE = date(2026, 7, 15)


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        yield http


async def told(http: httpx.AsyncClient, name: str, family: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Card and plan of somebody once the messages of this name have come."""
    for message in day(BASE):
        if f"-{name}-record" in message.file_name:
            assert (await ingest(http, message.body, feed=message.adapter)).status_code == 200
    (who,) = [each["id"] for each in await found(http, f"Patient?family={family}")]
    card, plan = [await http.get(f"/fhir/Patient/{who}/{name}") for name in ("$crew-card", "$care-plan")]
    assert (card.status_code, plan.status_code) == (200, 200)
    assert len(card.content) < 10_000
    return card.json(), plan.json()


def under(plan: dict[str, Any], heading: str) -> list[str]:
    """The lines of a heading of the plan."""
    groups = plan["entry"][0]["resource"]["section"]
    (of,) = [one for group in groups for one in group["section"] if one["code"]["coding"][0]["code"] == heading]
    return [line["title"] for line in of.get("section", ())]


def texts(card: dict[str, Any], section: str) -> list[str]:
    return [line["text"] for line in card[section]["lines"]]


async def test_a_crew_reads_what_lauras_practice_wrote(http: httpx.AsyncClient) -> None:
    card, plan = await told(http, "laura", "Ormsgill")
    (matters,) = texts(card, "matters")
    assert matters.startswith("What matters to me: to stay in my own home, look after my garden")
    (step,) = card["steps"]["lines"]
    assert step["if"] == "If Laura falls"
    assert step["as"] == "written"
    assert step["text"].endswith("a suspected fracture, a head injury or a change in consciousness.")
    (clinician,) = texts(card, "namedClinician")
    assert clinician.startswith("Named clinician: Dr Ruth Ansley, Oakshaw Surgery.")
    assert any(each.startswith("Key safe by the back door; her son Edwin") for each in texts(card, "alerts"))
    assert any(each.startswith("Fell at home on") for each in texts(card, "plans"))
    assert "to stay in my own home" in card["glance"]["matters"]
    assert "If Laura falls: ring the co-ordination desk" in card["glance"]["steps"]
    assert card["cpr"]["words"] == "Not under this heading: read the plans' own words."
    assert "None recorded." not in str(card)
    for section, heading in (("matters", "what-matters"), ("steps", "contingency"), ("namedClinician", "named-clinician")):
        assert under(plan, heading) == texts(card, section)


async def test_a_crew_reads_what_bills_practice_wrote(http: httpx.AsyncClient) -> None:
    card, plan = await told(http, "bill", "Crowhurst")
    (matters,) = texts(card, "matters")
    assert matters.startswith(
        "What matters to me: my dog, my allotment, and to be with Joan. What matters to Joan: a night's sleep"
    )
    (step,) = card["steps"]["lines"]
    assert step["if"] == "In a crisis"
    assert "Bill does not like to be hurried; say your name each time; let Joan stay with him." in step["text"]
    assert "and not 999" in card["glance"]["steps"] or "In a crisis" in card["glance"]["steps"]
    assert any(each.startswith("He wishes to be looked after at home, and in hospital only") for each in texts(card, "plans"))
    assert "None recorded." not in str(card)
    assert under(plan, "contingency") == [step["text"]]
