"""How a list is asked for and given: names, order, pages, forms, the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.fhir.findings import ERROR
from interop.fhir.validation import check
from tests.spec.rules.acting import acting
from tests.spec.worklists.asking import asked, entries, list_of, on
from tests.spec.worklists.hospital import about, observed, person

pytestmark = pytest.mark.anyio
DESK = {"coding": [{"system": "urn:interop:codes:worklist", "code": "co-ordination"}]}


async def test_pages_are_the_whole_list_in_its_order_whatever_happens_between_them(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for number in range(5):
            await here.put(person(f"p{number}"))
            task = about("Task", f"t{number}", f"p{number}", status="requested", intent="order", performerType=[DESK])
            await here.put(task | {"authoredOn": f"2026-01-0{5 - number}T09:00:00Z", "description": f"Ring number {number}"})
        whole = await asked(here.http, "co-ordination")
        order = [each.patient for each in entries(whole)]
        assert order == ["p4", "p3", "p2", "p1", "p0"], "who waits longest stands first"
        assert [each["resource"]["id"] for each in whole["entry"] if each["search"]["mode"] == "match"] == order
        assert whole["total"] == 5
        first = await asked(here.http, "co-ordination", "&_count=2")
        assert [each.rank for each in entries(first)] == [1, 2]
        assert first["total"] == 5
        following = next(each["url"] for each in first["link"] if each["relation"] == "next")
        await here.put(about("Task", "t4", "p4", status="completed", intent="order", performerType=[DESK]))
        second = (await here.http.get(following)).json()
        assert [(each.patient, each.rank) for each in entries(second)] == [("p2", 2), ("p1", 3)]
        last = next(each["url"] for each in second["link"] if each["relation"] == "next")
        third = (await here.http.get(last)).json()
        assert [each.patient for each in entries(third)] == ["p0"]
        assert all(each["relation"] != "next" for each in third["link"])


async def test_the_list_is_fhir_in_json_and_in_xml_and_says_what_it_is(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        nobody = await asked(here.http, "mdt")
        assert list_of(nobody)["emptyReason"] == {"text": "Nobody of those whom who asks may see"}
        await here.put(person("p"))
        await here.put(observed("f", "p", "713636003", 8))
        bundle = await asked(here.http, "mdt")
        assert [each for each in check(bundle) if each.severity == ERROR] == []
        assert list_of(bundle)["mode"] == "snapshot"
        xml = await here.http.get("/fhir/$worklist?name=mdt", headers={"accept": "application/fhir+xml"})
        assert (xml.status_code, xml.headers["content-type"].partition(";")[0]) == (200, "application/fhir+xml")
        assert '<reference value="Patient/p"/>' in xml.text
        said = {"resourceType": "Parameters", "parameter": [{"name": "name", "valueCode": "mdt"}]}
        assert entries((await here.http.post("/fhir/$worklist", json=said)).json()) == entries(bundle)
        definition = (await here.http.get("/fhir/OperationDefinition/worklist")).json()
        assert (definition["code"], definition["system"]) == ("worklist", True)
        assert "/fhir/$worklist" in (await here.http.get("/openapi.json")).json()["paths"]


async def test_a_name_that_is_none_is_answered_with_the_names_and_where_others_are_kept(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        answer = await here.http.get("/fhir/$worklist?name=everybody")
        assert answer.status_code == 400
        (issue,) = answer.json()["issue"]
        assert "mdt, urgent-response, medically-fit, failed-discharges, care-home-round, co-ordination" in issue["diagnostics"]
        kept = await here.http.get("/fhir/$worklist?name=privacy-queue")
        assert kept.status_code == 400
        assert "$privacy-queue" in kept.json()["issue"][0]["diagnostics"]
        assert (await here.http.get("/fhir/$worklist?name=mdt&_count=0")).status_code == 400


async def test_the_desk_sees_the_bookings_of_somebody_who_has_died(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put(person("p", deceasedBoolean=True))
        task = about("Task", "t", "p", status="requested", intent="order", performerType=[DESK], authoredOn="2026-01-05")
        await here.put(task | {"description": "Look at the booking and cancel it"})
        (line,) = await on(here.http, "co-ordination")
    assert line.words == {"desk-task": "Waits for the desk: Look at the booking and cancel it"}
