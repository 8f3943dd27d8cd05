"""Whoever may not see what happened is not told of it, and what is made of it is no more visible than it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from interop.apply.acting.recipients import Recipients
from interop.ids import ODS_ORGANISATION
from interop.policy.decide import decide
from interop.policy.facts import Agreement, Facts
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read, Search
from interop.store.values import Stored
from tests.spec.engine.messages import adt
from tests.spec.rules.acting import Acted, acting, team

pytestmark = pytest.mark.anyio
KNOWN = adt("A28", "K1", at="20251201100000")
HOSPITAL, COMMUNITY = "RX1", "RYY01"
FOR_EVER = 1 << 61


class World:
    """An engine whose rules ask who may be told under agreements of the test's own."""

    def __init__(self, here: Acted) -> None:
        self.here = here
        self.agreement = Agreement("a1", HOSPITAL, COMMUNITY, ("direct-care",), 0, FOR_EVER, "active")
        self.consent = "implied"

    async def admitted(self, body: bytes) -> Stored:
        """The rules act on the stay that a message tells of; the stay."""
        shop = self.here.engine.workshop
        facts = Facts((self.agreement,), self.consent, names=shop.governance.names)
        rules = self.here.engine.outgoing.acting
        assert rules is not None
        rules.recipients = Recipients(shop.store, decide, lambda: facts, shop.governance.code, {}, open=False)
        await self.here.tell(body)
        found: list[Stored] = [each async for each in shop.store.stream(Search(PERMIT_ALL, "Encounter"))]
        (stay,) = found
        return stay

    async def tasks(self) -> list[dict[str, Any]]:
        return await self.here.made("admitted-team")


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    """A person of whom the team of a community trust takes care."""
    async with acting(directory / "data") as here:
        await here.tell(KNOWN)
        trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
        await here.put(team("t1", await here.patient(), managingOrganization=[trust]))
        yield World(here)


async def test_a_team_with_an_agreement_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.admitted(adt("A01", "C1"))
        assert [each["owner"] for each in await here.tasks()] == [{"reference": "CareTeam/t1"}]


@pytest.mark.parametrize("status", ["pending", "withdrawn"])
async def test_a_team_whose_agreement_is_not_in_force_is_not_told(tmp_path: Path, status: str) -> None:
    async with world(tmp_path) as here:
        here.agreement = replace(here.agreement, status=status)
        await here.admitted(adt("A01", "C1"))
        assert await here.tasks() == []


async def test_an_agreement_with_somebody_else_tells_nobody_here(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.agreement = replace(here.agreement, partner="RZZ99")
        await here.admitted(adt("A01", "C1"))
        assert await here.tasks() == []


async def test_without_consent_nobody_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.consent = "explicit"
        await here.admitted(adt("A01", "C1"))
        assert await here.tasks() == []


async def test_of_whoever_has_refused_nobody_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        patient = await here.here.patient()
        said = {"name": "decision", "valueCode": "refused"}
        answer = await here.here.http.post(
            f"/fhir/Patient/{patient}/$record-consent", json={"resourceType": "Parameters", "parameter": [said]}
        )
        assert answer.is_success, answer.text
        await here.admitted(adt("A01", "C1"))
        assert await here.tasks() == []


async def test_of_what_is_sensitive_nobody_is_told_who_is_not_cleared(tmp_path: Path) -> None:
    celebrity = adt("A01", "C1").replace(b"^RX1|||||||||||||", b"^RX1|||||||||||||VIP", 1)
    async with world(tmp_path) as here:
        stay = await here.admitted(celebrity)
        assert b"CEL" in stay.body
        assert await here.tasks() == []


async def test_what_is_made_comes_from_where_what_happened_comes_from(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        stay = await here.admitted(adt("A01", "C1"))
        (task,) = await here.tasks()
        stored: list[Stored] = await here.here.engine.workshop.store.query(Read(PERMIT_ALL, "Task", task["id"]))
    assert stay.source == HOSPITAL
    assert stored[0].source == stay.source


async def test_what_is_made_bears_the_labels_of_what_happened(tmp_path: Path) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    stay = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(team("t1", patient))
        subject = {"reference": f"Patient/{patient}"}
        said = {"class": stay, "status": "in-progress", "subject": subject, "meta": {"security": [label]}}
        await here.put({"resourceType": "Encounter", "id": "e1", **said})
        (task,) = await here.made("admitted-team")
        (told,) = await here.made("admitted-told", "Communication")
    assert task["meta"]["security"] == [label]
    assert told["meta"]["security"] == [label]


async def test_no_word_of_what_is_made_tells_what_ails_anybody(tmp_path: Path) -> None:
    diagnosis = "DG1|1||Z99^Very private words^I10|||A"
    async with acting(tmp_path / "data") as here:
        await here.tell(KNOWN)
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C1", extra=(diagnosis,)))
        made = [*await here.made("admitted-team"), *await here.made("admitted-told", "Communication")]
    assert made
    assert "private" not in str(made)
    assert "QUARRINGTON" not in str(made)


async def test_a_doctor_whom_the_patient_names_is_told_as_whom_they_work_for(tmp_path: Path) -> None:
    """As practices send it: the Patient names the clinician, whose role names the practice."""
    folder = tmp_path / "site"
    folder.mkdir()
    head = "id,event,condition,action,to,within,once,says,why\n"
    (folder / "rules.csv").write_text(f"{head}own,admitted,,notify admitted,gp,1d,event,Open the record,It is tried\n")
    async with acting(tmp_path / "data", rules=folder) as here:
        of = World(here)
        of.agreement = replace(of.agreement, partner="A99901")
        await here.tell(KNOWN.replace(b"PV1|", b"PD1||||G9990011^Ansley^Ruth^^Dr^^^GMP\rPV1|", 1))
        patient = await here.patient()
        (doctor,) = (await here.http.get(f"/fhir/Patient/{patient}")).json()["generalPractitioner"]
        practice = {"identifier": {"system": ODS_ORGANISATION, "value": "A99901"}}
        registered = {"status": "active", "patient": {"reference": f"Patient/{patient}"}, "managingOrganization": practice}
        await here.put({"resourceType": "EpisodeOfCare", "id": "e1", **registered})
        await of.admitted(adt("A01", "C1"))
        assert await here.made("own", "Communication") == []
        await here.put({"resourceType": "PractitionerRole", "id": "r1", "practitioner": doctor, "organization": practice})
        await here.tell(adt("A01", "C2", visit="V2"))
        assert [each["recipient"] for each in await here.made("own", "Communication")] == [[doctor]]


async def test_an_emergency_is_told_to_the_team_where_consent_lets_them_see_it(tmp_path: Path) -> None:
    """No program is given it; those who are told are people."""
    async with world(tmp_path) as here:
        await here.admitted(adt("A01", "C1"))
        patient = await here.here.patient()
        asked = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Does not answer"}]}
        shop, rules = here.here.engine.workshop, here.here.engine.outgoing.acting
        assert rules is not None
        told = []
        known = {consent: Facts((here.agreement,), consent, names=shop.governance.names) for consent in ("explicit", "implied")}
        for consent in known:
            rules.recipients = Recipients(
                shop.store, decide, partial(known.__getitem__, consent), shop.governance.code, {}, open=False
            )
            assert (await here.here.http.post(f"/fhir/Patient/{patient}/$break-glass", json=asked)).is_success
            await here.here.quiet()
            told.append(len(await here.here.made("break-glass-told", "Communication")))
    assert told == [0, 1]
