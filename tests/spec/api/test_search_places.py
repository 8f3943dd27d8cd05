"""Where a search may be asked: type, system, compartment; by GET and POST; and its limits (FHIR R4 http, 3.1.0.10)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from interop.api.searching.matching import criteria, matching
from interop.api.services import Services
from interop.errors import Problem
from interop.store.decision import PERMIT_ALL
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Link
from tests.spec.api.conftest import Client, link, matches
from tests.spec.api.searches import LOINC, check, coded, observation, of, record, to

pytestmark = pytest.mark.anyio
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        of("Patient", "p1", name=[{"family": "Ashdown"}], meta={"tag": [{"system": "urn:t", "code": "x"}]}),
        of("Patient", "p1b", name=[{"family": "Ashdown"}]),
        of("Patient", "p2", name=[{"family": "Berg"}], link=[{"other": to("Patient/p1"), "type": "seealso"}]),
        of("Practitioner", "dr", name=[{"family": "Okafor"}]),
        of(
            "Encounter",
            "e",
            status="finished",
            **{"class": {"code": "IMP"}},
            subject=to("Patient/p1"),
            participant=[{"individual": to("Practitioner/dr")}],
        ),
        observation(
            "o1",
            coded(LOINC, "a"),
            subject=to("Patient/p1"),
            encounter=to("Encounter/e"),
            meta={"tag": [{"system": "urn:t", "code": "x"}]},
        ),
        observation("o2", coded(LOINC, "b"), subject=to("Patient/p1b"), performer=[to("Practitioner/dr")]),
        observation("o3", coded(LOINC, "a"), subject=to("Patient/p2"), performer=[to("Patient/p1")]),
        of("Device", "d", patient=to("Patient/p2")),
        of("Slot", "s", status="free"),
    )
    await store.commit(Change(links=[Link("p1", "one", ""), Link("p1b", "one", ""), Link("p2", "two", "")]))


async def test_all_types_and_some(client: Client) -> None:
    await check(
        client,
        {
            "?_type=Patient": "Patient/p1 Patient/p1b Patient/p2",
            "?_type=Patient,Device": "Device/d Patient/p1 Patient/p1b Patient/p2",
            "?_tag=urn:t|x": "Observation/o1 Patient/p1",
            "?_tag=urn:t|x&_type=Observation": "Observation/o1",
            "?_id=p1,o1": "Observation/o1 Patient/p1",
            "?_id=p1,o1&_type=Patient,Device": "Patient/p1",
            "?_type=Observation,Encounter&patient=Patient/p2": "Observation/o3",
            "?_type=Observation&code=b": "Observation/o2",
            "?_type=Observation,Encounter&status=final": "Observation/o1 Observation/o2 Observation/o3",
            "?_type=Device,Encounter&status:missing=false&_count=1": "Encounter/e",
            "?_type=Nothing": "400",
            "Patient?_type=Patient": "p1 p1b p2",
            "Patient?_type=Device": "400",
        },
    )
    assert (await client.get("/fhir?_type=Patient&_summary=count")).json()["total"] == 3
    strict = await client.get("/fhir?_type=Patient,Device&family=ashdown", prefer="handling=strict")
    assert strict.status_code == 400


async def test_compartments(client: Client) -> None:
    """A Patient's is that of the person; one of nobody is empty."""
    await check(
        client,
        {
            "Patient/p1/Observation": "o1 o2 o3",
            "Patient/p1b/Observation": "o1 o2 o3",
            "Patient/p2/Observation": "o3",
            "Patient/p1/Observation?code=a": "o1 o3",
            "Patient/p1/Observation?patient=p1": "o1 o2",
            "Patient/p1/Observation?_id=o3&code=b": "",
            "Patient/p1/*": "Encounter/e Observation/o1 Observation/o2 Observation/o3 Patient/p2",
            "Patient/p1/*?_type=Encounter": "Encounter/e",
            "Patient/p1/*?_tag=urn:t|x": "Observation/o1",
            "Patient/nobody/*": "",
            "Patient/nobody/Observation": "",
            "Patient/p1/Device": "404",
            "Encounter/e/Observation": "o1",
            "Encounter/e/*": "Encounter/e Observation/o1",
            "Practitioner/dr/Observation": "o2",
            "Practitioner/dr/Encounter": "e",
            "Device/d/Observation": "",
            "RelatedPerson/r/Encounter": "",
            "Patient/p1/Slot": "404",
            "Observation/o1/Encounter": "404",
        },
    )
    first = (await client.get("/fhir/Patient/p1/Observation?_count=1")).json()
    assert len(await client.ids(link(first, "next") or "")) == 2


