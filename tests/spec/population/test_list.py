"""What a list holds, and what it does not."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from interop.population.pseudonyms import Pseudonyms
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
    Practice,
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
DIABETES, ASTHMA, HEADACHE = "44054006", "195967001", "25064002"
EMER = {"class": {"system": ACT, "code": "EMER"}}


def condition(place: int, id: str, code: str, **more: Any) -> Json:
    said = {"code": {"coding": [{"system": SNOMED, "code": code}]}, "subject": {"reference": f"Patient/person-{place}"}}
    return {"resourceType": "Condition", "id": id, **said, **more}


async def first(here: Practice) -> Json:
    """The row of whoever ranks highest."""
    return (await here.rows())[0]


async def test_a_row_says_coarse_facts_alone(tmp_path: Path) -> None:
    of = 11
    beside = [
        condition(of, "c1", DIABETES),
        condition(of, "c2", DIABETES),
        condition(of, "c3", ASTHMA, clinicalStatus={"coding": [{"code": "resolved"}]}),
        condition(of, "c4", HEADACHE),
        encounter("e1", f"person-{of}", "2025-12-10T09:00:00Z", "finished", **EMER),
        encounter("e2", f"person-{of}", "2024-12-10T09:00:00Z", "finished", **EMER),
        encounter("e3", f"person-{of}", "2025-12-11T09:00:00Z", "finished"),
        plan("plan", f"person-{of}"),
    ]
    async with practice(tmp_path, population() + beside) as here:
        row = await first(here)
        assert {**row, "pseudonym": ""} == {
            "rank": 1,
            "pseudonym": "",
            "age": "80-84",
            "sex": "male",
            "risk": 0.83,
            "conditions": "1",
            "attendances": "1",
            "plan": True,
        }


async def test_a_list_says_what_it_is(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        answer = (await here.listed()).json()
        assert told(answer) == {"organisation": PRACTICE, "measure": "risk", "period": "2026-01", "fewest": 5, "people": 10}


async def test_a_list_is_as_long_as_it_is_asked_for(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        whole = await here.rows()
        assert await here.rows(query=f"organisation={PRACTICE}&_count=7&measure=risk") == whole[:7]
        for wrong in ("_count=501", "measure=surname", "organisation=12%2034"):
            assert (await here.listed(query=f"organisation={PRACTICE}&{wrong}")).status_code == 400
        assert (await here.listed(query="")).status_code == 400


async def test_the_latest_assessment_counts_and_bands_come_after_scores(tmp_path: Path) -> None:
    band = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/risk-probability", "code": "high"}]}
    later = assessment(11, 12, id="risk-later", occurrenceDateTime="2025-12-20")
    wrong = assessment(11, 0.99, id="risk-wrong", occurrenceDateTime="2025-12-30", status="entered-in-error")
    named = assessment(12, None, id="risk-band")
    named["prediction"][0]["qualitativeRisk"] = band
    async with practice(tmp_path, [*population(), later, wrong, somebody(12), consent(12), named]) as here:
        found = await here.rows()
        assert found[0]["risk"] == 0.77
        assert [row["risk"] for row in found[:-1]] == sorted((row["risk"] for row in found[:-1]), reverse=True)
        assert 0.12 in [row["risk"] for row in found[:-1]]
        assert (found[-1]["risk-band"], "risk" in found[-1]) == ("high", False)


async def test_two_patients_of_one_person_are_one_row(tmp_path: Path) -> None:
    double = somebody(50) | {"id": "person-11-too"}
    links = {"person-11": "one", "person-11-too": "one"}
    async with practice(tmp_path, [*population(), double], links=links) as here:
        found = await here.rows()
        assert len(found) == 12
        assert await here.relinked(GP, found[0]["pseudonym"]) == {found[0]["pseudonym"]: "Patient/person-11"}


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
    seen = encounter("e1", "person-11", "2025-12-10T09:00:00Z", "finished", **EMER)
    async with practice(tmp_path / "agreed", population(), (HOSPITAL, seen)) as here:
        assert (await first(here))["attendances"] == "1"
    async with practice(tmp_path / "not", population(), (HOSPITAL, seen), sharing=(PRACTICE,)) as here:
        assert (await first(here))["attendances"] == "0"


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
