"""The shorter stories go otherwise: nobody shares, somebody has refused, somebody is alive after all, a message was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.generate import clinical
from conformance.generate.itk import Visit
from conformance.generate.places import WARDS
from tests.spec.workflows.cast import DOCTOR, HOSPITAL, HOSPITAL_SYSTEM, MATRON, OPERATOR, PRACTICE_SYSTEM, TEAM, TELEHEALTH
from tests.spec.workflows.end_of_life import died
from tests.spec.workflows.fhir import parameters
from tests.spec.workflows.hospital import emergency, reading, stay
from tests.spec.workflows.neighbours import ARTHUR, HAROLD, JOYCE, PRACTICE, WINIFRED, agreed, agreement, cared_for
from tests.spec.workflows.telling import telling

pytestmark = pytest.mark.anyio
TOLD = [(DOCTOR, "admitted-told"), (MATRON, "admitted-told"), (PRACTICE, "admitted-told")]


async def test_where_the_hospital_does_not_share_nobody_hears_of_an_attendance(tmp_path: Path) -> None:
    """The clock runs: it is the record's own; whom it would tell may not see the attendance."""
    async with telling(tmp_path) as here:
        await agreed(here)
        await cared_for(here, HAROLD)
        await here.asks(OPERATOR, "the hospital withdraws", "POST", "/fhir/$agreement", agreement(HOSPITAL, "withdrawn"))
        now = here.local()
        arrives = emergency("A04", HAROLD, "AE1", now, now)
        await here.sends(HOSPITAL_SYSTEM, "he is in A&E", arrives, port="MLLP", made=["clock ae-to-team: running"])
        await here.passes("two hours on", hours=2, made=["clock ae-to-team: warned"])
        await here.passes("four hours on", hours=2, made=["clock ae-to-team: breached"])


async def test_of_somebody_who_has_refused_nobody_hears(tmp_path: Path) -> None:
    async with telling(tmp_path) as here:
        await agreed(here)
        patient = await cared_for(here, HAROLD)
        refused = parameters(decision="refused")
        await here.asks(DOCTOR, "he wants nothing shared", "POST", f"/fhir/Patient/{patient}/$record-consent", refused)
        now = here.local()
        arrives = emergency("A04", HAROLD, "AE1", now, now)
        await here.sends(HOSPITAL_SYSTEM, "he is in A&E", arrives, port="MLLP", made=["clock ae-to-team: running"])
        await here.passes("half a day on", hours=12, made=["clock ae-to-team: breached"])


async def test_an_admission_that_did_not_happen_ends_what_was_asked_for_and_its_clocks(tmp_path: Path) -> None:
    async with telling(tmp_path) as here:
        await agreed(here)
        await cared_for(here, JOYCE)
        spell = Visit("V1", WARDS[1], "B4", clinical.ILLNESSES[3], here.local())
        await here.sends(HOSPITAL_SYSTEM, "admitted (A01)", stay("A01", JOYCE, spell, here.local()), port="MLLP", told=TOLD,
                         made=["admitted-team -> CareTeam", "clock expected-discharge-date: running"])  # fmt: skip
        await here.passes("ten minutes", minutes=10)
        wrong = stay("A01", JOYCE, spell, here.local()).replace(b"ADT^A01^ADT_A01", b"ADT^A11^ADT_A09")
        await here.sends(HOSPITAL_SYSTEM, "it was somebody else (A11)", wrong, port="MLLP",
                         made=["admitted-team -> CareTeam: cancelled", "clock expected-discharge-date: cancelled"])  # fmt: skip
        await here.passes("nobody is chased", days=3)


async def test_of_somebody_who_has_died_no_reading_is_asked_to_be_looked_at(tmp_path: Path) -> None:
    async with telling(tmp_path) as here:
        await agreed(here)
        await cared_for(here, WINIFRED)
        await here.until("she has died", "2026-02-03T04:40")
        told = [(DOCTOR, "death-told"), (MATRON, "death-told"), (TEAM, "death-told")]
        await here.sends(PRACTICE_SYSTEM, "she has died", died(here.local().date()), told=told)
        weight = reading(WINIFRED, ("29463-7", "Body weight"), ("75.1", "kg", "70-74", "H"), here.local())
        await here.sends(TELEHEALTH, "scales that nobody has switched off", weight)


async def test_a_reading_that_comes_hours_late_is_asked_to_be_looked_at_by_nobody(tmp_path: Path) -> None:
    async with telling(tmp_path) as here:
        await agreed(here)
        await cared_for(here, ARTHUR)
        taken = here.local()
        await here.passes("the hub was without a network", hours=5)
        await here.sends(TELEHEALTH, "yesterday's", reading(ARTHUR, ("29463-7", "Body weight"), ("75", "kg", "70-74", "H"), taken))
