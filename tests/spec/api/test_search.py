"""Search (FHIR R4 search, 3.1.1): what each type of parameter finds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client, link, matches
from tests.spec.api.people import NHS, appointment, contribute, encounter, patient, plan

pytestmark = pytest.mark.anyio
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ASHDOWN = "Patient/gp Patient/pas"


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    people = [
        patient("gp", gender="female", birthDate="1950-03-04"),
        patient("pas", given="Mary Ann", birthDate="1950-03-04", active=True),
        patient("b", family="Bröoke-Ash", given="Zoë", number="9990000026", birthDate="1961", active=False),
    ]
    about = [
        encounter("e1", "pas", "2026-01-10T09:00:00Z", location=[{"location": {"reference": "Location/ward"}}]),
        encounter("e2", "gp", "2026-01-12T22:00:00+02:00", status="finished"),
        encounter("e3", "b", "2026-02-01"),
        plan("c1", "gp"),
        plan("c2", "b"),
        appointment("a1", "pas", "2026-02-01T10:00:00Z"),
        appointment("a2", "pas", "2026-03-01T10:00:00Z"),
        {"resourceType": "Location", "id": "ward", "name": "Ward 4"},
        {"resourceType": "Organization", "id": "o", "name": "Trust, North | East", "identifier": [{"value": "1"}]},
    ]
    await contribute(store, *people, *about, persons={"gp": "one", "pas": "one", "b": "two"})


def said(types: str, ids: Iterable[str]) -> list[str]:
    return [f"{types}/{id}" for id in ids]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (f"Patient?identifier={NHS}|9990000018", "gp pas"),
        ("Patient?identifier=9990000018", "gp pas"),
        (f"Patient?identifier={NHS}|", "b gp pas"),
        ("Organization?identifier=|1", "o"),
        ("Patient?identifier=9990000018,9990000026", "b gp pas"),
        ("Patient?gender=female", "gp"),
        ("Patient?gender:not=female", "b pas"),
        ("Patient?gender:missing=false", "gp"),
        ("Patient?gender:missing=true", "b pas"),
        ("Patient?active=true", "pas"),
        (f"Encounter?class={ACT}|IMP&status=finished", "e2"),
        ("Encounter?status=finished,in-progress&status=in-progress", "e1 e3"),
    ],
)
async def test_tokens(client: Client, search: str, found: str) -> None:
    """3.1.1.4.10: code, system|code, |code without system, system| any code; comma is or, repetition is and."""
    assert await client.ids(f"/fhir/{search}") == said(search.split("?")[0], found.split())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("family=ash", "b gp pas"),
        ("family=ASHDOWN", "gp pas"),
        ("family=down", ""),
        ("family:contains=ash", "b gp pas"),
        ("family:exact=ash", ""),
        ("family:exact=Ashdown", "gp pas"),
        ("given=zoe", "b"),
        ("given=mary%20ann", "pas"),
        ("name=mary,zo", "b gp pas"),
        ("name=mary&name=ash", "gp pas"),
        ("birthdate:missing=true", ""),
        ("family:missing=false", "b gp pas"),
    ],
)
async def test_strings(client: Client, search: str, found: str) -> None:
    """3.1.1.4.8: from the start, without regard to case and accents."""
    assert await client.ids(f"/fhir/Patient?{search}") == said("Patient", found.split())


@pytest.mark.parametrize("value", ["trust%5C, north", "trust%5C, north %5C| east"])
async def test_escaped_separators_are_part_of_the_value(client: Client, value: str) -> None:
    """3.1.1.4.1"""
    assert await client.ids(f"/fhir/Organization?name={value}") == ["Organization/o"]
    assert await client.ids("/fhir/Organization?name=north%5C%5C,nobody") == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("2026-01-10", ""),
        ("eq2026-01", ""),
        ("ne2026-01-10", "e1 e2 e3"),
        ("ge2026-01-12", "e1 e2 e3"),
        ("lt2026-01-12T20:00:00Z", "e1"),
        ("sa2026-01-11", "e2 e3"),
        ("sa2026-01-12T20:00:00Z", "e3"),
        ("sa2026-01-12T21:59:00%2B02:00", "e2 e3"),
        ("sa2026-01-12T22:00:00+02:00", "e3"),
        ("eb2026-01-11", ""),
        ("gt2026-01-01&date=lt2026-01-11", "e1"),
        ("sa2026-01-31,lt2026-01-11", "e1 e3"),
    ],
)
async def test_periods_that_are_still_open(client: Client, search: str, found: str) -> None:
    """3.1.1.4.7: a period without an end goes on for ever; eq means that the range asked for holds all of it."""
    assert await client.ids(f"/fhir/Encounter?date={search}") == said("Encounter", found.split())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("1950-03-04", "gp pas"),
        ("1950", "gp pas"),
        ("1961", "b"),
        ("1961-05", ""),
        ("ne1950-03-04", "b"),
        ("gt1950-03-04", "b"),
        ("ge1950-03-04", "b gp pas"),
        ("le1950-03-04", "gp pas"),
        ("lt1950-03-04", ""),
        ("sa1950-12-31", "b"),
        ("eb1961", "gp pas"),
        ("ap1955", "b gp pas"),
        ("ap1990", ""),
    ],
)
async def test_dates(client: Client, search: str, found: str) -> None:
    assert await client.ids(f"/fhir/Patient?birthdate={search}") == said("Patient", found.split())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("Encounter?patient=pas", "e1 e2"),
        ("Encounter?patient=gp", "e1 e2"),
        ("Encounter?patient=Patient/gp", "e1 e2"),
        (f"Encounter?patient={BASE}/fhir/Patient/gp", "e1 e2"),
        ("Encounter?patient=Patient/gp/_history/1", "e1 e2"),
        ("Encounter?subject:Patient=gp", "e1 e2"),
        ("Encounter?patient=gp,b", "e1 e2 e3"),
        ("Encounter?patient=nobody", ""),
        ("Encounter?patient=https://elsewhere.example/Patient/gp", ""),
        ("Encounter?location=ward", "e1"),
        ("Encounter?location=Location/ward,Location/other", "e1"),
        ("CarePlan?patient=pas", "c1"),
        ("Appointment?patient=gp&date=ge2026-02-15", "a2"),
        ("Appointment?actor=Patient/pas", "a1 a2"),
        ("Appointment?actor=Patient/gp", ""),
    ],
)
async def test_references(client: Client, search: str, found: str) -> None:
    """3.1.1.4.12; ``patient`` and ``subject`` find whatever is about the same person."""
    assert await client.ids(f"/fhir/{search}") == said(search.split("?")[0], found.split())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (f"CarePlan?patient.identifier={NHS}|9990000018", "c1"),
        (f"Encounter?subject:Patient.identifier={NHS}|9990000018", "e1 e2"),
        ("Encounter?patient.family=brooke", "e3"),
        ("Encounter?patient.birthdate=lt1960&status=finished", "e2"),
        ("Encounter?patient.name:contains=ash", "e1 e2 e3"),
        ("Encounter?location.name=ward", "e1"),
        ("Encounter?patient._id=b", "e3"),
        ("CarePlan?patient.identifier=nobody", ""),
    ],
)
async def test_chains(client: Client, search: str, found: str) -> None:
    """3.1.1.4.15; through a Patient to everyone who is the same person."""
    assert await client.ids(f"/fhir/{search}") == said(search.split("?")[0], found.split())


async def test_ids_and_time_of_the_last_change(client: Client) -> None:
    assert await client.ids("/fhir/Patient?_id=gp,b,nobody") == ["Patient/b", "Patient/gp"]
    await client.put(patient("mine"))
    assert await client.ids("/fhir/Patient?_lastUpdated=2026-01-01&_id=mine") == ["Patient/mine"]
    assert await client.ids("/fhir/Patient?_lastUpdated=gt2026-01-01") == []
    assert await client.ids("/fhir/Patient?_lastUpdated=ap2026-01-01&_id=b") == ["Patient/b"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("birthdate,_id", "gp pas b"),
        ("-birthdate,-_id", "b pas gp"),
        ("family,-_id", "pas gp b"),
        ("-_lastUpdated,_id", "b gp pas"),
        ("-_id", "pas gp b"),
    ],
)
async def test_order_holds_over_pages(client: Client, sort: str, found: str) -> None:
    assert await client.ids(f"/fhir/Patient?_sort={sort}&_count=1") == said("Patient", found.split())


async def test_a_page_names_the_next_and_nothing_of_the_search(client: Client) -> None:
    """The link to the next page is opaque: what is looked for must not get into addresses."""
    first = (await client.get("/fhir/Patient?family=ashd&_count=1&_sort=given")).json()
    following = link(first, "next")
    assert following is not None
    assert following.startswith(f"{BASE}/fhir/Patient?_cursor=")
    assert "ashd" not in following.lower().partition("_cursor=")[0]
    assert link(first, "self") == f"{BASE}/fhir/Patient?family=ashd&_count=1&_sort=given"
    assert first["total"] == 2
    second = (await client.get(following)).json()
    assert link(second, "self") == following
    assert (matches(first), matches(second), link(second, "next")) == (["Patient/gp"], ["Patient/pas"], None)


async def test_pages_stay_right_while_the_record_changes(client: Client, store: SqliteStore) -> None:
    first = (await client.get("/fhir/Patient?_count=2&_sort=_id")).json()
    await contribute(store, patient("aa"), patient("zz"))
    following = link(first, "next")
    assert following is not None
    assert matches(first) + await client.ids(following) == said("Patient", ["b", "gp", "pas", "zz"])


@pytest.mark.parametrize("cursor", ["", "AAAA", "A" * 64, "%C3%A9", "not+base64!"])
async def test_a_cursor_of_others_is_refused(client: Client, cursor: str) -> None:
    answer = await client.get(f"/fhir/Patient?_cursor={cursor}x")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "invalid")


async def test_a_cursor_stands_for_its_own_search_alone(client: Client) -> None:
    first = (await client.get("/fhir/Patient?_count=1")).json()
    following = link(first, "next") or ""
    assert (await client.get(following.replace("/Patient?", "/Encounter?"))).status_code == 400
    assert (await client.get(following + "&family=ash")).status_code == 400


@pytest.mark.parametrize(
    ("total", "expected"),
    [("", 3), ("&_total=none", None), ("&_total=accurate", 3), ("&_total=estimate", 3), ("&_summary=count", 3)],
)
async def test_totals_are_given_when_asked_for(client: Client, total: str, expected: int | None) -> None:
    """Unasked too, where the type is small."""
    bundle = (await client.get(f"/fhir/Patient?_count=1{total}")).json()
    assert bundle.get("total") == expected
    assert ("entry" in bundle) == (total != "&_summary=count")


async def test_a_total_is_given_where_one_page_holds_all(client: Client) -> None:
    assert (await client.get("/fhir/Patient?family=ashd")).json()["total"] == 2
    assert (await client.get("/fhir/Patient?_count=0")).json()["total"] == 3


async def test_what_a_deleted_resource_held_is_not_found(client: Client) -> None:
    await client.put(patient("mine", family="Cove"))
    assert await client.ids("/fhir/Patient?family=cove") == ["Patient/mine"]
    await client.send("DELETE", "/fhir/Patient/mine")
    assert await client.ids("/fhir/Patient?family=cove") == []


async def test_entries_are_the_stored_bytes(client: Client) -> None:
    single = (await client.get("/fhir/Patient/b")).content
    answer = await client.get("/fhir/Patient?_id=b")
    assert single in answer.content
    (entry,) = answer.json()["entry"]
    assert (entry["fullUrl"], entry["search"]) == (f"{BASE}/fhir/Patient/b", {"mode": "match"})


async def test_post_keeps_what_is_looked_for_out_of_addresses(client: Client) -> None:
    """R4 wants it in the self link (3.1.1.6); every other link is sealed."""
    form = b"identifier=9990000018&_count=1&_sort=_id"
    answer = await client.send("POST", "/fhir/Patient/_search", form, content_type="application/x-www-form-urlencoded")
    bundle = answer.json()
    assert matches(bundle) == ["Patient/gp"]
    assert link(bundle, "self") == f"{BASE}/fhir/Patient?identifier=9990000018&_count=1&_sort=_id"
    following = link(bundle, "next")
    assert following is not None
    assert await client.ids(following) == ["Patient/pas"]
    assert "9990000018" not in str([each for each in bundle["link"] if each["relation"] != "self"])
    assert (await client.send("POST", "/fhir/Patient/_search", b"{}", content_type="application/json")).status_code == 415


UNKNOWN = [
    ("Patient?shoe-size=44", "shoe-size"),
    ("Encounter?patient.shoe-size=x", "patient.shoe-size"),
    ("Patient?_sort=shoe-size", "_sort"),
    ("Patient?_contained=true", "_contained"),
    ("Patient?_include=Encounter:patient", "_include"),
]


@pytest.mark.parametrize(("search", "name"), UNKNOWN)
async def test_what_is_not_answered_is_ignored_and_said_so(client: Client, search: str, name: str) -> None:
    """3.1.1.2: lenient handling, the default."""
    joint = "&" if "?" in search else "?"
    bundle = (await client.get(f"/fhir/{search}{joint}_total=accurate")).json()
    assert bundle["total"] == 3
    (outcome,) = [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "outcome"]
    assert outcome["issue"][0]["severity"] == "warning"
    assert name in outcome["issue"][0]["diagnostics"]
    assert link(bundle, "self") == f"{BASE}/fhir/{search.split('?')[0]}?_total=accurate"


@pytest.mark.parametrize(("search", "name"), UNKNOWN)
async def test_where_handling_is_strict_it_is_refused(client: Client, search: str, name: str) -> None:
    answer = await client.get(f"/fhir/{search}", prefer="handling=strict")
    assert answer.status_code == 400
    assert name in answer.json()["issue"][0]["diagnostics"]


async def test_a_name_that_may_be_somebodys_is_not_repeated(client: Client) -> None:
    bundle = (await client.get("/fhir/Patient?9990000018=x")).json()
    assert "9990000018" not in str(bundle["entry"][-1])


@pytest.mark.parametrize(
    "search",
    [
        "Patient?birthdate=yesterday",
        "Patient?birthdate=2026-13-01",
        "Patient?identifier=a|b|c",
        "Patient?identifier=|",
        "Patient?gender:missing=perhaps",
        "Patient?family=%20",
        "Encounter?patient=a%20b",
        "Encounter?subject:Location=Location/1",
        "Patient?family:sounds-like=ash",
        "Patient?_has:Encounter:patient:shoe-size=finished",
        "Patient?_summary=perhaps",
        "Patient?_count=many",
        "Patient?_total=some",
        "Patient?family=%ff",
        "Patient?_id=a%20b",
    ],
)
async def test_a_value_that_cannot_be_read_is_400(client: Client, search: str) -> None:
    answer = await client.get(f"/fhir/{search}")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "invalid")


async def test_included_resources_come_along_once(client: Client) -> None:
    bundle = (await client.get("/fhir/Encounter?patient=pas&_include=Encounter:patient&_include=Encounter:location")).json()
    assert matches(bundle) == ["Encounter/e1", "Encounter/e2"]
    assert sorted(matches(bundle, "include")) == ["Location/ward", "Patient/gp", "Patient/pas"]
    narrow = (await client.get("/fhir/Encounter?patient=pas&_include=Encounter:subject:Group")).json()
    assert matches(narrow, "include") == []


async def test_what_points_to_a_match_comes_along(client: Client) -> None:
    bundle = (await client.get("/fhir/Patient?_id=gp&_revinclude=Encounter:patient&_revinclude=CarePlan:subject")).json()
    assert matches(bundle) == ["Patient/gp"]
    assert matches(bundle, "include") == ["Encounter/e2", "CarePlan/c1"]


async def test_the_main_searches_are_one_bounded_query(client: Client, store: SqliteStore) -> None:
    for search in (
        f"CarePlan?patient.identifier={NHS}|9990000018",
        "Appointment?patient=pas&date=ge2026-02-01",
        "Encounter?patient=pas",
    ):
        before = store.counters
        assert (await client.get(f"/fhir/{search}")).status_code == 200
        after = store.counters
        assert (after.near - before.near, after.far - before.far) == (1, 0), search


async def test_approximately_is_as_of_the_first_page(client: Client, clock: ManualClock) -> None:
    first = (await client.get("/fhir/Patient?birthdate=ap1955&_count=1")).json()
    clock.advance(60 * 365 * 86_400)
    assert len(await client.ids(link(first, "next") or "")) == 2
