"""What a list holds, and what it does not."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from interop.population.pseudonyms import Pseudonyms
from tests.spec.api.governed import contribute
from tests.spec.api.people import encounter, plan
from tests.spec.population.practice import (
    ACT,
    ANALYST,
    ELSEWHERE,
    GP,
    HOSPITAL,
    MEMBER,
    OTHER_GP,
    PRACTICE,
    assessment,
    consent,
    number,
    population,
    practice,
    somebody,
    told,
)

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
SNOMED = "http://snomed.info/sct"
RISKS = "http://terminology.hl7.org/CodeSystem/risk-probability"
DIABETES, ASTHMA, HEADACHE = "44054006", "195967001", "25064002"
EMER = {"class": {"system": ACT, "code": "EMER"}}


def condition(place: int, id: str, code: str, **more: Any) -> Json:
    said = {"code": {"coding": [{"system": SNOMED, "code": code}]}, "subject": {"reference": f"Patient/person-{place}"}}
    return {"resourceType": "Condition", "id": id, **said, **more}


TOP = range(6, 12)
"""Whom a list of twelve puts first: the six of half the risk and more."""


def written(place: int) -> list[Json]:
    """What of a person is counted, and what is not."""
    return [
        condition(place, f"c1-{place}", DIABETES),
        condition(place, f"c2-{place}", DIABETES),
        condition(place, f"c3-{place}", ASTHMA, clinicalStatus={"coding": [{"code": "resolved"}]}),
        condition(place, f"c4-{place}", HEADACHE),
        encounter(f"e1-{place}", f"person-{place}", "2025-12-10T09:00:00Z", "finished", **EMER),
        encounter(f"e2-{place}", f"person-{place}", "2024-12-10T09:00:00Z", "finished", **EMER),
        encounter(f"e3-{place}", f"person-{place}", "2025-12-11T09:00:00Z", "finished"),
        plan(f"plan-{place}", f"person-{place}"),
    ]


async def test_a_row_says_coarse_facts_alone(tmp_path: Path) -> None:
    beside = [each for place in TOP for each in written(place)]
    people = [somebody(place, gender="female") for place in range(12)]
    said = [each for each in population() if each["resourceType"] != "Patient"]
    async with practice(tmp_path, [*people, *said, *beside]) as here:
        assert {**await here.row(11), "rank": 0, "pseudonym": ""} == {
            "rank": 0,
            "pseudonym": "",
            "age": "65+",
            "sex": "female",
            "risk": 0.5,
            "conditions": "1-2",
            "attendances": "1-2",
            "plan": True,
        }


async def test_what_one_has_alone_is_withheld_and_said_to_be(tmp_path: Path) -> None:
    """Of six who stand together one has a plan, an illness and a visit: nothing tells which row it is."""
    async with practice(tmp_path, [*population(), *written(11)]) as here:
        told_ = [{**row, "rank": 0, "pseudonym": ""} for row in await here.rows()]
        withheld = ["sex", "conditions", "attendances", "plan"]
        assert told_[:6] == [{"rank": 0, "pseudonym": "", "age": "65+", "risk": 0.5, "withheld": withheld}] * 6
        known = {"conditions": "0", "attendances": "0", "plan": False, "withheld": ["sex"]}
        assert told_[6:] == [{"rank": 0, "pseudonym": "", "age": "65+", "risk": 0.1, **known}] * 6


async def test_no_row_of_a_practice_is_alone_in_all_that_it_says(tmp_path: Path) -> None:
    """Sixty people of all ages and ailments: whatever a row says, at least five rows say it."""
    people: list[Json] = []
    for place in range(60):
        born = f"{1930 + place * 7 % 80}-05-05"
        people += [somebody(place, birthDate=born), consent(place), assessment(place, (place * 37 % 100) / 100)]
        people += [each for each in written(place) if place % 3]
        people += [
            encounter(f"{visit}-{place}", f"person-{place}", "2025-11-10T09:00:00Z", "finished", **EMER)
            for visit in range(place % 7)
        ]
    async with practice(tmp_path, people) as here:
        found = await here.rows()
        said = [str({**row, "rank": 0, "pseudonym": ""}) for row in found]
        assert len(found) == 60
        assert min(Counter(said).values()) >= 5
        assert len(set(said)) > 4, "and something is said"


async def test_a_longer_list_tells_no_more_of_the_rows_of_a_shorter_one(tmp_path: Path) -> None:
    async with practice(tmp_path, [*population(30), *written(29), *written(4)]) as here:
        whole = await here.rows(query=f"organisation={PRACTICE}&_count=500")
        for count in range(5, 31):
            assert await here.rows(query=f"organisation={PRACTICE}&_count={count}") == whole[:count]


async def test_rows_of_one_risk_stand_in_no_order(tmp_path: Path) -> None:
    """Else a list of the next month would be laid beside it by the order."""
    async with practice(tmp_path, population(30)) as here:
        months = []
        for _ in range(2):
            found = await here.rows()
            linked = await here.relinked(GP, *(row["pseudonym"] for row in found))
            months.append([(row["risk"], linked[row["pseudonym"]]) for row in found])
            here.clock.advance(31 * 86_400)
        assert months[0] != months[1]
        assert sorted(months[0]) == sorted(months[1])


async def test_a_birthday_or_a_visit_of_this_month_changes_nothing_in_it(tmp_path: Path) -> None:
    """Whoever knows when somebody went to hospital finds no row that has changed since."""
    people = [somebody(place, gender="female", birthDate="1941-01-15") for place in range(12)]
    said = [each for each in population() if each["resourceType"] != "Patient"]
    async with practice(tmp_path, [*people, *said]) as here:
        before = (await here.listed()).text
        here.clock.advance(20 * 86_400)
        seen = [encounter(f"e{place}", f"person-{place}", "2026-01-10T09:00:00Z", "finished", **EMER) for place in TOP]
        await contribute(here.store, PRACTICE, *seen)
        assert (await here.listed()).text == before
        here.clock.advance(20 * 86_400)
        row = await here.row(11)
        assert (row["age"], row["attendances"]) == ("85-89", "1-2")


async def test_a_list_says_what_it_is(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        answer = (await here.listed()).json()
        assert told(answer) == {"organisation": PRACTICE, "measure": "risk", "period": "2026-01", "fewest": 5, "people": 10}


async def test_a_list_is_as_long_as_it_is_asked_for(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        whole = await here.rows()
        assert await here.rows(query=f"organisation={PRACTICE}&_count=7&measure=risk") == whole[:7]
        for wrong in ("_count=4", "_count=501", "measure=surname", "organisation=12%2034"):
            assert (await here.listed(query=f"organisation={PRACTICE}&{wrong}")).status_code == 400
        assert (await here.listed(query="")).status_code == 400


async def test_the_latest_assessment_counts(tmp_path: Path) -> None:
    band = {"coding": [{"system": RISKS, "code": "high"}]}
    later = assessment(11, 12, id="risk-later", occurrenceDateTime="2025-12-20")
    wrong = assessment(11, 0.99, id="risk-wrong", occurrenceDateTime="2025-12-30", status="entered-in-error")
    named = assessment(12, None, id="risk-band")
    named["prediction"][0]["qualitativeRisk"] = band
    async with practice(tmp_path, [*population(), later, wrong, somebody(12), consent(12), named]) as here:
        found = await here.rows()
        assert [row["risk"] for row in found[:5]] == [0.5] * 5
        assert here.name(11) not in [row["pseudonym"] for row in found[:5]]
        assert [row for row in found[5:] if "risk" in row or "risk-band" in row] == [], (
            "of scores and bands together neither is told"
        )
        assert all("risk" in row["withheld"] for row in found[5:])


async def test_bands_of_risk_come_after_scores(tmp_path: Path) -> None:
    resources = population(5)
    for place in range(5, 10):
        named = assessment(place, None)
        code = ("moderate", "high")[place % 2]
        named["prediction"][0]["qualitativeRisk"] = {"coding": [{"system": RISKS, "code": code}]}
        resources += [somebody(place), consent(place), named]
    async with practice(tmp_path, resources) as here:
        found = await here.rows()
        assert [(row.get("risk"), row.get("risk-band")) for row in found] == [(0.1, None)] * 5 + [(None, "moderate")] * 5


async def test_two_patients_of_one_person_are_one_row(tmp_path: Path) -> None:
    double = somebody(50) | {"id": "person-11-too"}
    links = {"person-11": "one", "person-11-too": "one"}
    async with practice(tmp_path, [*population(), double], links=links) as here:
        found = await here.rows()
        assert len(found) == 12
        assert here.name(11) in [row["pseudonym"] for row in found]


async def test_a_list_that_is_out_is_linked_after_its_people_are_found_to_be_one(tmp_path: Path) -> None:
    """Two Patients of the practice, of whom the list was made before anybody knew: either pseudonym is theirs."""
    double = [somebody(50) | {"id": "person-00"}, consent(50) | {"patient": {"reference": "Patient/person-00"}}]
    async with practice(tmp_path, [*population(), *double]) as here:
        before = here.name(11)
        assert before in [row["pseudonym"] for row in await here.rows()]
        await contribute(here.store, PRACTICE, links={"person-11": "one", "person-00": "one"})
        after = {row["pseudonym"] for row in await here.rows()} - {here.name(place) for place in range(12)}
        assert len(await here.rows()) == 12
        assert len(after) == 1
        assert await here.relinked(GP, before, *after) == {before: "Patient/person-11", after.pop(): "Patient/person-00"}


async def test_of_fewer_than_five_there_is_no_list(tmp_path: Path) -> None:
    async with practice(tmp_path, population(4)) as here:
        unknown = await here.listed(query="organisation=Z99999")
        answer = await here.listed()
        assert answer.text.replace(PRACTICE, "Z99999") == unknown.text


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a resource, and where it stands."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, name)
    elif isinstance(value, str):
        yield name, value


SAID = {"female", "male", "high", "risk", PRACTICE}
"""What a list says for itself."""
WORDS = st.text("QXZKVW", min_size=6, max_size=12)
DAYS = st.dates()


@pytest.mark.long
@settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.tuples(WORDS, DAYS, st.integers(10**9, 10**10 - 1)), min_size=6, max_size=8, unique_by=lambda each: each[2]))
def test_nothing_that_is_written_in_a_record_is_in_a_list(written: list[tuple[str, Any, int]]) -> None:
    """No text, id, day or number of any resource that is read for it, nor a part of a name or an address."""
    resources: list[Json] = []
    for place, (word, day, digits) in enumerate(written):
        other = {"identifier": [{"system": "https://example.org/local", "value": str(digits)}], "birthDate": day.isoformat()}
        resources += [somebody(place, name=[{"family": word, "given": [word[::-1]]}], **other), consent(place)]
        said = assessment(place, 0.5)
        said["prediction"][0]["rationale"] = f"{word} {day} {digits}"
        resources += [said, condition(place, f"c{digits}", DIABETES, note=[{"text": word}])]
        resources += [encounter(f"e{digits}", f"person-{place}", f"{day}T09:00:00Z", "finished", **EMER)]
        resources += [plan(f"plan{digits}", f"person-{place}", title=word, description=f"{day} {digits}")]

    async def check() -> None:
        with tempfile.TemporaryDirectory() as directory:
            async with practice(Path(directory), resources) as here:
                answer = await here.listed()
                assert answer.status_code == 200
                text = answer.text
                assert '"reference"' not in text
                for name, leaf in (each for resource in resources for each in leaves(resource)):
                    parts = {leaf, *leaf.replace("/", " ").split()}
                    assert not [part for part in parts if len(part) > 5 and part not in SAID and part in text], (name, leaf)
                assert len(await here.rows()) >= 5
                assert all(each.isascii() and not each.isdigit() for each in (row["pseudonym"] for row in await here.rows()))

    asyncio.run(check())


async def answered(place: Path, resources: list[Json], *beside: tuple[str, Json], **more: Any) -> str:
    """The list of a practice, by a key that is always the same."""
    async with practice(place, resources, *beside, **more) as here:
        here.services.pseudonyms = Pseudonyms(b"k" * 32)
        answer = await here.listed()
        assert answer.status_code == 200, answer.text
        return answer.text


LABEL = {"system": ACT, "code": "HIV"}
RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
OUT: dict[str, tuple[Json, ...]] = {
    "no consent": (somebody(12), assessment(12, 0.95)),
    "refused": (somebody(12), consent(12), consent(12, "deny"), assessment(12, 0.95)),
    "national data opt-out": (somebody(12), consent(12), consent(12, "deny", ("HRESCH",)), assessment(12, 0.95)),
    "improvement refused": (somebody(12), consent(12), consent(12, "deny", ("HQUALIMP",)), assessment(12, 0.95)),
    "hides": (somebody(12, meta={"security": [RESTRICTED]}), consent(12), assessment(12, 0.95)),
    "labelled": (somebody(12, meta={"security": [LABEL]}), consent(12), assessment(12, 0.95)),
    "dead": (somebody(12, deceasedBoolean=True), consent(12), assessment(12, 0.95)),
    "elsewhere": (somebody(12, ELSEWHERE), consent(12), assessment(12, 0.95)),
}


@pytest.mark.parametrize("why", OUT)
async def test_whoever_may_not_be_counted_leaves_no_trace(tmp_path: Path, why: str) -> None:
    """Byte for byte as where the record has nothing of them."""
    assert await answered(tmp_path / "with", [*population(), *OUT[why]]) == await answered(tmp_path / "without", population())


async def test_what_is_sensitive_is_not_counted_whatever_was_consented_to(tmp_path: Path) -> None:
    labelled = condition(11, "c1", DIABETES, meta={"security": [LABEL]})
    given_ = {"type": "permit", "securityLabel": [LABEL]}
    whole = consent(11)
    whole["provision"] = {"type": "permit", "provision": [given_]}
    known = [*population(), labelled, {**whole, "id": "consent-label"}]
    assert await answered(tmp_path / "with", known) == await answered(tmp_path / "without", population())


async def test_an_organisation_that_has_not_agreed_to_it_is_not_counted(tmp_path: Path) -> None:
    seen = [encounter(f"e{place}", f"person-{place}", "2025-12-10T09:00:00Z", "finished", **EMER) for place in TOP]
    beside = [(HOSPITAL, each) for each in seen]
    async with practice(tmp_path / "agreed", population(), *beside) as here:
        assert (await here.row(11))["attendances"] == "1-2"
    async with practice(tmp_path / "not", population(), *beside, sharing=(PRACTICE,)) as here:
        assert (await here.row(11))["attendances"] == "0"


@pytest.mark.parametrize("shares", [(), ("direct-care",), ("booking", "direct-care")])
async def test_a_practice_that_has_not_agreed_is_as_one_that_there_is_not(tmp_path: Path, shares: tuple[str, ...]) -> None:
    async with practice(tmp_path, population(), shares=shares) as here:
        unknown = await here.listed(query="organisation=Z99999")
        answer = await here.listed()
        assert answer.status_code == unknown.status_code == 200
        assert answer.text.replace(PRACTICE, "Z99999") == unknown.text


async def test_what_others_say_of_its_people_is_not_theirs_to_count(tmp_path: Path) -> None:
    """A hospital that has agreed names the practice: the practice has not."""
    async with practice(tmp_path, [], *((HOSPITAL, each) for each in population()), sharing=(HOSPITAL,)) as here:
        assert await here.rows() == []


@pytest.mark.parametrize("who", [GP, OTHER_GP, MEMBER], ids=lambda who: who.user)
async def test_lists_are_for_analysts_alone(tmp_path: Path, who: Any) -> None:
    async with practice(tmp_path, population()) as here:
        assert (await here.listed(who)).status_code == 403


async def test_an_analyst_is_given_nothing_else(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        for address in ("Patient", "Patient/person-1", "RiskAssessment", "Condition", "Encounter?patient=person-1", "$export"):
            answer = await here.client.get(f"/fhir/{address}", x_who=ANALYST.user)
            assert answer.status_code == 403, address
        assert number(1) not in (await here.listed()).text
