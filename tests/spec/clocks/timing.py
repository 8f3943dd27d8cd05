"""An engine that acts by our rules, whose clocks run by a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from interop.apply.acting.timekeeper import Timekeeper
from interop.clock import ManualClock, instant
from interop.clocks.tasks import SYSTEM
from tests.spec.engine.messages import adt
from tests.spec.engine.running import found
from tests.spec.rules.acting import START, Acted, acting, team

MINUTE = 60_000_000
EDD = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"


class Timed(Acted):
    """``keeper`` keeps the time."""

    @property
    def keeper(self) -> Timekeeper:
        found = self.engine.outgoing.keeper
        assert found is not None
        return found

    async def quiet(self) -> None:
        """Until neither the rules nor the clocks have anything left to do."""
        await super().quiet()
        await self.keeper.settled()

    async def later(self, minutes: float) -> None:
        """So many minutes pass."""
        self.clock.advance(minutes * 60)
        await self.quiet()

    async def clocks(self, name: str = "") -> list[dict[str, Any]]:
        """The clocks of a name."""
        return await found(self.http, f"Task?code={SYSTEM}|{name}&_count=100")

    async def one(self, name: str) -> dict[str, Any]:
        """The only one of a name."""
        (task,) = await self.clocks(name)
        return task

    async def states(self, name: str) -> list[str]:
        """The states of the clocks of a name."""
        return [state(task) for task in await self.clocks(name)]

    async def told(self) -> list[dict[str, Any]]:
        """What was said of steps of clocks."""
        return await found(self.http, "Communication?category=urn:interop:codes:clock-note|&_count=100")

    async def admitted(self, *extra: bytes, event: str = "A05", **more: Any) -> str:
        """Somebody with a team and a named clinician; their Patient."""
        await self.tell(adt(event, "C0", at="20260104100000", **more))
        patient = await self.patient()
        await self.put(team("t1", patient, participant=[CLINICIAN]))
        for body in extra:
            await self.tell(body)
        return patient


CLINICIAN = {
    "role": [{"text": "Named clinician"}],
    "member": {"reference": "Practitioner/n1"},
    "onBehalfOf": {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RYY"}},
}


def state(task: dict[str, Any]) -> str:
    """What a Task says that has become of a clock."""
    return str(task["businessStatus"]["coding"][0]["code"])


def due(task: dict[str, Any]) -> str:
    """When it is due."""
    return str(task["restriction"]["period"]["end"])


def after(minutes: float) -> str:
    """So long after the tests' beginning, as FHIR has it."""
    return instant(START + int(minutes * MINUTE))


@asynccontextmanager
async def timed(data: Path, clock: ManualClock | None = None, **more: Any) -> AsyncIterator[Timed]:
    """An engine with clocks until the block ends."""
    async with acting(data, clock, **more) as here:
        yield Timed(here.engine, here.http, here.clock)


def request(patient: str, id: str = "sr1", **more: Any) -> dict[str, Any]:
    """The desk sends a team as an urgent response, at the tests' beginning."""
    return {
        "resourceType": "ServiceRequest",
        "id": id,
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [{"system": "urn:example:desk", "code": "urgent-response"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": after(0),
        **more,
    }


def visit(patient: str, minutes: float, id: str = "v1", **more: Any) -> dict[str, Any]:
    """A home visit that begins so long after the tests' beginning."""
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": after(minutes)},
        **more,
    }
