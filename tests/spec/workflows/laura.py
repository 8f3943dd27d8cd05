"""Laura, 72: a fall, and not conveyed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from conformance.examples import laura as day
from conformance.examples.cast import laura
from conformance.generate import emis
from tests.spec.workflows.cast import DOCTOR, LOCALITY, MATRON, OAKSHAW, PRACTICE_SYSTEM, STRANGER
from tests.spec.workflows.telling import Step, telling

TITLE = "1. A fall, not conveyed"
ABOUT = "x"
SHORT = ("y",)


async def story(directory: Path) -> list[Step]:
    async with telling(directory) as story:
        await story.agree(OAKSHAW, LOCALITY)
        await story.staff(DOCTOR, MATRON, STRANGER)
        person = laura(story.local().date())
        body = emis.document(day._record(story.local().date()), datetime(2026, 1, 5, 9, 0))
        await story.sends(PRACTICE_SYSTEM, "Laura's record", body)
        found = await story.patients(person.nhs_number)
        story.ids["patient"] = found[0]
        await story.consents(DOCTOR, found[0])
        await story.asks(DOCTOR, "reads the plan", "GET", f"/fhir/Patient/{found[0]}/$care-plan")
        return story.steps
