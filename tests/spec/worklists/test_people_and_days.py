"""Who is one person, who is no longer there, and which day it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.formats.instants import iso_instant
from tests.spec.rules.acting import Acted, acting
from tests.spec.worklists.asking import asked, entries, on
from tests.spec.worklists.hospital import about, condition, observed, person
from tests.spec.worklists.test_judging import found, line

pytestmark = pytest.mark.anyio
ROUND = "care-home-round"
PLANNED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A81001"}}


def moment(text: str) -> int:
    at = iso_instant(text)
    assert at is not None
    return at


async def linked(here: Acted, one: str, other: str) -> None:
    said = [{"name": "other", "valueReference": {"reference": f"Patient/{other}"}}, {"name": "reason", "valueString": "Seen both"}]
    answer = await here.http.post(f"/fhir/Patient/{one}/$link", json={"resourceType": "Parameters", "parameter": said})
    assert answer.is_success, answer.text


async def test_who_has_died_by_one_record_is_on_no_list_by_another(tmp_path: Path, database_of: dict[str, Any]) -> None:
    async with acting(tmp_path / "data", rules=None, **database_of) as here:
        for id in "ab":
            await here.put(person(id))
        await here.put(observed("f", "b", "713636003", 8))
        await linked(here, "a", "b")
        assert [each.patient for each in await on(here.http, "mdt")] == ["a"]
        await here.put(person("a", deceasedDateTime="2026-01-04"))
        assert await on(here.http, "mdt") == [], "what is known of her is in the other record; she has died all the same"


async def test_a_practice_finds_whom_it_has_by_what_a_hospital_knows_of_them(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put(person("a", generalPractitioner=[PRACTICE]))
        await here.put(person("b"))
        await here.put(observed("f", "b", "713636003", 8))
        await linked(here, "a", "b")
        bundle = await asked(here.http, "mdt", "&organization=A81001")
        assert (bundle["total"], [each.patient for each in entries(bundle)]) == (1, ["a"])
        assert await on(here.http, "mdt", "&organization=a81001") == entries(bundle), "a code is one however it is written"
        assert await on(here.http, "mdt", "&organization=B82002") == []


async def test_a_line_names_the_record_that_says_who_it_is(tmp_path: Path) -> None:
    """Some feeds send a number alone: a list without a name helps nobody."""
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put({"resourceType": "Patient", "id": "a"})
        await here.put(person("b") | {"name": [{"family": "Ashdown"}], "birthDate": "1950-01-01"})
        await here.put(observed("f", "a", "713636003", 8))
        await linked(here, "a", "b")
        assert [each.patient for each in await on(here.http, "mdt")] == ["b"]


async def test_whoever_has_left_the_home_is_not_visited_there(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put(person("p"))
        kind = [{"coding": [{"system": "urn:interop:codes:episode", "code": "care-home"}]}]
        stays = about("EpisodeOfCare", "e", "p", status="active", type=kind, period={"start": "2025-12-29"})
        await here.put(stays)
        (there,) = await on(here.http, ROUND)
        assert {"home-episode", "home-new"} <= set(there.words)
        await here.put(stays | {"period": {"start": "2025-12-29", "end": "2026-01-05"}})
        assert [each.patient for each in await on(here.http, ROUND)] == ["p"], "until the day is over"
        await here.put(stays | {"period": {"start": "2025-12-29", "end": "2026-01-04"}})
        assert await on(here.http, ROUND) == [], "an end counts, whatever the status still says"


async def test_what_was_entered_in_error_or_cancelled_brings_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        await here.put(person("p"))
        score, finding = observed("o", "p", "713636003", 8), condition("c", "p", "925861000000102")
        await here.put(score)
        await here.put(finding)
        assert {*(await on(here.http, "mdt"))[0].words} == {"mdt-frailty-scale", "mdt-frailty-finding"}
        await here.put(score | {"status": "entered-in-error"})
        refuted = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}
        await here.put(finding | {"verificationStatus": refuted})
        assert await on(here.http, "mdt") == []


@pytest.mark.parametrize(
    ("now", "come"),
    [
        ("2026-06-30T22:30:00Z", False),  # half past eleven in the evening in London
        ("2026-06-30T23:30:00Z", True),  # half past midnight
        ("2026-12-31T23:30:00Z", True),
        ("2026-06-29T23:30:00Z", False),
    ],
)
def test_the_day_that_it_is_is_that_of_london(now: str, come: bool) -> None:
    expected = [{"url": PLANNED, "valueDateTime": "2026-07-01"}]
    stay = about("Encounter", "e", "p", status="in-progress", **{"class": {"code": "IMP"}}, extension=expected)
    there, failed = line("medically-fit", moment(now), fit_date=found(stay), fit_in_hospital=found(stay))
    assert not failed
    assert (there is not None) == come


async def test_every_form_of_asking_gives_the_same_people(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for number in range(3):
            await here.put(person(f"p{number}"))
            await here.put(observed(f"f{number}", f"p{number}", "713636003", 8, f"2025-12-0{number + 1}T09:00:00Z"))
        head = await here.http.head("/fhir/$worklist?name=mdt")
        assert (head.status_code, head.content) == (200, b"")
        xml = (
            '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="name"/><valueCode value="mdt"/></parameter>'
            '<parameter><name value="_count"/><valueInteger value="2"/></parameter></Parameters>'
        )
        first = (await here.http.post("/fhir/$worklist", content=xml, headers={"content-type": "application/fhir+xml"})).json()
        assert [each.patient for each in entries(first)] == ["p2", "p1"]
        following = next(each["url"] for each in first["link"] if each["relation"] == "next")
        await here.put(person("p1", deceasedBoolean=True))
        second = (await here.http.get(following)).json()
        assert [(each.patient, each.rank) for each in entries(second)] == [("p0", 2)]
        assert second["total"] == 2
        assert (await here.http.get(f"{following}&name=mdt")).status_code == 400, "a cursor is not to be bent"
