"""Medicines before a stay by the practice's record and after it by the hospital's letter: real messages by the real ports."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.spec.careplan.medicines import ACTIVE
from tests.spec.careplan.test_medicines_given import composition, lines
from tests.spec.engine.running import client, found, ingest, running
from tests.spec.families.maps import example

pytestmark = [pytest.mark.anyio, pytest.mark.long]
SUMMARY = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-MedicationChangeSummary-1"
STATEMENT = '<id value="8e2b1724-1c44-4f2a-8d10-66a0c9d5e324"/>'
ITEM = '<reference value="urn:uuid:8e2b1724-1c44-4f2a-8d10-66a0c9d5e324"/>'
AMLODIPINE = "Amlodipine 5mg tablets"


def summary(status: str, why: str) -> str:
    """The extension by which a letter says what has changed."""
    parts = f'<extension url="status"><valueCode value="{status}"/></extension>'
    parts += f'<extension url="indicationForChange"><valueCodeableConcept><text value="{why}"/></valueCodeableConcept></extension>'
    return f'<extension url="{SUMMARY}">{parts}</extension>'


def discharge(status: str, more: str = "", dosage: str = "", code: str = "933361000000108") -> bytes:
    """A discharge summary: amoxicillin is new, and what it says of amlodipine, nothing where there is no status."""
    text = example("documents", "discharge.xml").decode()
    assert (text.count(STATEMENT), text.count(ITEM)) == (1, 1)
    text = text.replace(STATEMENT, f"{STATEMENT}{summary('Added', 'Pneumonia')}")
    head, _, tail = text.rpartition('<code value="933361000000108"/>')
    text = f'{head}<code value="{code}"/>{tail}'
    if status:
        id_ = "8e2b1799-1c44-4f2a-8d10-66a0c9d5e399"
        coding = f'<system value="http://snomed.info/sct"/><code value="319283006"/><display value="{AMLODIPINE}"/>'
        said = f'<dosage><text value="{dosage}"/></dosage>' if dosage else ""
        statement = (
            f'<MedicationStatement><id value="{id_}"/>{more}<status value="{status}"/>'
            f"<medicationCodeableConcept><coding>{coding}</coding></medicationCodeableConcept>"
            '<subject><reference value="urn:uuid:8e2b1701-1c44-4f2a-8d10-66a0c9d5e301"/></subject>'
            f'<taken value="y"/>{said}</MedicationStatement>'
        )
        entry = f'<entry><fullUrl value="urn:uuid:{id_}"/><resource>{statement}</resource></entry>'
        at = text.index("<MedicationStatement>")
        begins = text.rindex("<entry>", 0, at)
        text = f"{text[:begins]}{entry}{text[begins:]}"
        item = re.search(rf"<entry>\s*<item>\s*{re.escape(ITEM)}\s*</item>\s*</entry>", text)
        assert item is not None
        text = f'{text[: item.end()]}<entry><item><reference value="urn:uuid:{id_}"/></item></entry>{text[item.end() :]}'
    return text.encode()


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        yield http


async def changes(http: httpx.AsyncClient, letter: bytes, query: str = "") -> dict[str, Any]:
    """What is said of the stay when the practice's record and this letter are in: of the practice's Patient."""
    for feed, body in (("openhr", example("openhr", "record.xml")), ("documents", letter)):
        answer = await ingest(http, body, feed=feed)
        assert answer.json()["state"] == "applied", answer.text
    (hers,) = await found(http, "Patient?family=Hopfield")
    (theirs,) = await found(http, "Patient?family=Okoro")
    said = {"resourceType": "Parameters", "parameter": [
        {"name": "other", "valueReference": {"reference": f"Patient/{theirs['id']}"}},
        {"name": "reason", "valueString": "She says so"}]}  # fmt: skip
    answer = await http.post(f"/fhir/Patient/{hers['id']}/$link", json=said)
    assert answer.status_code == 200, answer.text
    answer = await http.get(f"/fhir/Patient/{hers['id']}/$medication-changes{query}")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_another_dose_in_the_letter_is_a_change_of_what_the_practice_has(http: httpx.AsyncClient) -> None:
    made = await changes(http, discharge("active", summary("Amended", "Blood pressure"), "Two daily"))
    shown = lines(made)
    assert [each.startswith("Amlodipine") for each in shown["changed"]] == [True]
    assert shown["started"] == ["Amoxicillin 250mg capsules"]
    (line,) = next(each for each in composition(made)["section"] if each["code"]["coding"][0]["code"] == "changed")["section"]
    assert {"url": "urn:interop:extension:medicine-matched", "valueCode": "code"} in line["extension"]
    assert {"url": "urn:interop:extension:medicine-differs", "valueCode": "dose"} in line["extension"]
    assert re.search("Before: .*One daily.*At discharge: .*Two daily.*Why: Blood pressure", line["text"]["div"])


async def test_what_the_letter_stops_is_stopped_with_its_reason(http: httpx.AsyncClient) -> None:
    made = await changes(http, discharge("stopped", summary("Stopped", "Ankles swell")), "?for=patient")
    (line,) = next(each for each in composition(made)["section"] if each["code"]["coding"][0]["code"] == "stopped")["section"]
    assert line["title"].startswith("Amlodipine")
    assert "This was stopped. Do not take it any more. The reason: Ankles swell." in line["text"]["div"]


async def test_what_the_letter_leaves_out_is_not_called_stopped(http: httpx.AsyncClient) -> None:
    shown = lines(await changes(http, discharge("")))
    assert (shown["stopped"], [each.split()[0] for each in shown["not-known"]]) == ([], ["Amlodipine"])


async def test_what_a_list_of_all_active_medicines_leaves_out_is_pointed_out(http: httpx.AsyncClient) -> None:
    made = await changes(http, discharge("", code=ACTIVE))
    assert (lines(made)["stopped"], [each.split()[0] for each in lines(made)["not-known"]]) == ([], ["Amlodipine"])
    assert "The hospital&#x27;s list of all medicines at discharge does not have it." in str(composition(made))


async def test_the_letter_that_comes_again_says_the_same(http: httpx.AsyncClient) -> None:
    letter = discharge("active", summary("Continued", "None"), "One daily")
    first = await changes(http, letter)
    await ingest(http, letter, feed="documents")
    (hers,) = await found(http, "Patient?family=Hopfield")
    again = (await http.get(f"/fhir/Patient/{hers['id']}/$medication-changes")).json()
    assert (lines(again), composition(again)["id"]) == (lines(first), composition(first)["id"])
    assert [each.split()[0] for each in lines(first)["unchanged"]] == ["Amlodipine"]