POSTED: list[tuple[str, dict[str, str], str]] = [
    ("Patient/_search", {"family": "berg"}, "Patient/p2"),
    ("Patient/_search?family=ash", {"_id": "p1,p2"}, "Patient/p1"),
    ("_search", {"_type": "Device,Slot"}, "Device/d Slot/s"),
    ("_search?_type=Device", {}, "Device/d"),
    ("Patient/p1/Observation/_search", {"code": "b"}, "Observation/o2"),
    ("Patient/p1/*/_search", {"_type": "Encounter"}, "Encounter/e"),
    ("Patient/p1/_search", {"_type": "Encounter"}, "Encounter/e"),
    ("Observation/_search", {"subject:Patient.name": "berg"}, "Observation/o3"),
]


async def test_by_post(client: Client) -> None:
    """Parameters of URL and form count together; the self link names them all, as a GET that finds the same."""
    for address, form, ids in POSTED:
        answer = await client.send("POST", f"/fhir/{address}", urlencode(form).encode(), content_type=FORM)
        assert answer.status_code == 200, (address, answer.text)
        assert " ".join(matches(answer.json())) == ids, address
        said = link(answer.json(), "self") or ""
        assert all(f"{name}=" in said for name in form), address
        assert await client.ids(said) == matches(answer.json()), address


async def test_conditions_are_named_where_they_are_wrong(client: Client) -> None:
    """The OperationOutcome names the parameter and never its value."""
    for search, name in (
        ("birthdate=1990-13-secret", "birthdate"),
        ("gender:secretly=secret", "gender"),
        ("_sort:secret=x", "_sort"),
        ("_has:secret=1", "_has"),
    ):
        answer = await client.get(f"/fhir/Patient?{search}")
        assert answer.status_code == 400
        assert name in answer.text
        assert "secret" not in answer.text


async def test_strict_and_lenient(client: Client) -> None:
    """3.1.1.2.1: an unknown parameter is ignored and told, or refused; an empty one is no parameter."""
    assert (await client.get("/fhir/Patient?shoe-size=4", prefer="handling=strict")).status_code == 400
    assert (await client.get("/fhir/Patient?shoe-size=4", prefer="handling=lenient")).status_code == 200
    assert (await client.get("/fhir/Patient?shoe-size=&family=", prefer="handling=strict")).json()["total"] == 3
    await check(client, {"_filter=name eq x": "400", "_query=mine": "400"}, "Patient?")


LIMITS = [
    ("Patient?" + "&".join(["family=a"] * 100), 200),
    ("Patient?" + "&".join(["family=a"] * 101), 400),
    ("Patient?_id=" + ",".join(f"i{n}" for n in range(1000)), 200),
    ("Patient?_id=" + ",".join(f"i{n}" for n in range(1001)), 400),
    ("Patient?family=" + "a" * 60_100, 400),
    ("Patient?_sort=" + ",".join(("birthdate", "family", "given", "gender", "active")), 200),
    ("Patient?_sort=" + ",".join(("birthdate", "family", "given", "gender", "active", "email")), 400),
    ("Patient?" + "&".join(["_include=Patient:organization"] * 20), 200),
    ("Patient?" + "&".join(["_include=Patient:organization"] * 21), 400),
    ("Patient?_count=100000", 200),
    ("Observation?focus=" + ",".join(f"i{n}" for n in range(30)), 200),
    ("Observation?focus=" + ",".join(f"i{n}" for n in range(1000)), 400),
    ("Observation?focus:Observation=" + ",".join(f"i{n}" for n in range(1000)), 200),
]


async def test_limits(client: Client) -> None:
    """Parameters, values, the query, keys of the order, what comes along, the page."""
    found = [(search[:200], (await client.get(f"/fhir/{search}")).status_code) for search, _ in LIMITS]
    assert found == [(search[:200], status) for search, status in LIMITS]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("family=ash", ["p1", "p1b"]),
        ("?family=ash&_format=json", ["p1", "p1b"]),
        ("family=ash&_tag=urn%3At%7Cx", ["p1"]),
        ("identifier=|1", []),
        ("family=nobody", []),
    ],
)
async def test_criteria(services: Services, store: SqlStore, query: str, ids: list[str]) -> None:
    """Conditional interactions (http, 3.1.0.8): at most so many as are asked for."""
    found = await matching(services, PERMIT_ALL, "Patient", criteria(query), 10)
    assert [each.id for each in found] == ids
    assert len(await matching(services, PERMIT_ALL, "Patient", criteria(query), 1)) == min(len(ids), 1)


async def test_criteria_are_strict(services: Services, store: SqlStore) -> None:
    """What is passed over would match what was not meant."""
    for query in ("", "_count=1", "shoe-size=4&family=ash", "family:sounds=ash", "birthdate=soon", "%ff=1"):
        with pytest.raises(Problem) as refused:
            await matching(services, PERMIT_ALL, "Patient", criteria(query))
        assert refused.value.reason.name == "bad-parameter", query
