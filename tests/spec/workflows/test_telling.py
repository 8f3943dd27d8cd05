"""What a story does not say and comes all the same is found, and so is what it says and does not come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conformance.examples.cast import susan as person
from tests.spec.workflows import laura, susan
from tests.spec.workflows.cast import DOCTOR, HOSPITAL, HOSPITAL_SYSTEM, LOCALITY, MATRON, OAKSHAW, PRACTICE_SYSTEM, TEAM, by
from tests.spec.workflows.fhir import team
from tests.spec.workflows.page import page
from tests.spec.workflows.telling import Story, Told, telling

pytestmark = pytest.mark.anyio
ADMITTED = [(MATRON, "admitted-told")]
MADE = ["admitted-team -> CareTeam", "clock discharge: running", "clock expected-discharge-date: met"]
UNTOLD = ["admitted-told could-not-be-told -> Co-ordination desk"] * 2
"""The practice and its doctor have no mailbox here."""


@asynccontextmanager
async def before(directory: Path) -> AsyncIterator[Story]:
    """Susan, of whom a team takes care, on the morning of her operation."""
    async with telling(directory) as here:
        await here.agree(OAKSHAW, HOSPITAL, LOCALITY)
        await here.staff(MATRON, TEAM)
        await here.sends(PRACTICE_SYSTEM, "her record", susan.record())
        (patient,) = await here.patients(person(susan.TODAY).nhs_number)
        await here.consents(DOCTOR, patient)
        clinician = {"reference": f"Practitioner/{here.ids[MATRON.name]}"}
        ours = team(patient, "Locality team", by(LOCALITY), TEAM.mail, clinician)
        await here.asks(DOCTOR, "the team takes her on", "POST", "/fhir/CareTeam", ours)
        await here.until("the day of the operation", "2026-01-13T07:30")
        yield here


async def admitted(here: Story, told: Told, made: Iterable[str]) -> None:
    await here.sends(HOSPITAL_SYSTEM, "admitted", susan.stay(), port="MLLP", told=told, made=made)


async def test_what_is_said_is_what_comes(tmp_path: Path) -> None:
    async with before(tmp_path) as here:
        await admitted(here, ADMITTED, [*MADE, *UNTOLD])
        await here.passes("nothing more comes of it", minutes=60)


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ([], [*MADE, *UNTOLD]),
        ([(TEAM, "admitted-told")], [*MADE, *UNTOLD]),
        (ADMITTED * 2, [*MADE, *UNTOLD]),
        ([(MATRON, "discharged-told")], [*MADE, *UNTOLD]),
        (ADMITTED, MADE),
        (ADMITTED, [*MADE, *UNTOLD, "clock ae-to-team: running"]),
    ],
    ids=["nobody", "somebody else", "twice", "of something else", "less is made", "more is made"],
)
async def test_a_story_that_says_otherwise_fails(told: Told, made: list[str], tmp_path: Path) -> None:
    async with before(tmp_path) as here:
        with pytest.raises(AssertionError, match="admitted"):
            await admitted(here, told, made)


async def test_what_comes_to_nobodys_mailbox_is_found(tmp_path: Path) -> None:
    async with before(tmp_path) as here:
        del here.people[MATRON.mail]
        with pytest.raises(KeyError, match=MATRON.mail):
            await admitted(here, ADMITTED, [*MADE, *UNTOLD])


async def test_a_page_has_each_step_once_in_the_diagram_and_in_the_table(tmp_path: Path) -> None:
    async with before(tmp_path) as here:
        await admitted(here, ADMITTED, [*MADE, *UNTOLD])
        lines = page(laura.TITLE, "About; nobody", here.steps, ["It falls short"]).split("\n")
    assert lines[0] == f"# {laura.TITLE}"
    assert [line.strip() for line in lines if "-)" in line] == ["p0-)p4: e-mail, admitted-told"]
    (row,) = [line for line in lines if "Eastmere General: admitted" in line]
    assert row.startswith(
        "| Tue 13 Jan 07:30 | Eastmere General: admitted | HL7 v2 over MLLP | answer: AA; `admitted-team -> CareTeam`"
    )
    assert row.endswith("| Dawn Hartnoll (matron) (e-mail, `admitted-told`) |")
    assert lines[-2] == "- It falls short"
