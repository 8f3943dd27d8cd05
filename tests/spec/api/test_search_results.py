"""How results are given (FHIR R4 search, 3.1.1.5): what comes along, order, pages, totals, parts of resources."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client, link, matches
from tests.spec.api.searches import LOINC, coded, observation, of, record, to

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        of("Organization", "trust", name="Trust"),
        of("Organization", "ward", name="Ward", partOf=to("Organization/trust")),
        of("Organization", "team", name="Team", partOf=to("Organization/ward")),
        of("Practitioner", "dr", name=[{"family": "Okafor"}]),
        of(
            "Patient",
            "p1",
            name=[{"family": "Ashdown"}],
            birthDate="1950",
            generalPractitioner=[to("Practitioner/dr")],
            managingOrganization=to("Organization/team"),
        ),
        of(
            "Patient",
            "p2",
            name=[{"family": "Berg"}],
            birthDate="1940",
            text={"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>B</div>"},
        ),
        of("Patient", "p3", name=[{"family": "Ashdown"}], birthDate="1960"),
        observation(
            "o1",
            coded(LOINC, "a"),
            subject=to("Patient/p1"),
            performer=[to("Practitioner/dr")],
            effectiveDateTime="2020",
            valueQuantity={"value": 3, "unit": "kg"},
        ),
        observation(
            "o2",
            coded(LOINC, "b"),
            subject=to("Patient/p1"),
            performer=[to("Organization/ward")],
            status="amended",
            valueQuantity={"value": 1, "unit": "kg"},
        ),
        observation("o3", coded(LOINC, "a"), subject=to("Patient/p2"), hasMember=[to("Observation/o2")], effectiveDateTime="2019"),
        of(
            "Provenance",
            "pr",
            target=[to("Observation/o1")],
            recorded="2020-01-01T00:00:00Z",
            agent=[{"who": to("Practitioner/dr")}],
        ),
        of("QuestionnaireResponse", "qr", status="completed", questionnaire="https://example.org/q|2"),
        of("Questionnaire", "q", url="https://example.org/q", version="2", status="active"),
    )


async def asked(client: Client, search: str) -> dict[str, Any]:
    answer = await client.get(f"/fhir/{search}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


ALONG = [
    ("Observation?_id=o1&_include=Observation:patient", "Patient/p1"),
    ("Observation?_id=o1&_include=Observation:subject:Patient", "Patient/p1"),
    ("Observation?_id=o1&_include=Observation:subject:Group", ""),
    ("Observation?_id=o1&_include=Observation:performer&_include=Observation:subject", "Patient/p1 Practitioner/dr"),
    ("Observation?_include=Observation:performer", "Organization/ward Practitioner/dr"),
    ("Observation?_id=o1&_include=Observation:*", "Patient/p1 Practitioner/dr"),
    ("Observation?_id=o1&_include=*", "Patient/p1 Practitioner/dr"),
    ("Observation?_id=o1&_include=Observation:patient&_include=Patient:organization", "Patient/p1"),
    ("Observation?_id=o1&_include=Observation:patient&_include:iterate=Patient:organization", "Organization/team Patient/p1"),
    (
        "Observation?_id=o1&_include=Observation:patient&_include:iterate=Patient:organization&_include:iterate=Organization:partof",
        "Organization/team Organization/trust Organization/ward Patient/p1",
    ),
    ("Organization?_id=team&_include:recurse=Organization:partof", "Organization/trust Organization/ward"),
    ("Organization?_id=team&_include=Organization:partof", "Organization/ward"),
    ("Observation?_id=o3&_include=Observation:has-member", "Observation/o2"),
    ("Observation?_id=o2,o3&_include=Observation:has-member", ""),
    ("Patient?_id=p1&_revinclude=Observation:subject", "Observation/o1 Observation/o2"),
    ("Patient?_id=p1&_revinclude=Observation:*", "Observation/o1 Observation/o2"),
    (
        "Patient?_id=p1&_revinclude=Observation:patient&_revinclude:iterate=Provenance:target",
        "Observation/o1 Observation/o2 Provenance/pr",
    ),
    ("Organization?_id=trust&_revinclude:iterate=Organization:partof", "Organization/team Organization/ward"),
    ("Patient?_id=p3&_revinclude=Observation:subject", ""),
    ("QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire", "Questionnaire/q"),
    ("Observation?_id=o1&_count=0&_include=Observation:patient", ""),
]


async def test_what_comes_along(client: Client) -> None:
    """3.1.1.5.3: each resource once, and never a match again."""
    found = []
    for search, _ in ALONG:
        bundle = await asked(client, search)
        assert len(set(every := matches(bundle) + matches(bundle, "include"))) == len(every)
        found.append((search, " ".join(sorted(matches(bundle, "include")))))
    assert found == ALONG


async def test_a_versioned_reference_brings_that_version(client: Client) -> None:
    await client.put(of("Location", "bed", name="Bed 1"))
    await client.put(of("Location", "bed", name="Bed 2"))
    await client.put(
        of("Encounter", "e", status="planned", **{"class": {"code": "IMP"}}, location=[{"location": to("Location/bed/_history/1")}])
    )
    (bed,) = [entry["resource"] for entry in (await asked(client, "Encounter?_include=Encounter:location"))["entry"][1:]]
    assert (bed["name"], bed["meta"]["versionId"]) == ("Bed 1", "1")


ORDERS = [
    ("Patient?_sort=birthdate", "p2 p1 p3"),
    ("Patient?_sort=-birthdate", "p3 p1 p2"),
    ("Patient?_sort=family,-birthdate", "p3 p1 p2"),
    ("Patient?_sort=-family,birthdate", "p2 p1 p3"),
    ("Patient?_sort=-_id", "p3 p2 p1"),
    ("Observation?_sort=status", "o2 o1 o3"),
    ("Observation?_sort=-status,_id", "o1 o3 o2"),
    ("Observation?_sort=code,-_id", "o3 o1 o2"),
    ("Observation?_sort=date", "o3 o1 o2"),
    ("Observation?_sort=-date", "o1 o3 o2"),
    ("Observation?_sort=value-quantity", "o2 o1 o3"),
    ("Observation?_sort=subject,-_id", "o2 o1 o3"),
    ("Observation?_sort=_lastUpdated,_id", "o1 o2 o3"),
]


async def test_order(client: Client) -> None:
    """3.1.1.5.1: by any parameter; what has no value comes last; the same over pages of one."""
    for page in ("", "&_count=1"):
        found = [(search, [each.partition("/")[2] for each in await client.ids(f"/fhir/{search}{page}")]) for search, _ in ORDERS]
        assert found == [(search, order.split()) for search, order in ORDERS]


async def test_totals(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.1.1.5.5: given where it costs little, or where it is asked for."""
    assert (await asked(client, "Patient"))["total"] == 3
    assert (await asked(client, "Patient?_count=2"))["total"] == 3
    monkeypatch.setattr("interop.api.fhir.search.SMALL", 2)
    assert "total" not in await asked(client, "Patient?_count=2")
    assert "total" not in await asked(client, "Patient?_total=none")
    for wanted in ("accurate", "estimate"):
        assert (await asked(client, f"Patient?_count=2&_total={wanted}"))["total"] == 3
    for only in ("_count=0", "_summary=count"):
        counted = await asked(client, f"Patient?family=ashdown&{only}")
        assert (counted["total"], counted.get("entry", [])) == (2, [])


