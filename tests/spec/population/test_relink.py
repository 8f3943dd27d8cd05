"""Who may link a pseudonym again: those who care for the person, and to nobody else it is anybody's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes
from tests.spec.api.governed import CREW, EVERYONE, OFFICER, OPERATOR, contribute
from tests.spec.population.practice import (
    ANALYST,
    ELSEWHERE,
    GP,
    MEMBER,
    ODS,
    OTHER_GP,
    PRACTICE,
    PROGRAM,
    agreement,
    consent,
    population,
    practice,
    somebody,
)

pytestmark = pytest.mark.anyio
NONE = "a" * 32
MONTH = 31 * 86_400
HERE: dict[str, Any] = {"organisation": PRACTICE}


def signed(name: str, **more: Any) -> Asker:
    """The practice's doctor with another token."""
    asker = replace(GP, user=f"{GP.user}-{name}", **more)
    EVERYONE[asker.user] = asker
    return asker


async def test_a_doctor_of_the_practice_is_told_whose_they_are(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        names, name = [row["pseudonym"] for row in await here.rows()], here.name(11)
        assert await here.relinked(GP, name, NONE) == {name: "Patient/person-11"}
        assert len(await here.relinked(GP, *names, **HERE)) == 12


async def test_to_another_practice_a_pseudonym_is_as_one_that_is_nobodys(tmp_path: Path) -> None:
    """The same status, the same body, no ETag; by whatever practice it is asked."""
    async with practice(tmp_path, population()) as here:
        names = [row["pseudonym"] for row in await here.rows()]
        for who in (OTHER_GP, MEMBER):
            for more in ({}, HERE, {"organisation": "Z99999"}):
                there = await here.relink(who, *names[:3], **more)
                not_there = await here.relink(who, NONE, **more)
                assert there.status_code == not_there.status_code == 404
                assert there.text == not_there.text
                assert there.headers.keys() == not_there.headers.keys()
                assert names[0] not in there.text


async def test_the_work_is_the_same_whether_there_is_somebody_or_not(tmp_path: Path) -> None:
    """What the store is asked, for one that is another practice's and for one that is nobody's; time follows from it."""
    async with practice(tmp_path, population()) as here:
        name = (await here.rows())[0]["pseudonym"]
        asked: list[str] = []
        query = here.services.store.query

        async def counted(plan: Any) -> Any:
            asked.append(type(plan).__name__)
            return await query(plan)

        here.services.store.query = counted  # type: ignore[method-assign]
        did = []
        for each in (name, NONE):
            asked.clear()
            assert (await here.relink(OTHER_GP, each, **HERE)).status_code == 404
            did.append(list(asked))
        assert did[0] == did[1]
        assert did[0]


async def test_whoever_is_in_the_persons_team_is_told_of_that_person_alone(tmp_path: Path) -> None:
    team = {
        "resourceType": "CareTeam",
        "id": "team",
        "status": "active",
        "subject": {"reference": "Patient/person-11"},
        "participant": [{"member": {"identifier": {"system": ODS, "value": MEMBER.organisation}}}],
    }
    async with practice(tmp_path, [*population(), team], shares=("analytics", "direct-care")) as here:
        names, name = [row["pseudonym"] for row in await here.rows()], here.name(11)
        assert await here.relinked(MEMBER, *names, **HERE) == {name: "Patient/person-11"}
        assert (await here.relink(MEMBER, here.name(10), **HERE)).status_code == 404
        assert (await here.relink(MEMBER, name)).status_code == 404, "it is of the practice, not of theirs"


@pytest.mark.parametrize("who", [ANALYST, OPERATOR, OFFICER, CREW, PROGRAM], ids=lambda who: who.user or who.client)
async def test_analysts_crews_programs_and_who_runs_it_link_nobody(tmp_path: Path, who: Asker) -> None:
    async with practice(tmp_path, population()) as here:
        name = (await here.rows())[0]["pseudonym"]
        there, not_there = await here.relink(who, name, **HERE), await here.relink(who, NONE, **HERE)
        assert there.status_code == not_there.status_code == 403
        assert there.text == not_there.text


async def test_it_is_for_care_alone_and_for_a_token_that_reads_patients(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        name = (await here.rows())[0]["pseudonym"]
        for asker in (
            signed("books", purpose="booking"),
            signed("runs", purpose="administration"),
            signed("writes", scopes=read_scopes("user/Patient.cu")),
            signed("observes", scopes=read_scopes("user/Observation.rs")),
        ):
            assert (await here.relink(asker, name)).status_code == 403, asker.user
        assert await here.relinked(signed("reads", scopes=read_scopes("user/Patient.rs")), name)
        other = signed("launched", scopes=read_scopes("patient/Patient.rs"), patient="person-2")
        assert (await here.relink(other, name)).status_code == 404


async def test_an_emergency_and_to_find_somebody_are_no_way_around(tmp_path: Path) -> None:
    """A doctor of another practice finds people, may claim and may break the glass: a pseudonym stays one."""
    async with practice(tmp_path, population(), shares=("analytics", "direct-care")) as here:
        name = here.name(11)
        await here.done(OTHER_GP, "break-glass", "Patient/person-11", reason="collapsed in our waiting room")
        assert (await here.relink(OTHER_GP, name, **HERE)).status_code == 404


async def test_whoever_has_refused_since_is_linked_no_more(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        name = here.name(11)
        assert await here.relinked(GP, name)
        await here.done(GP, "record-consent", "Patient/person-11", decision="refused")
        assert (await here.relink(GP, name)).status_code == 404


@pytest.mark.parametrize("code", ["HRESCH", "HQUALIMP"])
async def test_whoever_has_opted_out_since_is_linked_no_more(tmp_path: Path, code: str) -> None:
    """Between the list and the link, of a purpose beyond care: as if they had never been on it."""
    async with practice(tmp_path, population()) as here:
        name = here.name(11)
        assert name in [row["pseudonym"] for row in await here.rows()]
        await contribute(here.store, PRACTICE, consent(11, "deny", (code,)))
        there, not_there = await here.relink(GP, name), await here.relink(GP, NONE)
        assert there.status_code == not_there.status_code == 404
        assert there.text == not_there.text


async def test_a_pseudonym_ends_with_the_month_after_its_own(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        old = here.name(11)
        here.clock.advance(MONTH)
        new = here.name(11)
        listed = {row["pseudonym"] for row in await here.rows()}
        assert new in listed
        assert old not in listed
        assert await here.relinked(GP, old, new) == dict.fromkeys((old, new), "Patient/person-11")
        here.clock.advance(MONTH)
        assert (await here.relink(GP, old)).status_code == 404
        assert await here.relinked(GP, new)


async def test_lists_of_two_practices_have_nobody_in_common(tmp_path: Path) -> None:
    """Somebody registered with both, by two Patients that are one person or by one Patient."""
    both = [{"identifier": {"system": ODS, "value": each}} for each in (PRACTICE, ELSEWHERE)]
    people = [somebody(place, generalPractitioner=both) for place in range(12)]
    said = [each for each in population() if each["resourceType"] != "Patient"]
    async with practice(tmp_path, [*people, *said], (ELSEWHERE, agreement(ELSEWHERE, "analytics"))) as here:
        ours, theirs = [
            {row["pseudonym"] for row in await here.rows(query=f"organisation={each}")} for each in (PRACTICE, ELSEWHERE)
        ]
        assert len(ours) == len(theirs) == 12
        assert not ours & theirs


@pytest.mark.parametrize(
    ("names", "reason"),
    [([NONE], "curiosity"), ([NONE], ""), (["person-11"], "safety"), ([f"{NONE}'"], "safety"), ([], "safety")],
)
async def test_what_is_no_pseudonym_or_no_reason_is_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    async with practice(tmp_path, population(0)) as here:
        said: dict[str, Any] = {"pseudonym": names} | ({"reason": {"valueCode": reason}} if reason else {})
        answer = await here.call(GP, "relink", "", **said)
        assert answer.status_code == 400
        assert "person-11" not in answer.text


async def test_the_key_of_another_deployment_links_nobody(tmp_path: Path) -> None:
    async with practice(tmp_path / "one", population()) as here:
        name = (await here.rows())[0]["pseudonym"]
    async with practice(tmp_path / "two", population()) as here:
        assert (await here.relink(GP, name)).status_code == 404


async def test_a_persons_consent_is_asked_for_a_link_too(tmp_path: Path) -> None:
    """One Patient of a practice who consents among those who do not."""
    people = [somebody(place) for place in range(6)]
    async with practice(tmp_path, [*people, consent(3)]) as here:
        period = "2026-01"
        made = [here.services.pseudonyms.of(f"person-{place}", PRACTICE, "analytics/risk", period) for place in range(6)]
        assert await here.relinked(GP, *made) == {made[3]: "Patient/person-3"}


async def test_whoever_is_not_counted_is_on_the_list_of_the_team_all_the_same(tmp_path: Path) -> None:
    """Somebody who has opted out of research is at no less risk, and care is what they have consented to."""
    review = {
        "resourceType": "ServiceRequest",
        "id": "review",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "urn:interop:codes:task", "code": "integrated-review"}]},
        "subject": {"reference": "Patient/person-11"},
    }
    async with practice(tmp_path, [*population(), consent(11, "deny", ("HRESCH",)), review]) as here:
        assert len(await here.rows()) == 11
        assert await here.client.ids("/fhir/$worklist?name=mdt", x_who=GP.user) == ["Patient/person-11"]
