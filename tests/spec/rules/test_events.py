"""Each event is told by messages of the systems that it happens in, and is acted on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.spec.engine.messages import adt
from tests.spec.families.maps import example
from tests.spec.rules.acting import acting, at, team

pytestmark = pytest.mark.anyio


class Told(NamedTuple):
    """``known``: a message from before by which the person is known; ``told``: the one of the event, sent at ``now``; ``to`` are
    those who are to hear of it."""

    rule: str
    type: str
    family: str
    known: bytes
    told: bytes
    now: str
    to: tuple[str, ...]


def hl7(name: str) -> bytes:
    return example("hl7v2", f"{name}.hl7")


def bars(outcome: str, number: str, at: str) -> bytes:
    """An answer of the clinical assessment service with that outcome."""
    said = example("bars", "response.xml").replace(b"9a1e44b0", number.encode()).replace(b"Dx11", outcome.encode())
    return said.replace(b"2026-03-14T09:38:00", f"2026-03-14T{at}:00".encode())


TEAM, CLINICIAN = "CareTeam/t0", "Practitioner/named"
KNOWN = adt("A28", "K1", at="20251201100000")
EDITH = hl7("admission")
"""A message about the same person as those beside it."""
BEFORE_ARRIVAL = example("documents", "handover-before-arrival.json")
A04 = adt("A04", "C1").replace(b"PV1|1|I|", b"PV1|1|E|")
A03 = adt("A03", "C2", at="20260105120000")
DEAD = adt("A31", "C3", at="20260105110000").replace(b"01632960141", b"01632960141" + b"|" * 16 + b"20260105103000|Y")
SYSTOLIC = hl7("vital-signs").replace(b"|150|mm[Hg]", b"|210|mm[Hg]")
CASES = [
    Told("arrived-team", "Task", "hl7v2", KNOWN, A04, "2026-01-05T10:20:00Z", (TEAM,)),
    Told("arrived-told", "Communication", "hl7v2", KNOWN, A04, "2026-01-05T10:20:00Z", (TEAM, CLINICIAN)),
    Told(
        "arrived-team", "Task", "documents", BEFORE_ARRIVAL, example("documents", "handover.json"), "2026-07-14T14:00:00Z", (TEAM,)
    ),
    Told("admitted-team", "Task", "hl7v2", KNOWN, adt("A01"), "2026-01-05T10:20:00Z", (TEAM,)),
    Told("admitted-told", "Communication", "hl7v2", KNOWN, adt("A01"), "2026-01-05T10:20:00Z", (CLINICIAN,)),
    Told("transferred-told", "Communication", "hl7v2", EDITH, hl7("transfer"), "2024-03-06T14:10:00Z", (TEAM,)),
    Told("discharged-team", "Task", "hl7v2", EDITH, hl7("discharge"), "2024-03-09T13:00:00Z", (TEAM,)),
    Told("discharged-told", "Communication", "hl7v2", KNOWN, A03, "2026-01-05T12:20:00Z", (CLINICIAN,)),
    Told(
        "triaged-told",
        "Communication",
        "bars",
        bars("Dx0112", "0a", "09:30"),
        bars("Dx11", "0b", "09:38"),
        "2026-03-14T09:40:00Z",
        (CLINICIAN,),
    ),
    Told("did-not-attend-team", "Task", "hl7v2", EDITH, hl7("appointment-missed"), "2024-07-19T10:00:00Z", (TEAM,)),
    Told("result-told", "Communication", "hl7v2", EDITH, hl7("results"), "2024-06-12T12:00:00Z", (CLINICIAN,)),
    Told("letter-told", "Communication", "hl7v2", EDITH, hl7("document"), "2024-06-12T12:00:00Z", (CLINICIAN,)),
    Told("death-told", "Communication", "hl7v2", KNOWN, DEAD, "2026-01-05T11:20:00Z", (TEAM, CLINICIAN)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.family}")
async def test_a_message_is_acted_on(tmp_path: Path, case: Told) -> None:
    async with acting(tmp_path / "data", at(case.now)) as here:
        await here.tell(case.known, feed=case.family)
        (patient,) = await here.everyone()
        await here.put(team("t0", patient))
        await here.tell(case.told, feed=case.family)
        made = await here.made(case.rule, case.type)
    assert sorted(recipient(each) for each in made) == sorted(case.to)
    assert {about(each) for each in made} == {f"Patient/{patient}"}


def recipient(resource: dict[str, Any]) -> str:
    """Who is to do or to know it."""
    to = resource["owner"] if resource["resourceType"] == "Task" else resource["recipient"][0]
    return str(to["reference"])


def about(resource: dict[str, Any]) -> str:
    """Whom it is about."""
    return str(resource["for" if resource["resourceType"] == "Task" else "subject"]["reference"])