async def test_pages(client: Client) -> None:
    """next goes on, first leads back, self names the page; none of them tells what was searched for."""
    first = await asked(client, "Patient?family=ashdown,berg&_count=2&_total=accurate")
    assert matches(first) == ["Patient/p1", "Patient/p2"]
    second = (await client.get(link(first, "next") or "")).json()
    assert (matches(second), second["total"], link(second, "next")) == (["Patient/p3"], 3, None)
    assert (await client.get(link(second, "first") or "")).json()["entry"] == first["entry"]
    assert (await client.get(link(second, "self") or "")).json()["entry"] == second["entry"]
    assert "ashdown" not in str(second["link"])
    head = await client.send("HEAD", "/fhir/Patient?family=berg")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_page_stays_right_while_the_data_changes(client: Client) -> None:
    """What was seen is not seen again, what comes after is not passed over."""
    for id in ("a", "b", "c", "d"):
        await client.put(of("Location", id, name=id))
    first = await asked(client, "Location?_sort=name&_count=2")
    await client.send("DELETE", "/fhir/Location/a")
    await client.put(of("Location", "aa", name="aa"))
    assert matches((await client.get(link(first, "next") or "")).json()) == ["Location/c", "Location/d"]
    for id in ("c", "d"):
        await client.send("DELETE", f"/fhir/Location/{id}")
    assert matches((await client.get(link(first, "next") or "")).json()) == []


async def test_a_cursor_is_of_its_address_and_of_this_server(client: Client) -> None:
    onward = link(await asked(client, "Patient?_count=1"), "next") or ""
    cursor = onward.partition("?")[2]
    assert (await client.get(f"/fhir/Observation?{cursor}")).status_code == 400
    assert (await client.get(f"/fhir/Patient?{cursor}&family=ashdown")).status_code == 400
    assert (await client.get(f"/fhir/Patient?{cursor[:-3]}")).status_code == 400
    assert (await client.get("/fhir/Patient?_cursor=AAAA")).status_code == 400
    for address in ("Patient/_history", "_history", "Patient/p1/$everything", "Patient/p1/$whole-record", "Patient/p1/*"):
        assert (await client.get(f"/fhir/{address}?{cursor}")).status_code == 400, address


async def test_parts_of_resources(client: Client) -> None:
    """3.1.1.5.9 and 3.1.1.5.10: tagged SUBSETTED; what is included is cut in the same way."""
    (entry,) = (await asked(client, "Patient?_id=p2&_elements=birthDate"))["entry"]
    assert entry["resource"].keys() == {"resourceType", "id", "meta", "birthDate"}
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    (entry,) = (await asked(client, "Patient?_id=p2&_summary=text"))["entry"]
    assert "text" in entry["resource"]
    assert "name" not in entry["resource"]
    (entry,) = (await asked(client, "Patient?_id=p2&_summary=data"))["entry"]
    assert "text" not in entry["resource"]
    assert "name" in entry["resource"]
    (entry,) = (await asked(client, "Patient?_id=p2&_summary=true"))["entry"]
    assert "text" not in entry["resource"]
    assert "name" in entry["resource"]
    (entry,) = (await asked(client, "Patient?_id=p2&_summary=false"))["entry"]
    assert "text" in entry["resource"]
    assert "tag" not in entry["resource"]["meta"]
    onward = link(await asked(client, "Patient?_elements=birthDate&_count=1"), "next") or ""
    assert "name" not in (await client.get(onward)).json()["entry"][0]["resource"]


async def test_self_names_what_had_an_effect(client: Client) -> None:
    bundle = await asked(client, "Patient?family=berg&shoe-size=44&_sort=birthdate&gender=&_format=json")
    assert link(bundle, "self") == f"{BASE}/fhir/Patient?family=berg&_sort=birthdate"
    (outcome,) = [each["resource"] for each in bundle["entry"] if each["search"]["mode"] == "outcome"]
    assert [issue["severity"] for issue in outcome["issue"]] == ["warning"]
    assert (bundle["total"], matches(bundle)) == (1, ["Patient/p2"])
