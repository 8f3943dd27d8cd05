"""Who is meant: practices, clinicians, people, worklists, destinations."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.ids import ODS_ORGANISATION
from tests.spec.engine.messages import adt
from tests.spec.rules.acting import Acted, acting, team
from tests.spec.rules.test_practices import destinations, registered

pytestmark = pytest.mark.anyio
HEAD = "id,event,condition,action,to,within,once,says,why\n"
KNOWN = adt("A28", "K1", at="20251201100000")


def site(directory: Path, to: str) -> Path:
    """One rule more: these are told of an admission."""
    folder = directory / "site"
    folder.mkdir()
    (folder / "rules.csv").write_text(f'{HEAD}own,admitted,,notify admitted,"{to}",1d,event,Open the record,It is tried\n')
    return folder


async def told(here: Acted) -> list[dict[str, object]]:
    return [each["recipient"][0] for each in await here.made("own", "Communication")]


async def test_the_practice_is_the_one_that_the_patient_is_registered_with(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=site(tmp_path, "gp")) as here:
        await here.tell(registered("A99901", "C1", "20260104100000"), adt("A01", "C2"))
        (one,) = await told(here)
        answer = await here.http.get(f"/fhir/{one['reference']}")
    assert {"system": ODS_ORGANISATION, "value": "A99901"}.items() <= answer.json()["identifier"][0].items()


async def test_the_person_is_told(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=site(tmp_path, "patient")) as here:
        await here.tell(KNOWN, adt("A01", "C2"))
        assert await told(here) == [{"reference": f"Patient/{await here.patient()}"}]


async def test_a_destination_of_the_deployment_is_told_by_its_name(tmp_path: Path) -> None:
    rules = site(tmp_path, "destination old-practice; destination pharmacy")
    async with acting(tmp_path / "data", rules=rules, **destinations(tmp_path)) as here:
        await here.tell(KNOWN, adt("A01", "C2"))
        assert [one["display"] for one in await told(here)] == ["old-practice"]


async def test_a_destination_that_nobody_has_keeps_an_engine_from_starting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row own: there is no destination nowhere in this deployment"):
        async with acting(tmp_path / "data", rules=site(tmp_path, "destination nowhere"), **destinations(tmp_path)):
            pass


async def test_whoever_answers_in_two_teams_is_told_once(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=site(tmp_path, "named-clinician; care-team")) as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(team("t1", patient))
        await here.put(team("t2", patient))
        await here.tell(adt("A01", "C2"))
        named = sorted(str(one["reference"]) for one in await told(here))
    assert named == ["CareTeam/t1", "CareTeam/t2", "Practitioner/named"]


async def test_a_team_that_has_ended_is_not_told(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=site(tmp_path, "care-team; named-clinician")) as here:
        await here.tell(KNOWN)
        patient = await here.patient()
        await here.put(team("t1", patient, status="inactive"))
        await here.put(team("t2", patient, period={"end": "2025-12-31"}))
        await here.tell(adt("A01", "C2"))
        assert await told(here) == []
        assert here.counts("own") == {"nobody": 1}


async def test_no_destination_is_called_as_the_queue_of_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(f'[rules]\nkind = "file"\naddress = "{tmp_path / "out"}"\norganisation = "A99901"\n')
    with pytest.raises(ValueError, match="no destination has this name"):
        async with acting(tmp_path / "data", destinations=file):
            pass
