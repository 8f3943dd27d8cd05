"""Another practice: its agreement, and where is written back to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.engine.messages import adt
from tests.spec.rules.acting import Acted, acting

pytestmark = pytest.mark.anyio


def registered(practice: str, control: str, at: str) -> bytes:
    """A31 with PD1-3."""
    body = adt("A31", control, at=at)
    return body.replace(b"PV1|", f"PD1|||Practice {practice}^^{practice}\rPV1|".encode())


def destinations(directory: Path) -> dict[str, Any]:
    """Where is written back to: a folder for each practice."""
    said = [
        f'[{name}]\nkind = "file"\naddress = "{directory / name}"\norganisation = "{code}"\n'
        for name, code in (("old-practice", "A99901"), ("new-practice", "A99902"))
    ]
    file = directory / "destinations.toml"
    file.write_text("\n".join(said))
    return {"destinations": file}


async def moved(here: Acted) -> None:
    await here.tell(registered("A99901", "C1", "20260104100000"), registered("A99902", "C2", "20260105090000"))


async def test_somebody_sees_to_the_agreement_and_to_write_back(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await moved(here)
        (agreement,) = await here.made("practice-agreement")
        (write_back,) = await here.made("practice-write-back")
    assert agreement["performerType"][0]["coding"][0]["code"] == "information-governance"
    assert write_back["performerType"][0]["coding"][0]["code"] == "co-ordination"


async def test_the_destination_of_the_new_practice_is_told_and_not_that_of_the_old(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", **destinations(tmp_path)) as here:
        await moved(here)
        (told,) = await here.made("practice-told", "Communication")
    assert told["recipient"][0]["identifier"] == {"system": "urn:interop:destination", "value": "new-practice"}


async def test_the_first_practice_that_is_known_is_no_change(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "C0", at="20260103100000"), registered("A99901", "C1", "20260104100000"))
        assert await here.made("practice-agreement") == []


async def test_sources_that_say_now_the_one_and_now_the_other_ask_somebody_once(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        told = [registered(f"A9990{1 + turn % 2}", f"C{turn}", f"2026010{3 + turn}090000") for turn in range(5)]
        await here.tell(*told)
        assert len(await here.made("practice-agreement")) == 1
        assert len(await here.made("practice-write-back")) == 1


async def test_a_practice_is_told_once_however_often_sources_flip(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", **destinations(tmp_path)) as here:
        told = [registered(f"A9990{1 + turn % 2}", f"C{turn}", f"2026010{3 + turn}090000") for turn in range(6)]
        await here.tell(*told)
        names = [each["recipient"][0]["identifier"]["value"] for each in await here.made("practice-told", "Communication")]
        assert sorted(names) == ["new-practice", "old-practice"]
        assert here.counts("practice-told") == {"acted": 2, "again": 3}


async def test_who_moves_twice_within_a_month_is_told_to_each_practice(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", **destinations(tmp_path)) as here:
        await moved(here)
        await here.tell(registered("A99903", "C3", "20260106090000"), registered("A99901", "C4", "20260107090000"))
        names = [each["recipient"][0]["identifier"]["value"] for each in await here.made("practice-told", "Communication")]
        assert sorted(names) == ["new-practice", "old-practice"]
        here.clock.advance(40 * 86_400)
        await here.tell(registered("A99902", "C5", "20260214090000"))
        assert len(await here.made("practice-told", "Communication")) == 3


async def test_an_old_history_of_practices_asks_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", **destinations(tmp_path)) as here:
        await here.tell(registered("A99901", "C1", "20150104100000"), registered("A99902", "C2", "20190105090000"))
        assert await here.made("practice-agreement") == []
        assert await here.made("practice-told", "Communication") == []


async def test_two_practices_in_another_order_are_no_change(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        practices = [{"reference": "Organization/a"}, {"reference": "Organization/b"}]
        await here.put({"resourceType": "Patient", "id": "p1", "generalPractitioner": practices})
        await here.put({"resourceType": "Patient", "id": "p1", "generalPractitioner": practices[::-1]})
        assert here.counts("practice-agreement") == {}
